"""PHP: Composer's `composer.lock` and `vendor/composer/installed.json`."""

from collections.abc import Iterable, Iterator

from openinspector.inventory.cataloger import Cataloger, File, ReadError, Yield
from openinspector.inventory.documents import load_json, mapping, sequence, text
from openinspector.inventory.language_packages import (
    Origin,
    Packages,
    inside_installed_package,
)
from openinspector.inventory.language_purl import PACKAGIST
from openinspector.inventory.limits import Limits
from openinspector.patterns import regex

_ORIGIN = Origin(PACKAGIST, "COMPOSER", "php", "php")
_VENDORED = regex(r"(?:^|/)vendor/[^/]+/[^/]+/")


def parse_lock(file: File, limits: Limits) -> Iterator[Yield]:
    """Yield `packages` and `packages-dev`. Lock files inside `vendor` are of installed packages."""
    if inside_installed_package(file.path) or _VENDORED.search(file.path):
        return
    lock = mapping(load_json(file, limits))
    if "packages" not in lock and "packages-dev" not in lock:
        raise ReadError("it is not a composer.lock: it has no packages")
    packages = Packages(file, _ORIGIN)
    _add(packages, sequence(lock.get("packages")))
    _add(packages, sequence(lock.get("packages-dev")), everything_for_development=True)
    yield from packages.results()


def parse_installed(file: File, limits: Limits) -> Iterator[Yield]:
    """Yield what Composer installed: a list (Composer 1) or an object (Composer 2)."""
    document = load_json(file, limits)
    packages = Packages(file, _ORIGIN)
    if isinstance(document, list):
        _add(packages, document)
    elif isinstance(document, dict) and isinstance(document.get("packages"), list):
        names = sequence(document.get("dev-package-names"))
        development = {name.lower() for name in names if isinstance(name, str)}
        _add(packages, document["packages"], development)
    else:
        raise ReadError("it is not Composer's list of installed packages")
    yield from packages.results()


def _add(
    packages: Packages,
    entries: Iterable[object],
    development: Iterable[str] = frozenset(),
    everything_for_development: bool = False,
) -> None:
    for entry in entries:
        if not isinstance(entry, dict):
            packages.unusable(entry)
            continue
        if text(mapping(entry.get("dist")).get("type")) == "path":
            # A folder of the project itself.
            continue
        name, version = entry.get("name"), entry.get("version")
        licenses = entry.get("license")
        packages.add(
            name,
            None if _is_branch(text(version)) else version,
            development=everything_for_development or text(name).lower() in development,
            licenses=licenses if isinstance(licenses, list) else [licenses],
        )


def _is_branch(version: str) -> bool:
    """Tell a branch without a place among versions (`dev-main`); `2.x-dev` has one."""
    return version.startswith("dev-")


def parse(file: File, limits: Limits) -> Iterator[Yield]:
    """Parse a lock file or a list of installed packages, told apart by the name."""
    is_lock = file.path.endswith("composer.lock")
    return parse_lock(file, limits) if is_lock else parse_installed(file, limits)


CATALOGERS: tuple[Cataloger, ...] = (
    Cataloger(
        name="php",
        version=2,
        part="language-packages",
        parse=parse,
        globs=("**/composer.lock", "**/composer/installed.json"),
    ),
)
