"""Findings: the exact shape and wording of spec/findings.md 4."""

import re

import msgspec
import pytest

from openinspector.assess import Options, Place, assess
from openinspector.assess.findings import title
from openinspector.assess.times import epoch_seconds
from openinspector.model import (
    ConfigurationCheck,
    CvssEntry,
    Epss,
    ImageMetadata,
    KnownExploited,
    Target,
    Vulnerability,
)

from .memory import (
    ALPINE_318,
    AMAZON_2023,
    DEBIAN_12,
    NOW,
    UBUNTU_16,
    Memory,
    advisory,
    inventory,
    package,
)
from .shape import wire

V31 = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"
LAYER = "sha256:" + "a" * 64


def findings(made, knowledge, **options):
    return [wire(each) for each in assess(made, knowledge, Options(**options), NOW).findings]


def test_debian_package():
    record = advisory(
        "DEBIAN-CVE-2024-0001",
        "Debian:12",
        "foo",
        "0,1:2.0-3",
        vendor_severity="unimportant",
    )
    known = Vulnerability(
        "CVE-2024-0001",
        description="Bad\nthing. " + "x" * 2000,
        advisories=("DSA-1-1",),
        cvss=(
            CvssEntry("3.1", V31, 9.8, "NVD"),
            CvssEntry("2.0", "AV:N/AC:L/Au:N/C:P/I:P/A:P", 7.5, "NVD"),
        ),
        references=("https://example.org/a",),
        published="2024-01-02T00:00:00Z",
        modified="2024-02-03T04:05:06Z",
        epss=Epss(0.25, 0.9, "2024-05-21"),
        known_exploited=KnownExploited("2024-02-02", "2024-02-23"),
    )
    one = package(
        "Debian",
        "libfoo1",
        "1:1.9-2",
        source_name="foo",
        arch="amd64",
        path="var/lib/dpkg/status",
        layer=LAYER,
    )
    (found,) = findings(inventory(one, distribution=DEBIAN_12), Memory([record], [known]))
    assert found["title"] == "CVE-2024-0001 - libfoo1"
    assert found["description"].startswith("Bad\nthing. x")
    assert len(found["description"]) == 1024
    assert found["severity"] == "CRITICAL"
    assert found["inspectorScore"] == 9.8
    assert found["inspectorScoreDetails"] == {
        "adjustedCvss": {
            "score": 9.8,
            "scoreSource": "NVD",
            "cvssSource": "NVD",
            "version": "3.1",
            "scoringVector": V31,
            "adjustments": [],
        }
    }
    assert found["status"] == "ACTIVE"
    assert found["fixAvailable"] == "YES"
    assert found["exploitAvailable"] == "YES"
    assert found["exploitabilityDetails"] == {"lastKnownExploitAt": epoch_seconds("2024-02-02")}
    assert found["epss"] == {"score": 0.25}
    assert found["remediation"] == {"recommendation": {"text": "None Provided"}}
    assert found["firstObservedAt"] == found["lastObservedAt"] == found["updatedAt"] == 1716379200.0
    details = found["packageVulnerabilityDetails"]
    assert details["source"] == "DEBIAN_CVE"
    assert details["sourceUrl"] == "https://security-tracker.debian.org/tracker/CVE-2024-0001"
    assert details["vendorSeverity"] == "unimportant"
    assert "vendorCreatedAt" not in details
    assert [each["version"] for each in details["cvss"]] == ["3.1", "2.0"]
    assert details["referenceUrls"] == ["https://example.org/a"]
    assert details["relatedVulnerabilities"] == []
    assert details["vulnerablePackages"] == [
        {
            "name": "libfoo1",
            "version": "1.9",
            "release": "2",
            "epoch": 1,
            "arch": "AMD64",
            "packageManager": "OS",
            "fixedInVersion": "1:2.0-3",
            "sourceLayerHash": LAYER,
            "remediation": "apt-get update && apt-get upgrade",
        }
    ]
    assert re.fullmatch(
        r"arn:aws:inspector2:us-east-1:000000000000:finding/[0-9a-f]{32}", found["findingArn"]
    )


