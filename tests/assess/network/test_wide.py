"""Every way in, beside the packet simulator."""

from ipaddress import ip_address
from typing import Any

import pytest
from hypothesis import given, settings

from openinspector.assess.network import Network, Opening, explain, openings, read_network
from openinspector.assess.network.evidence.components import PROTOCOLS
from openinspector.assess.network.intervals import holds
from tests.assess.network.networks import PORTS
from tests.assess.network.simulator import gets_in
from tests.assess.network.wide import ORIGINS, SOURCES, wide_networks

PROBED = sorted({p for port in PORTS for p in (port, port + 1) if p <= 65535})


def reaches(opening: Opening, source: str, port: int) -> bool:
    at = ip_address(source)
    return any(
        part.version == at.version
        and holds(part.ports, port)
        and any(holds(span, int(at)) for span in part.sources)
        for part in opening.parts
    )


def agree(described: dict[str, Any]) -> None:
    """Walk 1,440 packets: from every origin, over both protocols, from each source to each port."""
    network = read_network(described)
    found = list(openings(network, network.interfaces["eni-1"], origins=ORIGINS))
    for origin in ORIGINS:
        for protocol in PROTOCOLS:
            here = [each for each in found if (each.origin, each.protocol) == (origin, protocol)]
            for source in SOURCES:
                for port in PROBED:
                    ours = any(reaches(opening, source, port) for opening in here)
                    theirs = gets_in(described, "eni-1", source, protocol, port, origin)
                    assert ours == theirs, (origin, source, protocol, port)


@settings(max_examples=400, deadline=None)
@given(wide_networks())
def test_every_packet_from_everywhere_goes_as_the_simulator_says(described: dict[str, Any]) -> None:
    agree(described)


@pytest.mark.slow
@settings(max_examples=3000, deadline=None)
@given(wide_networks())
def test_millions_of_packets_go_as_the_simulator_says(described: dict[str, Any]) -> None:
    agree(described)


def _explained(network: Network, origin: Any) -> None:
    for protocol in PROTOCOLS:
        for port in PORTS:
            verdict = explain(network, network.interfaces["eni-1"], protocol, port, (origin,))
            assert (verdict.opening is None) == bool(verdict.reason)
            assert (verdict.opening is None) == (verdict.blocked_by is not None)


@settings(max_examples=60, deadline=None)
@given(wide_networks())
def test_what_is_closed_names_what_closes_it(described: dict[str, Any]) -> None:
    for origin in ORIGINS:
        _explained(read_network(described), origin)
