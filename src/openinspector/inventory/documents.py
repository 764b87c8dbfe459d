"""Read JSON, YAML, TOML, XML and text from hostile files, within limits.

Every loader takes a `File` and the scan's `Limits` and either answers or raises `ReadError` with
one sentence that says what is wrong (the caller knows the file's path). Bounded are: bytes
(`Limits.manifest_bytes`), nesting (`Limits.manifest_depth` for YAML and XML, the decoder's own
recursion limit of about 1,000 for JSON and 400 for TOML), the number of values, YAML aliases
(counted at their expanded size), TOML key lengths, XML entities (forbidden). Invalid UTF-8 is
replaced, byte order marks are honoured.

Documents are untyped (`object`) on purpose: `mapping`, `sequence` and `text` take out what has
the right shape and let the rest go, so that one odd entry does not hide its neighbours.
"""

import re
from typing import TYPE_CHECKING, TypeVar

import msgspec

from openinspector.inventory.cataloger import File, ReadError
from openinspector.inventory.limits import MEBIBYTE, Limits
from openinspector.patterns import regex

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

MAX_VALUES = 4_000_000
"""Values (scalars and containers, aliases expanded) of one document."""

MAX_LINES = 2_000_000
"""Lines of one text manifest."""

TOML_BYTES = 16 * MEBIBYTE
"""A TOML document's size: the standard library's parser needs about 0.2 s for one MiB."""

TOML_KEY_PARTS = 64
"""Parts of one dotted TOML key; the standard library's parser is quadratic in them."""

XML_NAME_BYTES = 512 * MEBIBYTE
"""All element names of one XML document with their namespaces, which expat copies each time."""

