"""How long reachability takes, by the number of interfaces: `python bench/reach.py [COUNT ...]`.

Seconds are of one processor; each count runs in a process of its own, whose peak of memory is told
with and without the evidence. Then how long one changed security group takes of that, with evidence
described anew.

Networks are made up: 200 interfaces to a subnet, a route table and ACL for each ten subnets, one
security group for each 20 interfaces beside a shared one, every third interface with IPv6, and an
internet-facing load balancer for each thousand interfaces, with ten targets.
"""

import resource
import subprocess
import sys
import time
from typing import Any

from openinspector.assess.network import compute, openings, read_network, recompute

COUNTS = (1_000, 10_000, 100_000)
PER_SUBNET, SUBNETS_PER_TABLE, PER_GROUP = 200, 10, 20
PER_BALANCER, TARGETS = 1_000, 10


def described(count: int) -> dict[str, Any]:
    """Describe output of a network with so many interfaces."""
    subnets = -(-count // PER_SUBNET)
    tables = -(-subnets // SUBNETS_PER_TABLE)
    allow = {"RuleAction": "allow", "Protocol": "-1", "CidrBlock": "0.0.0.0/0"}
    return {
        "Subnets": [{"SubnetId": f"subnet-{n}", "VpcId": "vpc-1"} for n in range(subnets)],
        "InternetGateways": [
            {"InternetGatewayId": "igw-1", "Attachments": [_attachment()]},
        ],
        "RouteTables": [
            {
                "RouteTableId": f"rtb-{n}",
                "VpcId": "vpc-1",
                "Associations": _subnets_of(n, subnets),
                "Routes": [
                    {"DestinationCidrBlock": "10.0.0.0/8", "GatewayId": "local"},
                    {"DestinationCidrBlock": "0.0.0.0/0", "GatewayId": "igw-1"},
                    {"DestinationIpv6CidrBlock": "::/0", "GatewayId": "igw-1"},
                ],
            }
            for n in range(tables)
        ],
        "NetworkAcls": [
            {
                "NetworkAclId": f"acl-{n}",
                "VpcId": "vpc-1",
                "Associations": _subnets_of(n, subnets),
                "Entries": [
                    {"RuleNumber": 100, "Egress": False, **allow},
                    {"RuleNumber": 100, "Egress": True, **allow},
                ],
            }
            for n in range(tables)
        ],
        "SecurityGroups": [_group(n) for n in range(-(-count // PER_GROUP))],
        "NetworkInterfaces": [_interface(n) for n in range(count)],
        **_balancers(-(-count // PER_BALANCER)),
    }


def _balancers(count: int) -> dict[str, Any]:
    """Application load balancers before some of the interfaces."""
    arn = "arn:aws:elasticloadbalancing:us-east-1:1:"
    forward = [{"Type": "forward", "TargetGroupArn": ""}]
    return {
        "LoadBalancers": [
            {
                "LoadBalancerArn": f"{arn}loadbalancer/app/lb/{n}",
                "Type": "application",
                "Scheme": "internet-facing",
                "VpcId": "vpc-1",
                "SecurityGroups": ["sg-0"],
                "AvailabilityZones": [{"SubnetId": f"subnet-{n * PER_BALANCER // PER_SUBNET}"}],
            }
            for n in range(count)
        ],
        "Listeners": [
            {
                "ListenerArn": f"{arn}listener/app/lb/{n}/1",
                "LoadBalancerArn": f"{arn}loadbalancer/app/lb/{n}",
                "Port": 443,
                "Protocol": "HTTPS",
                "DefaultActions": [{**forward[0], "TargetGroupArn": f"{arn}targetgroup/{n}"}],
            }
            for n in range(count)
        ],
        "Rules": [],
        "TargetGroups": [
            {
                "TargetGroupArn": f"{arn}targetgroup/{n}",
                "TargetType": "instance",
                "VpcId": "vpc-1",
                "Port": 443,
                "TargetHealthDescriptions": [
                    {"Target": {"Id": f"i-{n * PER_BALANCER + k}", "Port": 443}}
                    for k in range(TARGETS)
                ],
            }
            for n in range(count)
        ],
    }


def _attachment() -> dict[str, str]:
    return {"VpcId": "vpc-1", "State": "available"}


def _subnets_of(table: int, subnets: int) -> list[dict[str, str]]:
    first = table * SUBNETS_PER_TABLE
    return [{"SubnetId": f"subnet-{n}"} for n in range(first, min(first + 10, subnets))]


def _group(number: int) -> dict[str, Any]:
    blocks = [{"CidrIp": f"{11 + number % 80}.{n}.0.0/16"} for n in range(10)]
    permission = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": blocks}
    web = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443}
    everywhere = {**web, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    six = {**web, "Ipv6Ranges": [{"CidrIpv6": "::/0"}]}
    return {"GroupId": f"sg-{number}", "IpPermissions": [permission, everywhere, six]}


def _interface(number: int) -> dict[str, Any]:
    address: dict[str, Any] = {"PrivateIpAddress": "10.0.0.5"}
    if number % 2:
        address["Association"] = {"PublicIp": "52.1.2.3"}
    at = f"2600:1f18::{number >> 16:x}:{number & 65535:x}"
    six = [{"Ipv6Address": at}] if number % 3 == 0 else []
    return {
        "Ipv6Addresses": six,
        "NetworkInterfaceId": f"eni-{number}",
        "VpcId": "vpc-1",
        "SubnetId": f"subnet-{number // PER_SUBNET}",
        "Groups": [{"GroupId": "sg-0"}, {"GroupId": f"sg-{number // PER_GROUP}"}],
        "Attachment": {"InstanceId": f"i-{number}"},
        "PrivateIpAddresses": [address],
    }


def _mebibytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def measure(count: int) -> None:
    """Print seconds and memory for a count: reading the evidence, and deciding."""
    evidence = described(count)
    held = _mebibytes()
    started = time.process_time()
    network = read_network(evidence)
    read = time.process_time()
    memory: dict[Any, Any] = {}
    found = sum(1 for each in network.interfaces.values() for _ in openings(network, each, memory))
    decided = time.process_time()
    print(
        f"{count:>9,} interfaces: read {read - started:.2f} s, decided {decided - read:.2f} s,"
        f" {found:,} openings, peak {_mebibytes()} MiB, of which {held} evidence",
        flush=True,
    )
    _print_change(evidence, count)


def _print_change(before: dict[str, Any], count: int) -> None:
    after = described(count)
    after["SecurityGroups"][-1] = {**after["SecurityGroups"][-1], "IpPermissions": []}
    started = time.process_time()
    first = compute(before)
    computed = time.process_time()
    second = recompute(first, before, after)
    changed = time.process_time()
    full, part = computed - started, changed - computed
    print(
        f"{'':>9} one group changed: {second.decided:,} interfaces decided, {part:.2f} s,"
        f" 1/{full / part:.0f} of {full:.2f} s"
    )


def main() -> None:
    """One process for each count, so that each has a peak of its own."""
    counts = [int(word) for word in sys.argv[1:]] or COUNTS
    if len(counts) == 1:
        measure(counts[0])
        return
    for count in counts:
        subprocess.run([sys.executable, __file__, str(count)], check=True)


if __name__ == "__main__":
    main()
