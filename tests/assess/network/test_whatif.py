"""Plans applied to evidence: what opens and closes, and what is told instead of guessed."""

import copy
import json
from typing import Any

import pytest

from openinspector.assess.network import openings, read_network
from openinspector.assess.network.whatif import Planned, planned
from openinspector.model import OpenInspectorError
from tests.assess.network.test_reach import example

ANYWHERE = ["0.0.0.0/0"]


def terraform(*changes: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"format_version": "1.2", "resource_changes": list(changes), **more}


def change(kind: str, before: Any, after: Any, **unknown: bool) -> dict[str, Any]:
    actions = {(False, True): ["create"], (True, False): ["delete"], (True, True): ["update"]}
    return {
        "address": f"{kind}.it",
        "mode": "managed",
        "type": kind,
        "change": {
            "actions": actions[before is not None, after is not None],
            "before": before,
            "after": after,
            "after_unknown": unknown,
        },
    }


def ingress(port: int, blocks: list[str], **more: Any) -> dict[str, Any]:
    rule = {"protocol": "tcp", "from_port": port, "to_port": port, "cidr_blocks": blocks}
    return {**rule, "ipv6_cidr_blocks": [], "security_groups": [], "self": False, **more}


def group(*rules: dict[str, Any]) -> dict[str, Any]:
    return {"id": "sg-1", "vpc_id": "vpc-1", "ingress": list(rules)}


def group_rule(port: int) -> dict[str, Any]:
    return {"security_group_id": "sg-1", "type": "ingress", **ingress(port, ANYWHERE)}


def vpc_rule(port: int) -> dict[str, Any]:
    ports = {"ip_protocol": "tcp", "from_port": port, "to_port": port}
    return {"security_group_id": "sg-1", "cidr_ipv4": "0.0.0.0/0", **ports}


def route(target: str, gateway: str) -> dict[str, Any]:
    to = {"route_table_id": "rtb-1", "destination_cidr_block": "0.0.0.0/0"}
    return {**to, target: gateway}


def acl_rule(number: int, action: str) -> dict[str, Any]:
    return {
        "network_acl_id": "acl-1",
        "rule_number": number,
        "egress": False,
        "protocol": "6",
        "rule_action": action,
        "cidr_block": "0.0.0.0/0",
        "from_port": 22,
        "to_port": 22,
    }


TERRAFORM = terraform(
    change("aws_security_group", group(ingress(22, ANYWHERE)), group(ingress(443, ANYWHERE))),
    change("aws_route", None, route("gateway_id", "igw-1")),
    change("aws_network_acl_rule", None, acl_rule(50, "deny")),
    change("aws_s3_bucket", None, {"bucket": "logs"}),
)


def ports(described: dict[str, Any]) -> list[tuple[int, int]]:
    network = read_network(described)
    return [opening.ports for opening in openings(network, network.interfaces["eni-1"])]


def after(plan: dict[str, Any]) -> Planned:
    described = example()
    untouched = copy.deepcopy(described)
    found = planned(described, plan)
    assert described == untouched
    return found


@pytest.mark.parametrize(
    ("changes", "opened"),
    [
        ([change("aws_security_group", group(ingress(22, ANYWHERE)), group())], []),
        (
            [
                change(
                    "aws_security_group", group(ingress(22, ANYWHERE)), group(ingress(25, ANYWHERE))
                )
            ],
            [(25, 25)],
        ),
        ([change("aws_security_group_rule", None, group_rule(80))], [(22, 22), (80, 80)]),
        ([change("aws_security_group_rule", group_rule(22), None)], []),
        ([change("aws_vpc_security_group_ingress_rule", None, vpc_rule(23))], [(22, 23)]),
        ([change("aws_vpc_security_group_ingress_rule", vpc_rule(22), vpc_rule(24))], [(24, 24)]),
        ([change("aws_route", route("gateway_id", "igw-1"), route("nat_gateway_id", "n-1"))], []),
        ([change("aws_route", route("gateway_id", "igw-1"), None)], []),
        ([change("aws_network_acl_rule", None, acl_rule(50, "deny"))], []),
        ([change("aws_network_acl_rule", None, acl_rule(150, "deny"))], [(22, 22)]),
        (
            [
                change("aws_security_group_rule", None, group_rule(22)),
                {**change("aws_security_group_rule", group_rule(22), None), "address": "x.old"},
            ],
            [(22, 22)],
        ),
    ],
)
def test_a_terraform_plan_moves_what_is_open(
    changes: list[dict[str, Any]], opened: list[tuple[int, int]]
) -> None:
    found = after(terraform(*changes))
    assert (ports(found.described), found.gaps) == (opened, ())


