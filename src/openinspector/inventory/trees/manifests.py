"""Manifests and indexes of OCI and of Docker's registry, schema 2.

Formats: https://github.com/opencontainers/image-spec/blob/main/manifest.md, image-index.md, and
https://github.com/distribution/distribution/blob/main/docs/content/spec/manifest-v2-2.md
"""

import msgspec

from openinspector.inventory.documents import mapping, sequence, text
from openinspector.inventory.trees.image_config import load_document
from openinspector.inventory.trees.platforms import Platform, of_config
from openinspector.model import TargetError
from openinspector.patterns import regex

OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
DOCKER_INDEX = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
_CONFIGS = frozenset(
    {
        "application/vnd.oci.image.config.v1+json",
        "application/vnd.docker.container.image.v1+json",
        "application/octet-stream",
        "",
    }
)
_DIGEST = regex(r"sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}")


_LAYERS = ("application/vnd.oci.image.layer.", "application/vnd.docker.image.rootfs.")
"""How media types of layers begin: those of attestations and signatures are others."""


class NotAnImage(TargetError):
    """What registries keep as they keep images: a chart, an attestation, a signature."""


class Descriptor(msgspec.Struct, frozen=True):
    """What a manifest or an index says of one blob."""

    media_type: str
    digest: str
    size: int
    platform: Platform | None = None
    annotations: tuple[tuple[str, str], ...] = ()

    @property
    def is_foreign(self) -> bool:
        """A layer that may not be distributed: registries do not hold it."""
        return ".foreign." in self.media_type or ".nondistributable." in self.media_type

    @property
    def is_encrypted(self) -> bool:
        """A layer that only its owner can read (ocicrypt)."""
        return self.media_type.endswith("+encrypted")


class Manifest(msgspec.Struct, frozen=True):
    """One image: its configuration, and its layers, the lowest first."""

    config: Descriptor
    layers: tuple[Descriptor, ...]


def is_digest(value: str) -> bool:
    """Whether a text is a digest of an algorithm that is checked here."""
    return _DIGEST.fullmatch(value) is not None


def is_index(media_type: str) -> bool:
    """Whether a media type is that of a list of images."""
    return media_type in (OCI_INDEX, DOCKER_INDEX)


def _descriptor(value: object) -> Descriptor | None:
    fields = mapping(value)
    digest, size = text(fields.get("digest")), fields.get("size")
    if not is_digest(digest) or not isinstance(size, int) or size < 0:
        return None
    annotations = tuple(
        (key, item)
        for key, item in mapping(fields.get("annotations")).items()
        if isinstance(item, str)
    )
    return Descriptor(
        text(fields.get("mediaType")),
        digest,
        size,
        of_config(mapping(fields.get("platform"))),
        annotations,
    )


def descriptors(index: dict[str, object]) -> list[Descriptor]:
    """The images of an index; attestations (of BuildKit) that stand among them are none."""
    found = []
    for entry in sequence(index.get("manifests")):
        descriptor = _descriptor(entry)
        if descriptor is None:
            continue
        attests = dict(descriptor.annotations).get("vnd.docker.reference.type") is not None
        nowhere = "unknown" in mapping(mapping(entry).get("platform")).values()
        if not attests and not nowhere:
            found.append(descriptor)
    return found


def read_manifest(data: bytes, what: str) -> Manifest:
    """An image's manifest; raises `TargetError` when it is something else, naming it.

    `NotAnImage` when it is something else by its media types.
    """
    document = load_document(data, what)
    if document.get("schemaVersion") == 1 or "fsLayers" in document:
        raise TargetError(
            f"{what}: Docker's image manifest, schema 1, was retired in 2022 and is not read;"
            " push the image again with a newer tool"
        )
    config = _descriptor(document.get("config"))
    layers = [_descriptor(layer) for layer in sequence(document.get("layers"))]
    known = [layer for layer in layers if layer is not None]
    if config is None or len(known) != len(layers):
        raise TargetError(f"{what}: expected an image's manifest with config and layers")
    kind = text(document.get("artifactType")) or config.media_type
    if config.media_type not in _CONFIGS:
        raise NotAnImage(f"{what}: expected an image; it is an artifact of type {kind}")
    kinds = {layer.media_type for layer in known if layer.media_type}
    if kinds and not any(kind.startswith(_LAYERS) for kind in kinds):
        # BuildKit's attestations and cosign's signatures have the configuration of an image.
        raise NotAnImage(f"{what}: expected an image; it consists of {', '.join(sorted(kinds))}")
    return Manifest(config, tuple(known))
