"""A made-up organisation: ten accounts, their images, hosts and functions, and what they have.

Drawn by number, so nothing is held in memory and every run is the same.
"""

import hashlib
import random
from collections.abc import Iterator
from typing import Any

import msgspec

from openinspector.model.finding import (
    AwsEc2InstanceDetails,
    AwsEcrContainerImageDetails,
    AwsLambdaFunctionDetails,
    CvssScore,
    EpssDetails,
    Finding,
    FindingStatus,
    PackageVulnerabilityDetails,
    Recommendation,
    Remediation,
    Resource,
    ResourceDetails,
    ResourceType,
    Severity,
    VulnerablePackage,
)
from openinspector.store.findings import SEVERITY_RANK

NOW = 1_750_000_000_000
ACCOUNTS = tuple(f"{number:012d}" for number in range(111_100_000_000, 111_100_000_010))
PER_RESOURCE = 200
CVES, PACKAGES, REPOSITORIES, TEAMS = 20_000, 3_000, 200, 25
_SEVERITIES: tuple[Severity, ...] = ("CRITICAL", "HIGH", "MEDIUM", "LOW", "UNTRIAGED")
_STATUSES: tuple[FindingStatus, ...] = ("ACTIVE", "SUPPRESSED", "CLOSED")
_KINDS: tuple[ResourceType, ...] = (
    *("AWS_ECR_CONTAINER_IMAGE",) * 6,
    *("AWS_EC2_INSTANCE",) * 3,
    "AWS_LAMBDA_FUNCTION",
)
_DAY = 86_400
_PROSE = "A flaw lets a remote attacker read memory that was never meant for them. " * 8


def _often(draw: random.Random, count: int) -> int:
    """A number below `count`: small ones come often, as the same few flaws are everywhere."""
    return int(count * draw.random() ** 2)


def _cve(number: int) -> str:
    return f"CVE-{2015 + number % 10}-{10_000 + number}"


