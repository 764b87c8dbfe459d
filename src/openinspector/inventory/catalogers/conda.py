"""Conda: the records in `conda-meta/*.json` of each environment, and `environment.yml`.

OSV has no advisories for Conda's packages. A Python distribution that one installs is found by its
own metadata, and so are the pins that an `environment.yml` hands to pip.
"""

import re
from collections.abc import Iterator

import msgspec

from openinspector.inventory.cataloger import Cataloger, File, Yield
from openinspector.inventory.catalogers.python_requirements import add_requirement
from openinspector.inventory.documents import decode_json, load_yaml, mapping, sequence, text
from openinspector.inventory.language_packages import Origin, Packages
from openinspector.inventory.language_purl import CONDA, PYPI
from openinspector.inventory.limits import Limits
from openinspector.patterns import regex

_ORIGIN = Origin(CONDA, None, "conda", "conda")
_ENVIRONMENT = Origin(CONDA, None, "conda-environment", "conda-environment")
_BY_PIP = Origin(PYPI, "PIP", "conda-environment", "conda-environment")
_LENGTH = 1024
_PIN = regex(
    r"(?:[\w.-]+::)?(?P<name>[\w.-]+)[ \t]*"
    r"(?:==[ \t]*(?P<exact>[\w.!+]+)|=(?P<built>[\w.!+]+)=(?P<build>[\w.]+))",
    re.ASCII,
)


class _Record(msgspec.Struct):
    """The fields of a record that matter; each may be anything in a hostile one."""

    name: object = None
    version: object = None
    build: object = None
    build_string: object = None
    subdir: object = None
    fn: object = None
    license: object = None


_DECODER = msgspec.json.Decoder(_Record)


def parse_record(file: File, limits: Limits) -> Iterator[Yield]:
    """Yield the package of one record. macOS shadow files (`._*`) are not records."""
    if file.path.rpartition("/")[2].startswith("._"):
        return
    record = decode_json(file, limits, _DECODER)
    if not record.name:
        return
    archive = text(record.fn)
    kind = next((end for end in ("conda", "tar.bz2") if archive.endswith("." + end)), "")
    packages = Packages(file, _ORIGIN)
    packages.add(
        record.name,
        record.version,
        qualifiers=(
            ("build", text(record.build) or text(record.build_string)),
            ("subdir", text(record.subdir)),
            ("type", kind),
        ),
        licenses=(record.license,),
    )
    yield from packages.results()


def parse_environment(file: File, limits: Limits) -> Iterator[Yield]:
    """Yield the exact pins of an `environment.yml`: Conda's, and those under `pip`.

    Conda's `name=version` is the beginning of a version, not one. What Conda does not pin is no
    gap, for nothing could be judged of it. A file of that name without a list of `dependencies`
    belongs to something else.
    """
    packages, by_pip = Packages(file, _ENVIRONMENT), Packages(file, _BY_PIP)
    for dependency in sequence(mapping(load_yaml(file, limits)).get("dependencies")):
        pin = _PIN.fullmatch(text(dependency)[:_LENGTH].strip())
        if pin:
            build = pin["build"] or ""
            packages.add(pin["name"], pin["exact"] or pin["built"], qualifiers=(("build", build),))
        for line in sequence(mapping(dependency).get("pip")):
            requirement = text(line).strip()
            if requirement and not requirement.startswith("-"):
                add_requirement(by_pip, requirement)
    yield from packages.results()
    yield from by_pip.results()


CATALOGERS: tuple[Cataloger, ...] = (
    Cataloger(
        name="conda",
        version=1,
        part="language-packages",
        parse=parse_record,
        globs=("**/conda-meta/*.json",),
    ),
    Cataloger(
        name="conda-environment",
        version=1,
        part="language-packages",
        parse=parse_environment,
        globs=("**/environment.yml", "**/environment.yaml"),
    ),
)
