"""Random networks with everything in them: load balancers, and four more ways in."""

from typing import Any

from hypothesis import strategies as st

from tests.assess.network.networks import GATEWAY, networks, spans

ORIGINS = ("internet", "peering", "vpn", "direct-connect", "transit-gateway")
SOURCES = (
    "8.8.8.8",
    "9.1.1.1",
    "10.1.0.7",
    "10.1.1.9",
    "10.2.0.4",
    "192.168.5.5",
    "2600:1f00:1::7",
)
SOURCES = (*SOURCES, "10.0.1.9", "2600:1f18:2::9")
PRIVATE = ("0.0.0.0/0", "10.0.0.0/8", "10.1.0.0/16", "10.1.0.0/24", "10.2.0.0/16", "192.168.0.0/16")
OURS = ("10.0.0.0/16", "10.0.0.0/24", "10.0.0.5/32", "10.0.0.0/8")
HOPS = (GATEWAY, "pcx-1", "vgw-1", "tgw-1", "nat-1", "eigw-1", "vpce-1")
NAMES = dict(zip(HOPS, ("GatewayId", "VpcPeeringConnectionId", "GatewayId"), strict=False))
NAMES.update({"tgw-1": "TransitGatewayId", "nat-1": "NatGatewayId"})
NAMES.update({"eigw-1": "EgressOnlyInternetGatewayId", "vpce-1": "GatewayId"})
NAMES["vpce-gone"] = "GatewayId"
STATES = (*("healthy",) * 6, "unhealthy", "initial", "draining", "unused", "unavailable")
BALANCER = "arn:aws:elasticloadbalancing:us-east-1:1:loadbalancer/net/lb/1"
LISTENER = BALANCER.replace("loadbalancer", "listener") + "/80"
TARGETS = "arn:aws:elasticloadbalancing:us-east-1:1:targetgroup/web/1"

likely = st.integers(0, 7).map(bool)
SOUND = [
    {"DestinationCidrBlock": "0.0.0.0/0", "GatewayId": GATEWAY},
    {"DestinationIpv6CidrBlock": "::/0", "GatewayId": GATEWAY},
    {"DestinationCidrBlock": "10.1.0.0/16", "VpcPeeringConnectionId": "pcx-1"},
    {"DestinationCidrBlock": "10.2.0.0/16", "TransitGatewayId": "tgw-1"},
    {"DestinationCidrBlock": "192.168.0.0/16", "GatewayId": "vgw-1"},
]
"""Routes under which everything works; drawn ones disturb them."""
INSPECTED = [
    {"DestinationCidrBlock": "0.0.0.0/0", "GatewayId": "vpce-1"},
    {"DestinationIpv6CidrBlock": "::/0", "GatewayId": "vpce-1"},
    *SOUND[2:],
]
"""The same behind a firewall's endpoint."""
EDGE = [
    {"DestinationCidrBlock": "10.0.0.0/16", "GatewayId": "vpce-1"},
    {"DestinationIpv6CidrBlock": "2600:1f18::/64", "GatewayId": "vpce-1"},
]
FAR = {"DestinationCidrBlock": "10.0.0.0/16", "VpcPeeringConnectionId": "pcx-1"}
TRANSIT = {
    "tbl-1": (("10.2.0.0/16", "att-3"), ("192.168.0.0/16", "att-vpn"), ("9.0.0.0/8", "att-dx")),
    "tbl-2": (("10.0.0.0/16", "att-1"),),
}
ALL = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}], "Ipv6Ranges": []}


@st.composite
def _route(draw: st.DrawFn, blocks: tuple[str, ...], hops: tuple[str, ...]) -> dict[str, Any]:
    hop = draw(st.sampled_from(hops))
    route = {"DestinationCidrBlock": draw(st.sampled_from(blocks)), NAMES[hop]: hop}
    if not draw(likely):
        route["State"] = "blackhole"
    if hop == "vgw-1" and draw(st.booleans()):
        route["Origin"] = "EnableVgwRoutePropagation"
    return route