def test_the_vendors_word_is_the_vendors_or_none():
    """A finding of DEBIAN_CVE does not show NVD's word as Debian's; its severity may rest on it."""
    record = advisory("DSA-1-1", "Debian:12", "foo", "0,2-1", cves=["CVE-2024-0001"])
    known = Vulnerability("CVE-2024-0001", vendor=(("NVD", "HIGH"),))
    one = package("Debian", "foo", "1-1")
    (found,) = findings(inventory(one, distribution=DEBIAN_12), Memory([record], [known]))
    assert "vendorSeverity" not in found["packageVulnerabilityDetails"]
    assert found["severity"] == "HIGH"


def test_amazon_linux_2023_image():
    record = advisory(
        "ALAS2023-2024-649",
        "Amazon Linux:2023",
        "curl-minimal",
        "0,8.5.0-1.amzn2023.0.3",
        cves=["CVE-2024-2004"],
        vendor_severity="Medium",
        published="2024-04-10T00:00:00Z",
        modified="2024-04-12T00:00:00Z",
        url="https://alas.aws.amazon.com/AL2023/ALAS-2024-649.html",
    )
    known = Vulnerability(
        "CVE-2024-2004",
        description="curl",
        cvss=(CvssEntry("3.1", V31, 9.8, "NVD"), CvssEntry("3.1", V31, 3.5, "AMAZON_CVE")),
    )
    one = package("Amazon Linux", "curl-minimal", "8.5.0-1.amzn2023.0.1", arch="x86_64")
    (found,) = findings(inventory(one, distribution=AMAZON_2023), Memory([record], [known]))
    details = found["packageVulnerabilityDetails"]
    assert details["source"] == "AMAZON_CVE"
    assert details["sourceUrl"] == "https://alas.aws.amazon.com/cve/json/v1/CVE-2024-2004.json"
    assert details["relatedVulnerabilities"] == ["ALAS2023-2024-649"]
    assert details["vendorSeverity"] == "Medium"
    assert details["vendorCreatedAt"] == epoch_seconds("2024-04-10T00:00:00Z")
    assert [each["source"] for each in details["cvss"]] == ["AMAZON_CVE", "NVD"]
    assert found["severity"] == "LOW"
    assert found["inspectorScore"] == 3.5
    (shown,) = details["vulnerablePackages"]
    assert shown["fixedInVersion"] == "0:8.5.0-1.amzn2023.0.3"
    assert shown["remediation"] == "sudo dnf check-update"
    assert (shown["version"], shown["release"]) == ("8.5.0", "1.amzn2023.0.1")


def test_host_advice_and_resource():
    record = advisory("ALAS2023-1", "Amazon Linux:2023", "x", "0,2-1", cves=["CVE-2024-1000"])
    one = package("Amazon Linux", "x", "1-1", arch="noarch")
    (found,) = findings(inventory(one, distribution=AMAZON_2023, kind="host"), Memory([record]))
    (shown,) = found["packageVulnerabilityDetails"]["vulnerablePackages"]
    assert shown["remediation"] == "yum update x"
    (resource,) = found["resources"]
    assert resource["type"] == "AWS_EC2_INSTANCE"
    assert re.fullmatch(r"i-[0-9a-f]{17}", resource["id"])
    assert resource["details"]["awsEc2Instance"]["platform"] == "AMAZON_LINUX_2023"
    assert found["severity"] == "UNTRIAGED"
    assert "inspectorScore" not in found


def test_library_in_a_source_tree():
    record = advisory("GHSA-1", "Go", "golang.org/x/net", "0,0.23.0", cves=["CVE-2023-45288"])
    known = Vulnerability(
        "CVE-2023-45288",
        summary="HTTP/2 flood",
        cvss=(CvssEntry("4.0", "CVSS:4.0/AV:N", 8.7, "NVD"),),
    )
    paths = ("bin/a", "bin/b", "bin/c")
    made = inventory(
        *(
            package("Go", "golang.org/x/net", "0.19.0", manager="GOBINARY", path=each)
            for each in paths
        ),
        kind="directory",
    )
    (found,) = findings(made, Memory([record], [known]))
    assert found["title"] == "CVE-2023-45288 - golang.org/x/net, golang.org/x/net and 1 more"
    assert found["severity"] == "HIGH"
    assert "inspectorScore" not in found
    details = found["packageVulnerabilityDetails"]
    assert details["source"] == "NVD"
    assert details["sourceUrl"] == "https://nvd.nist.gov/vuln/detail/CVE-2023-45288"
    assert details["relatedVulnerabilities"] == []
    assert details["vendorSeverity"] == "HIGH"
    assert details["vulnerablePackages"][0] == {
        "name": "golang.org/x/net",
        "version": "v0.19.0",
        "epoch": 0,
        "filePath": "bin/a",
        "packageManager": "GOBINARY",
        "fixedInVersion": "0.23.0",
    }
    (resource,) = found["resources"]
    assert resource["type"] == "CODE_REPOSITORY"
    assert re.fullmatch(
        r"arn:aws:inspector2:us-east-1:000000000000:codesecurity-integration/[0-9a-f-]{36}"
        r"/project-[0-9a-f-]{36}",
        resource["id"],
    )


