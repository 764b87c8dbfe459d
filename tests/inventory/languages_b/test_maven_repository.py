"""A pom.xml with a local repository at hand; `mvn dependency:list` agrees with these rules."""

from pathlib import Path

import pytest

from openinspector.inventory.cataloger import run
from openinspector.inventory.catalogers.java_build import POM, pom_cataloger
from openinspector.inventory.limits import DEFAULT_LIMITS
from openinspector.inventory.maven_repository import Repository
from openinspector.model import Gap, Package

from .test_java_build import dependency, project


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "repository")


def publish(repository: Repository, coordinates: str, body: str = "") -> None:
    """Put a pom where a build would have put it."""
    group, artifact, version = coordinates.split(":")
    folder = repository.folder.joinpath(*group.split("."), artifact, version)
    folder.mkdir(parents=True)
    own = f"<groupId>{group}</groupId><artifactId>{artifact}</artifactId>"
    text = project(f"{own}<version>{version}</version>{body}")
    (folder / f"{artifact}-{version}.pom").write_text(text)


def dependencies(*listed: str) -> str:
    return f"<dependencies>{''.join(listed)}</dependencies>"


def managed(*listed: str) -> str:
    return f"<dependencyManagement>{dependencies(*listed)}</dependencyManagement>"


def parent(coordinates: str) -> str:
    group, artifact, version = coordinates.split(":")
    return (
        f"<parent><groupId>{group}</groupId><artifactId>{artifact}</artifactId>"
        f"<version>{version}</version><relativePath/></parent>"
    )


def read(repository: Repository, body: str) -> tuple[list[str], list[str]]:
    """What is found, `*` after what only tests need; and the gaps."""
    found = run(pom_cataloger(repository), "pom.xml", project(body).encode())
    packages = [
        f"{each.name}:{each.version}{'*' if each.development else ''}"
        for each in found
        if isinstance(each, Package)
    ]
    return packages, [each.reason for each in found if isinstance(each, Gap)]


OWN = "<groupId>org.acme</groupId><artifactId>app</artifactId><version>1</version>"


def test_parents_and_imported_lists_tell_versions(repository: Repository) -> None:
    publish(repository, "org.boot:list:2.0", managed(dependency("a", "a", "${a.version}")))
    bom = dependency("org.boot", "bom", "3.0", "<type>pom</type><scope>import</scope>")
    publish(
        repository,
        "org.boot:starter:2.0",
        parent("org.boot:list:2.0")
        + "<properties><a.version>1.0</a.version></properties>"
        + managed(bom)
        + dependencies(dependency("every", "child", "5")),
    )
    publish(repository, "org.boot:bom:3.0", managed(dependency("b", "b", "4.1")))
    for leaf in ("a:a:1.1", "b:b:4.1", "every:child:5"):
        publish(repository, leaf)
    body = (
        parent("org.boot:starter:2.0")
        + "<artifactId>app</artifactId><properties><a.version>1.1</a.version></properties>"
        + dependencies(dependency("a", "a"), dependency("b", "b"))
    )

    assert read(repository, body) == (["a:a:1.1", "b:b:4.1", "every:child:5"], [])
    without = run(POM, "pom.xml", project(body).encode())
    assert [each for each in without if isinstance(each, Package)] == []


