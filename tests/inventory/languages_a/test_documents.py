"""Loading hostile documents: what is right is read, what is wrong is one clear `ReadError`."""

import contextlib
import json
import time

import msgspec
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from openinspector.inventory import documents
from openinspector.inventory.cataloger import MemoryFile, ReadError
from openinspector.inventory.limits import DEFAULT_LIMITS, Limits


def file(data: bytes | str) -> MemoryFile:
    return MemoryFile("some/file", data.encode() if isinstance(data, str) else data)


LOADERS = {
    "json": documents.load_json,
    "toml": documents.load_toml,
    "yaml": documents.load_yaml,
    "xml": documents.load_xml,
}

REFUSED = {
    "json deep": ("json", b"[" * 20_000_000, "nested too deeply|more than"),
    "json deep closed": ("json", b'{"a":' * 5_000 + b"1" + b"}" * 5_000, "nested too deeply"),
    "json truncated": ("json", b'{"a": [1, 2', "not valid JSON"),
    "json many": ("json", b"[" + b"[]," * 8_000_001 + b"[]]", "more than"),
    "json empty": ("json", b"", "not valid JSON"),
    "toml deep": ("toml", b"a=" + b"[" * 1_000_000, "nested too deeply"),
    "toml deep tables": ("toml", b"a=" + b"{a=" * 1_000_000, "nested too deeply"),
    "toml long key": ("toml", b".".join([b"a"] * 100_000) + b"=1", "64 parts"),
    "toml long quoted key": ("toml", b" . ".join([b'"a b"'] * 100_000) + b"=1", "64 parts"),
    "toml long header": ("toml", b"[" + b".".join([b"a"] * 100_000) + b"]", "64 parts"),
    "toml long inline key": ("toml", b"x={" + b".".join([b"a"] * 100_000) + b"=1}", "64 parts"),
    "toml giant number": ("toml", b"a=" + b"9" * 100_000, "not valid TOML"),
    "toml duplicate": ("toml", b"a=1\na=2\n", "not valid TOML"),
    "toml nul": ("toml", b"a='\x00'", "not valid TOML"),
    "toml big": ("toml", b"#" * (17 * 1024 * 1024), "TOML is read up to"),
    "yaml deep flow": ("yaml", b"[" * 1_000_000, "nested over"),
    "yaml deep block": ("yaml", b"- " * 1_000_000, "nested over"),
    "yaml deep keys": ("yaml", b"? " * 100_000, "not a scalar|nested over"),
    "yaml complex key": ("yaml", b"? [a]\n: b\n", "not a scalar"),
    "yaml cycle": ("yaml", b"&a [*a]", "alias to nothing before it"),
    "yaml no anchor": ("yaml", b"[*a]", "undefined alias|alias to nothing"),
    "yaml bomb": (
        "yaml",
        b"a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n"
        + b"".join(
            b"a%d: &a%d [%s]\n" % (i, i, b",".join([b"*a%d" % (i - 1)] * 10)) for i in range(1, 12)
        ),
        "aliases expanded",
    ),
    "yaml tag prefix": ("yaml", b"%TAG ! tag:x\n---\n- !a b\n", "tag prefixes"),
    "yaml nul": ("yaml", b"a: \x00", "not valid YAML"),
    "xml deep": ("xml", b"<a>" * 1_000_000, "nested over"),
    "xml entity": (
        "xml",
        b'<!DOCTYPE a [<!ENTITY b "cc"><!ENTITY c "&b;&b;">]><a>&c;</a>',
        "entities",
    ),
    "xml external": ("xml", b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a/>', "entit"),
    "xml names": (
        "xml",
        b'<a xmlns="' + b"n" * 10_000_000 + b'">' + b"<b/>" * 100_000 + b"</a>",
        "too long",
    ),
    "xml truncated": ("xml", b"<a><b>", "not valid XML"),
    "xml empty": ("xml", b"", "not valid XML"),
    "xml encoding": ("xml", b'<?xml version="1.0" encoding="nonsense"?><a/>', "not valid XML"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_hostile_documents_are_refused_in_time(name: str) -> None:
    loader, data, reason = REFUSED[name]
    started = time.monotonic()
    with pytest.raises(ReadError, match=reason):
        LOADERS[loader](file(data), DEFAULT_LIMITS)
    assert time.monotonic() - started < 20


@pytest.mark.parametrize("loader", LOADERS)
def test_files_over_the_limit_are_refused(loader: str) -> None:
    with pytest.raises(ReadError, match="manifests are read up to 10"):
        LOADERS[loader](file(b"x" * 11), Limits(manifest_bytes=10))


@pytest.mark.parametrize("loader", LOADERS)
@given(data=st.binary(max_size=200))
def test_any_bytes_load_or_are_refused(loader: str, data: bytes) -> None:
    with contextlib.suppress(ReadError):
        LOADERS[loader](file(data), DEFAULT_LIMITS)


def test_marks_and_invalid_bytes_are_read() -> None:
    assert documents.decode_text("ü=1".encode("utf-8-sig")) == "ü=1"
    assert documents.decode_text("ü=1".encode("utf-16")) == "ü=1"
    assert documents.decode_text(b"\xfe\xff" + "ü".encode("utf-16-be")) == "ü"
    assert documents.decode_text(memoryview(b"a\xffb")) == "a\ufffdb"
    assert documents.load_json(file(b'\xef\xbb\xbf{"a": 1}'), DEFAULT_LIMITS) == {"a": 1}
    assert documents.load_json(file('{"a": 1}'.encode("utf-16")), DEFAULT_LIMITS) == {"a": 1}
    assert documents.load_json(file(b'{"a": "\xff"}'), DEFAULT_LIMITS) == {"a": "\ufffd"}
    assert documents.load_toml(file(b"\xef\xbb\xbfa = '\xff'\r\n"), DEFAULT_LIMITS) == {
        "a": "\ufffd"
    }


class _Named(msgspec.Struct):
    name: str


def test_typed_decoding_names_the_field_that_is_wrong() -> None:
    decoder = msgspec.json.Decoder(_Named)
    assert documents.decode_json(file(b'{"name": "a", "b": [1]}'), DEFAULT_LIMITS, decoder) == (
        _Named("a")
    )
    with pytest.raises(ReadError, match="name"):
        documents.decode_json(file(b'{"name": 1}'), DEFAULT_LIMITS, decoder)


def test_yaml_keeps_scalars_as_written() -> None:
    source = "a: 1.10\nb: yes\nc: 010\nd: 2024-01-01\ne:\nf: !!int '3'\n<<: {g: 1}\n"
    assert documents.load_yaml(file(source), DEFAULT_LIMITS) == {
        "a": "1.10",
        "b": "yes",
        "c": "010",
        "d": "2024-01-01",
        "e": "",
        "f": "3",
        "<<": {"g": "1"},
    }


def test_yaml_documents_and_aliases() -> None:
    source = "a: &x {b: [1, 2]}\nc: *x\nd: &y text\ne: *y\n---\n- *z\n"
    with pytest.raises(ReadError):
        documents.load_yaml(file(source), DEFAULT_LIMITS)
    first = {"a": {"b": ["1", "2"]}, "c": {"b": ["1", "2"]}, "d": "text", "e": "text"}
    assert documents.load_yaml_documents(file(source.replace("*z", "z")), DEFAULT_LIMITS) == [
        first,
        ["z"],
    ]
    assert documents.load_yaml(file(""), DEFAULT_LIMITS) is None


SCALARS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=8)
TREES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(SCALARS, inner, max_size=4),
    max_leaves=20,
)


@given(tree=TREES, flow=st.booleans())
@settings(deadline=None)
def test_yaml_agrees_with_the_usual_loader(tree: object, flow: bool) -> None:
    dumped = yaml.dump(tree, Dumper=yaml.SafeDumper, default_flow_style=flow, allow_unicode=True)
    try:
        expected = yaml.load(dumped, yaml.CBaseLoader)
    except yaml.YAMLError:
        with pytest.raises(ReadError):
            documents.load_yaml(file(dumped), DEFAULT_LIMITS)
    else:
        assert documents.load_yaml(file(dumped), DEFAULT_LIMITS) == expected


@given(tree=TREES)
def test_json_agrees_with_the_standard_library(tree: object) -> None:
    assert documents.load_json(file(json.dumps(tree)), DEFAULT_LIMITS) == tree


def test_xml_keeps_namespaces() -> None:
    root = documents.load_xml(file('<a xmlns="urn:x"><b c="d">e</b></a>'), DEFAULT_LIMITS)
    child = root[0]
    assert (root.tag, child.tag, child.attrib, child.text) == (
        "{urn:x}a",
        "{urn:x}b",
        {"c": "d"},
        "e",
    )


def test_shapes_that_are_not_there_are_empty() -> None:
    assert documents.mapping([1]) == {}
    assert documents.sequence({}) == []
    assert documents.text(None) == ""
