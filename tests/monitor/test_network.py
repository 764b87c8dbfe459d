"""Reachability of instances: findings for what is open, and scores that stand by it."""

from dataclasses import replace
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import Connection

from openinspector.assess.network import ORIGINS, read_network
from openinspector.aws.handing_over import put_inventory
from openinspector.aws.network import describe_network
from openinspector.cli import reach
from openinspector.inventory.ssm import pack
from openinspector.model import Distribution, Inventory, Listener, Target
from openinspector.monitor import scan as scanning
from openinspector.monitor.monitor import Monitor
from openinspector.monitor.network import analyse
from openinspector.monitor.networks import Networks
from tests.assess.network.test_reach import example
from tests.emulator import Emulator
from tests.emulator.server import MANAGEMENT, REGION
from tests.monitor.conftest import Clock
from tests.monitor.driving import coverage, findings, switch_on, work
from tests.monitor.test_instances import REGRESSION, launch, manage


def expose(cloud: Emulator, name: str) -> str:
    """Put an instance on the internet: a gateway and a route; its group, which decides."""
    client = cloud.client("ec2")
    (reservation,) = client.describe_instances(InstanceIds=[name])["Reservations"]
    (instance,) = reservation["Instances"]
    gateway = client.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    client.attach_internet_gateway(InternetGatewayId=gateway, VpcId=instance["VpcId"])
    tables = client.describe_route_tables(
        Filters=[{"Name": "vpc-id", "Values": [instance["VpcId"]]}]
    )["RouteTables"]
    for table in tables:
        client.create_route(
            RouteTableId=table["RouteTableId"],
            DestinationCidrBlock="0.0.0.0/0",
            GatewayId=gateway,
        )
    made = client.create_security_group(
        GroupName=name, Description="of a test", VpcId=instance["VpcId"]
    )
    interface = instance["NetworkInterfaces"][0]["NetworkInterfaceId"]
    client.modify_network_interface_attribute(
        NetworkInterfaceId=interface, Groups=[made["GroupId"]]
    )
    return str(made["GroupId"])


def ingress(port: int) -> list[dict[str, object]]:
    return [
        {
            "IpProtocol": "tcp",
            "FromPort": port,
            "ToPort": port,
            "IpRanges": [{"CidrIp": "0.0.0.0/0"}],
        }
    ]