def test_what_dependencies_bring_along(repository: Repository) -> None:
    """The nearest declaration decides; exclusions, optional ones and scopes hold."""
    publish(
        repository,
        "x:near:1",
        dependencies(
            dependency("y", "deep", "1"),
            dependency("y", "other", "1", "<optional>true</optional>"),
            dependency("y", "tested", "1", "<scope>test</scope>"),
            dependency("y", "given", "1", "<scope>provided</scope>"),
            dependency("y", "unwanted", "1"),
            dependency("y", "runs", "1", "<scope>runtime</scope>"),
        ),
    )
    publish(repository, "y:deep:1", dependencies(dependency("z", "both", "1.0")))
    publish(repository, "x:far:1", dependencies(dependency("z", "both", "2.0")))
    for leaf in ("y:runs:1", "z:both:2.0", "only:tests:1", "z:managed:9"):
        publish(repository, leaf)
    publish(
        repository,
        "t:junit:4",
        dependencies(dependency("only", "tests", "1"), dependency("z", "managed", "1")),
    )
    body = (
        OWN
        + managed(dependency("z", "managed", "9"))
        + dependencies(
            dependency(
                "x",
                "near",
                "1",
                "<exclusions><exclusion><groupId>y</groupId><artifactId>unwanted</artifactId>"
                "</exclusion></exclusions>",
            ),
            dependency("x", "far", "1"),
            dependency("t", "junit", "4", "<scope>test</scope>"),
        )
    )

    assert read(repository, body) == (
        [
            *("x:near:1", "x:far:1", "t:junit:4*", "y:deep:1", "y:runs:1", "z:both:2.0"),
            *("only:tests:1*", "z:managed:9*"),
        ],
        [],
    )


def test_what_is_not_there_is_said(repository: Repository) -> None:
    publish(repository, "a:a:1", parent("a:a:1"))
    body = OWN + dependencies(
        dependency("a", "a", "1"),
        dependency("gone", "gone", "1"),
        dependency("org.acme", "module", "1"),
        dependency("..", "a", "1"),
        dependency("a", "../../a", "1"),
    )

    found, gaps = read(repository, body)

    assert found[:2] == ["a:a:1", "gone:gone:1"]
    assert gaps == [
        "3 dependencies could not be followed in the local Maven repository: what else"
        " comes with them is not known: gone:gone, ..:a, a:../../a"
    ]


def test_projects_that_lead_to_each_other_end(repository: Repository) -> None:
    imported = "<type>pom</type><scope>import</scope>"
    publish(repository, "a:a:1", parent("b:b:1") + managed(dependency("b", "b", "1", imported)))
    publish(
        repository,
        "b:b:1",
        parent("a:a:1")
        + managed(dependency("a", "a", "1", imported))
        + dependencies(dependency("a", "a", "1"), dependency("b", "b", "1")),
    )

    found, gaps = read(repository, OWN + dependencies(dependency("b", "b", "1")))

    assert (found, gaps) == (["b:b:1", "a:a:1"], [])


def test_coordinates_stay_within_the_repository(repository: Repository) -> None:
    publish(repository, "a:a:1")
    outside = repository.folder.parent / "a-1.pom"
    outside.write_text(project(OWN))
    for group, artifact, version in [
        ("a", "a", "../.."),
        ("..", "a", "1"),
        ("a", "../../a", "1"),
        ("a.", "a", "1"),
        ("", "a", "1"),
        ("/", "a", "1"),
        ("a", "a", "1\0"),
    ]:
        assert repository.pom(group, artifact, version, DEFAULT_LIMITS) is None
    assert repository.pom("a", "a", "1", DEFAULT_LIMITS) is not None


def test_names_that_only_maven_can_read(repository: Repository) -> None:
    """Compiler arguments of hadoop-project 3.2.2, and a prefix that nobody declared."""
    body = (
        OWN
        + "<build><compilerArguments><Xlint:-unchecked/></compilerArguments></build>"
        + dependencies(dependency("a", "a", "1", '<q:x xsi:y="http://a:b/">p:q</q:x>'))
    )
    publish(repository, "a:a:1")

    assert read(repository, body) == (["a:a:1"], [])


def test_what_is_beyond_the_limit_is_said(repository: Repository, monkeypatch) -> None:
    monkeypatch.setattr("openinspector.inventory.maven_resolve._MOST", 2)
    publish(repository, "a:a:1", dependencies(dependency("b", "b", "1")))
    publish(repository, "b:b:1", dependencies(dependency("c", "c", "1")))

    found, gaps = read(repository, OWN + dependencies(dependency("a", "a", "1")))

    assert found == ["a:a:1", "b:b:1"]
    assert gaps == [
        "1 dependency could not be followed in the local Maven repository: what else"
        " comes with them is not known: b:b"
    ]
