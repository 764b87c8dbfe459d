"""An image as a tree: its layers, from wherever they come, and its metadata."""

import hashlib
from collections.abc import Callable, Sequence
from functools import partial

import msgspec

from openinspector.inventory.limits import Limits
from openinspector.inventory.trees.blobs import Blob
from openinspector.inventory.trees.image_config import load_document, metadata
from openinspector.inventory.trees.inflate import Budget, compression, inflate
from openinspector.inventory.trees.layer import Layer, LayerReader
from openinspector.inventory.trees.layered import ReadsLayer
from openinspector.inventory.trees.readers import FileReader, StreamReader, read_at
from openinspector.inventory.trees.recorded import RecordedLayer, Records
from openinspector.inventory.trees.stack import StackTree
from openinspector.inventory.trees.tree import Unread
from openinspector.model import Target


class LayerSource(msgspec.Struct, frozen=True):
    """Where a layer comes from: `fetch` opens it (and may wait for it), None if it is missing.

    `missing` says why it is; `ahead`: it is known to take time to fetch or to inflate. `identity`
    names its bytes for certain: the digest of the blob where `fetch` verifies it, or the file that
    has not changed ("" where neither is known).
    """

    fetch: Callable[[], Blob] | None
    missing: str = ""
    ahead: bool = False
    identity: str = ""


class ImageParts(msgspec.Struct, frozen=True):
    """What an archive, layout or registry gives of one image."""

    config: bytes
    layers: tuple[LayerSource, ...]
    tags: tuple[str, ...] = ()
    manifest_digest: str | None = None
    notes: tuple[str, ...] = ()
    damage: tuple[str, ...] = ()


def image_tree(
    name: str,
    parts: ImageParts,
    limits: Limits,
    close: Callable[[], None],
    records: Records | None = None,
) -> StackTree:
    """The files of an image, its layers applied one over another.

    `records`: where the answers of layers are kept whose bytes are known for certain.
    """
    config = load_document(parts.config, f"{name}: the image's configuration")
    digest = "sha256:" + hashlib.sha256(parts.config).hexdigest()
    image = metadata(config, digest, len(parts.layers), parts.manifest_digest, parts.tags)
    unread = [Unread(damage) for damage in parts.damage]
    if parts.layers and not image.layers:
        unread.append(Unread(f"{name}: its configuration does not name its layers one by one"))
    budget = Budget(limits)
    layers: list[ReadsLayer] = []
    for number, source in enumerate(parts.layers):
        layer_digest = image.layers[number] if image.layers else None
        shown = f" ({layer_digest})" if layer_digest else ""
        layer_name = f"{name}: layer {number + 1} of {len(parts.layers)}{shown}"
        if source.fetch is None:
            unread.append(Unread(f"{layer_name} {source.missing}"))
            continue
        reader = partial(_reader, source.fetch, budget)
        # Whoever waits for a download waits in a thread: do not ask for its content here.
        ahead = source.ahead or _compression(source.fetch()) is not None
        layer: ReadsLayer = Layer(reader, layer_name, layer_digest, budget, limits, ahead)
        if records is not None and source.identity:
            layer = RecordedLayer(layer, source.identity, layer_digest, records, limits)
        layers.append(layer)
    target = Target("image", name, is_root=True, image=image)
    tree = StackTree(target, layers, limits, close, parts.notes, tuple(unread))
    if image.base_layers is not None and image.layers:
        tree.base_layers = frozenset(image.layers[: image.base_layers])
    return tree


def _reader(fetch: Callable[[], Blob], budget: Budget) -> LayerReader:
    blob = fetch()
    kind = _compression(blob)
    if kind is None:
        return FileReader(blob.descriptor, blob.offset, blob.length)
    return StreamReader(inflate(kind, blob.descriptor, blob.offset, blob.length, budget))


def _compression(blob: Blob) -> str | None:
    return compression(read_at(blob.descriptor, blob.offset, min(8, blob.length)))


def layer_sources(
    found: Sequence[Blob | None], missing: str = "is missing from the archive"
) -> tuple[LayerSource, ...]:
    """Sources of layers that lie at hand."""
    return tuple(
        LayerSource(None, missing)
        if blob is None
        else LayerSource(partial(_same, blob), identity=blob.identity)
        for blob in found
    )


def _same(blob: Blob) -> Blob:
    return blob
