"""Dart and Flutter: `pubspec.lock`."""

from collections.abc import Iterator

from openinspector.inventory.cataloger import Cataloger, File, ReadError, Yield
from openinspector.inventory.documents import load_yaml, mapping, text
from openinspector.inventory.language_packages import (
    Origin,
    Packages,
    inside_installed_package,
)
from openinspector.inventory.language_purl import PUB
from openinspector.inventory.limits import Limits

_ORIGIN = Origin(PUB, None, "dart-pubspec", "dart-pubspec")
_NOT_PUBLISHED = frozenset({"path", "sdk"})
"""Folders of the project, and what comes with the SDK, whose version there means nothing."""


def parse_lock(file: File, limits: Limits) -> Iterator[Yield]:
    """Yield hosted packages and those from repositories, with the version of their pubspec."""
    if inside_installed_package(file.path):
        return
    document = mapping(load_yaml(file, limits))
    if "packages" not in document:
        raise ReadError("it is not a pubspec.lock: it has no packages")
    packages = Packages(file, _ORIGIN)
    for name, value in mapping(document["packages"]).items():
        entry = mapping(value)
        if entry.get("source") in _NOT_PUBLISHED:
            continue
        packages.add(
            text(mapping(entry.get("description")).get("name")) or name,
            entry.get("version"),
            development=entry.get("dependency") == "direct dev",
        )
    yield from packages.results()


CATALOGERS: tuple[Cataloger, ...] = (
    Cataloger(
        name="dart-pubspec",
        version=1,
        part="language-packages",
        parse=parse_lock,
        globs=("**/pubspec.lock",),
    ),
)
