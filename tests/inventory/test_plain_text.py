"""Whatever names a target holds, its inventory is text that any store can keep."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from openinspector.inventory.plain_text import plain
from openinspector.inventory.sbom.read import read_sbom
from openinspector.inventory.ssm import inventory_of
from openinspector.model import Distribution, Gap, Inventory, Location, Package, Target
from tests.images import docker_archive, file

from .trees.toys import inventory_of as collected
from .trees.toys import told

texts = st.text(st.characters(codec=None), max_size=6) | st.sampled_from(
    ["a\0", "\udcff", "\ud800"]
)


def _package(name: str, path: str) -> Package:
    return Package("npm", name, "1", "", None, "", "", locations=(Location(path),))


@given(st.lists(st.tuples(texts, texts), max_size=3), texts, texts)
def test_an_inventory_is_text_and_otherwise_itself(packages, release, path) -> None:
    inventory = Inventory(
        Target("directory", path),
        tuple(_package(*each) for each in packages),
        Distribution("debian", "Debian", release, "Debian"),
        gaps=(Gap("applications", release, path),),
    )
    text = plain(inventory)
    encoded = msgspec.json.encode(text)
    assert b"\\u0000" not in encoded
    assert msgspec.json.decode(encoded, type=Inventory) == text
    assert plain(text) is text
    odd = {"\0", *map(chr, range(0xD800, 0xE000))}
    if not odd & set("".join([release, path, *(part for pair in packages for part in pair)])):
        assert text is inventory


@pytest.mark.parametrize(
    ("given", "shown"),
    [("a\udcff.js", r"a\xff.js"), ("a\0b", "a\ufffdb"), ("\ud800", "\ufffd"), ("é.js", "é.js")],
)
def test_bytes_that_are_no_text_are_spelt(given: str, shown: str) -> None:
    (package,) = plain(Inventory(Target("host", ""), (_package("x", given),))).packages
    assert package.locations[0].path == shown


def test_files_of_an_image_whose_names_are_no_text(tmp_path) -> None:
    image = docker_archive(tmp_path / "image.tar", [[file("\udcff\udcfe.toy", "odd 1\n")]])
    assert told(collected(image)) == {("odd", "1", r"\xff\xfe.toy")}


def test_what_others_hand_over_is_text(tmp_path) -> None:
    document = (
        b'{"bomFormat": "CycloneDX", "specVersion": "1.5", "components": [{"type": "library",'
        b' "name": "x\\u0000", "version": "1\\u0000", "purl": "pkg:npm/x%00@1%00"}]}'
    )
    applications = [{"Name": "x\0", "Version": "1\udcff", "Architecture": "amd64"}]
    debian = Distribution("debian", "Debian", "12\0", "Debian")
    for inventory in (read_sbom(document, "x.json"), inventory_of(debian, applications)):
        assert plain(inventory) is inventory
