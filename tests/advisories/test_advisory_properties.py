"""Properties: intervals against OSV's own algorithm, updates against rebuilds."""

import json
import tempfile
from pathlib import Path

from advisory_samples import advisory, affected, content, fixed_in, is_affected, write_zip
from hypothesis import given, settings
from hypothesis import strategies as st

from openinspector.advisories.build import Source, build, update
from openinspector.advisories.feeds.zipped import Zip
from openinspector.advisories.normalise import NotSecurity, normalise
from openinspector.advisories.osv import Malformed, decode

KINDS = ("introduced", "fixed", "last_affected")


def _osv(events: list[tuple[str, int]], version: int) -> bool:
    """The evaluation algorithm as the schema's documentation writes it."""
    vulnerable = False
    for kind, at in sorted(events, key=lambda event: event[1]):
        if kind == "introduced" and version >= at:
            vulnerable = True
        elif (kind == "fixed" and version >= at) or (kind == "last_affected" and version > at):
            vulnerable = False
    return vulnerable


@given(
    st.lists(
        st.tuples(st.sampled_from(KINDS), st.integers(1, 30)),
        min_size=1,
        max_size=8,
        unique_by=lambda event: event[1],
    ).filter(lambda events: any(kind == "introduced" for kind, _ in events)),
    st.integers(1, 30),
)
def test_intervals_are_what_the_schema_says(events: list[tuple[str, int]], version: int) -> None:
    entry = affected("npm", "a", *((kind, f"{at}.0.0") for kind, at in events))
    assert is_affected(entry, f"{version}.0.0") is _osv(events, version)


IDENTIFIERS = st.sampled_from(
    [*(f"GHSA-{n}" for n in range(6)), *(f"CVE-2024-000{n}" for n in range(3)), "RUSTSEC-1", "X-1"]
)


@st.composite
def documents(draw: st.DrawFn) -> list[dict]:
    """Some advisories that share names and packages at random."""
    made = {}
    for identifier in draw(st.lists(IDENTIFIERS, max_size=6, unique=True)):
        name, version = draw(st.sampled_from("abc")), draw(st.integers(1, 4))
        made[identifier] = advisory(
            identifier,
            fixed_in("npm", name, f"{version}.0.0"),
            aliases=draw(st.lists(IDENTIFIERS, max_size=3, unique=True)),
            details=draw(st.sampled_from(["", "one", "two"])),
            **({"withdrawn": "2024-01-01T00:00:00Z"} if draw(st.booleans()) else {}),
        )
    return list(made.values())


@settings(max_examples=40, deadline=None)
@given(documents(), documents(), documents())
def test_any_update_equals_a_rebuild(
    before: list[dict], after: list[dict], other: list[dict]
) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sources = [
            Source("osv", "a.zip", write_zip(folder / "a.zip", before)),
            Source("osv", "b.zip", write_zip(folder / "b.zip", other)),
        ]
        build(sources, folder / "updated.db")
        write_zip(folder / "a.zip", after)
        update(sources, folder / "updated.db")
        build(sources, folder / "rebuilt.db")
        assert content(folder / "updated.db") == content(folder / "rebuilt.db")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
MEMBERS = st.sampled_from(
    [
        *("id", "modified", "published", "withdrawn", "aliases", "upstream", "related", "summary"),
        *("details", "severity", "affected", "references", "database_specific"),
    ]
)


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(MEMBERS, JSON, max_size=8), JSON, st.text(max_size=50), st.text(max_size=50))
def test_any_record_is_used_or_refused(
    record: dict, specific: object, name: str, version: str
) -> None:
    """Whatever a record holds, it is compiled or refused with a reason."""
    entry = {
        "package": {"ecosystem": name or "npm", "name": name or "a"},
        "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": version}]}],
        "versions": [version, name],
        "database_specific": specific,
        "ecosystem_specific": specific,
    }
    for document in (record, {"id": "A-1", **record}, {"id": "A-1", **record, "affected": [entry]}):
        try:
            normalise(decode(json.dumps(document).encode("utf-8", "surrogatepass")))
        except (Malformed, NotSecurity) as refused:
            told = str(refused)
        else:
            told = "used"
        assert told


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_a_zip_with_any_byte_changed_never_crashes(data: st.DataObject) -> None:
    from openinspector.advisories.feeds.base import FeedError

    with tempfile.TemporaryDirectory() as name:
        path = write_zip(Path(name) / "a.zip", [advisory("A-1"), advisory("A-2")])
        content_ = bytearray(path.read_bytes())
        for _ in range(data.draw(st.integers(1, 4))):
            content_[data.draw(st.integers(0, len(content_) - 1))] = data.draw(st.integers(0, 255))
        path.write_bytes(content_)
        read = 0
        try:
            archive = Zip(path)
            for entry in archive.entries():
                try:
                    archive.read(entry)
                except Malformed:
                    continue
                read += 1
        except FeedError:
            read = -1
        assert read <= 2
