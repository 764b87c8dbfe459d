"""Docker archives and OCI layouts: their forms, their choices, and what is wrong with them."""

import gzip
import hashlib
import json
import platform
import shutil
import tarfile
import zipfile
from pathlib import Path

import pytest
import zstandard

from openinspector.inventory.limits import Limits
from openinspector.inventory.trees.image_config import Step, base_layers
from openinspector.model import Inventory, TargetError
from tests.images import (
    Entry,
    Image,
    digest,
    docker_archive,
    file,
    link,
    oci_archive,
    oci_files,
    oci_layout,
    old_docker_archive,
    tar,
    whiteout,
    write_files,
)

from .toys import inventory_of, told

ONE = [file("toy.txt", "one 1\n")]
TWO = [file("b.toy", "two 2\n")]
BOTH = {("one", "1", "toy.txt"), ("two", "2", "b.toy")}
ALL_PARTS = {"os-packages", "language-packages", "applications"}


def reasons(found: Inventory) -> str:
    """The one reason that stands for every part."""
    assert {gap.part for gap in found.gaps} == ALL_PARTS
    (reason,) = {gap.reason for gap in found.gaps}
    return reason


# --- forms ---


@pytest.mark.parametrize("inner", [None, "gzip", "zstd", "bzip2", "xz"])
@pytest.mark.parametrize("outer", [None, "gzip", "zstd", "bzip2", "xz"])
def test_every_compression(tmp_path: Path, inner: str | None, outer: str | None) -> None:
    image = Image([ONE, TWO], compression=inner)
    found = inventory_of(docker_archive(tmp_path / "image", image, compression=outer))
    assert told(found) == BOTH
    assert not found.gaps


def test_layers_of_mixed_compression(tmp_path: Path) -> None:
    layers = [ONE, TWO, [whiteout("toy.txt")], [file("c.toy", "three 3\n")]]
    image = Image(layers, compression=["gzip", None, "zstd", "gzip"])
    found = inventory_of(oci_layout(tmp_path / "layout", image))
    assert told(found) == {("two", "2", "b.toy"), ("three", "3", "c.toy")}


def test_streams_of_several_members(tmp_path: Path) -> None:
    data = tar([*ONE, *TWO])
    parts = [data[i : i + 700] for i in range(0, len(data), 700)]
    for pack in (gzip.compress, zstandard.compress):
        layer = b"".join(map(pack, parts))
        archive = docker_archive(tmp_path / "image.tar", Image([layer]))
        assert told(inventory_of(archive)) == BOTH
    padded = gzip.compress(data) + bytes(1000)
    assert told(inventory_of(docker_archive(tmp_path / "image.tar", Image([padded])))) == BOTH


def test_metadata(tmp_path: Path) -> None:
    image = Image(
        [ONE, TWO],
        tags=("app:1", "app:latest"),
        config={
            "author": "ann",
            "created": "2024-01-02T03:04:05Z",
            "docker_version": "24.0",
            "config": {
                "User": "nobody",
                "Cmd": ["a", "b"],
                "Entrypoint": ["/e"],
                "WorkingDir": "/w",
                "Env": ["X=1", 3],
                "Labels": {"b": "2", "a": "1", "c": 3},
            },
        },
    )
    found = inventory_of(docker_archive(tmp_path / "image.tar", image)).target
    assert found.kind == "image"
    assert found.is_root
    metadata = found.image
    assert metadata.id == digest(image.configuration())
    assert metadata.digest is None
    assert metadata.tags == ("app:1", "app:latest")
    assert (metadata.architecture, metadata.os) == ("amd64", "linux")
    assert (metadata.author, metadata.created) == ("ann", "2024-01-02T03:04:05Z")
    assert metadata.docker_version == "24.0"
    assert metadata.layers == tuple(digest(layer) for layer in image.tars())
    assert metadata.history == ("RUN step 0", "RUN step 1")
    assert (metadata.user, metadata.working_directory) == ("nobody", "/w")
    assert (metadata.command, metadata.entrypoint) == (("a", "b"), ("/e",))
    assert metadata.environment == ("X=1",)
    assert metadata.labels == (("a", "1"), ("b", "2"))