class MadeUp(msgspec.Struct, frozen=True):
    """One resource by its number, with so many findings."""

    number: int
    count: int

    @property
    def account(self) -> str:
        """Whose it is."""
        return ACCOUNTS[self.number % len(ACCOUNTS)]

    @property
    def repository(self) -> str:
        """Where it lies, if it is an image."""
        return f"service-{self.number // 100 % REPOSITORIES}"

    @property
    def _hash(self) -> str:
        return f"sha256:{self.number:064x}"

    @property
    def kind(self) -> ResourceType:
        """Six of ten are images, three hosts, one a function."""
        return _KINDS[self.number // len(ACCOUNTS) % len(_KINDS)]

    @property
    def id(self) -> str:
        """Its identifier in findings."""
        if self.kind == "AWS_EC2_INSTANCE":
            return f"i-{self.number:017x}"
        if self.kind == "AWS_LAMBDA_FUNCTION":
            return f"arn:aws:lambda:us-east-1:{self.account}:function:f{self.number}:$LATEST"
        place = f"arn:aws:ecr:us-east-1:{self.account}:repository/{self.repository}"
        return f"{place}/{self._hash}"

    def covered(self) -> dict[str, Any]:
        """Its row of coverage."""
        return {
            "accountId": self.account,
            "resourceId": self.id,
            "resourceType": self.kind,
            "scanType": "PACKAGE",
            "scanStatus": {"statusCode": "ACTIVE", "reason": "SUCCESSFUL"},
            "lastScannedAt": NOW / 1000,
            "providerRegion": "us-east-1",
        }

    def _described(self) -> Resource:
        image = function = host = None
        if self.kind == "AWS_EC2_INSTANCE":
            host = AwsEc2InstanceDetails(
                type="m5.large",
                image_id=f"ami-{self.number % 40:017x}",
                vpc_id=f"vpc-{self.number % 20:017x}",
                subnet_id=f"subnet-{self.number % 90:017x}",
                platform="DEBIAN_12",
            )
        elif self.kind == "AWS_LAMBDA_FUNCTION":
            role = f"arn:aws:iam::{self.account}:role/f{self.number % 50}"
            function = AwsLambdaFunctionDetails(
                f"f{self.number}", "PYTHON_3_12", "x" * 44, "$LATEST", role
            )
        else:
            image = AwsEcrContainerImageDetails(
                self.repository,
                self._hash,
                self.account,
                image_tags=[f"v{self.number}"],
                pushed_at=NOW / 1000 - self.number % 300 * _DAY,
                architecture="amd64",
                in_use_count=self.number % 7,
            )
        details = ResourceDetails(host, image, function)
        tags = {"team": f"team-{self.number // 7 % TEAMS}", "stage": "production"}
        return Resource(self.kind, self.id, "aws", "us-east-1", tags, details)

    @property
    def _scanned(self) -> float:
        """When it was last scanned: its open findings were all seen then."""
        return round(NOW / 1000 - random.Random(-self.number).random() * 30 * _DAY, 3)

    def findings(self) -> Iterator[tuple[Finding, str | None]]:
        """What it has, with the reason of those that are closed."""
        draw = random.Random(self.number)
        resource = self._described()
        for each in range(self.count):
            number = _often(draw, CVES)
            name = hashlib.sha256(f"{self.number}/{each}".encode()).hexdigest()[:32]
            yield self._finding(resource, number, name, draw)

    def _finding(
        self, resource: Resource, number: int, name: str, draw: random.Random
    ) -> tuple[Finding, str | None]:
        cve = _cve(number)
        package = f"package-{number % PACKAGES}"
        severity = _SEVERITIES[draw.choices(range(5), (3, 22, 45, 20, 10))[0]]
        status = draw.choices(_STATUSES, (80, 5, 15))[0]
        seen = round(self._scanned - draw.random() * 270 * _DAY, 3)
        score = round(draw.random() * 10, 1)
        vector = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"
        found = Finding(
            finding_arn=f"arn:aws:inspector2:us-east-1:{self.account}:finding/{name}",
            aws_account_id=self.account,
            type="PACKAGE_VULNERABILITY",
            description=_PROSE,
            severity=severity,
            first_observed_at=seen,
            last_observed_at=seen if status == "CLOSED" else self._scanned,
            updated_at=seen,
            status=status,
            remediation=Remediation(Recommendation("None Provided")),
            resources=[resource],
            title=f"{cve} - {package}",
            inspector_score=score,
            package_vulnerability_details=PackageVulnerabilityDetails(
                cve,
                "NVD",
                [VulnerablePackage(package, "1.0", release="1", arch="X86_64",
                                   package_manager="OS", fixed_in_version="1.1")],
                [CvssScore(score, vector, "3.1", "NVD")],
                source_url=f"https://nvd.nist.gov/vuln/detail/{cve}",
                vendor_severity=severity,
            ),
            fix_available="YES",
            exploit_available="NO",
            epss=EpssDetails(round(draw.random() ** 6, 5)),
        )  # fmt: skip
        return found, "REMEDIATED" if status == "CLOSED" else None


class World:
    """All resources, and values to ask for."""

    def __init__(self, findings: int) -> None:
        whole, rest = divmod(findings, PER_RESOURCE)
        self._counts = [PER_RESOURCE] * whole + ([rest] if rest else [])

    def parts(self, size: int) -> Iterator[list[MadeUp]]:
        """The resources, some at a time."""
        for start in range(0, len(self._counts), size):
            counts = self._counts[start : start + size]
            yield [MadeUp(start + at, count) for at, count in enumerate(counts)]

    def resource(self, draw: random.Random) -> MadeUp:
        """Any resource."""
        number = draw.randrange(len(self._counts))
        return MadeUp(number, self._counts[number])

    def cve(self, draw: random.Random) -> str:
        """A vulnerability, often a common one."""
        return _cve(_often(draw, CVES))

    def package(self, draw: random.Random) -> str:
        """A package."""
        return f"package-{draw.randrange(PACKAGES)}"

    def repository(self, draw: random.Random) -> str:
        """A repository that there is."""
        return self.resource(draw).repository

    def team(self, draw: random.Random) -> str:
        """The value of a tag."""
        return f"team-{draw.randrange(TEAMS)}"

    def deep(self, draw: random.Random) -> list[Any]:
        """A position inside the default order, as a page's token holds it."""
        rank = SEVERITY_RANK[draw.choice(_SEVERITIES)]
        moment = NOW - int(draw.random() * 300 * _DAY * 1000)
        return [rank, moment, f"{draw.getrandbits(64):016x}"]
