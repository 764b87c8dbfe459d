"""Images composed of layers that were read for others give what reading them whole gives."""

import os
import re
import tempfile
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openinspector.inventory.catalogers import table
from openinspector.inventory.collect import collect
from openinspector.inventory.limits import DEFAULT_LIMITS
from openinspector.inventory.trees.blobs import Blob
from openinspector.inventory.trees.image import ImageParts, LayerSource, image_tree
from openinspector.model import Inventory
from tests.images import Entry, Image, digest, file, hard_link, link, opaque, whiteout

from .test_same_answer import entries, paths
from .toys import TOYS

linked = st.one_of(
    st.builds(link, paths, paths),
    st.builds(link, paths, paths.map("/{}".format)),
    st.builds(hard_link, paths, paths),
)
layer = st.lists(st.one_of(entries, entries, linked), max_size=8)


class Kept(dict[str, bytes]):
    """Records in memory."""

    most_bytes = 1 << 20

    def find(self, name: str) -> bytes | None:
        return self.get(name)

    def keep(self, name: str, record: bytes) -> None:
        self[name] = record


class Read:
    """Reads images whose layers lie in memory, and counts which are opened."""

    def __init__(self) -> None:
        self.opened: list[str] = []

    def image(
        self, layers, records: Kept | None, compression: str | None = None, catalogers=TOYS
    ) -> Inventory:
        image = Image(layers, compression=compression)
        blobs = image.blobs()
        files = [self._file(blob) for blob in blobs]
        sources = tuple(
            LayerSource(partial(self._open, digest(blob), at), ahead=True, identity=digest(blob))
            for blob, at in zip(blobs, files, strict=True)
        )
        parts = ImageParts(image.configuration(), sources)
        try:
            with image_tree("test", parts, DEFAULT_LIMITS, lambda: None, records) as tree:
                return collect(tree, catalogers)
        finally:
            for each in files:
                os.close(each.descriptor)

    def _file(self, data: bytes) -> Blob:
        with tempfile.TemporaryFile() as place:
            place.write(data)
            place.flush()
            return Blob(os.dup(place.fileno()), 0, len(data))

    def _open(self, name: str, blob: Blob) -> Blob:
        self.opened.append(name)
        return blob


@settings(max_examples=200, deadline=None)
@given(st.lists(layer, min_size=1, max_size=4), st.data(), st.sampled_from([None, "gzip"]))
def test_images_of_known_layers_are_as_if_read_whole(pool, data, compression) -> None:
    kept = Kept()
    orders = st.lists(st.sampled_from(range(len(pool))), min_size=1, max_size=5)
    for _ in range(3):
        layers = [pool[number] for number in data.draw(orders)]
        whole = Read().image(layers, None, compression)
        assert Read().image(layers, kept, compression) == whole
        assert Read().image(layers, kept, compression) == whole


def test_a_layer_is_opened_once_for_all_images() -> None:
    kept, reader = Kept(), Read()
    base = [file("a/toy.txt", b"x 1\n"), file("b.toy", b"y 1\n"), link("c.toy", "elsewhere")]
    other = [file("elsewhere", b"z 1\n")]
    first = reader.image([base, other], kept, "gzip")
    assert {(p.name, p.version) for p in first.packages} == {("x", "1"), ("y", "1"), ("z", "1")}
    assert len(set(reader.opened)) == 2
    reader.opened.clear()
    again = reader.image([base, other, [whiteout("b.toy")]], kept, "gzip")
    assert {(p.name, p.version) for p in again.packages} == {("x", "1"), ("z", "1")}
    assert len(set(reader.opened)) == 1
    hidden = reader.image([base, [opaque("a")]], kept, "gzip")
    assert {(p.name, p.version) for p in hidden.packages} == {("y", "1")}


def test_the_layer_is_called_as_each_image_calls_it() -> None:
    """Diff ids are claims of an image; what is kept goes by the digest of the blob."""
    kept = Kept()
    base = [file("toy.txt", b"x 1\n")]
    lying = Image([base], config={"rootfs": {"type": "layers", "diff_ids": ["sha256:" + "f" * 64]}})
    honest = Image([base])
    (blob,) = honest.blobs()
    for image in (lying, honest):
        with tempfile.TemporaryFile() as place:
            place.write(blob)
            place.flush()
            at = Blob(place.fileno(), 0, len(blob))
            source = LayerSource(partial(Read()._open, "", at), ahead=True, identity=digest(blob))
            parts = ImageParts(image.configuration(), (source,))
            with image_tree("test", parts, DEFAULT_LIMITS, lambda: None, kept) as tree:
                (package,) = collect(tree, TOYS).packages
        (shown,) = tree.target.image.layers
        assert package.locations[0].layer == shown


def test_a_damaged_layer_is_not_kept() -> None:
    kept = Kept()
    (whole,) = Image([[file("toy.txt", b"x 1\n"), file("b.toy", b"y 1\n" * 500)]]).tars()
    found = Read().image([whole[:1600]], kept)
    assert found.gaps
    assert not kept


def _some_path(glob: str) -> str:
    """A path that a glob matches."""
    plain = glob.replace("**/", "").replace("*", "x").replace("?", "x")
    return re.sub(r"\[(.)[^]]*\]", r"\1", plain)


def test_a_record_keeps_what_any_cataloger_of_the_table_wants() -> None:
    # More catalogers than a machine word has bits.
    paths = {_some_path(glob): None for row in table() for glob in row.globs}
    layers = [[file(path, b'{"version": "1.2.3"}') for path in paths if "[" not in path]]
    layers.append([link(f"links/{path}", f"/{path}") for path in list(paths)[:50]])
    kept = Kept()
    whole = Read().image(layers, None, catalogers=table())
    assert whole.gaps
    assert Read().image(layers, kept, catalogers=table()) == whole
    assert len(kept) >= 2
    reader = Read()
    assert reader.image(layers, kept, catalogers=table()) == whole
    assert reader.opened == []


@pytest.mark.parametrize(
    "entry",
    [
        file("\udcff.toy", "odd 1\n"),
        file("\udcff.png"),
        link("a.toy", "/\udcff.toy"),
        file("a/version.txt", b"\xff"),
        whiteout("\udcff.toy"),
    ],
)
def test_names_that_are_no_text_are_read_each_time(entry: Entry) -> None:
    layers = [[file("toy.txt", "base 1\n"), file("a/name.txt", b"n"), entry]]
    kept = Kept()
    whole = Read().image(layers, None)
    for _ in range(2):
        assert Read().image(layers, kept) == whole


def test_a_followed_link_may_lead_to_what_is_no_text() -> None:
    layers = [
        [file("toy.txt", "base 1\n"), link("a.toy", "/b"), link("b", "/\udcff")],
        [file("other.toy", "other 1\n")],
    ]
    kept = Kept()
    whole = Read().image(layers, None)
    for _ in range(2):
        assert Read().image(layers, kept) == whole