def test_an_association_moves_a_subnet_to_a_new_table() -> None:
    table = {"id": "rtb-new", "vpc_id": "vpc-1", "route": []}
    tie = {"subnet_id": "subnet-1", "route_table_id": "rtb-new"}
    found = after(
        terraform(
            change("aws_route_table_association", None, tie), change("aws_route_table", None, table)
        )
    )
    assert (ports(found.described), found.gaps) == ([], ())


def test_a_group_that_is_still_to_be_made_is_known_by_its_address() -> None:
    new = change("aws_security_group", None, {"vpc_id": "vpc-1", "ingress": []}, id=True)
    rule = {"type": "ingress", **ingress(80, [])}
    extra = change(
        "aws_security_group_rule",
        None,
        {"security_group_id": "sg-1", **rule},
        source_security_group_id=True,
    )
    reference = {"references": ["aws_security_group.it.id", "aws_security_group.it"]}
    resource = {
        "address": "aws_security_group_rule.it",
        "expressions": {"source_security_group_id": reference},
    }
    plan = terraform(new, extra, configuration={"root_module": {"resources": [resource]}})
    found = after(plan)
    assert found.gaps == ()
    pairs = found.described["SecurityGroups"][0]["IpPermissions"][-1]["UserIdGroupPairs"]
    assert pairs == [{"GroupId": "aws_security_group.it"}]
    assert found.described["SecurityGroups"][-1]["GroupId"] == "aws_security_group.it"


@pytest.mark.parametrize(
    ("plan", "path", "words"),
    [
        (TERRAFORM, "aws_s3_bucket.it", "kind that is not looked at"),
        (
            terraform(
                change("aws_security_group_rule", None, {"type": "ingress"}, security_group_id=True)
            ),
            "aws_security_group_rule.it",
            "known only after",
        ),
        (
            terraform(
                change(
                    "aws_route",
                    None,
                    {**route("gateway_id", "igw-1"), "route_table_id": "rtb-gone"},
                )
            ),
            "aws_route.it",
            "rtb-gone, which was not described",
        ),
        (terraform({"address": "broken"}), "broken", "change"),
    ],
)
def test_what_is_not_applied_is_told(plan: dict[str, Any], path: str, words: str) -> None:
    assert [(gap.path, words in gap.reason) for gap in after(plan).gaps] == [(path, True)]


def cloud(action: str, kind: str, before: Any, now: Any) -> dict[str, Any]:
    found = {"Action": action, "LogicalResourceId": "It", "PhysicalResourceId": "sg-1"}
    for name, properties in (("BeforeContext", before), ("AfterContext", now)):
        if properties is not None:
            found[name] = json.dumps({"Properties": properties})
    return {"Type": "Resource", "ResourceChange": {**found, "ResourceType": kind}}


def cloud_group(port: int) -> dict[str, Any]:
    rule = {"IpProtocol": "tcp", "FromPort": str(port), "ToPort": port, "CidrIp": "0.0.0.0/0"}
    return {"GroupDescription": "web", "VpcId": "vpc-1", "SecurityGroupIngress": [rule]}


CHANGE_SET = {
    "ChangeSetName": "close-ssh",
    "Changes": [cloud("Modify", "AWS::EC2::SecurityGroup", cloud_group(22), cloud_group(443))],
}
TEMPLATE: dict[str, Any] = {
    "Parameters": {"Port": {"Type": "Number", "Default": 8443}, "Table": {"Type": "String"}},
    "Resources": {
        "Web": {"Type": "AWS::EC2::SecurityGroup", "Properties": cloud_group(443)},
        "More": {
            "Type": "AWS::EC2::SecurityGroupIngress",
            "Properties": {
                "GroupId": {"Fn::GetAtt": ["Web", "GroupId"]},
                "IpProtocol": "tcp",
                "FromPort": {"Ref": "Port"},
                "ToPort": {"Ref": "Port"},
                "CidrIp": "0.0.0.0/0",
            },
        },
        "Bucket": {"Type": "AWS::S3::Bucket"},
        "Out": {
            "Type": "AWS::EC2::Route",
            "Properties": {"RouteTableId": {"Ref": "Table"}, "GatewayId": "igw-1"},
        },
    },
}


def test_a_change_set_moves_what_is_open() -> None:
    found = after(CHANGE_SET)
    assert (ports(found.described), found.gaps, found.applied) == ([(443, 443)], (), ("It",))


