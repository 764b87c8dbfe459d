"""Reading hostile describe output: what is wrong with one entry is a gap and leaves the others."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeVar

from openinspector.assess.network.evidence.components import PROTOCOLS, Block
from openinspector.assess.network.intervals import PORTS, Interval, prefix
from openinspector.model import Gap

_NAMES: dict[str, str] = {"6": "TCP", "17": "UDP", "tcp": "TCP", "udp": "UDP"}
"""Names and numbers of the protocols that findings know (IANA protocol numbers)."""
_EVERY_PROTOCOL = "-1"
WRONG = (LookupError, TypeError, ValueError, AttributeError, OverflowError)
"""What reading a document says that is not as it should be."""

Entry = Mapping[str, Any]
_T = TypeVar("_T")
_E = TypeVar("_E")


Readings = dict[str, tuple[Any, Any, tuple[Gap, ...]]]
"""By kind: entries as described, as read, and the gaps of that. Equal entries are read once."""


class Reader:
    """The entries of describe output by kind, and the gaps that reading them found."""

    def __init__(self, described: Mapping[str, Any], readings: Readings | None = None) -> None:
        self.described = described
        self.gaps: list[Gap] = []
        self.readings = {} if readings is None else readings

    def alone(self, kind: str, identity: str, read: Callable[[Any], _T | None]) -> dict[str, _T]:
        """`all` of a kind that is read without looking at others: known readings serve again."""
        entries = self.described.get(kind)
        known = self.readings.get(kind)
        if known is None or known[0] != entries:
            first = len(self.gaps)
            found = self.all(kind, identity, read)
            self.readings[kind] = (entries, found, tuple(self.gaps[first:]))
            return found
        self.gaps.extend(known[2])
        again: dict[str, _T] = known[1]
        return again

    def entries(self, kind: str) -> Iterator[Entry]:
        """Every entry of a kind that is an object; an answer that is one object is one entry."""
        found = self.described.get(kind)
        found = [found] if isinstance(found, dict) else found
        if found is not None and not isinstance(found, list):
            self.gap(kind, "is not a list")
            return
        for number, entry in enumerate(found or ()):
            if isinstance(entry, dict):
                yield entry
            else:
                self.gap(f"{kind}[{number}]", "is not an object")

    def all(self, kind: str, identity: str, read: Callable[[Any], _T | None]) -> dict[str, _T]:
        """Every entry of a kind that can be read, by its identifier; None is left out."""
        found: dict[str, _T] = {}
        for number, entry in enumerate(self.entries(kind)):
            name = entry.get(identity)
            if not isinstance(name, str):
                self.gap(f"{kind}[{number}]", f"has no {identity}")
                continue
            for value in self.each(name, (entry,), read):
                if value is not None:
                    found[name] = value
        return found

    def each(self, owner: str, entries: Iterable[_E], read: Callable[[_E], _T]) -> Iterator[_T]:
        """What can be read of the parts of a component."""
        for entry in entries:
            try:
                value = read(entry)
            except WRONG as error:
                self.gap(owner, f"cannot be understood: {type(error).__name__}: {error}")
            else:
                yield value

    def gap(self, what: str, reason: str) -> None:
        """Note what was not understood; the reason says how it counts where that is not closed."""
        found = Gap(part="network", reason=reason, path=what)
        if found not in self.gaps[-1:]:
            self.gaps.append(found)


def text(entry: Entry, name: str) -> str:
    """A member that must be text. Raises KeyError or TypeError."""
    value = entry[name]
    if not isinstance(value, str):
        raise TypeError(f"{name} is not text")
    return value


def rows(entry: Entry, name: str) -> list[Entry]:
    """A member that lists objects; a missing one is empty. Raises TypeError."""
    value = entry.get(name)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
        raise TypeError(f"{name} is not a list of objects")
    return value


def words(entry: Entry, name: str) -> tuple[str, ...]:
    """A member that lists texts; a missing one is empty. Raises TypeError."""
    value = entry.get(name)
    if value is None:
        return ()
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise TypeError(f"{name} is not a list of texts")
    return tuple(value)


def within(entry: Entry, name: str) -> Entry:
    """A member that is an object; a missing one is empty. Raises TypeError."""
    value = entry.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise TypeError(f"{name} is not an object")
    return value


def block(entry: Entry, *names: str) -> Block:
    """The CIDR block under the first of these names. Raises KeyError, TypeError or ValueError."""
    return prefix(text(entry, next((name for name in names if entry.get(name)), names[0])))


def protocols(word: object) -> frozenset[str]:
    """What a protocol's name or number means to TCP and UDP; empty for all others."""
    name = str(word).lower()
    if name == _EVERY_PROTOCOL:
        return frozenset(PROTOCOLS)
    return frozenset({_NAMES[name]} if name in _NAMES else ())


def ports(word: object, low: Any, high: Any) -> Interval:
    """The ports of a rule; rules of every protocol are rules of every port. Raises ValueError."""
    if str(word) == _EVERY_PROTOCOL or (low in (None, -1) and high in (None, -1)):
        return PORTS[0]
    found = int(low), int(high)
    if not 0 <= found[0] <= found[1] <= PORTS[0][1]:
        raise ValueError(f"{low}-{high} is no range of ports")
    return found