def test_mixture_of_system_and_library_is_described_by_nvd():
    records = [
        advisory(
            "ALAS2023-1",
            "Amazon Linux:2023",
            "python3-x",
            "0,2-1",
            cves=["CVE-2024-1000"],
            url="https://alas.example/1",
        ),
        advisory("GHSA-1", "PyPI", "x", "0,", cves=["CVE-2024-1000"]),
    ]
    known = Vulnerability(
        "CVE-2024-1000",
        cvss=(CvssEntry("3.1", V31, 2.0, "AMAZON_CVE"), CvssEntry("3.1", V31, 9.8, "NVD")),
    )
    made = inventory(
        package("Amazon Linux", "python3-x", "1-1"),
        package("PyPI", "x", "1", manager="PYTHONPKG", path="opt/x/METADATA"),
        distribution=AMAZON_2023,
    )
    (found,) = findings(made, Memory(records, [known]))
    assert found["fixAvailable"] == "PARTIAL"
    assert found["inspectorScore"] == 9.8
    details = found["packageVulnerabilityDetails"]
    assert details["source"] == "NVD"
    assert details["relatedVulnerabilities"] == []
    assert "https://alas.example/1" in details["referenceUrls"]
    unfixed = details["vulnerablePackages"][1]
    assert (unfixed["fixedInVersion"], unfixed["remediation"]) == ("NotAvailable", "NotAvailable")


def test_alpine_has_no_epoch_in_the_fix():
    record = advisory(
        "ALPINE-CVE-2023-5363", "Alpine:v3.18", "openssl", "0,3.1.4-r0", cves=["CVE-2023-5363"]
    )
    one = package("Alpine", "libssl3", "3.1.1-r1", source_name="openssl", arch="x86_64")
    (found,) = findings(inventory(one, distribution=ALPINE_318), Memory([record]))
    (shown,) = found["packageVulnerabilityDetails"]["vulnerablePackages"]
    assert (shown["version"], shown["release"], shown["fixedInVersion"]) == (
        "3.1.1",
        "r1",
        "3.1.4-r0",
    )


@pytest.mark.parametrize(
    ("identity", "source", "url"),
    [
        ("GHSA-aaaa-bbbb-cccc", "GITHUB", "https://github.com/advisories/GHSA-aaaa-bbbb-cccc"),
        ("GO-2024-2687", "GO", "https://pkg.go.dev/vuln/GO-2024-2687"),
        ("RUSTSEC-2024-0001", "RUSTSEC", "https://rustsec.org/advisories/RUSTSEC-2024-0001.html"),
    ],
)
def test_identifiers_without_a_cve(identity, source, url):
    made = inventory(package("Go", "x.org/y", "1.0.0", manager="GOMOD"), kind="directory")
    known = Vulnerability(identity, aliases=("OTHER-1",))
    record = advisory(identity, "Go", "x.org/y", "0,2.0.0")
    (found,) = findings(made, Memory([record], [known]))
    details = found["packageVulnerabilityDetails"]
    assert (details["source"], details["sourceUrl"]) == (source, url)
    assert details["relatedVulnerabilities"] == ["OTHER-1"]


def test_ubuntu_source_url():
    record = advisory(
        "UBUNTU-CVE-2015-20109", "Ubuntu:Pro:16.04:LTS", "glibc", "0,2-1", cves=["CVE-2015-20109"]
    )
    made = inventory(package("Ubuntu", "libc6", "1-1", source_name="glibc"), distribution=UBUNTU_16)
    (found,) = findings(made, Memory([record]))
    assert found["packageVulnerabilityDetails"]["sourceUrl"] == (
        "https://people.canonical.com/~ubuntu-security/cve/2015/CVE-2015-20109"
    )