@pytest.mark.parametrize(
    ("kind", "properties", "opened"),
    [
        (
            "AWS::EC2::Route",
            {"RouteTableId": "rtb-1", "DestinationCidrBlock": "0.0.0.0/0", "NatGatewayId": "nat-1"},
            [],
        ),
        (
            "AWS::EC2::NetworkAclEntry",
            {
                "NetworkAclId": "acl-1",
                "RuleNumber": 1,
                "Protocol": -1,
                "RuleAction": "deny",
                "CidrBlock": "0.0.0.0/0",
            },
            [],
        ),
        (
            "AWS::EC2::SecurityGroupIngress",
            {
                "GroupId": "sg-1",
                "IpProtocol": "17",
                "FromPort": 53,
                "ToPort": 53,
                "CidrIp": "0.0.0.0/0",
            },
            [(22, 22), (53, 53)],
        ),
    ],
)
def test_each_type_of_a_change_set_is_applied(
    kind: str, properties: dict[str, Any], opened: list[tuple[int, int]]
) -> None:
    found = after({"Changes": [cloud("Add", kind, None, properties)]})
    assert (ports(found.described), found.gaps) == (opened, ())


def test_a_change_set_without_values_is_told() -> None:
    change = cloud("Modify", "AWS::EC2::SecurityGroup", None, None)
    (gap,) = after({"Changes": [change]}).gaps
    assert "--include-property-values" in gap.reason


def test_a_template_changes_the_components_that_bear_its_names() -> None:
    described = example()
    described["SecurityGroups"][0]["Tags"] = [
        {"Key": "aws:cloudformation:logical-id", "Value": "Web"}
    ]
    found = planned(described, TEMPLATE)
    assert ports(found.described) == [(443, 443), (8443, 8443)]
    assert {gap.path for gap in found.gaps} == {"Bucket", "Out"}


@pytest.mark.parametrize("plan", [None, [], {}, {"resource_changes": {}}, "x"])
def test_what_is_no_plan_is_refused(plan: Any) -> None:
    with pytest.raises(OpenInspectorError, match="neither"):
        planned(example(), plan)


