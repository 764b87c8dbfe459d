"""pom.xml, Gradle's and sbt's files."""

import re
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openinspector.inventory.cataloger import ReadError, run
from openinspector.inventory.catalogers.java_build import CATALOGERS
from openinspector.model import Gap, Package

POM, GRADLE, VERIFICATION, SBT = CATALOGERS

NAMESPACE = 'xmlns="http://maven.apache.org/POM/4.0.0"'


def project(body: str, namespace: str = NAMESPACE) -> str:
    return f"<project {namespace}><modelVersion>4.0.0</modelVersion>{body}</project>"


def dependency(group: str, artifact: str, version: str = "", more: str = "") -> str:
    tag = f"<version>{version}</version>" if version else ""
    return (
        f"<dependency><groupId>{group}</groupId><artifactId>{artifact}</artifactId>{tag}{more}"
        "</dependency>"
    )


def read_pom(
    path: str, files: dict[str, str]
) -> tuple[list[tuple[str, str]], list[str], list[Package]]:
    companions = {name: text.encode() for name, text in files.items()}
    found = run(POM, path, companions[path], companions)
    packages = [each for each in found if isinstance(each, Package)]
    gaps = [each.reason for each in found if isinstance(each, Gap)]
    return [(each.name, each.version) for each in packages], gaps, packages


OWN = (
    "<groupId>org.acme</groupId><artifactId>app</artifactId><version>2.0</version>"
    "<properties><jackson.version>2.9.10</jackson.version><deep>${jackson.version}</deep>"
    "<loop>${loop}</loop></properties>"
)


@pytest.mark.parametrize("namespace", [NAMESPACE, ""])
def test_versions_are_resolved_within_the_file(namespace: str) -> None:
    body = (
        OWN
        + "<dependencyManagement><dependencies>"
        + dependency("org.managed", "thing", "3.1", "<scope>test</scope>")
        + "</dependencies></dependencyManagement><dependencies>"
        + dependency("log4j", "log4j", "1.2.17")
        + dependency("com.fasterxml.jackson.core", "jackson-databind", "${deep}")
        + dependency("${project.groupId}", "core", "${project.version}")
        + dependency("org.managed", "thing")
        + dependency("org.exact", "thing", "[1.5]")
        + "</dependencies>"
    )
    listed, gaps, packages = read_pom("pom.xml", {"pom.xml": project(body, namespace)})
    assert listed == [
        ("log4j:log4j", "1.2.17"),
        ("com.fasterxml.jackson.core:jackson-databind", "2.9.10"),
        ("org.acme:core", "2.0"),
        ("org.managed:thing", "3.1"),
        ("org.exact:thing", "1.5"),
    ]
    assert gaps == []
    assert [each.name for each in packages if each.development] == ["org.managed:thing"]
    assert packages[0].purl == "pkg:maven/log4j/log4j@1.2.17"
    assert packages[0].manager == "POM"


def test_what_the_files_do_not_tell_is_one_gap() -> None:
    body = (
        OWN
        + "<dependencies>"
        + dependency("a", "unmanaged")
        + dependency("b", "range", "[1.0,2.0)")
        + dependency("c", "latest", "LATEST")
        + dependency("d", "unknown", "${nowhere}")
        + dependency("e", "loop", "${loop}")
        + "</dependencies>"
    )
    listed, gaps, _ = read_pom("pom.xml", {"pom.xml": project(body)})
    assert listed == []
    assert gaps == [
        "5 entries not pinned to a version and not judged: "
        "a:unmanaged, b:range, c:latest, d:unknown, e:loop"
    ]


PARENT = project(
    "<groupId>org.acme</groupId><artifactId>parent</artifactId><version>7</version>"
    "<properties><v>1.0</v><shared>4.4</shared></properties>"
    "<dependencyManagement><dependencies>"
    + dependency("org.managed", "thing", "${v}")
    + dependency("org.acme", "bom", "7", "<type>pom</type><scope>import</scope>")
    + "</dependencies></dependencyManagement>"
)
BOM = project(
    "<groupId>org.acme</groupId><artifactId>bom</artifactId><version>7</version>"
    "<dependencyManagement><dependencies>"
    + dependency("org.listed", "thing", "9.9")
    + "</dependencies></dependencyManagement>"
)
CHILD = (
    "<parent><groupId>org.acme</groupId><artifactId>parent</artifactId><version>7</version>"
    "{relative}</parent><artifactId>child</artifactId><properties><v>2.0</v></properties>"
    "<dependencies>"
    + dependency("org.managed", "thing")
    + dependency("org.listed", "thing")
    + dependency("org.other", "thing", "${shared}")
    + dependency("org.acme", "sibling", "${project.version}")
    + "</dependencies>"
)


