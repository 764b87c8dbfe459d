"""Installed Conda packages: the records in `conda-meta/*.json` of each environment."""

from collections.abc import Iterator

import msgspec

from openinspector.inventory.cataloger import Cataloger, File, Yield
from openinspector.inventory.documents import decode_json, text
from openinspector.inventory.language_packages import Origin, Packages, usable
from openinspector.inventory.language_purl import CONDA
from openinspector.inventory.limits import Limits

_ORIGIN = Origin(CONDA, None, "conda", "conda")


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
        licenses=(text(record.license),) if usable(record.license) else (),
    )
    yield from packages.results()


CATALOGERS: tuple[Cataloger, ...] = (
    Cataloger(
        name="conda",
        version=1,
        part="language-packages",
        parse=parse_record,
        globs=("**/conda-meta/*.json",),
    ),
)
