"""An image as a tree: its layers, from wherever they come, and its metadata."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from functools import partial

import msgspec

from openinspector.inventory.limits import Limits
from openinspector.inventory.matching import Matcher
from openinspector.inventory.trees.blobs import Blob
from openinspector.inventory.trees.image_config import load_document, metadata
from openinspector.inventory.trees.inflate import Budget, compression, inflate
from openinspector.inventory.trees.layer import Layer, LayerReader, Link, Wanted
from openinspector.inventory.trees.layered import Streams, apply, read_layers
from openinspector.inventory.trees.links import follow
from openinspector.inventory.trees.readers import FileReader, StreamReader, read_at
from openinspector.inventory.trees.tree import Event, Report, Unread
from openinspector.model import Kernel, Target


class LayerSource(msgspec.Struct, frozen=True):
    """Where a layer comes from: `fetch` opens it (and may wait for it), None if it is missing.

    `missing` says why it is; `ahead`: it is known to take time to fetch or to inflate.
    """

    fetch: Callable[[], Blob] | None
    missing: str = ""
    ahead: bool = False


class ImageParts(msgspec.Struct, frozen=True):
    """What an archive, layout or registry gives of one image."""

    config: bytes
    layers: tuple[LayerSource, ...]
    tags: tuple[str, ...] = ()
    manifest_digest: str | None = None
    notes: tuple[str, ...] = ()
    damage: tuple[str, ...] = ()


class ImageTree:
    """The files of an image, its layers applied one over another."""

    kernel: Kernel | None = None

    def __init__(
        self, name: str, parts: ImageParts, limits: Limits, close: Callable[[], None]
    ) -> None:
        config = load_document(parts.config, f"{name}: the image's configuration")
        digest = "sha256:" + hashlib.sha256(parts.config).hexdigest()
        image = metadata(config, digest, len(parts.layers), parts.manifest_digest, parts.tags)
        self.target = Target("image", name, is_root=True, image=image)
        self.notes = parts.notes
        self._parts = parts
        self._limits = limits
        self._close = close
        self._budget = Budget(limits)
        self._damage = list(parts.damage)
        if not image.layers and parts.layers:
            self._damage.append("its configuration does not name its layers one by one")

    @property
    def base_layers(self) -> frozenset[str] | None:
        """Diff ids of the layers that the base image brought; None where that is unknown."""
        image = self.target.image
        if image is None or image.base_layers is None:
            return None
        return frozenset(image.layers[: image.base_layers])

    def walk(self, wanted: Matcher, report: Report | None = None) -> Iterator[Event | Unread]:
        """Yield what is found in the layers, the lowest first."""
        for damage in self._damage:
            yield Unread(damage)
        layers: list[Layer] = []
        for number, source in enumerate(self._parts.layers):
            if source.fetch is None:
                yield Unread(f"{self._layer_name(number)} {source.missing}")
            else:
                layers.append(self._layer(number, source.fetch, source.ahead))

        def opened(number: int) -> None:
            if report is not None:
                report("layers", number, len(layers))

        links: dict[str, Link] = {}
        yield from apply(read_layers(layers, wanted, opened), links)

        def again(paths: Wanted) -> Streams:
            return read_layers(layers, paths)

        if links:
            yield from follow(links, again, wanted, self._limits)
        opened(len(layers))

    def _layer_name(self, number: int) -> str:
        digests = self.target.image.layers if self.target.image else ()
        digest = f" ({digests[number]})" if digests else ""
        return f"{self.target.name}: layer {number + 1} of {len(self._parts.layers)}{digest}"

    def _layer(self, number: int, fetch: Callable[[], Blob], ahead: bool) -> Layer:
        digests = self.target.image.layers if self.target.image else ()
        return Layer(
            partial(self._reader, fetch),
            self._layer_name(number),
            digests[number] if digests else None,
            self._budget,
            self._limits,
            ahead or _compression(fetch()) is not None,
        )

    def _reader(self, fetch: Callable[[], Blob]) -> LayerReader:
        blob = fetch()
        kind = _compression(blob)
        if kind is None:
            return FileReader(blob.descriptor, blob.offset, blob.length)
        chunks = inflate(kind, blob.descriptor, blob.offset, blob.length, self._budget)
        return StreamReader(chunks)

    def __enter__(self) -> "ImageTree":
        return self

    def __exit__(self, *exception: object) -> None:
        self._close()


def _compression(blob: Blob) -> str | None:
    return compression(read_at(blob.descriptor, blob.offset, min(8, blob.length)))


def layer_sources(
    found: Sequence[Blob | None], missing: str = "is missing from the archive"
) -> tuple[LayerSource, ...]:
    """Sources of layers that lie at hand."""
    return tuple(
        LayerSource(None, missing) if blob is None else LayerSource(partial(_same, blob))
        for blob in found
    )


def _same(blob: Blob) -> Blob:
    return blob
