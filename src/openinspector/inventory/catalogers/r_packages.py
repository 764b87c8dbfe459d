"""R: the `DESCRIPTION` of installed packages, and `renv.lock`."""

import re
from collections.abc import Iterator

from openinspector.inventory.cataloger import Cataloger, File, ReadError, Yield
from openinspector.inventory.documents import load_json, mapping, read_text, text
from openinspector.inventory.language_packages import Origin, Packages
from openinspector.inventory.language_purl import BIOCONDUCTOR, CRAN, Ecosystem
from openinspector.inventory.limits import Limits
from openinspector.patterns import regex

_INSTALLED = Origin(CRAN, None, "r-description", "r-description")
_RENV = Origin(CRAN, None, "r-renv", "r-renv")
_FIELD = regex(r"^(Package|Version|License|Built|biocViews)[ \t]*:(.*)$", re.MULTILINE)


def parse_description(file: File, limits: Limits) -> Iterator[Yield]:
    """Yield an installed package; without `Built` it is a package's source, and nothing."""
    fields = {name: value.strip() for name, value in _FIELD.findall(read_text(file, limits))}
    if not ("Built" in fields and "Package" in fields):
        return
    packages = Packages(file, _INSTALLED)
    packages.add(
        fields["Package"],
        fields.get("Version"),
        licenses=(fields.get("License"),),
        ecosystem=BIOCONDUCTOR if "biocViews" in fields else CRAN,
    )
    yield from packages.results()


def parse_renv_lock(file: File, limits: Limits) -> Iterator[Yield]:
    """Yield every package of the lock file; `Source` tells Bioconductor from the rest."""
    lock = mapping(load_json(file, limits))
    if not isinstance(lock.get("Packages"), dict):
        raise ReadError("it is not a renv.lock: it has no Packages")
    packages = Packages(file, _RENV)
    for name, value in mapping(lock["Packages"]).items():
        entry = mapping(value)
        packages.add(
            entry.get("Package") or name, entry.get("Version"), ecosystem=_ecosystem(entry)
        )
    yield from packages.results()


def _ecosystem(entry: dict[str, object]) -> Ecosystem:
    from_bioconductor = text(entry.get("Source")) == "Bioconductor" or text(
        entry.get("Repository")
    ).startswith("BioC")
    return BIOCONDUCTOR if from_bioconductor else CRAN


CATALOGERS: tuple[Cataloger, ...] = (
    Cataloger(
        name="r-description",
        version=1,
        part="language-packages",
        parse=parse_description,
        globs=("**/DESCRIPTION",),
    ),
    Cataloger(
        name="r-renv",
        version=1,
        part="language-packages",
        parse=parse_renv_lock,
        globs=("**/renv.lock",),
    ),
)
