"""An opening as a finding: texts, severity, path (spec/network-reachability.md 3, 4)."""

import hashlib
from collections.abc import Iterable

from openinspector.assess.findings import TEXT_LIMIT
from openinspector.assess.network.intervals import holds
from openinspector.assess.network.reach import Opening
from openinspector.assess.network.ways import Step
from openinspector.assess.resources import Place, finding_arn
from openinspector.model import Listener
from openinspector.model.finding import (
    Finding,
    NetworkPath,
    NetworkReachabilityDetails,
    PathStep,
    PortRange,
    Recommendation,
    Remediation,
    Resource,
    Severity,
)

REMEDIATION = (
    "Restrict access to the port by editing the rules of the security groups or network ACLs on the"
    " path."
)

_ARN_KINDS = {
    "AWS::EC2::InternetGateway": "ec2:{place}:internet-gateway/{id}",
    "AWS::EC2::VPCPeeringConnection": "ec2:{place}:vpc-peering-connection/{id}",
    "AWS::EC2::VPNGateway": "ec2:{place}:vpn-gateway/{id}",
    "AWS::EC2::TransitGateway": "ec2:{place}:transit-gateway/{id}",
    "AWS::EC2::TransitGatewayAttachment": "ec2:{place}:transit-gateway-attachment/{id}",
    "AWS::EC2::NetworkAcl": "ec2:{place}:network-acl/{id}",
    "AWS::EC2::SecurityGroup": "ec2:{place}:security-group/{id}",
    "AWS::EC2::NetworkInterface": "ec2:{place}:network-interface/{id}",
    "AWS::EC2::Instance": "ec2:{place}:instance/{id}",
    "AWS::EC2::VPCEndpoint": "ec2:{place}:vpc-endpoint/{id}",
    "AWS::ElasticLoadBalancingV2::LoadBalancer": "elasticloadbalancing:{place}:loadbalancer/{id}",
    "AWS::ElasticLoadBalancing::LoadBalancer": "elasticloadbalancing:{place}:loadbalancer/{id}",
}
"""ARNs by type (Service Authorization Reference); `place` is region and account."""

_NOUNS = {
    "AWS::EC2::InternetGateway": ("an Internet Gateway", "InternetGateway"),
    "AWS::EC2::VPCPeeringConnection": ("a VPC Peering Connection", "VpcPeeringConnection"),
    "AWS::EC2::VPNGateway": ("a Virtual Private Gateway", "VirtualPrivateGateway"),
    "AWS::EC2::TransitGateway": ("a Transit Gateway", "TransitGateway"),
}
"""How title and description name where packets come in (the spec's 3.2)."""

SERVICES: tuple[tuple[str, tuple[int, ...], tuple[int, ...], Severity], ...] = (
    ("DHCP", (67, 68, 546, 547), (67, 68, 546, 547), "MEDIUM"),
    ("Elasticsearch", (9300, 9200), (), "MEDIUM"),
    ("FTP", (21,), (21,), "HIGH"),
    ("Global catalog LDAP", (3268,), (), "MEDIUM"),
    ("Global catalog LDAP over TLS", (3269,), (), "MEDIUM"),
    ("HTTP", (80,), (80,), "LOW"),
    ("HTTPS", (443,), (443,), "LOW"),
    ("Kerberos", (88, 464, 543, 544, 749, 751), (88, 464, 749, 750, 751, 752), "MEDIUM"),
    ("LDAP", (389,), (389,), "MEDIUM"),
    ("LDAP over TLS", (636,), (), "MEDIUM"),
    ("MongoDB", (27017, 27018, 27019, 28017), (), "MEDIUM"),
    ("MySQL", (3306,), (), "MEDIUM"),
    ("NetBIOS", (137, 139), (137, 138), "MEDIUM"),
    ("NFS", (111, 2049, 4045, 1110), (111, 2049, 4045, 1110), "MEDIUM"),
    ("Oracle", (1521, 1630), (), "MEDIUM"),
    ("PostgreSQL", (5432,), (), "MEDIUM"),
    ("Print services", (515,), (), "HIGH"),
    ("RDP", (3389,), (3389,), "MEDIUM"),
    ("RPC", (111, 135, 530), (111, 135, 530), "MEDIUM"),
    ("SMB", (445,), (445,), "MEDIUM"),
    ("SSH", (22,), (22,), "MEDIUM"),
    ("SQL Server", (1433,), (1434,), "MEDIUM"),
    ("Syslog", (601,), (514,), "MEDIUM"),
    ("Telnet", (23,), (23,), "HIGH"),
    ("WINS", (1512, 42), (1512, 42), "MEDIUM"),
)
"""Service, TCP ports, UDP ports, severity when the internet reaches it (the spec's table 4)."""