def _unlike(routes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """At most one static and one propagated route to a block, as AWS has it."""
    return list(
        {
            (r.get("DestinationCidrBlock"), r.get("DestinationIpv6CidrBlock"), "Origin" in r): r
            for r in routes
        }.values()
    )


def _table(
    name: str, vpc: str, tie: dict[str, Any], routes: list[dict[str, Any]]
) -> dict[str, Any]:
    return {"RouteTableId": name, "VpcId": vpc, "Associations": [tie], "Routes": _unlike(routes)}


@st.composite
def _acl(draw: st.DrawFn, name: str, subnet: str) -> dict[str, Any]:
    entries: list[dict[str, Any]] = []
    for egress in (False, True):
        for number in range(draw(st.integers(0, 2))):
            low, high = draw(spans)
            entries.append(
                {
                    "RuleNumber": number,
                    "Egress": egress,
                    "Protocol": "6",
                    "RuleAction": draw(st.sampled_from(("allow", "deny"))),
                    "PortRange": {"From": low, "To": high},
                    "CidrBlock": draw(st.sampled_from((*PRIVATE, *OURS))),
                }
            )
        if draw(likely):
            for block in ({"CidrBlock": "0.0.0.0/0"}, {"Ipv6CidrBlock": "::/0"}):
                entries.append(
                    {
                        "RuleNumber": 100 + len(entries),
                        "Egress": egress,
                        "Protocol": "-1",
                        "RuleAction": "allow",
                        **block,
                    }
                )
    return {
        "NetworkAclId": name,
        "VpcId": "vpc-1",
        "IsDefault": False,
        "Entries": entries,
        "Associations": [{"SubnetId": subnet}],
    }


@st.composite
def _permission(draw: st.DrawFn, groups: tuple[str, ...]) -> dict[str, Any]:
    permission: dict[str, Any] = {
        "IpProtocol": draw(st.sampled_from(("-1", "tcp", "udp"))),
        "IpRanges": [{"CidrIp": x} for x in draw(st.lists(st.sampled_from(PRIVATE), max_size=1))],
        "Ipv6Ranges": [{"CidrIpv6": "::/0"}] if draw(st.booleans()) else [],
        "UserIdGroupPairs": [
            {"GroupId": x} for x in draw(st.lists(st.sampled_from(groups), max_size=2))
        ],
    }
    if permission["IpProtocol"] != "-1":
        low, high = draw(spans)
        permission.update(FromPort=low, ToPort=high)
    return permission


def permissions(*groups: str) -> st.SearchStrategy[list[dict[str, Any]]]:
    return st.lists(_permission(groups), max_size=3)


@st.composite
def _crossing(draw: st.DrawFn, *values: str) -> list[dict[str, str]]:
    told = [{"Key": "load_balancing.cross_zone.enabled", "Value": x} for x in values]
    return draw(st.lists(st.sampled_from(told), max_size=1))


@st.composite
def _inspection(draw: st.DrawFn) -> dict[str, Any]:
    """An endpoint of a firewall with the gateway's table, and what keeps the public out."""
    blocks = ("10.0.0.0/24", "10.0.1.0/24", "10.0.0.5/32")
    edge = draw(st.lists(_route(blocks, ("vpce-1", "vpce-1", "vpce-gone")), max_size=2))
    edge = [route for route in EDGE if draw(likely)] + edge
    return {
        "edge": _table("rtb-edge", "vpc-1", {"GatewayId": GATEWAY}, edge),
        "VpcEndpoints": [
            {
                "VpcEndpointId": "vpce-1",
                "VpcEndpointType": "GatewayLoadBalancer",
                "SubnetIds": draw(st.sampled_from((["subnet-1"], ["subnet-2"], ["subnet-2"]))),
            }
        ],
        "VpcBlockPublicAccessOptions": {
            "AwsAccountId": "1",
            "InternetGatewayBlockMode": draw(
                st.sampled_from((*("off",) * 6, "block-bidirectional", "block-ingress"))
            ),
        },
        "VpcBlockPublicAccessExclusions": [
            {
                "ResourceArn": f"arn:aws:ec2:us-east-1:1:{'vpc' if x[0] == 'v' else 'subnet'}/{x}",
                "InternetGatewayExclusionMode": draw(
                    st.sampled_from(("allow-bidirectional", "allow-egress"))
                ),
                "State": draw(st.sampled_from(("create-complete", "disable-complete"))),
            }
            for x in draw(st.lists(st.sampled_from(("vpc-1", "subnet-1", "subnet-2")), max_size=1))
        ],
    }


@st.composite
def _balancers(draw: st.DrawFn) -> dict[str, Any]:
    kind = draw(st.sampled_from(("classic", "application", "network", "network")))
    scheme = draw(st.sampled_from(("internet-facing", "internet-facing", "internal")))
    subnets = draw(st.sampled_from((["subnet-1"], ["subnet-2"], ["subnet-1", "subnet-2"])))
    groups = ["sg-lb"] if kind != "network" or draw(st.booleans()) else []
    state = draw(st.sampled_from(STATES))
    if kind == "classic":
        listener = {"Protocol": "TCP", "LoadBalancerPort": 80, "InstancePort": 22}
        return {
            "LoadBalancerDescriptions": [
                {
                    "LoadBalancerName": "lb",
                    "Scheme": scheme,
                    "VPCId": "vpc-1",
                    "Subnets": subnets,
                    "SecurityGroups": groups,
                    "LoadBalancerAttributes": {
                        "CrossZoneLoadBalancing": {"Enabled": draw(st.booleans())}
                    },
                    "ListenerDescriptions": [{"Listener": listener}],
                    "Instances": [{"InstanceId": "i-0123456789abcdef0"}],
                    "InstanceStates": [
                        {
                            "InstanceId": "i-0123456789abcdef0",
                            "State": draw(
                                st.sampled_from(("InService", "InService", "OutOfService"))
                            ),
                        }
                    ],
                }
            ]
        }
    balancer = BALANCER if kind == "network" else BALANCER.replace("/net/", "/app/")
    listener_arn = LISTENER if kind == "network" else LISTENER.replace("/net/", "/app/")
    spoken = ("TCP", "UDP", "TCP_UDP", "TLS") if kind == "network" else ("HTTP", "HTTPS")
    protocol = draw(st.sampled_from(spoken))
    by = draw(st.sampled_from(("instance", "ip")))
    rules = [
        {
            "RuleArn": listener_arn.replace(":listener/", ":listener-rule/") + "/1",
            "Priority": "1",
            "Conditions": [{"Field": "source-ip", "SourceIpConfig": {"Values": ["8.0.0.0/7"]}}],
            "Actions": [
                draw(
                    st.sampled_from(
                        ({"Type": "fixed-response"}, {"Type": "forward", "TargetGroupArn": TARGETS})
                    )
                )
            ],
        }
    ]
    healths = [
        {
            "Target": {"Id": "i-0123456789abcdef0" if by == "instance" else "10.0.0.5", "Port": 22},
            "TargetHealth": {"State": state},
        },
    ]
    if draw(st.booleans()):
        healths.append(
            {
                "Target": {"Id": "i-peer" if by == "instance" else "10.0.0.9", "Port": 80},
                "TargetHealth": {"State": draw(st.sampled_from(STATES))},
            }
        )
    return {
        "LoadBalancers": [
            {
                "LoadBalancerArn": balancer,
                "Type": kind,
                "Scheme": scheme,
                "VpcId": "vpc-1",
                "IpAddressType": draw(st.sampled_from(("ipv4", "dualstack"))),
                "SecurityGroups": groups,
                "Attributes": draw(_crossing("true", "false")),
                "AvailabilityZones": [{"SubnetId": x} for x in subnets],
            }
        ],
        "Listeners": [
            {
                "ListenerArn": listener_arn,
                "LoadBalancerArn": balancer,
                "Port": 80,
                "Protocol": protocol,
                "DefaultActions": [{"Type": "forward", "TargetGroupArn": TARGETS}],
            }
        ],
        "Rules": rules if kind == "application" and draw(st.booleans()) else [],
        "TargetGroups": [
            {
                "TargetGroupArn": TARGETS,
                "TargetType": by,
                "Protocol": protocol,
                "Port": 22,
                "VpcId": "vpc-1",
                "TargetHealthDescriptions": healths,
                "Attributes": draw(
                    st.sampled_from(
                        (
                            [],
                            *(
                                [{"Key": "preserve_client_ip.enabled", "Value": x}]
                                for x in ("true", "false")
                            ),
                        )
                    )
                )
                + draw(_crossing("true", "false", "use_load_balancer_configuration")),
            }
        ],
    }


@st.composite
def _transit(draw: st.DrawFn) -> dict[str, Any]:
    def routes(table: str, blocks: tuple[str, ...]) -> list[dict[str, Any]]:
        found = [
            {
                "DestinationCidrBlock": block,
                "Type": "static",
                "State": "active",
                "TransitGatewayAttachments": [{"TransitGatewayAttachmentId": name}],
            }
            for block, name in TRANSIT[table]
        ]
        found += [
            {
                "DestinationCidrBlock": draw(
                    st.sampled_from((*blocks, *(block for block, _ in TRANSIT[table])))
                ),
                "Type": draw(st.sampled_from(("static", "propagated"))),
                "State": "active" if draw(likely) else "blackhole",
                "TransitGatewayAttachments": [
                    {
                        "TransitGatewayAttachmentId": draw(
                            st.sampled_from(("att-1", "att-3", "att-vpn", "att-dx"))
                        )
                    }
                ],
            }
            for _ in range(draw(st.integers(0, 3)))
        ]
        return list({(r["DestinationCidrBlock"], r["Type"]): r for r in found}.values())

    kinds = {
        "att-1": ("vpc", "vpc-1"),
        "att-3": ("vpc", "vpc-3"),
        "att-vpn": ("vpn", "vpn-2"),
        "att-dx": ("direct-connect-gateway", "dx-1"),
    }
    attachments = [
        {
            "TransitGatewayAttachmentId": name,
            "TransitGatewayId": "tgw-1",
            "ResourceType": kind,
            "ResourceId": resource,
            "State": "available" if draw(likely) else "deleted",
        }
        for name, (kind, resource) in kinds.items()
    ]
    for each in attachments:
        if draw(likely):
            right = "tbl-1" if each["ResourceId"] == "vpc-1" else "tbl-2"
            table = draw(st.sampled_from((right, right, "tbl-1", "tbl-2", "tbl-gone")))
            each["Association"] = {"TransitGatewayRouteTableId": table, "State": "associated"}
    options = {"SecurityGroupReferencingSupport": "enable" if draw(st.booleans()) else "disable"}
    return {
        "TransitGatewayAttachments": attachments,
        "TransitGatewayVpcAttachments": [
            {
                "TransitGatewayAttachmentId": name,
                "TransitGatewayId": "tgw-1",
                "VpcId": vpc,
                "State": attachments[number]["State"],
                "Options": options,
                "SubnetIds": draw(st.sampled_from((["subnet-1"], ["subnet-2"])))
                if number == 0
                else [],
            }
            for number, (name, vpc) in enumerate((("att-1", "vpc-1"), ("att-3", "vpc-3")))
        ],
        "TransitGatewayRouteTables": [
            {"TransitGatewayRouteTableId": "tbl-1", "Routes": routes("tbl-1", PRIVATE)},
            {"TransitGatewayRouteTableId": "tbl-2", "Routes": routes("tbl-2", (*OURS, *PRIVATE))},
        ],
    }


@st.composite
def _focus(draw: st.DrawFn, described: dict[str, Any]) -> None:
    """Let all pass but for one thing in each component, so that this one thing decides."""
    blocks = ("0.0.0.0/0", "8.0.0.0/7", "10.0.1.0/24", "10.0.0.0/16", "10.1.0.0/16", "10.0.0.5/32")
    source = draw(st.sampled_from((*blocks, "sg-lb", "sg-peer")))
    rule: dict[str, Any] = {"IpProtocol": "-1", "IpRanges": [], "Ipv6Ranges": []}
    if source.startswith("sg-"):
        rule["UserIdGroupPairs"] = [{"GroupId": source}]
    else:
        rule["IpRanges"] = [{"CidrIp": source}]
    for group in described["SecurityGroups"]:
        group["IpPermissions"] = [rule] if group["GroupId"] == "sg-0" else []
        if group["GroupId"] == "sg-lb":
            group["IpPermissions"] = group["IpPermissionsEgress"] = [ALL]
    described["NetworkAcls"] = []
    for number in (1, 2):
        allow = {"RuleAction": "allow", "Protocol": "-1", "CidrBlock": "0.0.0.0/0"}
        entries: list[dict[str, Any]] = [
            {"RuleNumber": 100, "Egress": egress, **allow} for egress in (False, True)
        ]
        if draw(st.booleans()):
            low, high = draw(st.sampled_from(((22, 22), (80, 80), (1024, 65535))))
            entries.append(
                {
                    "RuleNumber": 1,
                    "Egress": draw(st.booleans()),
                    "Protocol": "6",
                    "RuleAction": "deny",
                    "PortRange": {"From": low, "To": high},
                    "CidrBlock": draw(st.sampled_from(blocks)),
                }
            )
        described["NetworkAcls"].append(
            {
                "NetworkAclId": f"acl-{number}",
                "VpcId": "vpc-1",
                "IsDefault": False,
                "Entries": entries,
                "Associations": [{"SubnetId": f"subnet-{number}"}],
            }
        )


@st.composite
def wide_networks(draw: st.DrawFn) -> dict[str, Any]:
    """The VPC of `networks` with two more, and a drawn choice of everything that leads there."""
    described = draw(networks())
    sound = draw(likely)
    routes = st.lists(_route(PRIVATE, HOPS), max_size=4)
    described["RouteTables"][0]["Routes"] = _unlike(
        (
            draw(st.sampled_from((SOUND, SOUND, INSPECTED)))
            if sound
            else described["RouteTables"][0]["Routes"]
        )
        + draw(routes)
    )
    far = draw(st.lists(_route(OURS, ("pcx-1", "tgw-1", "nat-1")), max_size=2))
    described["RouteTables"] += [
        _table("rtb-2", "vpc-1", {"SubnetId": "subnet-2"}, SOUND * sound + draw(routes)),
        _table("rtb-3", "vpc-2", {"Main": True}, [FAR] * sound + far),
    ]
    described["Subnets"] = [
        {
            "SubnetId": "subnet-1",
            "VpcId": "vpc-1",
            "CidrBlock": "10.0.0.0/24",
            "AvailabilityZone": "a",
            "Ipv6CidrBlockAssociationSet": [{"Ipv6CidrBlock": "2600:1f18::/64"}],
        },
        {
            "SubnetId": "subnet-2",
            "VpcId": "vpc-1",
            "CidrBlock": "10.0.1.0/24",
            "AvailabilityZone": draw(st.sampled_from("aab")),
        },
        {"SubnetId": "subnet-3", "VpcId": "vpc-2", "CidrBlock": "10.1.0.0/24"},
        {"SubnetId": "subnet-4", "VpcId": "vpc-2", "CidrBlock": "10.1.1.0/24"},
    ]
    if not draw(likely):
        # Of another account's VPC nothing is described.
        del described["Subnets"][2:]
    if draw(st.booleans()):
        described["NetworkAcls"].append(draw(_acl("acl-2", "subnet-2")))
    if draw(likely):
        described["NetworkAcls"][0] = draw(_acl("acl-1", "subnet-1"))
    described["SecurityGroups"][0]["IpPermissions"] += draw(permissions("sg-lb", "sg-peer"))
    if draw(st.booleans()):
        members = [{"GroupId": "sg-lb"}]
        described["SecurityGroups"][0]["IpPermissions"].append({**ALL, "UserIdGroupPairs": members})
    described["SecurityGroups"] += [
        {
            "GroupId": "sg-lb",
            "IpPermissions": draw(permissions("sg-peer")) + [ALL] * draw(likely),
            "IpPermissionsEgress": draw(permissions("sg-0")),
        },
        {"GroupId": "sg-peer", "IpPermissions": []},
    ]
    described["NetworkInterfaces"] += [
        {
            "NetworkInterfaceId": "eni-peer",
            "VpcId": "vpc-2",
            "SubnetId": "subnet-3",
            "Groups": [{"GroupId": "sg-peer"}],
            "Attachment": {"InstanceId": "i-peer"},
            "PrivateIpAddresses": [{"PrivateIpAddress": "10.1.0.7"}],
            "Ipv6Addresses": [],
        },
        {
            "NetworkInterfaceId": "eni-third",
            "VpcId": "vpc-3",
            "SubnetId": "subnet-5",
            "Groups": [{"GroupId": "sg-peer"}],
            "Attachment": {"InstanceId": "i-third"},
            "PrivateIpAddresses": [{"PrivateIpAddress": "10.2.0.4"}],
            "Ipv6Addresses": [],
        },
    ]
    if draw(st.booleans()):
        described["NetworkInterfaces"].append(
            {
                "NetworkInterfaceId": "eni-lb",
                "VpcId": "vpc-1",
                "SubnetId": "subnet-2",
                "Groups": [],
                "Attachment": {},
                "Description": "ELB net/lb/1",
                "Ipv6Addresses": [],
                "PrivateIpAddresses": [{"PrivateIpAddress": "10.0.1.9"}],
            }
        )
    if draw(st.booleans()):
        draw(_focus(described))
    described["Vpcs"] = [{"VpcId": f"vpc-{n + 1}", "CidrBlock": f"10.{n}.0.0/16"} for n in range(3)]
    sides = [
        {"VpcId": "vpc-1", "CidrBlock": "10.0.0.0/16"},
        {"VpcId": "vpc-2", "CidrBlockSet": [{"CidrBlock": "10.1.0.0/16"}]},
    ]
    described["VpcPeeringConnections"] = [
        {
            "VpcPeeringConnectionId": "pcx-1",
            "RequesterVpcInfo": sides[0],
            "AccepterVpcInfo": sides[1],
            "Status": {"Code": draw(st.sampled_from(("active", "active", "deleted")))},
        }
    ]
    described["VpnGateways"] = [
        {
            "VpnGatewayId": "vgw-1",
            "VpcAttachments": [
                {"VpcId": "vpc-1", "State": draw(st.sampled_from(("attached", "detached")))}
            ],
        }
    ]
    described["VpnConnections"] = [
        {
            "VpnConnectionId": "vpn-1",
            "VpnGatewayId": "vgw-1",
            "State": draw(st.sampled_from(("available", "deleted"))),
        }
    ]
    described["directConnectGatewayAssociations"] = [
        {
            "virtualGatewayId": "vgw-1",
            "associationState": draw(st.sampled_from(("associated", "disassociated"))),
            "allowedPrefixesToDirectConnectGateway": [
                {"cidr": x} for x in draw(st.lists(st.sampled_from(OURS), max_size=1))
            ],
        }
    ]
    inspection = draw(_inspection())
    described["RouteTables"].append(inspection.pop("edge"))
    return {**described, **draw(_balancers()), **draw(_transit()), **inspection}
