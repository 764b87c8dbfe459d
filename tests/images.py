"""Build small images in every form, for tests: layers of entries in, archives and layouts out.

layers = [[file("etc/os-release", b"ID=debian\n")], [whiteout("etc/os-release")]]
docker_archive(tmp_path / "image.tar", layers)
oci_layout(tmp_path / "layout", layers, compression="zstd")
"""

import bz2
import gzip
import hashlib
import io
import json
import lzma
import os
import tarfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import zstandard

Compression = str | None
"""`gzip`, `zstd`, `bzip2`, `xz`, or None for plain."""


@dataclass(frozen=True)
class Entry:
    """One entry of a layer; `type` is tarfile's."""

    path: str
    data: bytes = b""
    type: bytes = tarfile.REGTYPE
    target: str = ""
    mode: int = 0o644


def file(path: str, data: bytes | str = b"", mode: int = 0o644) -> Entry:
    return Entry(path, data.encode() if isinstance(data, str) else data, mode=mode)


def folder(path: str) -> Entry:
    return Entry(path, type=tarfile.DIRTYPE, mode=0o755)


def link(path: str, target: str) -> Entry:
    return Entry(path, type=tarfile.SYMTYPE, target=target, mode=0o777)


def hard_link(path: str, target: str, mode: int = 0o644) -> Entry:
    return Entry(path, type=tarfile.LNKTYPE, target=target, mode=mode)


def whiteout(path: str) -> Entry:
    above, _, name = path.rpartition("/")
    return Entry(f"{above}/.wh.{name}" if above else f".wh.{name}")


def opaque(path: str) -> Entry:
    return Entry(f"{path}/.wh..wh..opq" if path else ".wh..wh..opq")


Layer = Iterable[Entry]


def tar(entries: Layer, format: int = tarfile.PAX_FORMAT) -> bytes:
    """The entries as a tar archive."""
    buffer = io.BytesIO()
    with tarfile.open(
        fileobj=buffer, mode="w", format=format, encoding="utf-8", errors="surrogateescape"
    ) as archive:
        for entry in entries:
            info = tarfile.TarInfo(entry.path)
            info.type, info.linkname, info.mode = entry.type, entry.target, entry.mode
            info.size = len(entry.data)
            archive.addfile(info, io.BytesIO(entry.data))
    return buffer.getvalue()


def compress(data: bytes, compression: Compression) -> bytes:
    match compression:
        case None:
            return data
        case "gzip":
            return gzip.compress(data, 1, mtime=0)
        case "zstd":
            return zstandard.ZstdCompressor(level=1).compress(data)
        case "bzip2":
            return bz2.compress(data, 1)
        case "xz":
            return lzma.compress(data, preset=0)
    raise ValueError(compression)