@pytest.mark.parametrize("relative", ["", "<relativePath>../pom.xml</relativePath>",
                                      "<relativePath>..</relativePath>"])  # fmt: skip
def test_parents_and_lists_of_the_same_project_are_used(relative: str) -> None:
    files = {
        "pom.xml": PARENT,
        "bom/pom.xml": BOM,
        "child/pom.xml": project(CHILD.replace("{relative}", relative)),
    }
    listed, gaps, _ = read_pom("child/pom.xml", files)
    assert listed == [
        ("org.managed:thing", "2.0"),
        ("org.listed:thing", "9.9"),
        ("org.other:thing", "4.4"),
        ("org.acme:sibling", "7"),
    ]
    assert gaps == []


def test_a_parent_that_is_elsewhere_leaves_versions_unknown() -> None:
    other = PARENT.replace("<artifactId>parent</artifactId>", "<artifactId>other</artifactId>")
    for files in (
        {"child/pom.xml": project(CHILD.replace("{relative}", ""))},
        {
            "child/pom.xml": project(CHILD.replace("{relative}", "<relativePath/>")),
            "pom.xml": PARENT,
        },
        {"child/pom.xml": project(CHILD.replace("{relative}", "")), "pom.xml": other},
        {"child/pom.xml": project(CHILD.replace("{relative}", "")), "pom.xml": "<broken"},
    ):
        listed, gaps, _ = read_pom("child/pom.xml", files)
        assert listed == [("org.acme:sibling", "7")]
        assert len(gaps) == 1


def profile(name: str, body: str, active: bool) -> str:
    activation = "<activation><activeByDefault>true</activeByDefault></activation>"
    return f"<profile><id>{name}</id>{activation if active else ''}{body}</profile>"


def test_dependencies_of_profiles_are_read_with_the_profile_s_own_versions() -> None:
    """As Maven 3 lists them, one profile after the other being active."""
    body = (
        OWN
        + "<dependencies>"
        + dependency("org.chosen", "thing", "${thing}")
        + "</dependencies><profiles>"
        + profile(
            "usual",
            "<properties><thing>1.1</thing></properties><dependencies>"
            + dependency("commons-collections", "commons-collections", "3.2.1")
            + "</dependencies>",
            active=True,
        )
        + profile(
            "other",
            "<properties><thing>2.2</thing></properties><dependencyManagement><dependencies>"
            + dependency("org.managed", "thing", "3.1")
            + "</dependencies></dependencyManagement><dependencies>"
            + dependency("org.managed", "thing")
            + dependency("org.of-profile", "thing", "${thing}")
            + "</dependencies>",
            active=False,
        )
        + "</profiles>"
    )

    found, gaps, _ = read_pom("pom.xml", {"pom.xml": project(body)})

    assert found == [
        ("org.chosen:thing", "1.1"),
        ("commons-collections:commons-collections", "3.2.1"),
        ("org.managed:thing", "3.1"),
        ("org.of-profile:thing", "2.2"),
    ]
    assert gaps == []


def test_a_parent_hands_its_dependencies_down_with_the_versions_of_the_child() -> None:
    """Coordinates of the project itself cannot be overridden by properties (Maven 3)."""
    parent = (
        "<groupId>g</groupId><artifactId>parent</artifactId><version>4</version>"
        "<properties><a.version>1</a.version></properties><dependencies>"
        + dependency("a", "a", "${a.version}")
        + dependency("b", "b")
        + dependency("c", "c", "9")
        + "</dependencies>"
    )
    child = (
        "<parent><groupId>g</groupId><artifactId>parent</artifactId><version>4</version></parent>"
        "<artifactId>child</artifactId><properties><a.version>2</a.version>"
        "<project.version>7</project.version></properties><dependencyManagement><dependencies>"
        + dependency("b", "b", "3")
        + "</dependencies></dependencyManagement><dependencies>"
        + dependency("c", "c", "5")
        + dependency("g", "sibling", "${project.version}")
        + "</dependencies>"
    )

    found, gaps, _ = read_pom(
        "child/pom.xml", {"pom.xml": project(parent), "child/pom.xml": project(child)}
    )

    assert found == [("c:c", "5"), ("g:sibling", "4"), ("a:a", "2"), ("b:b", "3")]
    assert gaps == []


def test_parents_that_loop_end() -> None:
    body = CHILD.replace("parent</artifactId>", "child</artifactId>")
    files = {"child/pom.xml": project(body.replace("{relative}", "<relativePath>.</relativePath>"))}
    assert read_pom("child/pom.xml", files)[0] == [("org.acme:sibling", "7")]


