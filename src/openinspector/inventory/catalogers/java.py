"""Java archives: every library in jars, wars and ears, however deep they are nested or merged."""

from collections.abc import Iterator

from openinspector.inventory.cataloger import Cataloger, File, Yield
from openinspector.inventory.documents import read
from openinspector.inventory.jars.archive import EXTENSIONS, read_archive
from openinspector.inventory.jars.metadata import parse_pom_properties
from openinspector.inventory.language_packages import PART, Origin
from openinspector.inventory.limits import Limits
from openinspector.inventory.maven_packages import MAVEN, maven_package
from openinspector.model import Gap

_ORIGIN = Origin(MAVEN, "JAR", "java-jar", "java-jar")
_SHOWN = 8


def parse_archive(file: File, limits: Limits) -> Iterator[Yield]:
    """Yield the libraries of an archive, each at the path of the (nested) archive that holds it."""
    if file.size == 0:
        return
    found = read_archive(file.path, file.data, limits)
    seen: set[tuple[str, str]] = set()
    for path, library in found.libraries:
        package = maven_package(
            _ORIGIN,
            path,
            library.group,
            library.artifact,
            library.version,
            properties=(("identified_by", library.identified_by),) if library.identified_by else (),
        )
        if package is not None and (package.purl, path) not in seen:
            seen.add((package.purl, path))
            yield package
    yield from _unjudged(file.path, found.unnamed, "no name or no version")
    yield from _unjudged(file.path, found.ungrouped, "no Maven group")
    for path, problem in found.problems:
        yield Gap(PART, problem, path)


def _unjudged(path: str, archives: list[str], reason: str) -> Iterator[Gap]:
    if not archives:
        return
    names = [each.rpartition("/")[2] for each in archives]
    shown = ", ".join(name if name.isprintable() else repr(name) for name in names[:_SHOWN])
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    count = f"{len(names)} Java archive{'s' if len(names) > 1 else ''}"
    yield Gap(PART, f"{count} not judged, {reason} is told: {shown}{more}", path)


def parse_unpacked(file: File, limits: Limits) -> Iterator[Yield]:
    """Yield the library whose `pom.properties` lies in an unpacked archive (a Lambda function)."""
    pom = parse_pom_properties(file.path, read(file, limits))
    if pom is None:
        return
    package = maven_package(_ORIGIN, file.path, *pom)
    if package is not None:
        yield package
    else:
        yield Gap(PART, "its pom.properties names no version: not judged", file.path)


CATALOGERS: tuple[Cataloger, ...] = (
    Cataloger(
        name="java-jar",
        version=1,
        part="language-packages",
        parse=parse_archive,
        globs=tuple(f"**/*.{extension}" for extension in EXTENSIONS),
        fold_case=True,
    ),
    Cataloger(
        name="java-pom-properties",
        version=1,
        part="language-packages",
        parse=parse_unpacked,
        globs=("**/META-INF/maven/*/*/pom.properties",),
    ),
)
