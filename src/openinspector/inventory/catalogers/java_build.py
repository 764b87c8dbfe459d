"""What Java builds declare: `pom.xml`, Gradle's lock files and verification, sbt's lock file."""

from collections.abc import Iterator

import msgspec

from openinspector.inventory.cataloger import Cataloger, File, ReadError, Yield
from openinspector.inventory.documents import (
    load_json,
    load_xml,
    mapping,
    read_text,
    sequence,
    text,
)
from openinspector.inventory.language_packages import Origin, Packages, usable
from openinspector.inventory.limits import Limits
from openinspector.inventory.maven_packages import MAVEN, maven_package
from openinspector.inventory.maven_project import Poms
from openinspector.inventory.maven_repository import Repository
from openinspector.inventory.maven_resolve import resolve
from openinspector.model import Gap, Package
from openinspector.patterns import regex

_POM = Origin(MAVEN, "POM", "java-pom", "java-pom")
_GRADLE = Origin(MAVEN, None, "java-gradle", "gradle-lockfile")
_VERIFICATION = Origin(MAVEN, None, "java-gradle-verification", "gradle-verification")
_SBT = Origin(MAVEN, None, "java-sbt", "sbt-lock")

_ONLY_FOR_TESTS = regex(
    r"(?:test|androidTest|integrationTest|functionalTest|jmh|checkstyle|pmd|spotbugs|jacoco|detekt"
    r"|ktlint|spotless|errorprone|findbugs|codenarc)(?![a-z]).*"
)
_INSIDE_AN_ARCHIVE = regex(r"(?:^|/)META-INF/maven/")
_NO_CODE = (".pom", ".module")
_SHOWN = 8


class MavenPackages(Packages):
    """The artifacts of one file of a build; `results` yields them."""

    def add_artifact(
        self, group: str, artifact: str, version: str, *, development: bool = False
    ) -> None:
        """Add an artifact; it is for development only if every entry says so."""
        name = f"{group}:{artifact}"
        if not usable(group) or not usable(artifact) or "${" in name:
            self.unusable(name)
            return
        if not version:
            self.unpinned(name)
            return
        package = maven_package(
            self.origin, self.path, group, artifact, version, development=development
        )
        if package is None:
            self.unusable(name)
            return
        known: Package | None = self._packages.get(package.purl)
        if known is None or (known.development and not development):
            self._packages[package.purl] = package


def parse_pom(file: File, limits: Limits, repository: Repository | None = None) -> Iterator[Yield]:
    """Yield the dependencies that a project declares, with the versions that are told at hand.

    With a local repository also their own dependencies. A project inside an archive says what
    that was built with, not what is installed: the archive itself is read instead.
    """
    if _INSIDE_AN_ARCHIVE.search(file.path):
        return
    packages = MavenPackages(file, _POM)
    poms = Poms(file, limits, repository)
    project = poms.project()
    missing: list[str] = []
    if repository is None:
        found = project.declared()
    else:
        resolved = resolve(project, poms)
        found, missing = resolved.dependencies, resolved.missing
    for each in found:
        packages.add_artifact(
            each.group, each.artifact, each.version, development=each.scope == "test"
        )
    yield from packages.results()
    if missing:
        yield _not_followed(missing)


def _not_followed(names: list[str]) -> Gap:
    shown = ", ".join(names[:_SHOWN])
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    what = "dependency" if len(names) == 1 else "dependencies"
    return Gap(
        "language-packages",
        f"{len(names)} {what} could not be followed in the local Maven repository: what"
        f" else comes with them is not known: {shown}{more}",
    )


def pom_cataloger(repository: Repository) -> Cataloger:
    """The row of `pom.xml` with a local repository to look other projects up in."""
    return msgspec.structs.replace(
        POM, parse=lambda file, limits: parse_pom(file, limits, repository)
    )


def parse_gradle_lock(file: File, limits: Limits) -> Iterator[Yield]:
    """Yield what a Gradle lock file pins: `group:artifact:version=configuration,...` a line.

    The build script's own class path is for development. Before Gradle 7 each configuration has
    a file of its own, named after it.
    """
    packages = MavenPackages(file, _GRADLE)
    folder, _, name = file.path.rpartition("/")
    build_script = name.startswith("buildscript")
    only = name.partition(".")[0] if folder.endswith("dependency-locks") else ""
    for line in read_text(file, limits).splitlines():
        line = line.strip()
        if not line or line.startswith(("#", "empty=")):
            continue
        coordinates, _, configurations = line.partition("=")
        parts = coordinates.split(":")
        if len(parts) != 3:
            packages.unusable(coordinates)
            continue
        names = [each.strip() for each in (only or configurations).split(",") if each.strip()]
        for_tests = bool(names) and all(_ONLY_FOR_TESTS.fullmatch(each) for each in names)
        packages.add_artifact(*parts, development=build_script or for_tests)
    yield from packages.results()


def parse_verification(file: File, limits: Limits) -> Iterator[Yield]:
    """Yield the components whose archives Gradle verifies (not those of which only metadata is)."""
    root = load_xml(file, limits)
    space = root.tag[: root.tag.rfind("}") + 1]
    if root.tag != space + "verification-metadata":
        raise ReadError("it is not Gradle's verification metadata")
    packages = MavenPackages(file, _VERIFICATION)
    for component in root.iterfind(f"{space}components/{space}component"):
        artifacts = [each.get("name", "") for each in component.iterfind(f"{space}artifact")]
        if artifacts and all(name.endswith(_NO_CODE) for name in artifacts):
            continue
        packages.add_artifact(
            component.get("group", ""), component.get("name", ""), component.get("version", "")
        )
    yield from packages.results()


def parse_sbt_lock(file: File, limits: Limits) -> Iterator[Yield]:
    """Yield what sbt-dependency-lock pins, with the configurations that use it."""
    lock = load_json(file, limits)
    packages = MavenPackages(file, _SBT)
    entries = sequence(mapping(lock).get("dependencies"))
    if not entries and "lockVersion" not in mapping(lock):
        raise ReadError("it is not a lock file of sbt-dependency-lock")
    for entry in entries:
        module = mapping(entry)
        used = [text(each) for each in sequence(module.get("configurations"))]
        packages.add_artifact(
            text(module.get("org")),
            text(module.get("name")),
            text(module.get("version")),
            development=bool(used) and all(each in ("test", "it") for each in used),
        )
    yield from packages.results()


POM = Cataloger(
    name="java-pom",
    version=2,
    part="language-packages",
    parse=parse_pom,
    globs=("**/pom.xml",),
    companions=("**/pom.xml",),
)

CATALOGERS: tuple[Cataloger, ...] = (
    POM,
    Cataloger(
        name="java-gradle",
        version=1,
        part="language-packages",
        parse=parse_gradle_lock,
        globs=(
            "**/gradle.lockfile",
            "**/buildscript-gradle.lockfile",
            "**/gradle/dependency-locks/*.lockfile",
        ),
    ),
    Cataloger(
        name="java-gradle-verification",
        version=1,
        part="language-packages",
        parse=parse_verification,
        globs=("**/gradle/verification-metadata.xml",),
    ),
    Cataloger(
        name="java-sbt",
        version=1,
        part="language-packages",
        parse=parse_sbt_lock,
        globs=("**/*.sbt.lock",),
    ),
)
