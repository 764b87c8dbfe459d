"""What we write is valid, deterministic, and reads back to the same inventory."""

import io
import json
from pathlib import Path

import msgspec
import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from hypothesis import given, settings
from hypothesis import strategies as st
from spdx_tools.spdx.parser.jsonlikedict.json_like_dict_parser import JsonLikeDictParser
from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document
from spdx_tools.spdx.writer.tagvalue.tagvalue_writer import write_document

from openinspector.inventory.distribution import identify, stamp
from openinspector.inventory.plain_text import plain
from openinspector.inventory.sbom.cyclonedx import write_cyclonedx
from openinspector.inventory.sbom.read import read_sbom
from openinspector.inventory.sbom.spdx import write_spdx
from openinspector.model import (
    ConfigurationCheck,
    Gap,
    ImageMetadata,
    Inventory,
    Kernel,
    Location,
    Package,
    Target,
)

from .test_real import SCANSBOM, member

STAMP = {
    "timestamp": "2024-03-05T15:07:04Z",
    "serial": "594c89de-6b01-43ec-91e0-ef1c02547a28",
    "version": "0.1.0",
}
LAYERS = ("sha256:" + "a" * 64, "sha256:" + "b" * 64, "sha256:" + "a" * 64)
REAL_ARCHIVES = (
    "fluentd-sbom",
    "dtrack-apiserver-sbom",
    "postgres-stretch-sbom",
    "alpine-syft",
    "wolfi-jruby-syft",
)


def binary(name: str, version: str, **more: object) -> Package:
    """A Debian package as its cataloger yields it, before the distribution is known."""
    return Package(
        ecosystem="",
        name=name,
        version=version,
        purl="",
        manager="OS",
        cataloger="dpkg",
        collector="debian-dpkg",
        locations=(Location("var/lib/dpkg/status", LAYERS[0]),),
        arch="amd64",
        **more,  # type: ignore[arg-type] - fields of the struct
    )


def image() -> Inventory:
    """An image with one of everything that an inventory can say."""
    debian = identify({"ID": "debian", "NAME": "Debian GNU/Linux", "VERSION_ID": "12"})
    system = stamp(
        [
            binary("apt", "2.6.1"),
            binary("bash", "5.2-2+b1", source_version="5.2-2"),
            binary("dash", "0.5.12-2+b1", source_version="0.5.12-2"),
            binary("dash-doc", "0.5.12-2+b2", source_name="dash", source_version="0.5.12-2"),
            binary("g++", "4:12.2.0-3", source_name="gcc-defaults", source_version="1.203"),
            binary("libapt-pkg6.0", "2.6.1", source_name="apt"),
            binary("libc-bin", "2.36-9", source_name="glibc"),
            binary("libc6", "2.36-9", source_name="glibc"),
            binary("zlib1g", "1:1.2.13", source_name="zlib"),
        ],
        debian,
    )
    library = Package(
        ecosystem="npm",
        name="@Scope/Name",
        version="1.0.0",
        purl="pkg:npm/%40scope/name@1.0.0",
        manager="YARN",
        cataloger="yarn",
        collector="yarn-lock",
        locations=(Location("app/yarn.lock", LAYERS[1]), Location("b", None)),
        licenses=("MIT", "A licence of our own"),
        development=True,
        from_base_image=False,
        properties=(("file_size_bytes", "12"), ("owner", "x"), ("source_path", "odd")),
    )
    module = Package(
        ecosystem="Go",
        name="golang.org/x/net",
        version="0.1.0",
        purl="pkg:golang/golang.org/x/net@v0.1.0",
        manager="GOBINARY",
        cataloger="binaries",
        collector="go-binary",
        locations=(Location("usr/bin/a!/b", LAYERS[2]),),
    )
    server = Package(
        ecosystem="generic",
        name="nginx",
        version="1.25.0",
        purl="pkg:generic/nginx/nginx@1.25.0",
        manager=None,
        cataloger="classifiers",
        collector="nginx",
    )
    owned = msgspec.structs.replace(module, purl="pkg:golang/owned@v1", name="owned")
    return Inventory(
        subsumed=(owned,),
        target=Target(
            "image",
            "app:1",
            is_root=True,
            image=ImageMetadata(
                id="sha256:" + "c" * 64,
                digest="sha256:" + "d" * 64,
                tags=("app:1", "registry.example/app:1"),
                architecture="amd64",
                os="linux",
                author="someone",
                created="2024-01-01T00:00:00Z",
                layers=LAYERS,
                base_layers=1,
                user="nobody",
                command=("run", "--all", ""),
                entrypoint=("/entry", "x"),
                working_directory="/srv",
                docker_version="20.10",
            ),
        ),
        packages=tuple(
            sorted(
                (*system, library, module, server), key=lambda x: (x.ecosystem, x.name, x.version)
            )
        ),
        distribution=debian,
        kernel=Kernel("6.1.0-18-amd64", "#1 SMP"),
        checks=(
            ConfigurationCheck("IN-DOCKER-003", "comp-1.Dockerfile", 6, 6),
            ConfigurationCheck("IN-DOCKER-003", "comp-1.Dockerfile", 9, 10, "a detail"),
            ConfigurationCheck("IN-CERTIFICATE-001", "etc/a.pem", 0, 0, "expired:2020-01-01"),
        ),
        gaps=(Gap("os-packages", 'damaged "page" 7\n', "var/lib/rpm/Packages", True),),
        notes=("a note",),
        examined=("os-packages", "language-packages", "applications", "configuration"),
    )