def test_title_counts():
    assert title("CVE-1", ["a"]) == "CVE-1 - a"
    assert title("CVE-1", ["a", "b"]) == "CVE-1 - a, b"
    assert title("CVE-1", ["a", "a", "b", "c"]) == "CVE-1 - a, a and 2 more"


def test_arn_is_stable_and_tells_resource_and_vulnerability_apart():
    record = advisory("DEBIAN-CVE-2024-0001", "Debian:12", "foo", "0,2-1")
    other = advisory("DEBIAN-CVE-2024-0002", "Debian:12", "foo", "0,2-1")
    made = inventory(package("Debian", "foo", "1-1"), distribution=DEBIAN_12)
    again = inventory(package("Debian", "foo", "1-0"), distribution=DEBIAN_12)
    elsewhere = inventory(package("Debian", "foo", "1-1"), distribution=DEBIAN_12, name="other:2")
    first = {each["findingArn"] for each in findings(made, Memory([record, other]))}
    assert len(first) == 2
    assert first == {each["findingArn"] for each in findings(again, Memory([record, other]))}
    assert first.isdisjoint(
        each["findingArn"] for each in findings(elsewhere, Memory([record, other]))
    )
    place = Place(account="123456789012", region="eu-central-1")
    moved = findings(made, Memory([record]), place=place)[0]
    assert moved["findingArn"].startswith("arn:aws:inspector2:eu-central-1:123456789012:finding/")
    assert moved["awsAccountId"] == "123456789012"


def test_image_resource():
    image = ImageMetadata(
        id="sha256:" + "1" * 64,
        digest="sha256:" + "2" * 64,
        architecture="amd64",
        tags=("registry.example:5000/team/app:1.2", "docker.io/library/app:latest"),
        author="me",
    )
    made = msgspec.structs.replace(
        inventory(package("Debian", "foo", "1-1"), distribution=DEBIAN_12),
        target=Target("image", "x.tar", True, image),
    )
    record = advisory("DEBIAN-CVE-2024-0001", "Debian:12", "foo", "0,2-1")
    (found,) = findings(made, Memory([record]))
    (resource,) = found["resources"]
    assert resource["id"] == (
        "arn:aws:ecr:us-east-1:000000000000:repository/team/app/sha256:" + "2" * 64
    )
    assert resource["tags"] == {}
    assert resource["details"]["awsEcrContainerImage"] == {
        "repositoryName": "team/app",
        "imageHash": "sha256:" + "2" * 64,
        "registry": "000000000000",
        "imageTags": ["1.2", "latest"],
        "author": "me",
        "architecture": "amd64",
        "platform": "DEBIAN_12",
    }


@pytest.mark.parametrize(
    ("name", "repository"),
    [
        ("alpine", "alpine"),
        ("alpine:3.18", "alpine"),
        ("docker.io/library/alpine", "library/alpine"),
        ("localhost/x@sha256:" + "0" * 64, "x"),
        ("./build/My Image.tar", "build/my-image"),
        ("/", "image"),
        ("ghcr.io/A/B:c", "a/b"),
    ],
)
def test_repository_names(name, repository):
    from openinspector.assess.resources import repository_name

    assert repository_name(name) == repository


def test_function_resource_and_its_libraries_without_advice():
    record = advisory("GHSA-1", "PyPI", "x", "0,2.0", cves=["CVE-2024-1000"])
    made = inventory(
        package("PyPI", "x", "1", manager="PYTHONPKG"), kind="function", name="a/my fn.zip"
    )
    (found,) = findings(made, Memory([record]))
    (resource,) = found["resources"]
    assert resource["id"] == "arn:aws:lambda:us-east-1:000000000000:function:my-fn:$LATEST"
    (shown,) = found["packageVulnerabilityDetails"]["vulnerablePackages"]
    assert "remediation" not in shown
    assert shown["fixedInVersion"] == "2.0"