T = TypeVar("T")
_BYTE_ORDER_MARKS = (
    (b"\xef\xbb\xbf", "utf-8"),
    (b"\xff\xfe\x00\x00", "utf-32-le"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
)
_TOML_PART = r"""(?:[\w-]++|"(?:[^"\\\n]|\\.)*+"|'[^'\n]*+')"""
_LONG_TOML_KEY = regex(
    rf"""(?<![\w."'\\-]){_TOML_PART}(?:[ \t]*+\.[ \t]*+{_TOML_PART}){{{TOML_KEY_PARTS}}}""",
    re.ASCII,
)

# An opening that nothing closes runs to the end: to give it up would make the search quadratic.
_STRING = r""""(?:[^"\\]|\\.)*+"?"""
_COMMENTS = regex(rf"{_STRING}|//[^\n]*+|/\*(?:.*?\*/|.*)", re.DOTALL)
_LAST_COMMAS = regex(rf"{_STRING}|,(?=\s*+[}}\]])", re.DOTALL)


# --- bytes and text ------------------------------------------------------------------------------


def read(file: File, limits: Limits) -> bytes | memoryview:
    """Return the bytes of a manifest; raise `ReadError` when it is over `manifest_bytes`."""
    if file.size > limits.manifest_bytes:
        raise ReadError(
            f"it has {file.size:,} bytes; manifests are read up to {limits.manifest_bytes:,}"
        )
    return file.data


def decode_text(data: bytes | memoryview) -> str:
    """Decode by the byte order mark, else as UTF-8; what is invalid becomes U+FFFD."""
    start = bytes(data[:4])
    for mark, encoding in _BYTE_ORDER_MARKS:
        if start.startswith(mark):
            return str(data[len(mark) :], encoding, "replace")
    return str(data, "utf-8", "replace")


def read_text(file: File, limits: Limits) -> str:
    """Return a manifest as text."""
    return decode_text(read(file, limits))


def read_lines(file: File, limits: Limits) -> list[str]:
    """Return the lines of a text manifest without their ends, up to `MAX_LINES`."""
    data = bytes(read(file, limits))
    if data.count(b"\n") + data.count(b"\r") > 2 * MAX_LINES:
        raise ReadError(f"it has more than {MAX_LINES:,} lines")
    return decode_text(data).splitlines()


# --- taking values out ---------------------------------------------------------------------------


def mapping(value: object) -> dict[str, object]:
    """Return the value if it is a mapping, else an empty one. Keys of loaded documents are text."""
    return value if isinstance(value, dict) else {}


def sequence(value: object) -> list[object]:
    """Return the value if it is a list, else an empty one."""
    return value if isinstance(value, list) else []


def text(value: object) -> str:
    """Return the value if it is text, else an empty one."""
    return value if isinstance(value, str) else ""


# --- JSON ----------------------------------------------------------------------------------------


def decode_json(file: File, limits: Limits, decoder: "msgspec.json.Decoder[T]") -> T:
    """Decode JSON with a typed decoder, which skips what it does not name (fast, little memory).

    Raises `ReadError` also where a named field has another type than declared; declare `object`
    where a file may hold anything.
    """
    data = read(file, limits)
    _bound_json_values(data)
    return decode_json_bytes(data, decoder)


def decode_json_bytes(data: bytes | memoryview | str, decoder: "msgspec.json.Decoder[T]") -> T:
    """Decode JSON at hand; as `decode_json`."""
    try:
        return decoder.decode(data)
    except msgspec.ValidationError as error:
        raise ReadError(f"it is not the JSON that was expected: {error}") from None
    except UnicodeDecodeError:
        assert not isinstance(data, str)
        return decode_json_bytes(decode_text(data), decoder)
    except msgspec.DecodeError as error:
        if not isinstance(data, str) and bytes(data[:2]) in (b"\xef\xbb", b"\xff\xfe", b"\xfe\xff"):
            return decode_json_bytes(decode_text(data), decoder)
        raise ReadError(f"it is not valid JSON: {error}") from None
    except RecursionError:
        raise ReadError("its JSON is nested too deeply") from None
    except (ValueError, OverflowError, MemoryError) as error:
        raise ReadError(f"its JSON cannot be read: {error}") from None


_ANY_JSON: "msgspec.json.Decoder[object]" = msgspec.json.Decoder(object)


def load_json(file: File, limits: Limits) -> object:
    """Load any JSON as dict, list, str, int, float, bool and None."""
    return decode_json(file, limits, _ANY_JSON)


def load_jsonc(file: File, limits: Limits) -> object:
    """Load JSON with comments and commas before closing brackets; otherwise as `load_json`."""
    source = _COMMENTS.sub(_keep_strings, read_text(file, limits))
    data = _LAST_COMMAS.sub(_keep_strings, source).encode("utf-8", "replace")
    _bound_json_values(data)
    return decode_json_bytes(data, _ANY_JSON)


def _keep_strings(match: re.Match[str]) -> str:
    return match[0] if match[0].startswith('"') else " "


def _bound_json_values(data: bytes | memoryview) -> None:
    if len(data) <= MAX_VALUES:
        return
    data = bytes(data)
    if data.count(b",") + data.count(b"[") + data.count(b"{") > MAX_VALUES:
        raise ReadError(f"it holds more than {MAX_VALUES:,} values")


# --- TOML ----------------------------------------------------------------------------------------


def load_toml(file: File, limits: Limits) -> dict[str, object]:
    """Load TOML 1.0 as Python values (dates as `datetime` objects)."""
    data = read(file, limits)
    if len(data) > TOML_BYTES:
        raise ReadError(f"it has {len(data):,} bytes; TOML is read up to {TOML_BYTES:,}")
    return parse_toml(decode_text(data))


def parse_toml(source: str) -> dict[str, object]:
    """Parse TOML text; raises `ReadError`."""
    import tomllib

    if _LONG_TOML_KEY.search(source):
        raise ReadError(f"a key has more than {TOML_KEY_PARTS} parts")
    try:
        return tomllib.loads(source)
    except RecursionError:
        raise ReadError("its TOML is nested too deeply") from None
    except (ValueError, OverflowError, MemoryError) as error:
        raise ReadError(f"it is not valid TOML: {str(error)[:300]}") from None


# --- YAML ----------------------------------------------------------------------------------------


def load_yaml(file: File, limits: Limits) -> object:
    """Load the first YAML document; None when the file holds none. As `load_yaml_documents`."""
    documents = load_yaml_documents(file, limits)
    return documents[0] if documents else None


def load_yaml_documents(file: File, limits: Limits) -> list[object]:
    """Load every YAML document as dict, list and str.

    Scalars are always text as written (`1.10` stays `1.10`, null is the text `null` or empty),
    tags are ignored, merge keys (`<<`) are left as they stand, the last of equal keys wins.
    """
    return parse_yaml(read_text(file, limits), limits)


def parse_yaml(source: str, limits: Limits) -> list[object]:
    """Parse YAML text; as `load_yaml_documents`.

    The tree is built from libyaml's events in one loop: PyYAML's own composer recurses in C and
    overflows the stack on deep input, and expands merges of aliases without bound.
    """
    from openinspector.inventory import yaml_tree

    return yaml_tree.build(source, limits.manifest_depth, MAX_VALUES)


# --- XML -----------------------------------------------------------------------------------------


def load_xml(file: File, limits: Limits) -> "Element":
    """Load an XML document's root; names are `{namespace}tag`. Entities are forbidden."""
    return parse_xml(read(file, limits), limits)


def parse_xml(data: bytes | memoryview, limits: Limits) -> "Element":
    """Parse XML bytes; as `load_xml`."""
    from xml.etree.ElementTree import Element, ParseError, TreeBuilder

    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import DefusedXMLParser

    class BoundedTree(TreeBuilder):
        depth = elements = names = 0

        def start(self, tag: str, attrs: dict[str, str], /) -> Element:
            self.depth += 1
            self.elements += 1
            self.names += len(tag)
            if self.depth > limits.manifest_depth:
                raise ReadError(f"its XML is nested over {limits.manifest_depth} levels deep")
            if self.elements > MAX_VALUES or self.names > XML_NAME_BYTES:
                raise ReadError("its XML has too many or too long elements")
            return super().start(tag, attrs)

        def end(self, tag: str, /) -> Element:
            self.depth -= 1
            return super().end(tag)

    parser = DefusedXMLParser(target=BoundedTree(), forbid_entities=True, forbid_external=True)
    try:
        parser.feed(bytes(data))
        root = parser.close()
    except DefusedXmlException as error:
        raise ReadError(f"its XML declares entities, which are refused: {error}") from None
    except (ParseError, ValueError, LookupError, MemoryError) as error:
        raise ReadError(f"it is not valid XML: {error}") from None
    if not isinstance(root, Element):
        raise ReadError("it is not valid XML: it has no element")
    return root
