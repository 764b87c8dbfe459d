"""What the internet reaches, as lines of text for people and as JSON for programs."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from ipaddress import ip_address, summarize_address_range
from typing import Any

from openinspector.assess.network.evidence import Interface
from openinspector.assess.network.explain import Verdict
from openinspector.assess.network.findings import severity
from openinspector.assess.network.intervals import INTERNET, Interval
from openinspector.assess.network.reach import Opening
from openinspector.assess.network.ways import Origin
from openinspector.model import Gap
from openinspector.reports.text import safe

_MOST_SOURCES = 6
_SHORT = "AWS::EC2::"
_ORIGINS: dict[Origin, str] = {
    "internet": "the internet",
    "peering": "a peered VPC",
    "vpn": "a VPN connection",
    "direct-connect": "Direct Connect",
    "transit-gateway": "a transit gateway",
}


def reachability_lines(openings: Sequence[Opening], gaps: Sequence[Gap]) -> Iterator[str]:
    """Each opening with its severity, its sources and its path; then what was not understood."""
    for opening in openings:
        yield (
            f"{severity(opening):13}  {safe(opening.instance or opening.interface)}"
            f"  {opening.protocol} {_ports(opening.ports)}  from {_sources(opening)}"
        )
        yield f"    {path_text(opening)}"
    if not openings:
        yield "Nothing here is reachable."
    yield from gap_lines(gaps)


def plan_lines(applied: Sequence[str], gaps: Sequence[Gap]) -> Iterator[str]:
    """What of a plan was applied to the evidence, and what was not."""
    yield f"Applied: {', '.join(safe(name) for name in applied) or 'nothing'}"
    for gap in gaps:
        yield f"  {safe(gap.path or 'plan')} {safe(gap.reason)}"


def verdict_lines(name: str, protocol: str, port: int, verdict: Verdict) -> Iterator[str]:
    """The answer about one port of one interface."""
    target = f"{safe(name)}  {protocol} {port}"
    if verdict.opening is not None:
        yield f"REACHABLE      {target}  from {_sources(verdict.opening)}"
        yield f"    {path_text(verdict.opening)}"
    elif verdict.blocked_by is not None:
        kind = verdict.blocked_by.type.removeprefix(_SHORT)
        yield f"NOT REACHABLE  {target}"
        yield f"    blocked by {kind} {safe(verdict.blocked_by.id)}: {verdict.reason}"


def path_text(opening: Opening) -> str:
    """The components from outside in."""
    return " > ".join(safe(step.id) for step in opening.path)


def verdicts_json(
    verdicts: Mapping[Interface, Verdict], protocol: str, port: int, gaps: Iterable[Gap]
) -> dict[str, Any]:
    """Each interface's answer about one port: what opens it, or the component that blocks it."""
    return {
        "verdicts": [
            {
                "interface": interface.id,
                "instance": interface.instance,
                "protocol": protocol,
                "port": port,
                "reachable": verdict.opening is not None,
                **_because(verdict),
            }
            for interface, verdict in verdicts.items()
        ],
        "gaps": _gaps(gaps),
    }


def _because(verdict: Verdict) -> dict[str, Any]:
    if verdict.opening is not None:
        return {"opening": _opening(verdict.opening)}
    blocking = verdict.blocked_by
    assert blocking is not None
    return {"blockedBy": {"type": blocking.type, "id": blocking.id}, "reason": verdict.reason}


def _gaps(gaps: Iterable[Gap]) -> list[dict[str, Any]]:
    return [{"component": gap.path, "reason": gap.reason} for gap in gaps]


def reachability_json(openings: Iterable[Opening], gaps: Iterable[Gap]) -> dict[str, Any]:
    """The same for programs; every rectangle of sources and ports is told exactly."""
    return {
        "openings": [_opening(each) for each in openings],
        "gaps": _gaps(gaps),
    }


def _opening(opening: Opening) -> dict[str, Any]:
    return {
        "origin": opening.origin,
        "interface": opening.interface,
        "instance": opening.instance,
        "protocol": opening.protocol,
        "ports": {"begin": opening.ports[0], "end": opening.ports[1]},
        "severity": severity(opening),
        "path": [{"type": step.type, "id": step.id} for step in opening.path],
        "sources": [
            {
                "ports": {"begin": part.ports[0], "end": part.ports[1]},
                "blocks": [block for span in part.sources for block in blocks(part.version, span)],
            }
            for part in opening.parts
        ],
    }


def blocks(version: int, span: Interval) -> list[str]:
    """The CIDR blocks of a range of addresses."""
    low, high = (_address(version, number) for number in span)
    return [str(block) for block in summarize_address_range(low, high)]


def _address(version: int, number: int) -> Any:
    return ip_address(number.to_bytes(4 if version == 4 else 16, "big"))


def _ports(ports: Interval) -> str:
    return str(ports[0]) if ports[0] == ports[1] else f"{ports[0]}-{ports[1]}"


def _sources(opening: Opening) -> str:
    """Few blocks are named; where many are, their number says how wide the opening is."""
    everywhere = [part.version for part in opening.parts if part.sources == INTERNET[part.version]]
    if everywhere:
        return (
            f"everywhere ({' and '.join(f'IPv{version}' for version in sorted(set(everywhere)))})"
        )
    found = {
        block
        for part in opening.parts
        for span in part.sources
        for block in blocks(part.version, span)
    }
    versions = {part.version for part in opening.parts}
    if len(found) > _MOST_SOURCES:
        words = " and ".join(f"IPv{version}" for version in sorted(versions))
        return f"{_ORIGINS[opening.origin]} ({words}, {len(found)} blocks)"
    return ", ".join(sorted(found))


def gap_lines(gaps: Sequence[Gap]) -> Iterator[str]:
    """What was not understood."""
    if gaps:
        yield ""
        yield "Not everything was understood"
    for gap in gaps:
        yield f"  {safe(gap.path or 'network')} {safe(gap.reason)}"