def test_hostile_names_stay_within_the_shape():
    name = "x\udcff\x1b[31m" + "y" * 5000
    record = advisory(
        "CVE-2024-1000" + "9" * 300, "npm", name, "0,", cves=["CVE-2024-1" + "0" * 300]
    )
    known = Vulnerability(
        "CVE-2024-1" + "0" * 300, description="\udcff" * 3000, references=("", "u" * 9000)
    )
    one = package("npm", name, "1" * 5000, manager="NODEPKG", path="p\udc80" * 2000)
    (found,) = findings(inventory(one, kind="directory"), Memory([record], [known]))
    assert len(found["title"]) == 1024


@pytest.mark.parametrize(
    ("vendor", "label"),
    [
        ((("UBUNTU_CVE", "low"), ("REDHAT_CVE", "Moderate")), "MEDIUM"),
        ((("UBUNTU_CVE", "critical"), ("GITHUB", "LOW")), "LOW"),
        ((("DEBIAN_CVE", "not yet assigned"),), "UNTRIAGED"),
        ((), "UNTRIAGED"),
    ],
)
def test_words_of_others_for_a_library_without_a_score(vendor, label):
    record = advisory("CVE-2024-1000", "npm", "x", "0,2.0.0")
    known = Vulnerability("CVE-2024-1000", vendor=vendor)
    made = inventory(package("npm", "x", "1.0.0", manager="NPM"), kind="directory")
    (found,) = findings(made, Memory([record], [known]))
    assert found["severity"] == label


def test_discontinued_distribution():
    old = msgspec.structs.replace(UBUNTU_16, end_of_life="2024-04-30")
    (found,) = findings(inventory(distribution=old), Memory(known=["Ubuntu:16.04:LTS"]))
    assert found["title"] == "IN-DISCONTINUED-001 - Ubuntu"
    assert found["severity"] == "CRITICAL"
    assert found["packageVulnerabilityDetails"]["source"] == "AMAZON_INSPECTOR"
    supported = msgspec.structs.replace(UBUNTU_16, end_of_life="2024-05-22")
    assert findings(inventory(distribution=supported), Memory()) == []


def test_expired_certificate():
    check = ConfigurationCheck("IN-CERTIFICATE-001", "etc/ssl/old.pem", 1, 1, "expired:2020-01-01")
    (found,) = findings(inventory(checks=(check,)), Memory())
    assert found["type"] == "CODE_VULNERABILITY"
    assert found["severity"] == "MEDIUM"
    assert found["codeVulnerabilityDetails"]["cwes"] == ["CWE-298", "CWE-324"]
    assert found["codeVulnerabilityDetails"]["filePath"]["fileName"] == "old.pem"


def test_findings_come_worst_first():
    records = [advisory(f"CVE-2024-100{n}", "npm", "x", "0,2.0.0") for n in range(3)]
    known = [
        Vulnerability(f"CVE-2024-100{n}", cvss=(CvssEntry("3.1", V31, value, "NVD"),))
        for n, value in enumerate((5.0, 9.8, 7.5))
    ]
    one = package("npm", "x", "1.0.0", manager="NPM")
    result = assess(inventory(one), Memory(records, known), Options(), NOW)
    assert [each.inspector_score for each in result.findings] == [9.8, 7.5, 5.0]
    assert result.summary.severities == {
        "CRITICAL": 1,
        "HIGH": 1,
        "MEDIUM": 1,
        "LOW": 0,
        "INFORMATIONAL": 0,
        "UNTRIAGED": 0,
    }
    assert msgspec.json.encode(result.summary)


def test_dockerfile_checks():
    checks = (
        ConfigurationCheck("IN-DOCKER-007-001", "build/Dockerfile", 3, 4),
        ConfigurationCheck("IN-DOCKER-003", "build/Dockerfile", 9, 9),
        ConfigurationCheck("IN-OTHER-1", "", 0, 0),
    )
    secret, root, other = findings(inventory(checks=checks), Memory())
    assert (secret["type"], secret["severity"]) == ("CODE_VULNERABILITY", "CRITICAL")
    assert secret["title"].startswith("CWE-798 - ")
    assert secret["codeVulnerabilityDetails"]["filePath"] == {
        "fileName": "Dockerfile",
        "filePath": "build/Dockerfile",
        "startLine": 3,
        "endLine": 4,
    }
    assert secret["codeVulnerabilityDetails"]["detectorId"] == "IN-DOCKER-007-001"
    assert root["severity"] == "INFORMATIONAL"
    assert other["severity"] == "UNTRIAGED"
    assert len({each["findingArn"] for each in (secret, root, other)}) == 3