# As `terraform show -json` (format 1.2, Terraform 1.9, provider 5) writes a plan: every attribute,
# whether known, with nulls, empty texts and empty lists for what is not set.
REAL = json.loads("""
{"format_version": "1.2", "terraform_version": "1.9.8", "applyable": true, "complete": true,
 "errored": false, "variables": {"admin": {"value": "0.0.0.0/0"}},
 "resource_changes": [
  {"address": "module.web.aws_security_group.this[0]", "module_address": "module.web",
   "mode": "managed", "type": "aws_security_group", "name": "this", "index": 0,
   "provider_name": "registry.terraform.io/hashicorp/aws",
   "change": {"actions": ["update"],
    "before": {"arn": "arn:aws:ec2:us-east-1:111122223333:security-group/sg-1",
      "description": "Managed by Terraform", "egress": [], "id": "sg-1",
      "ingress": [{"cidr_blocks": ["0.0.0.0/0"], "description": "", "from_port": 22,
        "ipv6_cidr_blocks": [], "prefix_list_ids": [], "protocol": "tcp", "security_groups": [],
        "self": false, "to_port": 22}],
      "name": "web", "name_prefix": "", "owner_id": "111122223333",
      "revoke_rules_on_delete": false, "tags": {}, "tags_all": {}, "timeouts": null,
      "vpc_id": "vpc-1"},
    "after": {"arn": "arn:aws:ec2:us-east-1:111122223333:security-group/sg-1",
      "description": "Managed by Terraform", "egress": [], "id": "sg-1",
      "ingress": [{"cidr_blocks": ["0.0.0.0/0"], "description": "", "from_port": 22,
        "ipv6_cidr_blocks": [], "prefix_list_ids": [], "protocol": "tcp", "security_groups": [],
        "self": false, "to_port": 22}],
      "name": "web", "name_prefix": "", "owner_id": "111122223333",
      "revoke_rules_on_delete": false, "tags": {"team": "shop"}, "tags_all": {"team": "shop"},
      "timeouts": null, "vpc_id": "vpc-1"},
    "after_unknown": {"egress": [], "ingress": [{"cidr_blocks": [false], "ipv6_cidr_blocks": [],
      "prefix_list_ids": [], "security_groups": []}], "tags": {}, "tags_all": {}},
    "before_sensitive": {"egress": [], "ingress": [], "tags": {}, "tags_all": {}},
    "after_sensitive": {"egress": [], "ingress": [], "tags": {}, "tags_all": {}}}},
  {"address": "module.web.aws_security_group_rule.ssh", "module_address": "module.web",
   "mode": "managed", "type": "aws_security_group_rule", "name": "ssh",
   "provider_name": "registry.terraform.io/hashicorp/aws",
   "change": {"actions": ["delete"],
    "before": {"cidr_blocks": ["0.0.0.0/0"], "description": null, "from_port": 22,
      "id": "sgrule-3131487798", "ipv6_cidr_blocks": null, "prefix_list_ids": null,
      "protocol": "tcp", "security_group_id": "sg-1", "security_group_rule_id": "sgr-1",
      "self": false, "source_security_group_id": null, "timeouts": null, "to_port": 22,
      "type": "ingress"},
    "after": null, "after_unknown": {}, "before_sensitive": {"cidr_blocks": [false]},
    "after_sensitive": false}, "action_reason": "delete_because_no_resource_config"},
  {"address": "module.web.aws_vpc_security_group_ingress_rule.admin[\\"https\\"]",
   "module_address": "module.web", "mode": "managed",
   "type": "aws_vpc_security_group_ingress_rule", "name": "admin", "index": "https",
   "provider_name": "registry.terraform.io/hashicorp/aws",
   "change": {"actions": ["create"], "before": null,
    "after": {"cidr_ipv4": "0.0.0.0/0", "cidr_ipv6": null, "description": null, "from_port": 443,
      "ip_protocol": "tcp", "prefix_list_id": null, "referenced_security_group_id": null,
      "tags": null, "to_port": 443},
    "after_unknown": {"arn": true, "id": true, "security_group_id": true,
      "security_group_rule_id": true, "tags_all": {}},
    "before_sensitive": false, "after_sensitive": {"tags_all": {}}}},
  {"address": "aws_instance.old", "mode": "managed", "type": "aws_instance", "name": "old",
   "provider_name": "registry.terraform.io/hashicorp/aws",
   "change": {"actions": ["forget"], "before": {"id": "i-1"}, "after": null, "after_unknown": {}}},
  {"address": "data.aws_vpc.it", "mode": "data", "type": "aws_vpc", "name": "it",
   "provider_name": "registry.terraform.io/hashicorp/aws",
   "change": {"actions": ["read"], "before": null, "after": {}, "after_unknown": {"id": true}}}],
 "configuration": {"root_module": {"module_calls": {"web": {"source": "./web", "module":
  {"resources": [
    {"address": "aws_security_group.this", "mode": "managed", "type": "aws_security_group",
     "name": "this", "expressions": {"vpc_id": {"references": ["var.vpc_id"]}},
     "count_expression": {"constant_value": 1}},
    {"address": "aws_vpc_security_group_ingress_rule.admin", "mode": "managed",
     "type": "aws_vpc_security_group_ingress_rule", "name": "admin",
     "expressions": {"cidr_ipv4": {"references": ["var.admin"]},
       "security_group_id": {"references":
         ["aws_security_group.this[0].id", "aws_security_group.this[0]",
          "aws_security_group.this"]}},
     "for_each_expression": {}}]}}}}}}
""")


def test_a_real_plan_with_modules_counts_and_deletions() -> None:
    """The tags change, a rule of its own resource goes, another comes for a counted group."""
    found = after(REAL)
    assert (ports(found.described), found.gaps) == ([(443, 443)], ())
    assert sorted(found.applied) == [
        "module.web.aws_security_group.this[0]",
        "module.web.aws_security_group_rule.ssh",
        'module.web.aws_vpc_security_group_ingress_rule.admin["https"]',
    ]


def test_a_rule_with_an_unknown_source_is_told_and_leaves_the_others() -> None:
    rules = [ingress(443, ANYWHERE), ingress(80, [], security_groups=[None])]
    plan = terraform(change("aws_security_group", group(ingress(22, ANYWHERE)), group(*rules)))
    unknown = [{"cidr_blocks": [False]}, {"cidr_blocks": [], "security_groups": [True]}]
    plan["resource_changes"][0]["change"]["after_unknown"] = {"ingress": unknown}
    found = after(plan)
    assert ports(found.described) == [(443, 443)]
    (gap,) = found.gaps
    assert (gap.path, "part of ingress" in gap.reason) == ("aws_security_group.it", True)


def test_rules_that_are_wholly_unknown_are_told_and_nothing_closes() -> None:
    before = group(ingress(22, ANYWHERE))
    changed = {"id": "sg-1", "vpc_id": "vpc-1"}
    found = after(terraform(change("aws_security_group", before, changed, ingress=True)))
    assert ports(found.described) == [(22, 22)]
    assert [gap.path for gap in found.gaps] == ["aws_security_group.it"]
