"""Images in files (`docker save`, OCI layout) as what a push hands a registry: blobs, manifests.

A docker archive holds plain layers, and Docker compresses them when it pushes; so does this. An OCI
layout is pushed as it is.
"""

import gzip
import hashlib
import json
import shutil
import tarfile
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any, NamedTuple

DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json"
DOCKER_LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
INDEXES = frozenset({OCI_INDEX, "application/vnd.docker.distribution.manifest.list.v2+json"})

Keep = Callable[[Path], str]
"""Takes a file into the store of blobs and returns its digest."""


class Pushed(NamedTuple):
    """Manifests, the one that is tagged last: media type and bytes."""

    manifests: list[tuple[str, bytes]]


class BadImage(ValueError):
    """The file is no image that can be pushed."""


def push(path: Path, keep: Keep) -> Pushed:
    """Store the blobs of an image. Raises `BadImage`."""
    with tempfile.TemporaryDirectory(prefix="aws-emulator-") as scratch:
        if path.is_dir():
            return _layout(path, keep)
        with tarfile.open(path) as archive:
            archive.extractall(scratch, filter="data")
        if Path(scratch, "oci-layout").is_file() and not Path(scratch, "manifest.json").is_file():
            return _layout(Path(scratch), keep)
        return _docker(Path(scratch), keep)


def digest_of(data: bytes) -> str:
    """A digest as registries write it."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def store(folder: Callable[[str], Path]) -> Keep:
    """A `Keep` that copies files to where `folder` says."""

    def keep(path: Path) -> str:
        with path.open("rb") as file:
            digest = f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"
        if not folder(digest).exists():
            shutil.copyfile(path, folder(digest))
        return digest

    return keep


def _docker(folder: Path, keep: Keep) -> Pushed:
    try:
        (image,) = json.loads(Path(folder, "manifest.json").read_bytes())
    except (OSError, ValueError) as error:
        raise BadImage(f"not a docker archive of one image: {error}") from error
    config = Path(folder, image["Config"])
    layers = [_compressed(Path(folder, name)) for name in image["Layers"]]
    manifest = {
        "schemaVersion": 2,
        "mediaType": DOCKER_MANIFEST,
        "config": _descriptor(DOCKER_CONFIG, config, keep),
        "layers": [_descriptor(DOCKER_LAYER, each, keep) for each in layers],
    }
    return Pushed([(DOCKER_MANIFEST, json.dumps(manifest, indent=3).encode())])


def _descriptor(media_type: str, path: Path, keep: Keep) -> dict[str, Any]:
    return {"mediaType": media_type, "size": path.stat().st_size, "digest": keep(path)}


def _compressed(path: Path) -> Path:
    with path.open("rb") as file:
        if file.read(2) == b"\x1f\x8b":
            return path
    packed = path.with_name(path.name + ".gz")
    with path.open("rb") as source, packed.open("wb") as target:
        _gzip(source, target)
    return packed


def _gzip(source: IO[bytes], target: IO[bytes]) -> None:
    with gzip.GzipFile("", "wb", 6, target, mtime=0) as pressed:
        shutil.copyfileobj(source, pressed)


def _layout(folder: Path, keep: Keep) -> Pushed:
    index_bytes = Path(folder, "index.json").read_bytes()
    described = json.loads(index_bytes)["manifests"]
    if len(described) == 1:
        return Pushed(_manifests(folder, described[0], keep))
    each = [made for one in described for made in _manifests(folder, one, keep)]
    return Pushed([*each, (OCI_INDEX, index_bytes)])


def _manifests(folder: Path, descriptor: dict[str, Any], keep: Keep) -> list[tuple[str, bytes]]:
    """A manifest after those that it names; the blobs of all are stored."""
    data = _blob(folder, descriptor["digest"]).read_bytes()
    manifest = json.loads(data)
    media_type = manifest.get("mediaType") or descriptor["mediaType"]
    if media_type in INDEXES:
        below = [made for one in manifest["manifests"] for made in _manifests(folder, one, keep)]
        return [*below, (media_type, data)]
    for each in (manifest["config"], *manifest["layers"]):
        if keep(_blob(folder, each["digest"])) != each["digest"]:
            raise BadImage(f"the blob {each['digest']} is not what its name says")
    return [(media_type, data)]


def _blob(folder: Path, digest: str) -> Path:
    path = Path(folder, "blobs", *digest.split(":"))
    if not path.is_file():
        raise BadImage(f"the layout has no blob {digest}")
    return path
