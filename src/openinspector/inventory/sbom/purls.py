"""Reading package URLs fast (purl-spec); writing them is `openinspector.model.purl`."""

from typing import NamedTuple
from urllib.parse import unquote

from openinspector.patterns import regex

LONGEST = 8192
"""Characters; a longer package URL is refused as invalid."""

_TYPE = regex(r"[a-z][a-z0-9.+-]*\Z")
_CONTROL = regex(r"[\x00-\x1f\x7f-\x9f]")


class Purl(NamedTuple):
    """The parts of a package URL, percent-decoded; missing parts are empty."""

    type: str
    namespace: str
    name: str
    version: str
    qualifiers: dict[str, str]


def parse_purl(text: str) -> Purl | None:
    """Take a package URL apart; None when it is not one.

    Tolerates what real tools write: an unencoded `@` of an npm scope, `pkg://type/...`, upper-case
    types. Control characters anywhere, and texts over `LONGEST`, make it invalid.
    """
    if text[:4].lower() != "pkg:" or len(text) > LONGEST:
        return None
    rest = text[4:].lstrip("/").partition("#")[0]
    rest, _, query = rest.partition("?")
    type_, _, path = rest.partition("/")
    type_ = type_.lower()
    path = path.strip("/")
    head, at, version = path.rpartition("@")
    if not at or "/" in version or not head:
        head, version = path, ""
    namespace, _, name = head.rpartition("/")
    if "%" in rest:
        namespace, name, version = unquote(namespace), unquote(name), unquote(version)
    qualifiers = _qualifiers(query) if query else {}
    if not name or not _TYPE.match(type_) or _CONTROL.search(name + namespace + version):
        return None
    return Purl(type_, namespace, name, version, qualifiers)


def _qualifiers(query: str) -> dict[str, str]:
    """`key=value` pairs; keys in lower case, those without value left out."""
    result: dict[str, str] = {}
    for pair in query.split("&"):
        key, _, value = pair.partition("=")
        if key and value:
            value = unquote(value) if "%" in value else value
            result[key.lower()] = _CONTROL.sub("", value)
    return result
