"""Jobs to run: a store, a clock, findings by the number."""

import time
from collections.abc import Iterator
from typing import Any

from openinspector.model.finding import (
    AwsEcrContainerImageDetails,
    Finding,
    PackageVulnerabilityDetails,
    Recommendation,
    Remediation,
    Resource,
    ResourceDetails,
    VulnerablePackage,
)
from openinspector.signals.exports import FINDINGS_REPORT, Job, create_job
from openinspector.signals.exports.jobs import Kind
from openinspector.store import Store

ACCOUNT = "111122223333"
REGION = "us-east-1"
BUCKET = "reports-here"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/00000000-0000-0000-0000-000000000000"


def clock() -> int:
    """Epoch milliseconds."""
    return int(time.time() * 1000)


def new_job(store: Store, kind: Kind = FINDINGS_REPORT, **changes: Any) -> Job:
    """A job as the API records it."""
    request: dict[str, Any] = {
        "format": "CSV",
        "destination": {"bucketName": BUCKET, "keyPrefix": "inspector", "kmsKeyArn": KEY},
        "criteria": None,
        "accounts": lambda _: [ACCOUNT],
        "now": clock(),
    }
    return create_job(store, kind, ACCOUNT, **{**request, **changes})


def findings(count: int, account: str = ACCOUNT) -> Iterator[Finding]:
    """Findings of one image, each different."""
    image = AwsEcrContainerImageDetails(
        repository_name="shop", image_hash="sha256:" + "a" * 64, registry=account,
        image_tags=["1.2", "latest"], pushed_at=1_700_000_000.5, platform="DEBIAN_12",
    )  # fmt: skip
    resource = Resource(
        type="AWS_ECR_CONTAINER_IMAGE",
        id=f"arn:aws:ecr:{REGION}:{account}:repository/shop/sha256:{'a' * 64}",
        region=REGION,
        tags={"updatedAt": "mine"},
        details=ResourceDetails(aws_ecr_container_image=image),
    )
    for number in range(count):
        yield Finding(
            finding_arn=f"arn:aws:inspector2:{REGION}:{account}:finding/{number:032x}",
            aws_account_id=account,
            type="PACKAGE_VULNERABILITY",
            description="=cmd|' /C calc'!A0" if number == 0 else "A flaw. " * 60,
            severity="HIGH",
            first_observed_at=1_700_000_000.0,
            last_observed_at=1_700_000_100.25,
            updated_at=1_700_000_100.25,
            status="ACTIVE",
            remediation=Remediation(recommendation=Recommendation(text="None Provided")),
            resources=[resource],
            title=f"CVE-2024-{number:05} - libfoo",
            package_vulnerability_details=PackageVulnerabilityDetails(
                vulnerability_id=f"CVE-2024-{number:05}",
                source="NVD",
                source_url="https://nvd.nist.gov/vuln/detail/CVE-2024-00001",
                vulnerable_packages=[
                    VulnerablePackage(name="libfoo", version="1.0", release="1", epoch=0)
                ],
            ),
        )