def test_what_is_open_is_found_and_scores_move_with_it(
    monitor: Monitor, cloud: Emulator, clock: Clock
) -> None:
    name = launch(cloud)
    manage(cloud, name)
    client, group = cloud.client("ec2"), expose(cloud, name)
    client.authorize_security_group_ingress(GroupId=group, IpPermissions=ingress(22))
    switch_on(monitor, MANAGEMENT, "EC2")
    assert not [each for each in work(monitor) if each.endswith("failed")]
    assert coverage(monitor, MANAGEMENT)[f"{name}/NETWORK"] == ("ACTIVE", "SUCCESSFUL")
    (opening,) = findings(monitor, MANAGEMENT, findingType="NETWORK_REACHABILITY")
    assert opening["title"] == "Port 22 is reachable from an Internet Gateway - TCP"
    assert opening["severity"] == "MEDIUM"
    (flaw,) = findings(monitor, MANAGEMENT, vulnerabilityId=REGRESSION)
    assert (flaw["inspectorScore"], flaw["severity"]) == (8.1, "HIGH")
    assert flaw["status"] == "ACTIVE"

    client.revoke_security_group_ingress(GroupId=group, IpPermissions=ingress(22))
    clock.pass_by(monitor.intervals.listing)
    work(monitor)
    (opening,) = findings(monitor, MANAGEMENT, findingType="NETWORK_REACHABILITY")
    assert opening["status"] == "CLOSED"
    (flaw,) = findings(monitor, MANAGEMENT, vulnerabilityId=REGRESSION)
    assert (flaw["inspectorScore"], flaw["status"]) == (7.4, "ACTIVE"), "nothing gets in: local"
    (adjustment,) = flaw["inspectorScoreDetails"]["adjustedCvss"]["adjustments"]
    assert adjustment["metric"] == "Attack Vector"

    inside = [{**ingress(22)[0], "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}]
    client.authorize_security_group_ingress(GroupId=group, IpPermissions=inside)
    clock.pass_by(monitor.intervals.listing)
    work(monitor)
    (flaw,) = findings(monitor, MANAGEMENT, vulnerabilityId=REGRESSION)
    assert flaw["inspectorScore"] == 7.5, "other hosts may connect: adjacent"

    before = findings(monitor, MANAGEMENT)
    clock.pass_by(monitor.intervals.listing)
    work(monitor)
    assert findings(monitor, MANAGEMENT) == before


def balance(cloud: Emulator, name: str) -> None:
    """Put an internet-facing load balancer before an instance, from port 80 to port 8080."""
    client, elb = cloud.client("ec2"), cloud.client("elbv2")
    (reservation,) = client.describe_instances(InstanceIds=[name])["Reservations"]
    (instance,) = reservation["Instances"]
    vpc = instance["VpcId"]
    subnets = client.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["Subnets"]
    group = client.create_security_group(GroupName="lb", Description="x", VpcId=vpc)["GroupId"]
    client.authorize_security_group_ingress(GroupId=group, IpPermissions=ingress(80))
    (made,) = elb.create_load_balancer(
        Name="web",
        Subnets=[each["SubnetId"] for each in subnets][:2],
        SecurityGroups=[group],
        Scheme="internet-facing",
        Type="application",
    )["LoadBalancers"]
    (target,) = elb.create_target_group(Name="web", Protocol="HTTP", Port=8080, VpcId=vpc)[
        "TargetGroups"
    ]
    elb.register_targets(TargetGroupArn=target["TargetGroupArn"], Targets=[{"Id": name}])
    elb.create_listener(
        LoadBalancerArn=made["LoadBalancerArn"],
        Protocol="HTTP",
        Port=80,
        DefaultActions=[{"Type": "forward", "TargetGroupArn": target["TargetGroupArn"]}],
    )


def test_load_balancers_are_described_too(monitor: Monitor, cloud: Emulator, clock: Clock) -> None:
    name = launch(cloud)
    manage(cloud, name)
    group = expose(cloud, name)
    balance(cloud, name)
    cloud.client("elb").create_load_balancer(
        LoadBalancerName="classic",
        Listeners=[{"Protocol": "tcp", "LoadBalancerPort": 80, "InstancePort": 80}],
        AvailabilityZones=["us-east-1a"],
    )
    client = cloud.client("ec2")
    inside = [{**ingress(8080)[0], "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}]
    client.authorize_security_group_ingress(GroupId=group, IpPermissions=inside)
    switch_on(monitor, MANAGEMENT, "EC2")
    assert not [each for each in work(monitor) if each.endswith("failed")]
    called = {call.operation for call in cloud.calls}
    assert {"DescribeTargetHealth", "DescribeRules", "DescribeInstanceHealth"} <= called


def test_a_network_that_cannot_be_described_changes_nothing(
    monitor: Monitor, cloud: Emulator, clock: Clock
) -> None:
    name = launch(cloud)
    manage(cloud, name)
    group = expose(cloud, name)
    client = cloud.client("ec2")
    client.authorize_security_group_ingress(GroupId=group, IpPermissions=ingress(3389))
    switch_on(monitor, MANAGEMENT, "EC2")
    work(monitor)
    before = findings(monitor, MANAGEMENT)
    cloud.faults.add("denied", "ec2", "DescribeSecurityGroups")
    clock.pass_by(monitor.intervals.network)
    assert "network failed" in work(monitor)
    assert findings(monitor, MANAGEMENT) == before


def test_what_is_judged_while_the_network_is_analysed_is_judged_again(
    monitor: Monitor, cloud: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The analysis comes after a scan read what was known of the network, before it is recorded."""
    name = launch(cloud)
    manage(cloud, name)
    client, group = cloud.client("ec2"), expose(cloud, name)
    client.authorize_security_group_ingress(GroupId=group, IpPermissions=ingress(22))
    real = scanning.collect

    def slowly(*arguments: Any) -> Any:
        collected = real(*arguments)
        judge = scanning.judge

        def late(*told: Any) -> Any:
            judged = judge(*told)
            client.revoke_security_group_ingress(GroupId=group, IpPermissions=ingress(22))
            analyse(monitor, MANAGEMENT, REGION)
            with monitor.store.write() as connection:
                # As if it had run already: there was nothing recorded to be judged.
                connection.exec_driver_sql("DELETE FROM task WHERE kind = 'assess'")
            monkeypatch.setattr(scanning, "judge", judge)
            return judged

        monkeypatch.setattr(scanning, "judge", late)
        monkeypatch.setattr(scanning, "collect", real)
        return collected

    monkeypatch.setattr(scanning, "collect", slowly)
    switch_on(monitor, MANAGEMENT, "EC2")
    work(monitor)
    (flaw,) = findings(monitor, MANAGEMENT, vulnerabilityId=REGRESSION)
    assert flaw["inspectorScore"] == 7.4, "nothing gets in"


def test_a_stopped_instance_keeps_its_findings_until_it_runs_again(
    monitor: Monitor, cloud: Emulator, clock: Clock
) -> None:
    """Stopped, it has no public address for a while; the rules that opened it are still there."""
    name = launch(cloud)
    manage(cloud, name)
    client, group = cloud.client("ec2"), expose(cloud, name)
    client.authorize_security_group_ingress(GroupId=group, IpPermissions=ingress(22))
    switch_on(monitor, MANAGEMENT, "EC2")
    work(monitor)
    client.stop_instances(InstanceIds=[name])
    client.revoke_security_group_ingress(GroupId=group, IpPermissions=ingress(22))
    clock.pass_by(monitor.intervals.network)
    work(monitor)
    row = f"{name}/NETWORK"
    assert coverage(monitor, MANAGEMENT)[row] == ("INACTIVE", "EC2_INSTANCE_STOPPED")
    (opening,) = findings(monitor, MANAGEMENT, findingType="NETWORK_REACHABILITY")
    assert opening["status"] == "ACTIVE"
    client.start_instances(InstanceIds=[name])
    clock.pass_by(monitor.intervals.network)
    work(monitor)
    assert coverage(monitor, MANAGEMENT)[row] == ("ACTIVE", "SUCCESSFUL")
    (opening,) = findings(monitor, MANAGEMENT, findingType="NETWORK_REACHABILITY")
    assert opening["status"] == "CLOSED"


def test_the_twelve_hours_are_kept_and_what_changed_is_signalled_in_the_same_breath(
    monitor: Monitor, cloud: Emulator, clock: Clock
) -> None:
    name = launch(cloud)
    manage(cloud, name)
    client, group = cloud.client("ec2"), expose(cloud, name)
    switch_on(monitor, MANAGEMENT, "EC2")
    work(monitor)
    (flaw,) = findings(monitor, MANAGEMENT, vulnerabilityId=REGRESSION)
    assert flaw["inspectorScore"] == 7.4
    client.authorize_security_group_ingress(GroupId=group, IpPermissions=ingress(22))
    # Nobody tells, and listings are kept from asking: only the cadence is left.
    with monitor.store.write() as connection:
        connection.exec_driver_sql("DELETE FROM task WHERE kind = 'discover-EC2'")
        sent = len(transitions_of(connection))
    clock.pass_by(monitor.intervals.network)
    work(monitor)
    (opening,) = findings(monitor, MANAGEMENT, findingType="NETWORK_REACHABILITY")
    assert opening["status"] == "ACTIVE"
    (flaw,) = findings(monitor, MANAGEMENT, vulnerabilityId=REGRESSION)
    assert flaw["inspectorScore"] == 8.1
    with monitor.store.read() as connection:
        told = transitions_of(connection)[sent:]
    assert sorted(kind for _, kind in told) == ["OPENED", "UPDATED"]
    assert {arn for arn, _ in told} == {opening["findingArn"], flaw["findingArn"]}


def hand_over(cloud: Emulator, name: str, listeners: tuple[Listener, ...]) -> None:
    """What the agent hands over: a system without packages, and what listens there."""
    manage(cloud, name, ())
    system = Distribution("amzn", "Amazon Linux", "2023", "Amazon Linux", "2023")
    inventory = Inventory(Target("host", "x"), distribution=system, listeners=listeners)
    put_inventory(name, REGION, pack(inventory))


def transitions_of(connection: Connection) -> list[tuple[str, str]]:
    rows = connection.exec_driver_sql("SELECT arn, kind FROM transition ORDER BY row_id")
    return [(arn, kind) for arn, kind in rows]


def test_who_listens_is_told_by_the_agent_s_inventory(
    monitor: Monitor, cloud: Emulator, clock: Clock
) -> None:
    name = launch(cloud)
    hand_over(cloud, name, (Listener("TCP", 22, "/usr/sbin/sshd"),))
    client, group = cloud.client("ec2"), expose(cloud, name)
    client.authorize_security_group_ingress(GroupId=group, IpPermissions=ingress(22))
    switch_on(monitor, MANAGEMENT, "EC2")
    work(monitor)
    clock.pass_by(monitor.intervals.listing)
    work(monitor)
    (opening,) = findings(monitor, MANAGEMENT, findingType="NETWORK_REACHABILITY")
    assert opening["description"].endswith("Listening there: /usr/sbin/sshd on 22.")


def test_other_origins_are_looked_at_where_that_is_wanted(
    monitor: Monitor, cloud: Emulator, clock: Clock
) -> None:
    name = launch(cloud)
    manage(cloud, name)
    client, group = cloud.client("ec2"), expose(cloud, name)
    client.authorize_security_group_ingress(GroupId=group, IpPermissions=inside("172.16.0.0/12"))
    near = client.describe_instances(InstanceIds=[name])["Reservations"][0]["Instances"][0]
    peer(cloud, near["VpcId"])
    switch_on(monitor, MANAGEMENT, "EC2")
    work(monitor)
    assert findings(monitor, MANAGEMENT, findingType="NETWORK_REACHABILITY") == []
    wide = replace(monitor, origins=ORIGINS)
    clock.pass_by(monitor.intervals.network)
    assert not [each for each in work(wide) if each.endswith("failed")]
    (opening,) = findings(monitor, MANAGEMENT, findingType="NETWORK_REACHABILITY")
    assert opening["title"] == "Port 22 is reachable from a VPC Peering Connection - TCP"
    assert opening["severity"] == "LOW"
    (flaw,) = findings(monitor, MANAGEMENT, vulnerabilityId=REGRESSION)
    assert flaw["inspectorScore"] == 7.5, "adjacent: no path from the internet"


def inside(block: str) -> list[dict[str, object]]:
    return [{**ingress(22)[0], "IpRanges": [{"CidrIp": block}]}]


def peer(cloud: Emulator, vpc: str) -> None:
    """Another VPC with a subnet, and routes both ways over a peering connection."""
    client = cloud.client("ec2")
    far = client.create_vpc(CidrBlock="172.20.0.0/16")["Vpc"]["VpcId"]
    client.create_subnet(VpcId=far, CidrBlock="172.20.0.0/24")
    made = client.create_vpc_peering_connection(VpcId=vpc, PeerVpcId=far)
    name = made["VpcPeeringConnection"]["VpcPeeringConnectionId"]
    client.accept_vpc_peering_connection(VpcPeeringConnectionId=name)
    # The emulated instances have addresses outside of their VPC's block.
    for each, block in ((vpc, "172.20.0.0/16"), (far, "10.0.0.0/8")):
        of_vpc = [{"Name": "vpc-id", "Values": [each]}]
        for table in client.describe_route_tables(Filters=of_vpc)["RouteTables"]:
            client.create_route(
                RouteTableId=table["RouteTableId"],
                DestinationCidrBlock=block,
                VpcPeeringConnectionId=name,
            )


def test_a_later_look_decides_only_what_changed(
    monitor: Monitor, cloud: Emulator, clock: Clock
) -> None:
    names = [launch(cloud), launch(cloud)]
    group = expose(cloud, names[0])
    client = cloud.client("ec2")
    client.authorize_security_group_ingress(GroupId=group, IpPermissions=ingress(22))
    switch_on(monitor, MANAGEMENT, "EC2")
    work(monitor)
    place = (MANAGEMENT, REGION)
    described = describe_network(monitor.sessions, *place)
    assert monitor.networks.compute(place, described, monitor.origins).decided == 0
    client.revoke_security_group_ingress(GroupId=group, IpPermissions=ingress(22))
    described = describe_network(monitor.sessions, *place)
    assert monitor.networks.compute(place, described, monitor.origins).decided == 1
    everything = monitor.networks.compute(place, described, ORIGINS)
    assert everything.decided == 2, "of other origins nothing is known yet"


def test_a_user_asks_aws_itself(cloud: Emulator) -> None:
    name = launch(cloud)
    client, group = cloud.client("ec2"), expose(cloud, name)
    client.authorize_security_group_ingress(GroupId=group, IpPermissions=ingress(22))
    asked = ["--region", REGION, "--to", name, "--port", "22"]
    answer = CliRunner().invoke(reach.command, asked, catch_exceptions=False)
    assert answer.output.startswith(f"REACHABLE      {name}  TCP 22  from everywhere (IPv4)")
    client.modify_vpc_block_public_access_options(InternetGatewayBlockMode="block-ingress")
    answer = CliRunner().invoke(reach.command, asked, catch_exceptions=False)
    assert "blocked by VPCBlockPublicAccessOptions" in answer.output
    private = [*asked, "--from", "direct-connect", "--from", "transit-gateway"]
    answer = CliRunner().invoke(reach.command, private, catch_exceptions=False)
    assert "no transit gateway leads to it" in answer.output


def test_direct_connect_is_described_at_its_gateways(monitor: Monitor, cloud: Emulator) -> None:
    client = cloud.client("ec2")
    vpc = client.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    made = client.create_vpn_gateway(Type="ipsec.1")["VpnGateway"]["VpnGatewayId"]
    client.attach_vpn_gateway(VpnGatewayId=made, VpcId=vpc)
    cloud.client("directconnect").create_direct_connect_gateway_association(
        directConnectGatewayId="dxgw-1",
        virtualGatewayId=made,
        addAllowedPrefixesToDirectConnectGateway=[{"cidr": "10.9.0.0/16"}],
    )
    described = describe_network(monitor.sessions, MANAGEMENT, REGION, ("direct-connect",))
    gateway = read_network(described).virtual_gateways[vpc]
    assert (gateway.direct_connect, len(gateway.announced)) == (True, 1)


def test_a_transit_gateway_is_described_with_its_routes(monitor: Monitor, cloud: Emulator) -> None:
    client = cloud.client("ec2")
    gateway = client.create_transit_gateway()["TransitGateway"]["TransitGatewayId"]
    attached = {}
    for block in ("10.8.0.0/16", "10.9.0.0/16"):
        vpc = client.create_vpc(CidrBlock=block)["Vpc"]["VpcId"]
        subnet = client.create_subnet(VpcId=vpc, CidrBlock=block)["Subnet"]["SubnetId"]
        made = client.create_transit_gateway_vpc_attachment(
            TransitGatewayId=gateway, VpcId=vpc, SubnetIds=[subnet]
        )["TransitGatewayVpcAttachment"]["TransitGatewayAttachmentId"]
        attached[block] = made
    (table,) = client.describe_transit_gateway_route_tables()["TransitGatewayRouteTables"]
    for block, name in attached.items():
        client.create_transit_gateway_route(
            TransitGatewayRouteTableId=table["TransitGatewayRouteTableId"],
            DestinationCidrBlock=block,
            TransitGatewayAttachmentId=name,
        )
    described = describe_network(monitor.sessions, MANAGEMENT, REGION, ("transit-gateway",))
    network = read_network(described)
    (routes,) = network.transit_routes.values()
    assert set(attached.values()) <= {each.target for each in routes}
    assert {each.id for each in network.attachments[gateway]} == set(attached.values())


def test_networks_are_forgotten_when_there_are_too_many() -> None:
    """The last used ones are kept, up to so many interfaces of all of them together."""
    networks = Networks(most=2)
    for place in ("a", "b", "a", "c"):
        networks.compute((place, REGION), example(), ("internet",))
    decided = {
        place: networks.compute((place, REGION), example(), ("internet",)).decided
        for place in ("a", "c", "b")
    }
    assert decided == {"a": 0, "c": 0, "b": 1}
