"""An opening as a finding: texts, severity, path (spec/network-reachability.md 3, 4)."""

import hashlib

from openinspector.assess.network.intervals import holds
from openinspector.assess.network.reach import Opening, Step
from openinspector.assess.resources import Place, finding_arn
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
    "AWS::EC2::InternetGateway": "internet-gateway",
    "AWS::EC2::NetworkAcl": "network-acl",
    "AWS::EC2::SecurityGroup": "security-group",
    "AWS::EC2::NetworkInterface": "network-interface",
    "AWS::EC2::Instance": "instance",
}

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

_RANK: tuple[Severity, ...] = ("INFORMATIONAL", "LOW", "MEDIUM", "HIGH")


def severity(opening: Opening) -> Severity:
    """The highest of the services whose ports lie in the range."""
    column = 1 if opening.protocol == "TCP" else 2
    found = [
        row[3]
        for row in SERVICES
        if any(holds(opening.ports, port) for port in (row[1] if column == 1 else row[2]))
    ]
    return max(found, key=_RANK.index, default="INFORMATIONAL")


def network_finding(opening: Opening, resource: Resource, place: Place, at: float) -> Finding:
    """The finding of an opening; `at` is its instant in epoch seconds."""
    begin, end = opening.ports
    ports = f"Port {begin} is" if begin == end else f"Port range {begin}-{end} is"
    gateway = opening.path[0].id
    route = hashlib.sha256(f"{gateway}/{opening.interface}".encode()).hexdigest()
    return Finding(
        finding_arn=finding_arn(
            place, resource.id, "network", opening.protocol, f"{begin}-{end}", route
        ),
        aws_account_id=place.account,
        type="NETWORK_REACHABILITY",
        title=f"{ports} reachable from an Internet Gateway - {opening.protocol}",
        description=(
            f"On the instance {resource.id}, the port range {begin}-{end} is reachable from the"
            f" InternetGateway {gateway} from an attached ENI {opening.interface}."
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


def _step(step: Step, place: Place) -> PathStep:
    kind = _ARN_KINDS[step.type]
    arn = f"arn:{place.partition}:ec2:{place.region}:{place.account}:{kind}/{step.id}"
    return PathStep(component_id=step.id, component_type=step.type, component_arn=arn)
