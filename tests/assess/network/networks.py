"""Random networks, as describe output tells them."""

from typing import Any

from hypothesis import strategies as st

BLOCKS = {
    4: ("0.0.0.0/0", "8.0.0.0/7", "8.8.0.0/16", "8.8.8.0/24", "8.8.8.8/32", "10.0.0.0/16"),
    6: ("::/0", "2600::/16", "2600:1f00::/24", "2600:1f00:1::/48", "2600:1f00:1::7/128"),
}
ADDRESSES = {
    4: ("8.8.8.8", "8.8.8.9", "8.8.9.1", "9.1.1.1", "1.1.1.1", "223.255.255.255"),
    6: ("2600:1f00:1::7", "2600:1f00:1::8", "2600:1f00:2::1", "2600:2::1", "2a00::1"),
}
PORTS = (0, 22, 80, 443, 1023, 1024, 3389, 40000, 65535)
GATEWAY = "igw-1"

versions = st.sampled_from((4, 6))
spans = st.tuples(st.sampled_from(PORTS), st.sampled_from(PORTS)).map(sorted)


@st.composite
def _routes(draw: st.DrawFn) -> dict[str, Any]:
    version = draw(versions)
    name = "DestinationCidrBlock" if version == 4 else "DestinationIpv6CidrBlock"
    route = {
        name: draw(st.sampled_from(BLOCKS[version])),
        "GatewayId": draw(st.sampled_from((GATEWAY, GATEWAY, "local", "vgw-1"))),
    }
    if draw(st.integers(0, 5)) == 0:
        route["State"] = "blackhole"
    return route


@st.composite
def _entries(draw: st.DrawFn, number: int) -> dict[str, Any]:
    version = draw(versions)
    name = "CidrBlock" if version == 4 else "Ipv6CidrBlock"
    entry = {
        "RuleNumber": number,
        "Egress": draw(st.booleans()),
        "RuleAction": draw(st.sampled_from(("allow", "allow", "deny"))),
        "Protocol": draw(st.sampled_from(("-1", "6", "17", "1"))),
        name: draw(st.sampled_from(BLOCKS[version])),
    }
    if entry["Protocol"] != "-1":
        low, high = draw(spans)
        entry["PortRange"] = {"From": low, "To": high}
    return entry


@st.composite
def _permissions(draw: st.DrawFn) -> dict[str, Any]:
    permission: dict[str, Any] = {
        "IpProtocol": draw(st.sampled_from(("-1", "tcp", "udp", "icmp"))),
        "IpRanges": [{"CidrIp": x} for x in draw(st.lists(st.sampled_from(BLOCKS[4]), max_size=2))],
        "Ipv6Ranges": [
            {"CidrIpv6": x} for x in draw(st.lists(st.sampled_from(BLOCKS[6]), max_size=2))
        ],
    }
    if permission["IpProtocol"] != "-1":
        low, high = draw(spans)
        permission.update(FromPort=low, ToPort=high)
    return permission


@st.composite
def networks(draw: st.DrawFn) -> dict[str, Any]:
    """One VPC with up to three groups, and one interface in one subnet."""
    count = draw(st.integers(1, 3))
    groups = [
        {"GroupId": f"sg-{n}", "IpPermissions": draw(st.lists(_permissions(), max_size=3))}
        for n in range(count)
    ]
    own = draw(st.booleans())
    routes = draw(
        st.lists(
            _routes(),
            max_size=5,
            unique_by=lambda each: (
                each.get("DestinationCidrBlock") or each["DestinationIpv6CidrBlock"]
            ),
        )
    )
    numbers = range(100, 100 + draw(st.integers(0, 8)))
    address: dict[str, Any] = {"PrivateIpAddress": "10.0.0.5"}
    if draw(st.integers(0, 5)):
        address["Association"] = {"PublicIp": "52.1.2.3"}
    association = {"SubnetId": "subnet-1"} if own else {"Main": True}
    return {
        "Subnets": [{"SubnetId": "subnet-1", "VpcId": "vpc-1"}],
        "InternetGateways": [
            {
                "InternetGatewayId": GATEWAY,
                "Attachments": [{"VpcId": "vpc-1", "State": "available"}],
            }
        ],
        "RouteTables": [
            {
                "RouteTableId": "rtb-1",
                "VpcId": "vpc-1",
                "Associations": [association],
                "Routes": routes,
            }
        ],
        "NetworkAcls": [
            {
                "NetworkAclId": "acl-1",
                "VpcId": "vpc-1",
                "IsDefault": not own,
                "Associations": [{"SubnetId": "subnet-1"}],
                "Entries": [draw(_entries(number)) for number in numbers],
            }
        ],
        "SecurityGroups": groups,
        "NetworkInterfaces": [
            {
                "NetworkInterfaceId": "eni-1",
                "VpcId": "vpc-1",
                "SubnetId": "subnet-1",
                "Groups": [{"GroupId": each["GroupId"]} for each in groups],
                "Attachment": {"InstanceId": "i-0123456789abcdef0"},
                "PrivateIpAddresses": [address],
                "Ipv6Addresses": [{"Ipv6Address": "2600:1f18::5"}],
            }
        ],
    }