def test_archives_of_before_docker_1_10(tmp_path: Path) -> None:
    archive = old_docker_archive(tmp_path / "image.tar", Image([ONE, TWO, [whiteout("toy.txt")]]))
    found = inventory_of(archive)
    assert told(found) == {("two", "2", "b.toy")}
    assert found.target.image.tags == ("test:latest",)
    assert found.target.image.layers == ()
    assert "does not name its layers" in reasons(found)
    assert told(inventory_of(f"{archive}:test:latest")) == {("two", "2", "b.toy")}
    with pytest.raises(TargetError, match="has no image other:1; it holds test:latest"):
        inventory_of(f"{archive}:other:1")


def test_layers_that_docker_save_links(tmp_path: Path) -> None:
    config = Image([ONE, ONE]).configuration()
    manifest = [{"Config": "c.json", "RepoTags": None, "Layers": ["a/layer.tar", "b/layer.tar"]}]
    members = [
        file("a/layer.tar", tar(ONE)),
        link("b/layer.tar", "../a/layer.tar"),
        file("c.json", config),
        file("manifest.json", json.dumps(manifest)),
    ]
    (tmp_path / "image.tar").write_bytes(tar(members))
    found = inventory_of(tmp_path / "image.tar")
    assert told(found) == {("one", "1", "toy.txt")}
    assert not found.gaps


@pytest.mark.parametrize("version", ["3.10", "3.11"])
def test_real_alpine(shared: Path, tmp_path: Path, version: str) -> None:
    """The images of Alpine 3.10.4 and 3.11.5: 14 packages each (`apk info` in their containers)."""
    from openinspector.inventory.catalogers import apk, os_release

    with zipfile.ZipFile(shared / f"data/inventories/alpine-{version}-image.zip") as packed:
        packed.extractall(tmp_path)
    catalogers = (*os_release.CATALOGERS, *apk.CATALOGERS)
    path = tmp_path / f"alpine-{version}.tar.gz"
    found = inventory_of(path, catalogers=catalogers)
    names = {"3.10": ("3.10.4", "1.1.22-r3"), "3.11": ("3.11.5", "1.1.24-r2")}
    distribution, musl = names[version]
    assert found.distribution.version == distribution
    assert found.distribution.release == f"v{version}"
    assert len(found.packages) == 14
    versions = {package.name: package.version for package in found.packages}
    assert versions["musl"] == musl
    assert not found.gaps
    assert found.target.image.tags == (f"alpine:{version}",)
    # The same bytes, unpacked, are the same inventory as a folder.
    root = tmp_path / "root"
    with tarfile.open(path) as outer:
        (layer,) = [member for member in outer if member.name.endswith("/layer.tar")]
        with tarfile.open(fileobj=outer.extractfile(layer)) as inner:
            inner.extractall(root, filter="fully_trusted")
    flat = inventory_of(root, "directory", catalogers)
    assert flat.target.is_root
    assert [p.purl for p in flat.packages] == [p.purl for p in found.packages]


# --- choices ---


def test_the_first_of_several_images_is_taken_and_that_is_said(tmp_path: Path) -> None:
    images = [Image([ONE], tags=("one:1",)), Image([TWO], tags=("two:1", "two:2"))]
    archive = docker_archive(tmp_path / "image.tar", *images)
    found = inventory_of(archive)
    assert told(found) == {("one", "1", "toy.txt")}
    assert found.notes[0].endswith("holds 2 images: one:1 was taken, not two:1")
    found = inventory_of(f"{archive}:two:2")
    assert told(found) == {("two", "2", "b.toy")}
    with pytest.raises(TargetError, match="has no image three:1; it holds one:1, two:1, two:2"):
        inventory_of(f"{archive}:three:1")


def test_the_first_name_of_a_layout_is_taken(tmp_path: Path) -> None:
    images = [Image([ONE], tags=("one:1",)), Image([TWO], tags=("two:1",))]
    layout = oci_layout(tmp_path / "layout", *images)
    found = inventory_of(layout)
    assert told(found) == {("one", "1", "toy.txt")}
    assert "holds images of 2 names: one:1 was taken" in found.notes[0]
    assert told(inventory_of(f"{layout}:two:1")) == {("two", "2", "b.toy")}