def digest(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


@dataclass
class Image:
    """An image to write: layers as entries (or as ready tar bytes), and its configuration."""

    layers: Sequence[Layer | bytes]
    tags: Sequence[str] = ("test:latest",)
    architecture: str = "amd64"
    compression: Compression | Sequence[Compression] = None
    config: dict[str, object] = field(default_factory=dict)
    history: Sequence[dict[str, object]] | None = None
    format: int = tarfile.PAX_FORMAT

    def tars(self) -> list[bytes]:
        return [x if isinstance(x, bytes) else tar(x, self.format) for x in self.layers]

    def blobs(self) -> list[bytes]:
        kinds = self.compression
        if kinds is None or isinstance(kinds, str):
            kinds = [kinds] * len(self.layers)
        return [compress(data, kind) for data, kind in zip(self.tars(), kinds, strict=True)]

    def configuration(self) -> bytes:
        history = self.history
        if history is None:
            history = [{"created_by": f"RUN step {n}"} for n in range(len(self.layers))]
        document = {
            "architecture": self.architecture,
            "os": "linux",
            "config": {"Cmd": ["/bin/sh"], "Env": ["PATH=/bin"]},
            "rootfs": {"type": "layers", "diff_ids": [digest(data) for data in self.tars()]},
            "history": list(history),
            **self.config,
        }
        return json.dumps(document).encode()


def as_image(image: "Image | Sequence[Layer]", **options: object) -> Image:
    return image if isinstance(image, Image) else Image(image, **options)  # type: ignore[arg-type]


def docker_archive(
    path: Path,
    *images: Image | Sequence[Layer],
    compression: Compression = None,
    manifest_first: bool = False,
) -> Path:
    """A docker archive as `docker save` writes it; `compression` is that of the whole file."""
    members: dict[str, bytes] = {}
    configurations: dict[str, bytes] = {}
    manifest = []
    for image in map(as_image, images):
        names = []
        for blob in image.blobs():
            names.append(f"{digest(blob)[7:]}/layer.tar")
            members[names[-1]] = blob
        config = image.configuration()
        name = digest(config)[7:] + ".json"
        configurations[name] = config
        manifest.append({"Config": name, "RepoTags": list(image.tags), "Layers": names})
    first = {**configurations, "manifest.json": json.dumps(manifest).encode()}
    members = {**first, **members} if manifest_first else {**members, **first}
    path.write_bytes(compress(tar(file(n, d) for n, d in members.items()), compression))
    return path


def old_docker_archive(path: Path, image: Image | Sequence[Layer]) -> Path:
    """A docker archive as before Docker 1.10: a chain of layers, each with its own `json`."""
    image = as_image(image)
    members: dict[str, bytes] = {}
    parent = ""
    for number, blob in enumerate(image.blobs()):
        name = hashlib.sha256(b"%d" % number + blob).hexdigest()
        own = {"id": name, "architecture": "amd64", "os": "linux", "config": {"Cmd": ["sh"]}}
        if parent:
            own["parent"] = parent
        members[f"{name}/VERSION"] = b"1.0"
        members[f"{name}/json"] = json.dumps(own).encode()
        members[f"{name}/layer.tar"] = blob
        parent = name
    repository, _, tag = image.tags[0].rpartition(":")
    members["repositories"] = json.dumps({repository: {tag: parent}}).encode()
    path.write_bytes(tar(file(name, data) for name, data in members.items()))
    return path


OCI = "application/vnd.oci.image"
_SUFFIX = {None: "", "gzip": "+gzip", "zstd": "+zstd", "bzip2": "+bzip2", "xz": "+xz"}


def oci_blobs(*images: Image | Sequence[Layer]) -> tuple[dict[str, bytes], dict[str, object]]:
    """Blobs by digest, and the index of the images."""
    blobs: dict[str, bytes] = {}

    def put(data: bytes, media_type: str, **more: object) -> dict[str, object]:
        blobs[digest(data)] = data
        return {"mediaType": media_type, "digest": digest(data), "size": len(data), **more}

    manifests = []
    for image in map(as_image, images):
        kinds = image.compression
        if kinds is None or isinstance(kinds, str):
            kinds = [kinds] * len(image.layers)
        layers = [
            put(blob, f"{OCI}.layer.v1.tar{_SUFFIX[kind]}")
            for blob, kind in zip(image.blobs(), kinds, strict=True)
        ]
        manifest = {
            "schemaVersion": 2,
            "mediaType": f"{OCI}.manifest.v1+json",
            "config": put(image.configuration(), f"{OCI}.config.v1+json"),
            "layers": layers,
        }
        manifests.append(
            put(
                json.dumps(manifest).encode(),
                f"{OCI}.manifest.v1+json",
                platform={"os": "linux", "architecture": image.architecture},
                annotations=_reference(image.tags),
            )
        )
    index = {"schemaVersion": 2, "mediaType": f"{OCI}.index.v1+json", "manifests": manifests}
    return blobs, index


def oci_files(*images: Image | Sequence[Layer]) -> dict[str, bytes]:
    """The files of an OCI layout by path."""
    blobs, index = oci_blobs(*images)
    return {
        "oci-layout": b'{"imageLayoutVersion": "1.0.0"}',
        "index.json": json.dumps(index).encode(),
        **{f"blobs/{name.replace(':', '/')}": data for name, data in blobs.items()},
    }


def write_files(path: Path, files: dict[str, bytes]) -> Path:
    for name, data in files.items():
        place = path / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)
    return path


def oci_layout(path: Path, *images: Image | Sequence[Layer]) -> Path:
    return write_files(path, oci_files(*images))


def oci_archive(
    path: Path, *images: Image | Sequence[Layer], compression: Compression = None
) -> Path:
    members = oci_files(*images)
    path.write_bytes(compress(tar(file(n, d) for n, d in members.items()), compression))
    return path


def write_folder(path: Path, entries: Layer) -> Path:
    """The entries of one layer as a folder on disk."""
    path.mkdir(parents=True, exist_ok=True)
    for entry in entries:
        place = path / entry.path
        place.parent.mkdir(parents=True, exist_ok=True)
        if entry.type == tarfile.DIRTYPE:
            place.mkdir(exist_ok=True)
        elif entry.type == tarfile.SYMTYPE:
            place.symlink_to(entry.target)
        elif entry.type == tarfile.LNKTYPE:
            os.link(path / entry.target, place)
        else:
            place.write_bytes(entry.data)
            place.chmod(entry.mode)
    return path


def flatten(layers: Sequence[Layer]) -> dict[str, Entry]:
    """What a container would see of plain files: layers applied in the most naive way."""
    files: dict[str, Entry] = {}
    for layer in layers:
        entries = list(layer)
        for entry in entries:
            above, _, name = entry.path.rpartition("/")
            if name == ".wh..wh..opq":
                _remove(files, above, itself=False)
            elif name.startswith(".wh."):
                hidden = name.removeprefix(".wh.")
                _remove(files, f"{above}/{hidden}" if above else hidden)
        for entry in entries:
            if entry.path.rpartition("/")[2].startswith(".wh."):
                continue
            if entry.type == tarfile.DIRTYPE:
                files.pop(entry.path, None)
                continue
            _remove(files, entry.path)
            parts = entry.path.split("/")
            for depth in range(1, len(parts)):
                files.pop("/".join(parts[:depth]), None)
            files[entry.path] = entry
    return files


def _remove(files: dict[str, Entry], path: str, itself: bool = True) -> None:
    prefix = f"{path}/" if path else ""
    for name in [n for n in files if n.startswith(prefix) or (itself and n == path)]:
        del files[name]


def _reference(tags: Sequence[str]) -> dict[str, str]:
    """A manifest carries one name in a layout: the last tag."""
    return {"org.opencontainers.image.ref.name": tags[-1]} if tags else {}
