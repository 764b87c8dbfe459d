"""Reachability of instances: findings for what is open, and scores that stand by it."""

from typing import Any

import pytest

from openinspector.monitor import scan as scanning
from openinspector.monitor.monitor import Monitor
from openinspector.monitor.network import analyse
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
        judge = scanning._judge

        def late(*told: Any) -> Any:
            judged = judge(*told)
            client.revoke_security_group_ingress(GroupId=group, IpPermissions=ingress(22))
            analyse(monitor, MANAGEMENT, REGION)
            with monitor.store.write() as connection:
                # As if it had run already: there was nothing recorded to be judged.
                connection.exec_driver_sql("DELETE FROM task WHERE kind = 'assess'")
            monkeypatch.setattr(scanning, "_judge", judge)
            return judged

        monkeypatch.setattr(scanning, "_judge", late)
        monkeypatch.setattr(scanning, "collect", real)
        return collected

    monkeypatch.setattr(scanning, "collect", slowly)
    switch_on(monitor, MANAGEMENT, "EC2")
    work(monitor)
    (flaw,) = findings(monitor, MANAGEMENT, vulnerabilityId=REGRESSION)
    assert flaw["inspectorScore"] == 7.4, "nothing gets in"