@pytest.mark.parametrize("form", ["layout", "archive", "nested"])
def test_platforms_of_an_index(tmp_path: Path, form: str) -> None:
    machine = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
    images = [
        Image([[file("toy.txt", f"{arch} 1\n")]], architecture=arch)
        for arch in ("s390x", machine, "riscv64")
    ]
    if form == "archive":
        path = oci_archive(tmp_path / "image.tar", *images)
    else:
        files = oci_files(*images)
        if form == "nested":
            inner = files["index.json"]
            name = hashlib.sha256(inner).hexdigest()
            files[f"blobs/sha256/{name}"] = inner
            entry = {
                "mediaType": "application/vnd.oci.image.index.v1+json",
                "digest": f"sha256:{name}",
                "size": len(inner),
            }
            files["index.json"] = json.dumps({"manifests": [entry]}).encode()
        path = write_files(tmp_path / "layout", files)
    assert told(inventory_of(path)) == {(machine, "1", "toy.txt")}
    found = inventory_of(path, platform="linux/s390x")
    assert told(found) == {("s390x", "1", "toy.txt")}
    assert "platform linux/s390x of linux/s390x" in found.notes[0]
    with pytest.raises(TargetError, match="has no image of platform linux/arm/v6"):
        inventory_of(path, platform="linux/arm/v6")


def test_attestations_are_no_images(tmp_path: Path) -> None:
    files = oci_files(Image([ONE], architecture="s390x"))
    index = json.loads(files["index.json"])
    attestation = {
        **index["manifests"][0],
        "annotations": {"vnd.docker.reference.type": "attestation-manifest"},
        "platform": {"os": "unknown", "architecture": "unknown"},
    }
    index["manifests"] = [attestation, *index["manifests"]]
    files["index.json"] = json.dumps(index).encode()
    found = inventory_of(write_files(tmp_path / "layout", files))
    assert told(found) == {("one", "1", "toy.txt")}
    assert "s390x, not of this machine's" in found.notes[0]


def test_a_docker_archive_of_another_platform_is_taken_unless_one_is_asked_for(
    tmp_path: Path,
) -> None:
    archive = docker_archive(tmp_path / "image.tar", Image([ONE], architecture="s390x"))
    assert told(inventory_of(archive)) == {("one", "1", "toy.txt")}
    assert told(inventory_of(archive, platform="s390x")) == {("one", "1", "toy.txt")}
    with pytest.raises(TargetError, match="no image of platform linux/arm64; it holds linux/s390x"):
        inventory_of(archive, platform="linux/arm64")
    with pytest.raises(TargetError, match="expected os/architecture"):
        inventory_of(archive, platform="a/b/c/d")


# --- the base image ---


def steps(*texts: str) -> list[Step]:
    """Steps as `docker history` would show them; CMD, ENTRYPOINT, ENV, LABEL bring no layer."""
    empty = ("CMD", "ENTRYPOINT", "ENV", "LABEL", "/bin/sh -c #(nop)  CMD", "/bin/sh -c #(nop) ENV")
    return [Step(text, text.startswith(empty)) for text in texts]


@pytest.mark.parametrize(
    ("history", "layers", "labels", "answer"),
    [
        (["ADD file:1 in /", 'CMD ["bash"]', "RUN apt", "COPY . /", 'CMD ["app"]'], 3, {}, 1),
        (["ADD x in /", '/bin/sh -c #(nop)  CMD ["bash"]', "RUN a"], 2, {}, 1),
        (["ADD", "CMD [a]", "RUN python", "CMD [python]", "COPY app"], 3, {}, 2),
        (["ADD", "ENTRYPOINT [a]", "RUN b"], 2, {}, 1),
        (["ADD", 'CMD ["bash"]'], 1, {}, None),
        (["COPY a", "COPY b"], 2, {}, None),
        (["ADD", "CMD [a]", "RUN b"], 3, {}, None),
        ([], 2, {}, None),
        (["CMD [a]", "RUN b"], 1, {}, None),
        (["RUN CMD", "COPY b"], 2, {}, None),
        (["COPY a", "CMD [x]"], 1, {"org.opencontainers.image.base.name": "scratch"}, 0),
        (["ADD", "CMD [a]", "RUN"], 2, {"org.opencontainers.image.base.name": "debian:12"}, 1),
    ],
)
def test_base_layers(
    history: list[str], layers: int, labels: dict[str, str], answer: int | None
) -> None:
    assert base_layers(steps(*history), layers, tuple(labels.items())) == answer