_OPEN_PATH: dict[str, Severity] = {
    **dict.fromkeys(("FTP", "Print services", "Telnet"), "MEDIUM"),
    **dict.fromkeys(("RDP", "SSH"), "LOW"),
}
"""Severity by service when a private network reaches it; INFORMATIONAL for all others."""

_RANK: tuple[Severity, ...] = ("INFORMATIONAL", "LOW", "MEDIUM", "HIGH")


_DISTINGUISHING = frozenset(
    {
        "AWS::EC2::TransitGatewayAttachment",
        "AWS::EC2::VPCEndpoint",
        "AWS::EC2::NetworkInterface",
        "AWS::ElasticLoadBalancingV2::LoadBalancer",
        "AWS::ElasticLoadBalancing::LoadBalancer",
    }
)
"""Components between edge and interface that make another finding of the same ports."""


def severity(opening: Opening) -> Severity:
    """The highest of the services whose ports lie in the range."""
    found: list[Severity] = []
    for name, tcp, udp, internet in SERVICES:
        if any(holds(opening.ports, port) for port in (tcp if opening.protocol == "TCP" else udp)):
            path = _OPEN_PATH.get(name, "INFORMATIONAL")
            found.append(internet if opening.origin == "internet" else path)
    return max(found, key=_RANK.index, default="INFORMATIONAL")


def network_finding(
    opening: Opening,
    resource: Resource,
    place: Place,
    at: float,
    listeners: Iterable[Listener] = (),
) -> Finding:
    """The finding of an opening; `at` is its instant in epoch seconds.

    `listeners` are what is known to listen on the instance: who does at these ports is told.
    """
    begin, end = opening.ports
    ports = f"Port {begin} is" if begin == end else f"Port range {begin}-{end} is"
    edge = opening.path[0]
    noun, word = _NOUNS[edge.type]
    between = (step for step in opening.path[1:] if step.id != opening.interface)
    through = [edge.id, *(step.id for step in between if step.type in _DISTINGUISHING)]
    route = hashlib.sha256("/".join((*through, opening.interface)).encode()).hexdigest()
    return Finding(
        finding_arn=finding_arn(
            place, resource.id, "network", opening.protocol, f"{begin}-{end}", route
        ),
        aws_account_id=place.account,
        type="NETWORK_REACHABILITY",
        title=f"{ports} reachable from {noun} - {opening.protocol}",
        description=_cut(
            f"On the instance {resource.id}, the port range {begin}-{end} is reachable from the"
            f" {word} {edge.id} from an attached ENI {opening.interface}."
            + _listening(opening, listeners)
        ),
        remediation=Remediation(Recommendation(text=REMEDIATION)),
        severity=severity(opening),
        first_observed_at=at,
        last_observed_at=at,
        updated_at=at,
        status="ACTIVE",
        resources=[resource],
        network_reachability_details=NetworkReachabilityDetails(
            open_port_range=PortRange(begin, end),
            protocol=opening.protocol,
            network_path=NetworkPath([_step(step, place) for step in opening.path]),
        ),
    )


_MOST_LISTENERS = 5


def _cut(text: str) -> str:
    """Names of programs come from the instance: nothing of them but what can be printed."""
    return "".join(each if each.isprintable() else "?" for each in text)[:TEXT_LIMIT]


def _listening(opening: Opening, listeners: Iterable[Listener]) -> str:
    """A sentence on the processes at the ports of an opening; empty where none is known."""
    here = [
        f"{each.program} on {each.port}" if each.program else f"a process on {each.port}"
        for each in listeners
        if each.protocol == opening.protocol and holds(opening.ports, each.port)
    ]
    more = f" and {len(here) - _MOST_LISTENERS} more" if len(here) > _MOST_LISTENERS else ""
    return f" Listening there: {', '.join(here[:_MOST_LISTENERS])}{more}." if here else ""


def _step(step: Step, place: Place) -> PathStep:
    kind = _ARN_KINDS[step.type].format(place=f"{place.region}:{place.account}", id=step.id)
    return PathStep(
        component_id=step.id,
        component_type=step.type,
        component_arn=f"arn:{place.partition}:{kind}",
    )
