"""Build plain values from libyaml's events: iterative, bounded in depth, values and aliases."""

from collections.abc import Callable
from typing import Any

from openinspector.inventory.cataloger import ReadError


class _Open:
    """A container whose end has not come yet; `values` counts what is inside, aliases expanded."""

    __slots__ = ("anchor", "container", "key", "values")

    def __init__(self, container: Any, anchor: str | None) -> None:
        self.container = container
        self.anchor = anchor
        self.key: str | None = None
        self.values = 1


def build(source: str, depth: int, values: int) -> list[object]:
    """Return the documents of a YAML stream; scalars are text, tags and merge keys mean nothing.

    Raises `ReadError` on a syntax error, on nesting over `depth`, on more than `values` values
    (an alias counts as much as what it stands for), on an alias inside its own anchor and on keys
    that are not scalars.
    """
    import yaml

    if source.startswith("%TAG") or "\n%TAG" in source:
        # A long prefix would be copied for each tag that uses it.
        raise ReadError("its YAML declares tag prefixes, which are refused")
    try:
        return _build(source, depth, values)
    except (yaml.YAMLError, ValueError, MemoryError) as error:
        raise ReadError(f"it is not valid YAML: {_sentence(error)}") from None


def _sentence(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or str(error)
    where = f" (line {mark.line + 1})" if mark is not None else ""
    return f"{' '.join(str(problem).split())[:200]}{where}"


def _build(source: str, depth: int, values: int) -> list[object]:
    import yaml
    from yaml import events

    # One loop, not a method per event: this is where large lock files spend their time.
    next_event: Callable[[], Any] = getattr(yaml, "CBaseLoader", yaml.BaseLoader)(source).get_event
    scalar_event, alias_event = events.ScalarEvent, events.AliasEvent
    mapping_start, sequence_start = events.MappingStartEvent, events.SequenceStartEvent
    ends = (events.MappingEndEvent, events.SequenceEndEvent)
    current = _Open([], None)
    stack: list[_Open] = []
    anchors: dict[str, tuple[object, int]] = {}
    total = 0
    while True:
        event = next_event()
        kind = event.__class__
        opened: _Open | None = None
        weight = 1
        value: Any
        if kind is scalar_event:
            value = event.value
            if event.anchor is not None:
                anchors[event.anchor] = (value, 1)
        elif kind is mapping_start or kind is sequence_start:
            value = {} if kind is mapping_start else []
            opened = _Open(value, event.anchor)
            if event.anchor is not None:
                anchors.pop(event.anchor, None)
        elif kind in ends:
            closed, current = current, stack.pop()
            current.values += closed.values
            if closed.anchor is not None:
                anchors[closed.anchor] = (closed.container, closed.values)
            continue
        elif kind is alias_event:
            if event.anchor not in anchors:
                raise ReadError("its YAML holds an alias to nothing before it, or to itself")
            value, weight = anchors[event.anchor]
        elif kind is events.StreamEndEvent:
            return list(current.container)
        elif kind is events.DocumentStartEvent:
            anchors.clear()
            continue
        else:
            continue
        current.values += weight
        total += weight
        if total > values:
            raise ReadError(f"its YAML holds more than {values:,} values, aliases expanded")
        container = current.container
        if container.__class__ is list:
            container.append(value)
        elif current.key is None:
            if value.__class__ is not str:
                raise ReadError("its YAML has a key that is not a scalar")
            current.key = value
            continue
        else:
            container[current.key] = value
            current.key = None
        if opened is not None:
            # Its own count reaches the parent when it ends.
            current.values -= 1
            stack.append(current)
            current = opened
            if len(stack) > depth:
                raise ReadError(f"its YAML is nested over {depth} levels deep")
