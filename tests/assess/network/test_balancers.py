"""Load balancers by hand: what AWS documents of each kind."""

from typing import Any

import pytest

from openinspector.assess.network import Opening, explain, openings, read_network
from openinspector.assess.network.intervals import holds
from tests.assess.network.test_reach import example

ARN = "arn:aws:elasticloadbalancing:us-east-1:111122223333:"
GROUP = ARN + "targetgroup/web/73e2d6bc24d8a067"
INSTANCE = "i-0123456789abcdef0"


def group(name: str, port: int, **source: Any) -> dict[str, Any]:
    permission = {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, **source}
    return {"GroupId": name, "IpPermissions": [permission]}


ANYONE = {"IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
FROM_BALANCER = {"UserIdGroupPairs": [{"GroupId": "sg-lb"}]}


def balanced(kind: str = "application", **changes: Any) -> dict[str, Any]:
    """A private web server on 8080 behind a load balancer that listens on 80 in a public subnet."""
    described = example()
    name = f"{'net' if kind == 'network' else 'app'}/web/50dc6c495c0c9188"
    protocol = "TCP" if kind == "network" else "HTTP"
    described["Subnets"] = [
        {"SubnetId": "subnet-1", "VpcId": "vpc-1", "CidrBlock": "10.0.0.0/24"},
        {"SubnetId": "subnet-2", "VpcId": "vpc-1", "CidrBlock": "10.0.1.0/24"},
    ]
    described["RouteTables"].append(
        {
            "RouteTableId": "rtb-private",
            "VpcId": "vpc-1",
            "Routes": [],
            "Associations": [{"SubnetId": "subnet-1"}],
        }
    )
    del described["NetworkInterfaces"][0]["PrivateIpAddresses"][0]["Association"]
    described["SecurityGroups"] = [
        group("sg-1", 8080, **FROM_BALANCER),
        group("sg-lb", 80, **ANYONE),
    ]
    described["LoadBalancers"] = [
        {
            "LoadBalancerArn": f"{ARN}loadbalancer/{name}",
            "Type": kind,
            "VpcId": "vpc-1",
            "Scheme": "internet-facing",
            "State": {"Code": "active"},
            "IpAddressType": "ipv4",
            "SecurityGroups": ["sg-lb"],
            "AvailabilityZones": [{"SubnetId": "subnet-2"}],
        }
    ]
    described["Listeners"] = [
        {
            "ListenerArn": f"{ARN}listener/{name}/f2f7dc8efc522ab2",
            "Port": 80,
            "Protocol": protocol,
            "LoadBalancerArn": f"{ARN}loadbalancer/{name}",
            "DefaultActions": [{"Type": "forward", "TargetGroupArn": GROUP}],
        }
    ]
    described["Rules"] = []
    described["TargetGroups"] = [target_group(protocol=protocol)]
    return {**described, **changes}


def target_group(protocol: str = "HTTP", **changes: Any) -> dict[str, Any]:
    return {
        "TargetGroupArn": GROUP,
        "Protocol": protocol,
        "Port": 8080,
        "VpcId": "vpc-1",
        "TargetType": "instance",
        "TargetHealthDescriptions": [health(INSTANCE)],
        **changes,
    }


def health(target: str, state: str = "healthy") -> dict[str, Any]:
    return {"Target": {"Id": target, "Port": 8080}, "TargetHealth": {"State": state}}


def found(described: dict[str, Any]) -> list[Opening]:
    network = read_network(described)
    return list(openings(network, network.interfaces["eni-1"]))


def test_an_application_balancer_opens_the_target_s_port_with_its_whole_path() -> None:
    (opening,) = found(balanced())
    assert (opening.protocol, opening.ports) == ("TCP", (8080, 8080))
    assert [step.id for step in opening.path] == [
        *("igw-1", "acl-1", "sg-lb", "app/web/50dc6c495c0c9188"),
        *("acl-1", "sg-1", "eni-1", INSTANCE),
    ]


def test_an_acl_between_two_subnets_is_a_step_of_its_own() -> None:
    described = balanced()
    both = [{"SubnetId": "subnet-1"}]
    acl = {**described["NetworkAcls"][0], "NetworkAclId": "acl-2", "IsDefault": False}
    described["NetworkAcls"].append({**acl, "Associations": both})
    described["NetworkAcls"][0]["Associations"] = []
    (opening,) = found(described)
    assert [step.id for step in opening.path][3:5] == ["app/web/50dc6c495c0c9188", "acl-2"]


@pytest.mark.parametrize(
    "change",
    [
        {"LoadBalancers": []},
        {"Listeners": []},
        {"TargetGroups": [target_group(TargetHealthDescriptions=[])]},
        {"TargetGroups": [target_group(TargetType="lambda")]},
        {"SecurityGroups": [group("sg-1", 8080, **FROM_BALANCER), group("sg-lb", 443, **ANYONE)]},
        {"SecurityGroups": [group("sg-1", 80, **FROM_BALANCER), group("sg-lb", 80, **ANYONE)]},
        {
            "SecurityGroups": [
                group("sg-1", 8080, **FROM_BALANCER),
                {**group("sg-lb", 80, **ANYONE), "IpPermissionsEgress": []},
            ]
        },
        {"InternetGateways": []},
    ],
)
def test_every_component_is_needed(change: dict[str, Any]) -> None:
    assert found(balanced(**change)) == []


def test_an_internal_balancer_is_no_way_from_the_internet() -> None:
    described = balanced()
    described["LoadBalancers"][0]["Scheme"] = "internal"
    assert found(described) == []


@pytest.mark.parametrize(
    ("states", "reached"),
    [
        (("healthy",), True),
        (("unhealthy",), True),
        (("unhealthy", "healthy"), False),
        (("initial", "healthy"), False),
        (("draining",), False),
        (("unused",), False),
        (("unavailable", "healthy"), True),
    ],
)
def test_health_decides_and_a_group_without_healthy_targets_fails_open(
    states: tuple[str, ...], reached: bool
) -> None:
    described = balanced()
    other = {**described["NetworkInterfaces"][0], "NetworkInterfaceId": "eni-2"}
    described["NetworkInterfaces"].append({**other, "Attachment": {"InstanceId": "i-2"}})
    targets = [health(*each) for each in zip((INSTANCE, "i-2"), states, strict=False)]
    described["TargetGroups"] = [target_group(TargetHealthDescriptions=targets)]
    assert bool(found(described)) is reached


def test_a_rule_for_source_addresses_narrows_who_gets_through() -> None:
    described = balanced()
    described["Listeners"][0]["DefaultActions"] = [{"Type": "fixed-response"}]
    listener = described["Listeners"][0]["ListenerArn"]
    described["Rules"] = [
        {
            "RuleArn": listener.replace(":listener/", ":listener-rule/") + "/9683b2d02a6cabee",
            "Priority": "10",
            "Conditions": [{"Field": "source-ip", "SourceIpConfig": {"Values": ["8.8.8.0/24"]}}],
            "Actions": [{"Type": "forward", "TargetGroupArn": GROUP}],
        }
    ]
    (opening,) = found(described)
    assert opening.parts[0].sources == ((0x08080800, 0x080808FF),)


def _network(attribute: str | None, source: dict[str, Any], groups: bool) -> list[Opening]:
    described = balanced("network")
    attributes = [{"Key": "preserve_client_ip.enabled", "Value": attribute}] if attribute else []
    described["TargetGroups"] = [target_group("TCP", Attributes=attributes)]
    described["SecurityGroups"][0] = group("sg-1", 8080, **source)
    if not groups:
        described["LoadBalancers"][0]["SecurityGroups"] = []
    return found(described)


@pytest.mark.parametrize(
    ("attribute", "block", "reached"),
    [
        (None, "8.8.8.0/24", True),
        (None, "10.0.0.0/16", False),
        ("false", "10.0.1.0/24", True),
        ("false", "8.8.8.0/24", False),
        ("true", "8.8.8.0/24", True),
    ],
)
@pytest.mark.parametrize("groups", [True, False])
def test_a_network_balancer_s_target_sees_the_client_unless_told_otherwise(
    attribute: str | None, block: str, reached: bool, groups: bool
) -> None:
    assert bool(_network(attribute, {"IpRanges": [{"CidrIp": block}]}, groups)) is reached


def test_preserved_clients_are_those_that_both_sides_allow() -> None:
    (opening,) = _network(None, {"IpRanges": [{"CidrIp": "8.8.8.0/24"}]}, groups=True)
    assert [part.sources for part in opening.parts] == [((0x08080800, 0x080808FF),)]


def test_a_target_may_name_the_network_balancer_s_group() -> None:
    assert _network(None, FROM_BALANCER, groups=True)
    assert not _network(None, FROM_BALANCER, groups=False)


def test_a_network_balancer_needs_no_route_of_the_target_s_subnet() -> None:
    (opening,) = _network(None, ANYONE, groups=False)
    assert [step.id for step in opening.path][:3] == ["igw-1", "acl-1", "net/web/50dc6c495c0c9188"]


@pytest.mark.parametrize(("state", "reached"), [("InService", True), ("OutOfService", False)])
def test_a_classic_balancer_serves_instances_in_service(state: str, reached: bool) -> None:
    listener = {"Protocol": "TCP", "LoadBalancerPort": 80, "InstancePort": 8080}
    described = balanced(LoadBalancers=[], Listeners=[], TargetGroups=[])
    described["LoadBalancerDescriptions"] = [
        {
            "LoadBalancerName": "old",
            "Scheme": "internet-facing",
            "VPCId": "vpc-1",
            "Subnets": ["subnet-2"],
            "SecurityGroups": ["sg-lb"],
            "ListenerDescriptions": [{"Listener": listener}],
            "Instances": [{"InstanceId": INSTANCE}],
            "InstanceStates": [{"InstanceId": INSTANCE, "State": state}],
        }
    ]
    assert [holds(each.ports, 8080) for each in found(described)] == [True] * reached


def test_what_is_forwarded_to_and_not_known_is_a_gap() -> None:
    network = read_network(balanced(TargetGroups=[]))
    assert any("forwarded to" in gap.reason for gap in network.gaps)
    target = target_group(TargetHealthDescriptions=[health("i-gone")])
    network = read_network(balanced(TargetGroups=[target]))
    assert any("i-gone" in gap.reason for gap in network.gaps)


@pytest.mark.parametrize(("egress", "ports"), [(True, (8080, 8080)), (False, (1024, 65535))])
def test_the_acl_of_the_balancer_s_subnet_must_let_the_call_out_and_its_answer_in(
    egress: bool, ports: tuple[int, int]
) -> None:
    described = balanced()
    own = {**described["NetworkAcls"][0], "NetworkAclId": "acl-2", "IsDefault": False}
    deny = {
        "RuleNumber": 1,
        "Egress": egress,
        "Protocol": "6",
        "RuleAction": "deny",
        "PortRange": {"From": ports[0], "To": ports[1]},
        "CidrBlock": "10.0.0.5/32",
    }
    own = {**own, "Entries": [deny, *own["Entries"]], "Associations": [{"SubnetId": "subnet-2"}]}
    described["NetworkAcls"][0]["Associations"] = []
    described["NetworkAcls"].append(own)
    assert found(described) == []


@pytest.mark.parametrize(
    ("attributes", "of_group", "reached"),
    [
        (None, None, True),
        ("true", None, True),
        ("false", None, False),
        ("false", "true", True),
        ("true", "false", False),
        ("false", "use_load_balancer_configuration", False),
    ],
)
def test_without_balancing_across_zones_a_node_calls_its_own_zone_only(
    attributes: str | None, of_group: str | None, reached: bool
) -> None:
    described = balanced()
    for subnet, zone in zip(described["Subnets"], "ab", strict=True):
        subnet["AvailabilityZone"] = zone
    for entry, value in (
        (described["LoadBalancers"][0], attributes),
        (described["TargetGroups"][0], of_group),
    ):
        if value is not None:
            told = {"Key": "load_balancing.cross_zone.enabled", "Value": value}
            entry["Attributes"] = [*entry.get("Attributes", ()), told]
    network = read_network(described)
    assert bool(list(openings(network, network.interfaces["eni-1"]))) is reached


@pytest.mark.parametrize(
    ("described", "component", "words"),
    [
        (
            balanced(SecurityGroups=[group("sg-1", 8080), group("sg-lb", 80, **ANYONE)]),
            "sg-1",
            "no rule of the groups",
        ),
        (
            balanced(
                SecurityGroups=[
                    group("sg-1", 8080, **FROM_BALANCER),
                    {**group("sg-lb", 80, **ANYONE), "IpPermissionsEgress": []},
                ]
            ),
            "sg-lb",
            "call TCP 8080",
        ),
        (
            balanced(
                SecurityGroups=[
                    group("sg-1", 8080, **FROM_BALANCER),
                    group("sg-lb", 81, **ANYONE),
                ]
            ),
            "sg-lb",
            "TCP 80 from",
        ),
    ],
)
def test_what_stops_the_way_through_a_load_balancer_is_named(
    described: dict[str, Any], component: str, words: str
) -> None:
    network = read_network(described)
    verdict = explain(network, network.interfaces["eni-1"], "TCP", 8080)
    assert verdict.opening is None
    assert verdict.blocked_by is not None
    assert (verdict.blocked_by.id, words in verdict.reason) == (component, True), verdict


def test_an_internal_load_balancer_is_what_stops_the_internet() -> None:
    described = balanced()
    described["LoadBalancers"][0]["Scheme"] = "internal"
    network = read_network(described)
    verdict = explain(network, network.interfaces["eni-1"], "TCP", 8080)
    assert verdict.blocked_by is not None
    assert verdict.blocked_by.id == "app/web/50dc6c495c0c9188"
    assert "no address that the internet can name" in verdict.reason
