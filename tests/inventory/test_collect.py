"""From files to an inventory: places, distribution, ownership, order; and every gap told."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from openinspector.inventory.cataloger import Cataloger, File, Owned, ReadError, Yield
from openinspector.inventory.collect import collect
from openinspector.inventory.limits import DEFAULT_LIMITS, Limits
from openinspector.inventory.trees.directory import DirectoryTree
from openinspector.inventory.trees.opening import open_target
from openinspector.model import Gap, Inventory, Location, Package
from tests.images import Entry, Image, docker_archive, file, link, whiteout, write_folder

from .trees.toys import LINES, TOYS, inventory_of, told, toy_package

DEBIAN = 'ID=debian\nNAME="Debian GNU/Linux"\nVERSION_ID="12"\nVERSION_CODENAME=bookworm\n'
STATUS = (
    "Package: zlib1g\nStatus: install ok installed\nArchitecture: amd64\nSource: zlib\n"
    "Version: 1:1.2.13.dfsg-1\n\n"
    "Package: python3-six\nStatus: install ok installed\nArchitecture: all\nSource: six\n"
    "Version: 1.16.0-4\n"
)
SIX = "Metadata-Version: 2.1\nName: six\nVersion: 1.16.0\n"


def debian(*more: Entry) -> list[Entry]:
    return [
        file("usr/lib/os-release", DEBIAN),
        link("etc/os-release", "../usr/lib/os-release"),
        file("var/lib/dpkg/status", STATUS),
        *more,
    ]


def table() -> tuple[Cataloger, ...]:
    from openinspector.inventory.catalogers import dpkg, os_release, python_installed

    return (*os_release.CATALOGERS, *dpkg.CATALOGERS, *python_installed.CATALOGERS)


def cataloger(name: str, parse, *globs: str, **fields: object) -> Cataloger:
    part = fields.pop("part", "language-packages")
    return Cataloger(name, 1, part, parse, globs=globs, **fields)  # type: ignore[arg-type]


def scan(tmp_path: Path, entries: list[Entry], *catalogers: Cataloger) -> Inventory:
    return inventory_of(write_folder(tmp_path / "root", entries), "directory", catalogers or TOYS)


# --- distribution and OS packages ---


@pytest.mark.parametrize("form", ["image", "folder"])
def test_os_packages_are_the_distribution_s(tmp_path: Path, form: str) -> None:
    if form == "image":
        path = docker_archive(tmp_path / "image.tar", Image([debian()], compression="gzip"))
        found = inventory_of(path, catalogers=table())
    else:
        found = scan(tmp_path, debian(), *table())
    assert found.distribution.ecosystem == "Debian"
    assert found.distribution.release == "12"
    assert [(p.ecosystem, p.name, p.purl) for p in found.packages] == [
        (
            "Debian",
            "python3-six",
            "pkg:deb/debian/python3-six@1.16.0-4?arch=all&distro=bookworm&epoch=0&source=six",
        ),
        (
            "Debian",
            "zlib1g",
            "pkg:deb/debian/zlib1g@1.2.13.dfsg-1?arch=amd64&distro=bookworm&epoch=1&source=zlib",
        ),
    ]
    assert not found.gaps
    assert not found.notes
    assert {"os-packages", "language-packages"} <= set(found.examined)


def test_a_distribution_without_packages_is_a_total_gap(tmp_path: Path) -> None:
    found = scan(tmp_path, [file("etc/os-release", DEBIAN)], *table())
    (gap,) = found.gaps
    assert (gap.part, gap.total) == ("os-packages", True)
    assert gap.reason == "no packages of Debian GNU/Linux were found: there is no package database"


def test_packages_without_a_distribution_are_a_total_gap(tmp_path: Path) -> None:
    found = scan(tmp_path, [file("var/lib/dpkg/status", STATUS)], *table())
    (gap,) = found.gaps
    assert (gap.part, gap.total) == ("os-packages", True)
    assert "2 deb packages were not judged" in gap.reason


def test_a_package_database_that_cannot_be_read_is_a_total_gap(tmp_path: Path) -> None:
    entries = [file("etc/os-release", DEBIAN), file("var/lib/dpkg/status", "x" * 2000)]
    root = write_folder(tmp_path / "root", entries)
    found = inventory_of(root, "directory", table(), limits=Limits(manifest_bytes=1000))
    assert [(gap.part, gap.total, gap.path) for gap in found.gaps] == [
        ("os-packages", False, "var/lib/dpkg/status"),
        ("os-packages", True, None),
    ]
    assert found.gaps[1].reason == "no packages of Debian GNU/Linux could be read"


def test_an_image_without_an_operating_system_says_so(tmp_path: Path) -> None:
    image = docker_archive(tmp_path / "image.tar", Image([[file("toy.txt", "x 1\n")]]))
    found = inventory_of(image, catalogers=(*TOYS, *table()))
    assert told(found) == {("x", "1", "toy.txt")}
    assert found.notes == ("no operating system was found, only what stands by itself",)
    assert not found.gaps


def test_a_source_tree_has_no_operating_system_to_miss(tmp_path: Path) -> None:
    found = scan(tmp_path, [file("toy.txt", "x 1\n")], *TOYS, *table())
    assert not found.notes
    assert not found.gaps
    assert "os-packages" not in found.examined


def test_an_upper_layer_decides_on_the_distribution(tmp_path: Path) -> None:
    newer = DEBIAN.replace('"12"', '"13"').replace("bookworm", "trixie")
    layers = [debian(), [file("usr/lib/os-release", newer)]]
    found = inventory_of(docker_archive(tmp_path / "image.tar", Image(layers)), catalogers=table())
    assert found.distribution.release == "13"
    assert "distro=trixie" in found.packages[0].purl
    assert found.packages[0].locations[0].layer == found.target.image.layers[0]


# --- who owns what ---


@pytest.mark.parametrize(
    ("listed", "path"),
    [
        ("/usr/lib/python3/dist-packages", "usr/lib/python3/dist-packages"),
        ("/lib/python3", "usr/lib/python3"),
        ("/usr/lib/python3", "lib/python3"),
    ],
)
def test_what_an_os_package_owns_is_not_reported_twice(
    tmp_path: Path, listed: str, path: str
) -> None:
    owned = f"{path}/six-1.16.0.dist-info/METADATA"
    other = "usr/local/lib/python3.11/site-packages/six-1.15.0.dist-info/METADATA"
    files = f"/.\n{listed}\n{listed}/six-1.16.0.dist-info\n{listed}/six-1.16.0.dist-info/METADATA\n"
    entries = debian(
        file("var/lib/dpkg/info/python3-six.list", files),
        file(owned, SIX),
        file(other, SIX.replace("1.16.0", "1.15.0")),
    )
    found = scan(tmp_path, entries, *table())
    assert [p.purl for p in found.packages if p.ecosystem == "PyPI"] == ["pkg:pypi/six@1.15.0"]
    (subsumed,) = found.subsumed
    assert subsumed.purl == "pkg:pypi/six@1.16.0"
    assert subsumed.locations == (Location(owned),)


def test_nothing_belongs_to_packages_that_are_not_judged(tmp_path: Path) -> None:
    """Without a distribution the OS package has no advisories: the library must keep its own."""
    path = "usr/lib/python3/dist-packages/six-1.16.0.dist-info/METADATA"
    entries = [
        file("var/lib/dpkg/status", STATUS),
        file("var/lib/dpkg/info/python3-six.list", f"/{path}\n"),
        file(path, SIX),
    ]
    found = scan(tmp_path, entries, *table())
    assert "pkg:pypi/six@1.16.0" in {p.purl for p in found.packages}
    assert not found.subsumed


def test_ownership_ends_with_the_package_s_list(tmp_path: Path) -> None:
    path = "usr/lib/python3/dist-packages/six-1.16.0.dist-info/METADATA"
    below = debian(file("var/lib/dpkg/info/python3-six.list", f"/{path}\n"), file(path, SIX))
    above = [whiteout("var/lib/dpkg/info/python3-six.list")]
    for layers, subsumed in (([below], 1), ([below, above], 0)):
        archive = docker_archive(tmp_path / "image.tar", Image(layers))
        assert len(inventory_of(archive, catalogers=table()).subsumed) == subsumed


def test_an_archive_is_owned_with_all_that_is_in_it(tmp_path: Path) -> None:
    def jar(file: File, limits: Limits) -> Iterator[Yield]:
        inner = f"{file.path}!/lib/inner.jar"
        package = toy_package("inner", "1")
        yield Package(
            **{f: getattr(package, f) for f in package.__struct_fields__}
            | {"locations": (Location(inner),)}
        )

    entries = debian(
        file("var/lib/dpkg/info/libx-java.list", "/usr/share/java/x.jar\n"),
        file("usr/share/java/x.jar", "x"),
        file("opt/x.jar", "x"),
    )
    found = scan(tmp_path, entries, *table(), cataloger("jar", jar, "**/*.jar"))
    assert [p.locations[0].path for p in found.packages if p.name == "inner"] == [
        "opt/x.jar!/lib/inner.jar"
    ]
    assert [p.locations[0].path for p in found.subsumed] == ["usr/share/java/x.jar!/lib/inner.jar"]


# --- packages ---


def test_packages_are_in_order_and_unique_by_url_and_path(tmp_path: Path) -> None:
    entries = [
        file("b/toy.txt", "b 2\na 1\nb 1\nb 2\n"),
        file("a/toy.txt", "b 2\n"),
    ]
    found = scan(tmp_path, entries)
    assert [(p.name, p.version, p.locations[0].path) for p in found.packages] == [
        ("a", "1", "b/toy.txt"),
        ("b", "1", "b/toy.txt"),
        ("b", "2", "a/toy.txt"),
        ("b", "2", "b/toy.txt"),
    ]


def test_what_is_needed_by_one_is_not_for_development_only(tmp_path: Path) -> None:
    def parse(file: File, limits: Limits) -> Iterator[Yield]:
        for development in (True, False, True):
            package = toy_package("x", "1")
            fields = {f: getattr(package, f) for f in package.__struct_fields__}
            yield Package(**{**fields, "development": development})

    found = scan(tmp_path, [file("x.lock")], cataloger("x", parse, "*.lock"))
    assert [p.development for p in found.packages] == [False]


def test_too_many_packages(tmp_path: Path) -> None:
    root = write_folder(
        tmp_path / "root", [file("toy.txt", "".join(f"x {n}\n" for n in range(50)))]
    )
    found = inventory_of(root, "directory", limits=Limits(packages=20))
    assert len(found.packages) == 20
    assert {gap.part for gap in found.gaps} == {"language-packages", "applications"}
    assert "more than 20 packages" in found.gaps[0].reason


# --- gaps ---


def test_a_parser_that_fails_is_a_gap_and_what_it_said_before_stands(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(file: File, limits: Limits) -> Iterator[Yield]:
        yield toy_package("before", "1")
        raise ZeroDivisionError("a defect")

    def deep(file: File, limits: Limits) -> Iterator[Yield]:
        yield from deep(file, limits)

    def refusing(file: File, limits: Limits) -> Iterator[Yield]:
        raise ReadError("it is not a toy")
        yield

    table = [
        cataloger("broken", broken, "a"),
        cataloger("deep", deep, "a", part="applications"),
        cataloger("refusing", refusing, "a"),
        LINES,
    ]
    with caplog.at_level(logging.WARNING):
        found = scan(tmp_path, [file("a"), file("toy.txt", "after 1\n")], *table)
    assert {p.name for p in found.packages} == {"before", "after"}
    assert found.gaps == (
        Gap("language-packages", "broken failed on it (ZeroDivisionError)", "a"),
        Gap("applications", "deep failed on it (RecursionError)", "a"),
        Gap("language-packages", "refusing: it is not a toy", "a"),
    )
    assert "cataloger broken failed on 'a'" in caplog.text


@pytest.mark.parametrize("compression", [None, "gzip"])
def test_results_of_hidden_files_go_with_them(tmp_path: Path, compression: str | None) -> None:
    def complaining(file: File, limits: Limits) -> Iterator[Yield]:
        yield Gap("language-packages", "a complaint")
        yield Owned(frozenset({"x"}))
        yield toy_package("x", "1")

    table = (cataloger("complaining", complaining, "**/*.bad"),)
    layers = [[file("a.bad"), file("b.bad")], [whiteout("a.bad"), file("b.bad/c")]]
    image = Image(layers, compression=compression)
    found = inventory_of(docker_archive(tmp_path / "image.tar", image), catalogers=table)
    assert not found.gaps
    assert not found.packages


def test_gaps_without_a_path_are_of_the_file(tmp_path: Path) -> None:
    def complaining(file: File, limits: Limits) -> Iterator[Yield]:
        yield Gap("language-packages", "a complaint")

    found = scan(tmp_path, [file("d/a.bad")], cataloger("c", complaining, "**/*.bad"))
    assert found.gaps == (Gap("language-packages", "a complaint", "d/a.bad"),)


# --- companions ---


@pytest.mark.parametrize("compression", [None, "gzip"])
@pytest.mark.parametrize("size", [10, 300_000])
def test_companions_are_what_stands_in_the_end(
    tmp_path: Path, compression: str | None, size: int
) -> None:
    """Whichever comes first, small or large, replaced or removed later."""
    padding = " " * size
    layers = [
        [file("a/name.txt", "a"), file("a/version.txt", "1"), file("b/version.txt", "1" + padding)],
        [file("b/name.txt", "b" + padding), file("a/version.txt", "2"), file("c/name.txt", "c")],
        [whiteout("c"), file("d/name.txt", "d"), file("d/version.txt", "4"), whiteout("a/x")],
        [whiteout("d/version.txt")],
    ]
    image = Image(layers, compression=compression)
    found = inventory_of(docker_archive(tmp_path / "image.tar", image))
    assert {(p.name.strip(), p.version.strip()) for p in found.packages} == {
        ("a", "2"),
        ("b", "1"),
        ("d", "none"),
    }


def test_a_cataloger_gets_no_companions_but_those_it_declares(tmp_path: Path) -> None:
    def nosy(file: File, limits: Limits) -> Iterator[Yield]:
        for name in ("version.txt", "toy.txt", "a", "name.txt", "../secret"):
            other = file.companion(name)
            if other is not None:
                yield toy_package(name, bytes(other.data).decode())
        for other in file.companions():
            yield toy_package("all", other.path)

    table = (*TOYS, cataloger("nosy", nosy, "a", companions=("version.txt", "b/version.txt")))
    entries = [
        file("a", "x"),
        file("version.txt", "7"),
        file("b/version.txt", "8"),
        file("c/version.txt", "9"),
        file("toy.txt", ""),
        file("name.txt", ""),
    ]
    found = scan(tmp_path, entries, *table)
    assert {(p.name, p.version) for p in found.packages if p.locations[0].path == "a"} == {
        ("version.txt", "7"),
        ("all", "version.txt"),
        ("all", "b/version.txt"),
    }


def test_a_companion_that_cannot_be_read(tmp_path: Path) -> None:
    entries = [file("name.txt", "n"), file("version.txt", "1" * 50)]
    image = docker_archive(tmp_path / "image.tar", Image([entries], compression="gzip"))
    found = inventory_of(image, limits=Limits(file_bytes=20))
    assert not found.packages
    assert [(gap.part, gap.path) for gap in found.gaps] == [("applications", "name.txt")]
    assert "files are read up to 20" in found.gaps[0].reason


# --- the rest ---


def test_progress_is_reported(tmp_path: Path) -> None:
    told: list[tuple[str, int, int | None]] = []
    archive = docker_archive(tmp_path / "image.tar", Image([[file("a")], [file("b")]]))
    with open_target("image", str(archive)) as tree:
        collect(tree, TOYS, progress=lambda what, done, total: told.append((what, done, total)))
    assert told == [("layers", 0, 2), ("layers", 1, 2), ("layers", 2, 2)]


def test_the_default_table_is_used(tmp_path: Path) -> None:
    root = write_folder(tmp_path / "root", debian(file("app/six-1.dist-info/METADATA", SIX)))
    with DirectoryTree(str(root), DEFAULT_LIMITS) as tree:
        found = collect(tree)
    assert {p.ecosystem for p in found.packages} == {"Debian", "PyPI"}
    assert set(found.examined) >= {"os-packages", "language-packages", "applications"}


def test_excluded_files_are_not_read(tmp_path: Path) -> None:
    def parse(file: File, limits: Limits) -> Iterator[Yield]:
        raise AssertionError(file.path)
        yield

    archive = docker_archive(tmp_path / "image.tar", Image([[file("x/a.lock")]]))
    catalogers = (cataloger("x", parse, "**/*.lock"),)
    found = inventory_of(archive, catalogers=catalogers, exclude=("x/",))
    assert not found.gaps
