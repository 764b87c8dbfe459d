"""The ignore file: findings that their owner has decided about, with reason and expiry.

YAML, a list of entries (or an object with a list `ignore`):

    - vulnerability: CVE-2021-44228     # any identifier of it; or package, or path: at least one
      package: log4j-core               # name as the scan shows it, or a package URL
      path: "opt/legacy/**"             # glob over the package's path
      reason: not reachable, see SEC-12
      expires: 2026-12-31               # last day on which the entry counts

Unknown keys are errors: a misspelt `expire` must not silence a finding for ever.
"""

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any

import msgspec

from openinspector.assess.observation import RuledOut
from openinspector.assess.vex import same_package
from openinspector.model import OpenInspectorError, Package, Vulnerability

KEYS = ("vulnerability", "package", "path", "reason", "expires")
MAX_BYTES = 16 * 1024 * 1024
MAX_ENTRIES = 100_000
MAX_DEPTH = 8


class IgnoreError(OpenInspectorError):
    """An ignore file cannot be understood; the message names the file, the entry and the key."""


class Entry(msgspec.Struct, frozen=True):
    """One decision. `place` is what messages call it (`ignore.yaml, entry 3, line 12`)."""

    place: str
    vulnerability: str | None = None
    package: str | None = None
    path: str | None = None
    reason: str = ""
    expires: date | None = None

    def expired(self, now: datetime) -> bool:
        """Whether its last day has passed (in UTC)."""
        return self.expires is not None and now.astimezone(UTC).date() > self.expires


def parse_ignore(data: bytes, name: str) -> tuple[Entry, ...]:
    """Read an ignore file; `name` is what messages call it. Raises `IgnoreError`."""
    import yaml  # only where there is an ignore file

    if len(data) > MAX_BYTES:
        raise IgnoreError(f"{name} is larger than {MAX_BYTES} bytes")
    try:
        root = _compose(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise IgnoreError(f"{name} is not UTF-8: {error}") from error
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise IgnoreError(f"{name} is not YAML: {_one_line(error)}") from error
    if root is None:
        return ()
    if isinstance(root, yaml.MappingNode):
        root = _only_list(root, name)
    if not isinstance(root, yaml.SequenceNode):
        raise IgnoreError(f"{name}: expected a list of entries")
    if len(root.value) > MAX_ENTRIES:
        raise IgnoreError(f"{name} has more than {MAX_ENTRIES} entries")
    return tuple(_entry(node, name, number) for number, node in enumerate(root.value, 1))


def _compose(text: str) -> Any:
    """The tree of nodes, which keeps lines.

    Aliases are refused, so it cannot expand; nesting is limited, for the composer recurses in C.
    """
    import yaml

    depth = 0
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH:
            raise ValueError(f"it is nested more than {MAX_DEPTH} deep")
        if isinstance(event, yaml.AliasEvent):
            raise ValueError(f"aliases are not allowed: *{event.anchor}")
    return yaml.compose(text, Loader=yaml.CSafeLoader)


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())


def _only_list(root: Any, name: str) -> Any:
    keys = [key.value for key, _ in root.value]
    if keys != ["ignore"]:
        raise IgnoreError(f"{name}: expected a list of entries, or one key `ignore`; found {keys}")
    return root.value[0][1]


def _entry(node: Any, name: str, number: int) -> Entry:
    import yaml

    place = f"{name}, entry {number}, line {node.start_mark.line + 1}"
    if not isinstance(node, yaml.MappingNode):
        raise IgnoreError(f"{place}: expected keys and values")
    values: dict[str, str] = {}
    for key, value in node.value:
        word = str(key.value)
        line = key.start_mark.line + 1
        if word not in KEYS:
            raise IgnoreError(
                f"{name}, entry {number}, line {line}: unknown key {word!r}; "
                f"known are {', '.join(KEYS)}"
            )
        if word in values:
            raise IgnoreError(f"{name}, entry {number}, line {line}: {word!r} is given twice")
        if not isinstance(value, yaml.ScalarNode):
            raise IgnoreError(f"{name}, entry {number}, line {line}: {word!r} is not a text")
        if value.value.strip() and value.tag != "tag:yaml.org,2002:null":
            values[word] = value.value.strip()
    if not any(values.get(word) for word in KEYS[:3]):
        raise IgnoreError(f"{place}: names no vulnerability, package or path")
    expires = values.pop("expires", None)
    return Entry(place=place, expires=None if expires is None else _day(expires, place), **values)


def _day(text: str, place: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise IgnoreError(f"{place}: expires is not a day like 2026-12-31: {text!r}") from error


class Ignores:
    """The entries that count today, asked package by package."""

    def __init__(self, entries: Sequence[Entry], now: datetime) -> None:
        self.expired = tuple(entry for entry in entries if entry.expired(now))
        self._any: list[Entry] = []
        self._by_vulnerability: dict[str, list[Entry]] = {}
        for entry in entries:
            if entry.expired(now):
                continue
            if entry.vulnerability is None:
                self._any.append(entry)
            else:
                self._by_vulnerability.setdefault(entry.vulnerability.upper(), []).append(entry)

    def rule_out(self, vulnerability: Vulnerability, package: Package) -> RuledOut | None:
        """The decision that covers a package and vulnerability; None: there is none."""
        names = (vulnerability.id, *vulnerability.aliases, *vulnerability.advisories)
        candidates = [
            entry for name in names for entry in self._by_vulnerability.get(name.upper(), ())
        ]
        for entry in (*candidates, *self._any):
            if _covers(entry, package):
                why = f": {entry.reason}" if entry.reason else ""
                until = f" until {entry.expires}" if entry.expires else ""
                detail = f"{entry.place}{why}{until}"
                return RuledOut(vulnerability.id, package, "ignored", detail)
        return None

    def notes(self) -> tuple[str, ...]:
        """What to tell of entries that no longer count."""
        return tuple(
            f"{entry.place} expired on {entry.expires} and was not applied"
            for entry in self.expired
        )


def _covers(entry: Entry, package: Package) -> bool:
    wanted = entry.package
    if wanted is not None and wanted != package.name and not same_package(wanted, package.purl):
        return False
    if entry.path is None:
        return True
    pattern = _glob(entry.path.lstrip("/"))
    return any(pattern.fullmatch(location.path) for location in package.locations)


@lru_cache(maxsize=4096)
def _glob(pattern: str) -> re.Pattern[str]:
    """`*` within a path segment, `**` across segments, `?` one character."""
    parts = []
    for piece in re.split(r"(\*\*/|\*\*|\*|\?)", pattern):
        parts.append(
            {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}.get(piece)
            or re.escape(piece)
        )
    return re.compile("".join(parts), re.DOTALL)
