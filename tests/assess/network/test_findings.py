"""Openings as findings: texts, severity, and the API's own shape."""

import pytest

from openinspector.assess.network import network_finding, openings, read_network
from openinspector.assess.resources import Place
from openinspector.model import Listener
from openinspector.model.finding import Resource
from tests.assess.network.test_reach import example
from tests.assess.shape import wire

PLACE = Place(account="111122223333")
INSTANCE = Resource(
    type="AWS_EC2_INSTANCE",
    id="i-0123456789abcdef0",
    partition="aws",
    region="us-east-1",
    tags={},
)


def _finding(protocol: str = "tcp", low: int = 22, high: int = 22) -> dict[str, object]:
    permission = {
        "IpProtocol": protocol,
        "FromPort": low,
        "ToPort": high,
        "IpRanges": [{"CidrIp": "0.0.0.0/0"}],
    }
    group = {"GroupId": "sg-1", "IpPermissions": [permission]}
    network = read_network(example(SecurityGroups=[group]))
    (opening,) = openings(network, network.interfaces["eni-1"])
    found = network_finding(opening, INSTANCE, PLACE, 1_700_000_000.0)
    decoded: dict[str, object] = wire(found)
    return decoded


def test_the_texts_of_the_published_sample() -> None:
    found = _finding()
    assert found["title"] == "Port 22 is reachable from an Internet Gateway - TCP"
    assert found["description"] == (
        "On the instance i-0123456789abcdef0, the port range 22-22 is reachable from the"
        " InternetGateway igw-1 from an attached ENI eni-1."
    )


@pytest.mark.parametrize(
    ("protocol", "low", "high", "severity"),
    [
        ("tcp", 22, 22, "MEDIUM"),
        ("tcp", 80, 80, "LOW"),
        ("tcp", 0, 65535, "HIGH"),
        ("tcp", 8001, 8001, "INFORMATIONAL"),
        ("udp", 1433, 1433, "INFORMATIONAL"),
        ("udp", 1434, 1434, "MEDIUM"),
        ("tcp", 515, 515, "HIGH"),
    ],
)
def test_severity_is_the_worst_service_in_the_range(
    protocol: str, low: int, high: int, severity: str
) -> None:
    assert _finding(protocol, low, high)["severity"] == severity


def test_who_listens_at_the_port_is_told() -> None:
    permission = {"IpProtocol": "tcp", "FromPort": 20, "ToPort": 30}
    permission["IpRanges"] = [{"CidrIp": "0.0.0.0/0"}]
    group = {"GroupId": "sg-1", "IpPermissions": [permission]}
    network = read_network(example(SecurityGroups=[group]))
    (opening,) = openings(network, network.interfaces["eni-1"])
    known = (
        Listener("TCP", 22, "/usr/sbin/sshd"),
        Listener("TCP", 25, None),
        Listener("UDP", 22, "/bad"),
        Listener("TCP", 31, "/bad"),
    )
    found = network_finding(opening, INSTANCE, PLACE, 1.0, known)
    assert found.description.endswith(
        "eni-1. Listening there: /usr/sbin/sshd on 22, a process on 25."
    )
    silent = network_finding(opening, INSTANCE, PLACE, 1.0, known[2:])
    assert silent.description.endswith("from an attached ENI eni-1.")
    assert silent.finding_arn == found.finding_arn


def test_names_of_programs_cannot_break_a_finding() -> None:
    network = read_network(example())
    (opening,) = openings(network, network.interfaces["eni-1"])
    hostile = [Listener("TCP", 22, "/tmp/\0\n\x1b[2J" + "x" * 3000)]
    text = network_finding(opening, INSTANCE, PLACE, 1.0, hostile).description
    assert len(text) == 1024
    assert text.isprintable()
