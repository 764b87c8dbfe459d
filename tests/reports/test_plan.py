"""The plan: what ends most risk comes first, and every finding is in one place."""

from typing import Any

import msgspec
import pytest

from openinspector.model.finding import Finding
from openinspector.reports.plan import make_plan, plan_lines, risk_of


def finding(name: str, resource: str = "i-1", **more: Any) -> Finding:
    packages = more.pop("packages", [("lodash", "4.17.15", "4.17.16", "NPM")])
    body = {
        "findingArn": f"arn:{name}:{resource}",
        "awsAccountId": "1" * 12,
        "type": "PACKAGE_VULNERABILITY",
        "description": "x",
        "severity": "HIGH",
        "firstObservedAt": 1.0,
        "lastObservedAt": 1.0,
        "status": "ACTIVE",
        "remediation": {"recommendation": {"text": "x"}},
        "title": name,
        "inspectorScore": 7.0,
        "resources": [
            {
                "type": "AWS_EC2_INSTANCE",
                "id": resource,
                "details": {"awsEc2Instance": {"platform": "DEBIAN_11"}},
            }
        ],
        "packageVulnerabilityDetails": {
            "vulnerabilityId": name,
            "source": "NVD",
            "vulnerablePackages": [
                {"name": p, "version": v, "fixedInVersion": fixed, "packageManager": manager}
                for p, v, fixed, manager in packages
            ],
        },
        **more,
    }
    return msgspec.convert(body, Finding)


@pytest.mark.parametrize(
    ("more", "risk"),
    [
        ({"inspectorScore": 9.8, "exploitAvailable": "YES"}, 98.0),
        ({"inspectorScore": 9.8, "epss": {"score": 0.5}}, 53.9),
        ({"inspectorScore": 9.8}, 9.8),
        ({"inspectorScore": None, "severity": "CRITICAL"}, 9.0),
    ],
)
def test_the_risk_of_a_finding(more: dict[str, Any], risk: float) -> None:
    assert risk_of(finding("CVE-1", **more)) == pytest.approx(risk)


def test_one_upgrade_ends_what_it_reaches() -> None:
    plan = make_plan(
        [
            finding("CVE-1", packages=[("lodash", "4.17.9", "4.17.10", "NPM")]),
            finding("CVE-2", packages=[("lodash", "4.17.9", "4.17.9-rc.1", "NPM")]),
            finding("CVE-1", "i-2", exploitAvailable="YES"),
            finding("CVE-3", packages=[("openssl", "1.1.1k-1", "0:1.1.1n-0+deb11u10", "OS")]),
            finding("CVE-4", packages=[("openssl", "1.1.1k-1", "0:1.1.1n-0+deb11u9", "OS")]),
        ]
    )
    assert [(each.what, each.findings, len(each.resources)) for each in plan.actions] == [
        ("lodash to 4.17.16", 3, 2),
        ("openssl to 0:1.1.1n-0+deb11u10", 2, 1),
    ]
    assert plan.actions[0].risk == pytest.approx(84.0)
    assert plan.actions[0].vulnerabilities == ("CVE-1", "CVE-2")
    assert plan.actions[0].exploited == 1


def test_what_has_no_fix_is_counted_apart() -> None:
    stuck = [("a", "1", "2", "NPM"), ("b", "1", "NotAvailable", "NPM")]
    plan = make_plan([finding("CVE-1", packages=stuck), finding("CVE-2")])
    assert (plan.without_fix, plan.risk_without_fix) == (1, 7.0)
    assert [each.what for each in plan.actions] == ["lodash to 4.17.16"]
    assert "have no fix yet" in "\n".join(plan_lines(plan))


def test_a_port_is_closed_where_its_group_is() -> None:
    steps = [
        {"componentId": "igw-1", "componentType": "AWS::EC2::InternetGateway"},
        {"componentId": "sg-1", "componentType": "AWS::EC2::SecurityGroup"},
        {"componentId": "i-1", "componentType": "AWS::EC2::Instance"},
    ]
    details = {
        "openPortRange": {"begin": 22, "end": 22},
        "protocol": "TCP",
        "networkPath": {"steps": steps},
    }
    (action,) = make_plan(
        [
            finding(
                "Port 22",
                resource,
                type="NETWORK_REACHABILITY",
                packageVulnerabilityDetails=None,
                networkReachabilityDetails=details,
                inspectorScore=None,
            )
            for resource in ("i-1", "i-2")
        ]
    ).actions
    assert (action.kind, action.what, action.where) == ("close", "TCP 22", "sg-1")
    assert action.resources == ("i-1", "i-2")


def test_only_the_first_are_shown() -> None:
    many = [finding(f"CVE-{n}", packages=[(f"p{n}", "1", "2", "NPM")]) for n in range(9)]
    assert len(make_plan(many, 3).actions) == 3
    assert list(plan_lines(make_plan([]))) == ["Nothing to do."]