def test_projects_inside_archives_are_passed_over() -> None:
    path = "x/META-INF/maven/a/b/pom.xml"
    body = "<dependencies>" + dependency("a", "b", "1") + "</dependencies>"
    assert read_pom(path, {path: project(body)}) == ([], [], [])


def test_properties_that_grow_do_not_explode() -> None:
    grow = "".join(f"<p{n}>{f'${{p{n + 1}}}' * 10}</p{n}>" for n in range(60))
    body = f"<properties>{grow}</properties><dependencies>{dependency('a', 'b', '${p0}')}"
    listed, gaps, _ = read_pom("pom.xml", {"pom.xml": project(body + "</dependencies>")})
    assert listed == []
    assert len(gaps) == 1


def test_other_xml_is_refused() -> None:
    with pytest.raises(ReadError, match="not a Maven project"):
        run(POM, "pom.xml", b"<html/>")


@settings(max_examples=200, deadline=2000)
@given(st.integers(0, 3000), st.binary(max_size=5))
def test_mutated_projects_end_in_an_answer_or_a_read_error(at: int, new: bytes) -> None:
    data = bytearray(PARENT.encode() + project(CHILD.replace("{relative}", "")).encode())
    data[at : at + len(new)] = new
    try:
        run(POM, "a/pom.xml", bytes(data[:at] if at % 2 else data), {"pom.xml": PARENT.encode()})
    except ReadError:
        return


# --- Gradle and sbt ------------------------------------------------------------------------------

LOCK = """# This is a Gradle generated file for dependency locking.
com.google.guava:guava:30.1-jre=compileClasspath,runtimeClasspath,testCompileClasspath
junit:junit:4.13=testCompileClasspath,testRuntimeClasspath
broken line
empty=annotationProcessor
"""


def test_gradle_locks() -> None:
    found = run(GRADLE, "app/gradle.lockfile", LOCK.encode())
    packages = [each for each in found if isinstance(each, Package)]
    assert [(each.name, each.version, each.development) for each in packages] == [
        ("com.google.guava:guava", "30.1-jre", False),
        ("junit:junit", "4.13", True),
    ]
    assert [each.manager for each in packages] == [None, None]
    assert len([each for each in found if isinstance(each, Gap)]) == 1


def test_the_build_script_s_own_packages_are_for_development() -> None:
    found = run(GRADLE, "buildscript-gradle.lockfile", b"a:b:1.0=classpath\n")
    assert [each.development for each in found if isinstance(each, Package)] == [True]


@pytest.mark.parametrize(
    "name, development", [("testRuntimeClasspath", True), ("runtimeClasspath", False)]
)
def test_locks_by_configuration(name: str, development: bool) -> None:
    found = run(GRADLE, f"gradle/dependency-locks/{name}.lockfile", b"a:b:1.0\n")
    assert [each.development for each in found if isinstance(each, Package)] == [development]


def test_gradle_s_real_verification_metadata(shared: Path) -> None:
    with zipfile.ZipFile(shared / "data/inventories/gradle-verification.zip") as archive:
        data = archive.read("gradle/verification-metadata.xml")
    found = run(VERIFICATION, "gradle/verification-metadata.xml", data)
    packages = {f"{each.name}:{each.version}" for each in found if isinstance(each, Package)}
    expected = set()
    for group, name, version, body in re.findall(
        r'<component group="(.*?)" name="(.*?)" version="(.*?)">(.*?)</component>',
        data.decode(),
        re.DOTALL,
    ):
        files = re.findall(r'<artifact name="(.*?)"', body)
        if any(not file.endswith((".pom", ".module")) for file in files):
            expected.add(f"{group}:{name}:{version}")
    assert packages == expected
    assert len(packages) == 60


def test_sbt_locks() -> None:
    data = b"""{"lockVersion": 1, "dependencies": [
      {"org": "org.typelevel", "name": "cats-core_2.13", "version": "2.9.0",
       "configurations": ["compile", "test"]},
      {"org": "org.scalatest", "name": "scalatest_2.13", "version": "3.2.15",
       "configurations": ["test"]}, 7]}"""
    found = run(SBT, "build.sbt.lock", data)
    packages = [each for each in found if isinstance(each, Package)]
    assert [(each.name, each.development) for each in packages] == [
        ("org.typelevel:cats-core_2.13", False),
        ("org.scalatest:scalatest_2.13", True),
    ]
    with pytest.raises(ReadError):
        run(SBT, "build.sbt.lock", b"{}")