def test_packages_know_whether_the_base_image_brought_them(tmp_path: Path) -> None:
    history = [
        {"created_by": "ADD file:1 in /"},
        {"created_by": 'CMD ["bash"]', "empty_layer": True},
        {"created_by": "COPY app"},
    ]
    image = Image([ONE, TWO], history=history)
    found = inventory_of(docker_archive(tmp_path / "image.tar", image))
    assert {p.name: p.from_base_image for p in found.packages} == {"one": True, "two": False}
    assert found.target.image.base_layers == 1
    unknown = inventory_of(docker_archive(tmp_path / "image.tar", Image([ONE, TWO])))
    assert {p.from_base_image for p in unknown.packages} == {None}


# --- what is wrong ---


def refused(path: Path | str, **options: object) -> str:
    with pytest.raises(TargetError) as caught:
        inventory_of(path, **options)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_what_is_no_image(tmp_path: Path) -> None:
    assert "no such file" in refused(tmp_path / "absent.tar")
    (tmp_path / "text").write_text("hello" * 1000)
    assert "neither manifest.json nor index.json" in refused(tmp_path / "text")
    (tmp_path / "empty").write_bytes(b"")
    assert "expected a docker or OCI archive" in refused(tmp_path / "empty")
    (tmp_path / "rootfs.tar").write_bytes(tar(ONE))
    assert "neither manifest.json nor index.json" in refused(tmp_path / "rootfs.tar")
    (tmp_path / "folder").mkdir()
    assert "expected an OCI layout (index.json)" in refused(tmp_path / "folder")
    (tmp_path / "bad.tar.gz").write_bytes(b"\x1f\x8b" + b"nonsense" * 9)
    assert "compressed data" in refused(tmp_path / "bad.tar.gz")


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("manifest.json", b"", "manifest.json"),
        ("manifest.json", b"[]", "names no image"),
        ("manifest.json", b'[{"Config": 3}]', "names no image"),
        ("manifest.json", b"[" * 100_000, "nested too deeply"),
        ("manifest.json", b'[{"Config": "c", "Layers": []}]', "configuration c is missing"),
        ("manifest.json", b'[{"Config": "../../etc/passwd"}]', "passwd is missing"),
        ("repositories", b"{}", "has no image"),
        ("repositories", b'{"a": {"1": "x"}}', "x/json is missing"),
        ("index.json", b"{}", "names no image"),
        ("index.json", b'{"manifests": [{"digest": "sha256:../../x", "size": 1}]}', "names no"),
        ("index.json", b"\xff\xfe", "index"),
    ],
)
def test_documents_of_nonsense(tmp_path: Path, name: str, data: bytes, said: str) -> None:
    (tmp_path / "image.tar").write_bytes(tar([file(name, data)]))
    assert said in refused(tmp_path / "image.tar")
    if name == "index.json":
        assert said in refused(write_files(tmp_path / "layout", {name: data}))


def test_an_index_that_holds_itself(tmp_path: Path) -> None:
    """No digest can do that; a layout that claims it is not followed for ever."""
    entry = {
        "mediaType": "application/vnd.oci.image.index.v1+json",
        "digest": "sha256:" + "0" * 64,
        "size": 1,
    }
    data = json.dumps({"manifests": [entry, entry]}).encode()
    files = {"index.json": data, f"blobs/sha256/{'0' * 64}": data}
    assert "names no image" in refused(write_files(tmp_path / "layout", files))


def test_a_configuration_that_is_not_its_digest_is_told(tmp_path: Path) -> None:
    layout = oci_layout(tmp_path / "layout", Image([ONE]))
    config = digest(Image([ONE]).configuration())
    path = layout / "blobs" / config.replace(":", "/")
    path.write_bytes(path.read_bytes() + b" ")
    found = inventory_of(layout)
    assert told(found) == {("one", "1", "toy.txt")}
    assert f"{config} does not have that digest" in reasons(found)


