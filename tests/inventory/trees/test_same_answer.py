"""The same files give the same answer in every form, whatever layers did to them."""

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.images import (
    Entry,
    Image,
    docker_archive,
    file,
    flatten,
    folder,
    oci_archive,
    oci_layout,
    opaque,
    whiteout,
    write_folder,
)

from .toys import Told, inventory_of, told

NAMES = ("toy.txt", "a", "b.toy", "name.txt", "version.txt", "run", "c")
FOLDERS = ("", "a", "a/b", "c", "a/b.toy", "usr/lib")
COMPRESSIONS = (None, "gzip", "zstd")

contents = st.sampled_from([b"x 1\n", b"x 2\ny 1\n", b"", b"\x7fTOYprogram", b"name", b"3"])
paths = st.builds(
    lambda above, name: f"{above}/{name}" if above else name,
    st.sampled_from(FOLDERS),
    st.sampled_from(NAMES),
)
entries = st.one_of(
    st.builds(file, paths, contents, st.sampled_from([0o644, 0o755])),
    st.builds(file, paths, contents, st.sampled_from([0o644, 0o755])),
    st.builds(folder, paths),
    st.builds(whiteout, paths),
    st.builds(opaque, st.sampled_from(FOLDERS)),
)
layers = st.lists(st.lists(entries, max_size=8), min_size=1, max_size=4)


def expected(files: dict[str, Entry]) -> Told:
    """The answer of the toys, from the plain files that a container sees."""
    answer: Told = set()
    for path, entry in files.items():
        name = path.rpartition("/")[2]
        text = entry.data.decode("utf-8", "replace")
        if name == "toy.txt" or name.endswith(".toy"):
            for line in text.splitlines():
                if " " in line:
                    answer.add((*line.split(" "), path))
        if name == "name.txt":
            beside = files.get(path.removesuffix(name) + "version.txt")
            answer.add((text or "empty", beside.data.decode() if beside else "none", path))
        if (entry.mode & 0o111 or "." not in name) and entry.data.startswith(b"\x7fTOY"):
            answer.add((text[4:], "binary", path))
    return answer


@settings(max_examples=150, deadline=None)
@given(layers, st.sampled_from(COMPRESSIONS), st.sampled_from(COMPRESSIONS))
def test_every_form_gives_the_answer_of_the_flattened_files(layers, compression, outer) -> None:
    files = flatten(layers)
    answer = expected(files)
    image = Image(layers, compression=compression)
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        forms = {
            "docker archive": docker_archive(place / "docker.tar", image, compression=outer),
            "OCI archive": oci_archive(place / "oci.tar", image, compression=outer),
            "OCI layout": oci_layout(place / "layout", image),
        }
        for form, path in forms.items():
            found = inventory_of(path)
            assert told(found) == answer, form
            assert not found.gaps
        flat = write_folder(place / "flat", files.values())
        assert told(inventory_of(flat, "directory")) == answer


@settings(max_examples=60, deadline=None)
@given(layers)
def test_a_package_is_placed_in_the_layer_that_holds_its_file(layers) -> None:
    with tempfile.TemporaryDirectory() as name:
        image = Image(layers)
        found = inventory_of(docker_archive(Path(name) / "image.tar", image))
        digests = found.target.image.layers
        for package in found.packages:
            (place,) = package.locations
            newest = max(
                number
                for number, layer in enumerate(layers)
                if any(entry.path == place.path for entry in layer)
            )
            assert place.layer == digests[newest]
