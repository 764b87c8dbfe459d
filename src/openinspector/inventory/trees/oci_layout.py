"""OCI image layouts, as a folder or in a tar archive.

Format: https://github.com/opencontainers/image-spec/blob/main/image-layout.md
"""

import hashlib
from collections.abc import Iterator

import msgspec

from openinspector.inventory.trees.blobs import Blobs, document
from openinspector.inventory.trees.image import ImageParts, layer_sources
from openinspector.inventory.trees.image_config import load_document
from openinspector.inventory.trees.manifests import (
    Descriptor,
    Manifest,
    descriptors,
    is_index,
    read_manifest,
)
from openinspector.inventory.trees.platforms import Platform, choose, of_config
from openinspector.model import TargetError

_NESTING = 4
_CANDIDATES = 1000
_NAMES = ("io.containerd.image.name", "org.opencontainers.image.ref.name")
"""Annotations that carry an image's name, the fuller one first."""


class _Candidate(msgspec.Struct, frozen=True):
    descriptor: Descriptor
    name: str | None


def read_oci_layout(
    blobs: Blobs, platform: Platform | None = None, reference: str | None = None
) -> ImageParts | None:
    """The image of a layout; None when it is none.

    Of several images: those named `reference`, then those of the platform (this machine's unless
    one is asked for).
    """
    index = document(blobs, "index.json")
    if index is None:
        return None
    candidates = list(_candidates(blobs, index, None, _NESTING))
    if not candidates:
        raise TargetError(f"{blobs.name}: its index names no image")
    candidates, notes = _named(blobs.name, candidates, reference)
    platforms = [_platform(blobs, candidate.descriptor) for candidate in candidates]
    number, note = choose(platforms, platform, blobs.name)
    chosen = candidates[number]
    damage = [f"{blobs.name} is {blobs.damage}"] if blobs.damage else []
    manifest = _manifest(blobs, chosen.descriptor, damage)
    config = _verified(blobs, manifest.config, damage)
    return ImageParts(
        config=config,
        layers=layer_sources([blobs.find(blob_path(d.digest)) for d in manifest.layers]),
        tags=(chosen.name,) if chosen.name else (),
        manifest_digest=chosen.descriptor.digest,
        notes=(*notes, *([note] if note else [])),
        damage=tuple(damage),
    )


def blob_path(digest: str) -> str:
    """Where a layout keeps a blob; `digest` was checked to be one."""
    algorithm, _, encoded = digest.partition(":")
    return f"blobs/{algorithm}/{encoded}"


def _candidates(blobs: Blobs, data: bytes, name: str | None, depth: int) -> Iterator[_Candidate]:
    """Every image that an index names, through nested indexes; attestations are none."""
    count = 0
    for descriptor in descriptors(load_document(data, f"{blobs.name}: index")):
        count += 1
        if count > _CANDIDATES:
            raise TargetError(f"{blobs.name}: its index names more than {_CANDIDATES:,} images")
        own = next(filter(None, map(dict(descriptor.annotations).get, _NAMES)), name)
        nested = None
        if is_index(descriptor.media_type):
            nested = document(blobs, blob_path(descriptor.digest))
            if nested is None or depth == 0:
                # Layouts may hold some of the images only that an index names.
                continue
            yield from _candidates(blobs, nested, own, depth - 1)
        elif blobs.find(blob_path(descriptor.digest)) is not None:
            yield _Candidate(descriptor, own)


def _named(
    name: str, candidates: list[_Candidate], reference: str | None
) -> tuple[list[_Candidate], tuple[str, ...]]:
    names = list(dict.fromkeys(c.name for c in candidates if c.name))
    if reference is not None:
        chosen = [c for c in candidates if c.name and _is_named(c.name, reference)]
        if not chosen:
            there = ", ".join(names) or "no names"
            raise TargetError(f"{name}: has no image {reference}; it holds {there}")
        return chosen, ()
    if len(names) < 2:
        return candidates, ()
    note = f"{name} holds images of {len(names)} names: {names[0]} was taken"
    return [c for c in candidates if c.name == names[0]], (note,)


def _is_named(name: str, reference: str) -> bool:
    return reference in (name, name.rpartition(":")[2], name.rpartition("/")[2])


def _platform(blobs: Blobs, descriptor: Descriptor) -> Platform | None:
    """The platform that the index names, else that of the image's configuration."""
    if descriptor.platform is not None:
        return descriptor.platform
    config = _verified(blobs, _manifest(blobs, descriptor, []).config, [])
    return of_config(load_document(config, f"{blobs.name}: the image's configuration"))


def _manifest(blobs: Blobs, descriptor: Descriptor, damage: list[str]) -> Manifest:
    data = _verified(blobs, descriptor, damage)
    return read_manifest(data, f"{blobs.name}: manifest {descriptor.digest}")


def _verified(blobs: Blobs, descriptor: Descriptor, damage: list[str]) -> bytes:
    """A document by its digest. One that does not fit it is used, and that is said."""
    data = document(blobs, blob_path(descriptor.digest))
    if data is None:
        reason = f" (it is {blobs.damage})" if blobs.damage else ""
        raise TargetError(f"{blobs.name}: {descriptor.digest} is missing{reason}")
    algorithm, _, encoded = descriptor.digest.partition(":")
    if hashlib.new(algorithm, data).hexdigest() != encoded:
        damage.append(f"{blobs.name}: {descriptor.digest} does not have that digest")
    return data