@pytest.mark.parametrize("form", ["docker", "layout"])
def test_a_missing_layer_is_a_gap(tmp_path: Path, form: str) -> None:
    image = Image([ONE, TWO])
    lost = digest(image.blobs()[0])[7:]
    if form == "docker":
        archive = docker_archive(tmp_path / "image.tar", image)
        archive.write_bytes(
            archive.read_bytes().replace(f"{lost}/layer.tar".encode(), b"x" * 74, 1)
        )
        data = bytearray(archive.read_bytes())
        data[148:156] = b" " * 8
        data[148:156] = b"%06o\0 " % sum(data[:512])
        archive.write_bytes(data)
        path = archive
    else:
        path = oci_layout(tmp_path / "layout", image)
        (path / "blobs/sha256" / lost).unlink()
    found = inventory_of(path)
    assert told(found) == {("two", "2", "b.toy")}
    assert f"layer 1 of 2 (sha256:{lost}) is missing" in reasons(found)


def numbered(count: int) -> list[Entry]:
    return [file(f"{n:03}.toy", f"p{n:03} 1\n" + "#" * 600) for n in range(count)]


@pytest.mark.parametrize("inner", [None, "gzip", "zstd"])
def test_a_truncated_layer(tmp_path: Path, inner: str | None) -> None:
    """What was read is reported, and where it broke off is said."""
    whole = Image([numbered(50), TWO], compression=[inner, None])
    cut = whole.blobs()[0]
    cut = cut[: len(cut) // 2]

    class Cut(Image):
        def blobs(self) -> list[bytes]:
            return [cut, whole.blobs()[1]]

    found = inventory_of(docker_archive(tmp_path / "image.tar", Cut(whole.layers)))
    names = {name for name, _, _ in told(found)}
    assert "two" in names
    if inner is None:
        assert {f"p{n:03}" for n in range(20)} < names
    assert len(names) < 51
    if inner is None:
        assert found.gaps[-1].path == "026.toy"
        assert f"is unreadable from offset {len(cut):,}: the archive ends" in found.gaps[0].reason
    assert "image.tar: layer 1 of 2 (sha256:" in found.gaps[0].reason
    assert "is unreadable from offset" in found.gaps[0].reason
    assert {gap.part for gap in found.gaps} == ALL_PARTS


@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
@pytest.mark.parametrize("outer", [None, "gzip"])
def test_a_truncated_archive(tmp_path: Path, share: float, outer: str | None) -> None:
    archive = docker_archive(
        tmp_path / "image.tar", Image([numbered(50)]), compression=outer, manifest_first=True
    )
    data = archive.read_bytes()
    archive.write_bytes(data[: int(len(data) * share)])
    if outer and share < 0.5:
        return  # gzip has put all that is left into one block: there is nothing to read
    found = inventory_of(archive)
    assert found.gaps
    assert any("unreadable from" in gap.reason for gap in found.gaps)


def test_damage_in_the_middle_of_a_layer(tmp_path: Path) -> None:
    layer = bytearray(tar(numbered(50)))
    layer[30 * 1536 : 30 * 1536 + 10] = b"\xff" * 10
    found = inventory_of(docker_archive(tmp_path / "image.tar", Image([bytes(layer), TWO])))
    assert len(found.packages) == 31
    assert "offset 46,080: a header's checksum is wrong" in reasons(found)


@pytest.mark.parametrize("inner", ["gzip", "zstd", "bzip2", "xz"])
def test_flipped_bits_in_a_compressed_layer(tmp_path: Path, inner: str) -> None:
    good = Image([numbered(300)], compression=inner)
    for place in (0.3, 0.5, 0.7):
        blob = bytearray(good.blobs()[0])
        at = int(len(blob) * place)
        blob[at : at + 8] = bytes(8 - n for n in range(8))

        class Flipped(Image):
            def blobs(self, blob: bytes = bytes(blob)) -> list[bytes]:
                return [blob]

        found = inventory_of(docker_archive(tmp_path / "image.tar", Flipped(good.layers)))
        assert found.gaps
        assert "is unreadable from offset" in reasons(found)


@pytest.mark.parametrize("inner", ["gzip", "zstd"])
@pytest.mark.parametrize("where", ["layer", "archive"])
def test_bombs(tmp_path: Path, inner: str, where: str) -> None:
    limits = Limits(inflate_ratio=100)
    bomb = [file("a.toy", "x 1\n"), file("zeroes", bytes(64 << 20)), file("b.toy", "y 1\n")]
    if where == "layer":
        archive = docker_archive(tmp_path / "image.tar", Image([bomb], compression=inner))
        found = inventory_of(archive, limits=limits)
        assert told(found) == {("x", "1", "a.toy")}
        assert "inflates to more than 100 times its size" in reasons(found)
    else:
        archive = docker_archive(tmp_path / "image.tar", Image([bomb]), compression=inner)
        assert "inflates to more than 100 times" in refused(archive, limits=limits)


def test_an_image_that_is_too_large(tmp_path: Path) -> None:
    image = Image([[file(f"{n}", b"%d" % n * 100_000)] for n in range(10)], compression="gzip")
    archive = docker_archive(tmp_path / "image.tar", image)
    found = inventory_of(archive, limits=Limits(image_bytes=500_000))
    assert all("inflates to more than an image may have" in gap.reason for gap in found.gaps)
    assert found.gaps


def test_too_many_entries(tmp_path: Path) -> None:
    archive = docker_archive(tmp_path / "image.tar", Image([numbered(50)]))
    found = inventory_of(archive, limits=Limits(entries=20))
    assert len(found.packages) == 20
    assert "more than 20 entries" in reasons(found)


def test_a_file_that_is_too_large(tmp_path: Path) -> None:
    for inner in (None, "gzip"):
        image = Image([[file("a.toy", "x 1\n" * 100), file("b.toy", "y 1\n")]], compression=inner)
        found = inventory_of(
            docker_archive(tmp_path / "image.tar", image), limits=Limits(file_bytes=100)
        )
        assert told(found) == {("y", "1", "b.toy")}
        assert [(g.part, g.path) for g in found.gaps] == [("language-packages", "a.toy")]
        assert "it has 400 bytes; files are read up to 100" in found.gaps[0].reason


def test_paths_that_leave_the_root_are_nobody_s(tmp_path: Path) -> None:
    entries = [
        file("../toy.txt", "x 1\n"),
        file("a/../../toy.txt", "y 1\n"),
        file("/b.toy", "z 1\n"),
        file("c/../d.toy", "w 1\n"),
        file("../.wh.b.toy"),
        file(".wh..."),
        file(".wh.."),
        file(".wh."),
    ]
    found = inventory_of(docker_archive(tmp_path / "image.tar", Image([entries, entries])))
    assert told(found) == {("z", "1", "b.toy"), ("w", "1", "d.toy")}


def test_names_that_are_no_utf_8(tmp_path: Path) -> None:
    entries = [file("\udcff\udcfe/a.toy", "x 1\n"), file("é/b.toy", "y 1\n")]
    image = Image([tar(entries), [whiteout("\udcff\udcfe/a.toy")]])
    assert told(inventory_of(docker_archive(tmp_path / "image.tar", image))) == {
        ("y", "1", "é/b.toy")
    }
    image = Image([tar(entries)])
    found = inventory_of(docker_archive(tmp_path / "image.tar", image))
    assert len(found.packages) == 2


def test_paths_beyond_what_linux_allows(tmp_path: Path) -> None:
    entries = [file("a/" * 3000 + "b.toy", "x 1\n"), file("b.toy", "y 1\n")]
    found = inventory_of(docker_archive(tmp_path / "image.tar", Image([entries])))
    assert told(found) == {("y", "1", "b.toy")}


def test_deep_paths_and_many_whiteouts_take_linear_time(tmp_path: Path) -> None:
    deep = [file("/".join(["d"] * depth) + f"/{depth}.toy", "x 1\n") for depth in range(1, 300)]
    wide = [file(f"w/{n}/a.toy", "x 1\n") for n in range(3000)]
    away = [whiteout(f"w/{n}") for n in range(3000)] + [whiteout("d")]
    found = inventory_of(docker_archive(tmp_path / "image.tar", Image([deep, wide, away])))
    assert told(found) == set()


def test_temporary_files_are_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "temporary"
    place.mkdir()
    monkeypatch.setenv("TMPDIR", str(place))
    monkeypatch.setattr("tempfile.tempdir", None)
    archive = docker_archive(tmp_path / "image.tar.gz", Image([ONE]), compression="gzip")
    inventory_of(archive)
    assert list(place.iterdir()) == []
    shutil.rmtree(place)
    assert "TMPDIR" in refused(archive)