def as_read(inventory: Inventory) -> Inventory:
    """What the SBOM of an inventory reads back to: its target is then the SBOM."""
    target = msgspec.structs.replace(inventory.target, kind="sbom")
    return msgspec.structs.replace(inventory, target=target)


def spdx_document(data: bytes):
    return JsonLikeDictParser().parse(json.loads(data))


@pytest.mark.parametrize("write", [write_cyclonedx, write_spdx])
def test_everything_reads_back(write) -> None:
    assert read_sbom(write(image(), **STAMP), "app:1") == as_read(image())


def test_tag_value_as_another_tool_writes_it_reads_back() -> None:
    text = io.StringIO()
    write_document(spdx_document(write_spdx(image(), **STAMP)), text)
    assert read_sbom(text.getvalue().encode(), "app:1") == as_read(image())


@pytest.mark.parametrize("write", [write_cyclonedx, write_spdx])
def test_the_same_arguments_give_the_same_bytes(write) -> None:
    assert write(image(), **STAMP) == write(image(), **STAMP)


def test_cyclonedx_is_valid() -> None:
    validator = JsonStrictValidator(SchemaVersion.V1_5)
    assert validator.validate_str(write_cyclonedx(image(), **STAMP).decode()) is None


def test_spdx_is_valid() -> None:
    assert validate_full_spdx_document(spdx_document(write_spdx(image(), **STAMP))) == []


@pytest.mark.parametrize("name", SCANSBOM)
def test_real_generator_output_reads_back(shared: Path, name: str) -> None:
    original = read_sbom((shared / "data/scansbom" / f"{name}.sbom.json.gz").read_bytes(), name)
    for write in (write_cyclonedx, write_spdx):
        assert read_sbom(write(original, **STAMP), name) == original


@pytest.mark.parametrize("archive", REAL_ARCHIVES)
def test_real_output_of_other_tools_reads_back_and_is_valid(shared: Path, archive: str) -> None:
    original = read_sbom(member(shared, archive), archive)
    written = write_cyclonedx(original, **STAMP)
    assert read_sbom(written, archive) == original
    assert read_sbom(write_spdx(original, **STAMP), archive) == original
    assert JsonStrictValidator(SchemaVersion.V1_5).validate_str(written.decode()) is None


