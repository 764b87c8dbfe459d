"""The plan: what ends most risk comes first, and every finding is in one place."""

from functools import partial
from typing import Any

import msgspec
import pytest

from openinspector.model import AffectedPackage, AffectedRange, ImageMetadata
from openinspector.model.finding import Finding
from openinspector.reports.base_images import base_of
from openinspector.reports.plan import Base, make_plan, plan_lines, risk_of
from openinspector.reports.sufficient import sufficient
from openinspector.versions.keys import key


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


def test_packages_that_go_together_have_versions_of_their_own() -> None:
    both = [("openssl", "1", "1.1.1n-0", "OS"), ("libssl1.1", "1", "1.1.1n-0", "OS")]
    plan = make_plan(
        [
            finding("CVE-1", packages=both),
            finding("CVE-2", "i-2", packages=[("libssl1.1", "1", "1.1.1w-0", "OS")]),
            finding("CVE-3", packages=[("zlib1g", "1", "2", "OS")]),
        ]
    )
    assert [(each.what, each.findings) for each in plan.actions] == [
        ("libssl1.1 to 1.1.1w-0, openssl to 1.1.1n-0", 2),
        ("zlib1g to 2", 1),
    ]
    assert plan.actions[0].upgrades == ("libssl1.1 1.1.1w-0", "openssl 1.1.1n-0")


def test_fixes_of_one_release_say_nothing_of_another_s() -> None:
    older, newer = (
        finding("CVE-1", name, packages=[("openssl", "1", fix, "OS")])
        for name, fix in (("i-1", "1.1.1n"), ("i-2", "3.0.11"))
    )
    details = newer.resources[0].details
    assert details is not None
    assert details.aws_ec2_instance is not None
    msgspec.structs.force_setattr(details.aws_ec2_instance, "platform", "DEBIAN_12")
    plan = make_plan([older, newer])
    assert sorted((each.what, each.where) for each in plan.actions) == [
        ("openssl to 1.1.1n", "DEBIAN_11"),
        ("openssl to 3.0.11", "DEBIAN_12"),
    ]


BASE = Base("debian:11", frozenset({"sha256:a", "sha256:b"}))


def of_image(name: str, layer: str, fixed: str = "2") -> Finding:
    found = finding(name, "repo/1", packages=[("openssl", "1", fixed, "OS")])
    details = found.package_vulnerability_details
    assert details is not None
    assert details.vulnerable_packages is not None
    msgspec.structs.force_setattr(details.vulnerable_packages[0], "source_layer_hash", layer)
    return found


def test_what_the_base_image_brings_ends_with_a_newer_one() -> None:
    many = [of_image("CVE-1", "sha256:a"), of_image("CVE-2", "sha256:b", "3")]
    own = of_image("CVE-3", "sha256:c")
    stuck = of_image("CVE-4", "sha256:a", "NotAvailable")
    plan = make_plan([*many, own, stuck], bases={"repo/1": BASE})
    assert [(each.kind, each.what, each.findings, each.upgrades) for each in plan.actions] == [
        ("rebuild", "debian:11", 2, ("openssl 3",)),
        ("upgrade", "openssl to 2", 1, ("openssl 2",)),
    ]
    assert plan.without_fix == 1
    assert "rebuild from a newer debian:11" in "\n".join(plan_lines(plan))


@pytest.mark.parametrize(
    ("labels", "layers", "name"),
    [
        ((("org.opencontainers.image.base.name", "docker.io/node:20"),), 1, "docker.io/node:20"),
        ((), 2, "image of layer sha256:bbbbbbbbbbbb"),
        ((), 0, None),
        ((), None, None),
    ],
)
def test_the_base_of_an_image(labels: Any, layers: int | None, name: str | None) -> None:
    digests = tuple("sha256:" + letter * 64 for letter in "abc")
    base = base_of(ImageMetadata("x", layers=digests, base_layers=layers, labels=labels))
    assert (base and base.name) == name
    assert base is None or base.layers == frozenset(digests[:layers])


class Advisories:
    """CVE-1 was fixed in 1.2.9 and, on the next branch, in 2.0.4; CVE-2 in 2.0.1 only."""

    def affected(self, ecosystem: str, name: str) -> list[AffectedPackage]:
        assert (ecosystem, name) == ("npm", "lodash")
        first = [("0", "1.2.9"), ("2.0.0", "2.0.4")]
        return [
            AffectedPackage(
                *("GHSA", "osv", "npm", "lodash", (identity,), "fixed"),
                ranges=tuple(
                    AffectedRange(key("npm", low), key("npm", high), None, low, high)
                    for low, high in ranges
                ),
            )
            for identity, ranges in (("CVE-1", first), ("CVE-2", [("0", "2.0.1")]))
        ]


def test_the_version_to_upgrade_to_ends_all_that_is_counted() -> None:
    """The highest fix that the findings name is 2.0.1, which has what 1.2.9 fixed."""
    found = [
        finding("CVE-1", packages=[("lodash", "1.0.0", "1.2.9", "NPM")]),
        finding("CVE-2", packages=[("lodash", "1.0.0", "2.0.1", "NPM")]),
    ]
    knowledge: Any = Advisories()
    asked = partial(sufficient, knowledge)
    assert [each.what for each in make_plan(found).actions] == ["lodash to 2.0.1"]
    (action,) = make_plan(found, sufficient=asked).actions
    assert (action.what, action.findings) == ("lodash to 2.0.4", 2)
    (action,) = make_plan(found[:1], sufficient=asked).actions
    assert action.what == "lodash to 1.2.9"