def test_the_shape_is_the_generators() -> None:
    written = json.loads(write_cyclonedx(image(), **STAMP))
    assert list(written)[:5] == ["bomFormat", "specVersion", "serialNumber", "version", "metadata"]
    assert written["serialNumber"] == f"urn:uuid:{STAMP['serial']}"
    assert written["metadata"]["component"]["bom-ref"] == "comp-1"
    assert written["metadata"]["component"]["type"] == "container"
    system, *components = written["components"]
    assert system == {
        "bom-ref": "comp-2",
        "type": "operating-system",
        "name": "Debian GNU/Linux",
        "version": "12",
    }
    glibc = next(x for x in components if x["name"] == "glibc")
    assert [x["name"] for x in glibc["components"]] == ["libc-bin", "libc6"]
    assert "source=" not in glibc["purl"]
    assert all("source=glibc" in x["purl"] for x in glibc["components"])
    assert {"name": "openinspector:source_package", "value": "only"} in glibc["properties"]
    apt = next(x for x in components if x["name"] == "apt")
    assert [x["name"] for x in apt["components"]] == ["libapt-pkg6.0"]
    assert {"name": "openinspector:source_package", "value": "installed"} in apt["properties"]
    libc = glibc["components"][1]
    assert libc["type"] == "application"
    assert {
        x["name"].removeprefix("amazon:inspector:sbom_generator:") for x in libc["properties"]
    } == {
        "source_file_scanner",
        "source_package_collector",
        "source_path",
        "layer_diff_id",
    }
    compiler = next(x for x in components if x["name"] == "gcc-defaults")
    assert compiler["version"] == "1.203"
    assert written["compositions"][0]["aggregate"] == "incomplete"


def test_secrets_of_an_image_are_not_written() -> None:
    inventory = image()
    metadata = inventory.target.image
    assert metadata is not None
    metadata = msgspec.structs.replace(
        metadata,
        environment=("TOKEN=secret-1",),
        labels=(("key", "secret-2"),),
        history=("RUN echo secret-3",),
    )
    target = msgspec.structs.replace(inventory.target, image=metadata)
    inventory = msgspec.structs.replace(inventory, target=target)
    for write in (write_cyclonedx, write_spdx):
        assert b"secret" not in write(inventory, **STAMP)


def test_a_name_that_is_not_utf8_is_written() -> None:
    package = Package(
        ecosystem="generic",
        name="a",
        version="1",
        purl="pkg:generic/a@1",
        manager=None,
        cataloger="x",
        collector="x",
        locations=(Location("bad-\udcff"),),
    )
    inventory = Inventory(target=Target("directory", "x"), packages=(package,))
    for write in (write_cyclonedx, write_spdx):
        assert read_sbom(write(inventory, **STAMP), "x").packages[0].locations[0].path == "bad-?"


TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=12)
WORD = st.text(st.sampled_from("abcXYZ019-_.+~"), min_size=1, max_size=10).filter(
    lambda x: x.strip(".")
)
LOCATIONS = st.lists(
    st.builds(
        Location,
        TEXT.filter(lambda x: not x.startswith("/")),
        st.none() | st.sampled_from(LAYERS),
    ),
    max_size=3,
).map(tuple)


@st.composite
def packages(draw: st.DrawFn) -> Package:
    """Any language package, however little its fields have to do with its package URL."""
    ecosystem, kind = draw(st.sampled_from([("npm", "npm"), ("PyPI", "pypi"), ("Hex", "hex")]))
    name, version = draw(WORD), draw(WORD)
    return Package(
        ecosystem=draw(st.sampled_from([ecosystem, "Other"])),
        name=draw(st.sampled_from([name, name.lower(), "another"])),
        version=draw(st.sampled_from([version, "another"])),
        purl=f"pkg:{kind}/{name}@{version}",
        manager=draw(st.sampled_from([None, "NPM", "PIP", "OS"])),
        cataloger=draw(WORD),
        collector=draw(WORD),
        locations=draw(LOCATIONS),
        arch=draw(st.none() | WORD),
        source_name=draw(st.none() | WORD),
        source_version=draw(st.none() | WORD),
        module=draw(st.none() | WORD),
        licenses=draw(st.lists(TEXT.filter(bool), max_size=2).map(tuple)),
        development=draw(st.booleans()),
        from_base_image=draw(st.sampled_from([None, True, False])),
        properties=draw(st.lists(st.tuples(WORD, TEXT), max_size=2).map(tuple)),
    )


@settings(max_examples=150, deadline=None)
@given(st.lists(packages(), max_size=4), st.booleans())
def test_any_package_reads_back(made: list[Package], is_root: bool) -> None:
    unique = {(x.purl, x.locations, x.module): x for x in made}
    inventory = plain(
        Inventory(
            target=Target("directory", "x", is_root=is_root),
            packages=tuple(unique.values()),
            examined=("language-packages",),
        )
    )
    for write in (write_cyclonedx, write_spdx):
        back = read_sbom(write(inventory, **STAMP), "x")
        assert set(back.packages) == set(inventory.packages)
        assert back.gaps == ()
