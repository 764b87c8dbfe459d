"""Random findings, and random criteria that have a chance to meet them."""

from typing import Any

import botocore.session
import msgspec
from hypothesis import strategies as st

from openinspector.model.finding import (
    AwsEc2InstanceDetails,
    AwsEcrContainerImageDetails,
    AwsLambdaFunctionDetails,
    CodeFilePath,
    CodeRepositoryDetails,
    CodeVulnerabilityDetails,
    EpssDetails,
    Finding,
    NetworkPath,
    NetworkReachabilityDetails,
    PackageVulnerabilityDetails,
    PathStep,
    PortRange,
    Recommendation,
    Remediation,
    Resource,
    ResourceDetails,
    ResourceType,
    VulnerablePackage,
)

ACCOUNTS = ("111111111111", "222222222222", "333333333333")
WORDS = ("a", "A", "ab", "a%", "a_b", "é", "b")
RESOURCE_TYPES: tuple[ResourceType, ...] = (
    "AWS_EC2_INSTANCE",
    "AWS_ECR_CONTAINER_IMAGE",
    "AWS_LAMBDA_FUNCTION",
    "CODE_REPOSITORY",
)
TIMES = (1_700_000_000.0, 1_700_000_000.5, 1_750_000_000.0)

words = st.sampled_from(WORDS)
times = st.sampled_from(TIMES)
maybe = st.none() | words


@st.composite
def packages(draw: st.DrawFn) -> VulnerablePackage:
    return VulnerablePackage(
        name=draw(words),
        version=draw(words),
        epoch=draw(st.none() | st.integers(0, 2)),
        release=draw(maybe),
        arch=draw(maybe),
        source_layer_hash=draw(maybe),
        source_lambda_layer_arn=draw(maybe),
        file_path=draw(maybe),
    )


@st.composite
def resources(draw: st.DrawFn, account: str) -> Resource:
    kind = draw(st.sampled_from(RESOURCE_TYPES))
    details = {
        "AWS_EC2_INSTANCE": ResourceDetails(
            aws_ec2_instance=AwsEc2InstanceDetails(
                image_id=draw(maybe), vpc_id=draw(maybe), platform=draw(maybe)
            )
        ),
        "AWS_ECR_CONTAINER_IMAGE": ResourceDetails(
            aws_ecr_container_image=AwsEcrContainerImageDetails(
                repository_name=draw(words),
                image_hash="sha256:" + draw(st.sampled_from("01")) * 64,
                registry=account,
                architecture=draw(maybe),
                image_tags=draw(st.lists(words, max_size=2)),
                pushed_at=draw(st.none() | times),
                last_in_use_at=draw(st.none() | times),
                in_use_count=draw(st.none() | st.integers(0, 2)),
            )
        ),
        "AWS_LAMBDA_FUNCTION": ResourceDetails(
            aws_lambda_function=AwsLambdaFunctionDetails(
                function_name=draw(words),
                runtime=draw(st.sampled_from(("PYTHON_3_11", "a"))),
                code_sha256="x",
                version="$LATEST",
                execution_role_arn=draw(words),
                layers=draw(st.none() | st.lists(words, min_size=1, max_size=2)),
                last_modified_at=draw(st.none() | times),
            )
        ),
        "CODE_REPOSITORY": ResourceDetails(
            code_repository=CodeRepositoryDetails(
                project_name=draw(maybe), provider_type=draw(st.none() | st.just("GITHUB"))
            )
        ),
    }[kind]
    return Resource(
        type=kind,
        id=draw(words),
        partition="aws",
        region=draw(st.sampled_from(("us-east-1", "eu-west-1"))),
        tags=draw(st.dictionaries(words, words, max_size=2)),
        details=draw(st.sampled_from((details, details, details, None))),
    )


@st.composite
def findings(draw: st.DrawFn, number: int = 0) -> Finding:
    account = draw(st.sampled_from(ACCOUNTS))
    kind = draw(
        st.sampled_from(("PACKAGE_VULNERABILITY", "NETWORK_REACHABILITY", "CODE_VULNERABILITY"))
    )
    partition = draw(st.sampled_from(("aws", "aws", "aws-cn")))
    low, high = sorted(draw(st.tuples(st.integers(0, 5), st.integers(0, 5))))
    steps = draw(st.lists(st.tuples(words, words), max_size=2))
    return Finding(
        finding_arn=f"arn:{partition}:inspector2:us-east-1:{account}:finding/{number:032x}",
        aws_account_id=account,
        type=kind,
        title=draw(maybe),
        description="d",
        severity=draw(st.sampled_from(("CRITICAL", "HIGH", "MEDIUM", "LOW", "UNTRIAGED"))),
        first_observed_at=draw(times),
        last_observed_at=draw(times),
        updated_at=draw(times),
        status=draw(st.sampled_from(("ACTIVE", "ACTIVE", "SUPPRESSED", "CLOSED"))),
        remediation=Remediation(Recommendation(text="None Provided")),
        resources=[draw(resources(account))],
        inspector_score=draw(st.none() | st.sampled_from((0.0, 5.5, 10.0))),
        epss=draw(st.none() | st.sampled_from((0.1, 0.5)).map(EpssDetails)),
        exploit_available=draw(st.sampled_from((None, "YES", "NO"))),
        fix_available=draw(st.sampled_from((None, "YES", "NO", "PARTIAL"))),
        package_vulnerability_details=PackageVulnerabilityDetails(
            vulnerability_id=draw(words),
            source=draw(words),
            vendor_severity=draw(maybe),
            related_vulnerabilities=draw(st.lists(words, max_size=2)),
            vulnerable_packages=draw(st.lists(packages(), max_size=2)),
        )
        if kind == "PACKAGE_VULNERABILITY"
        else None,
        network_reachability_details=NetworkReachabilityDetails(
            PortRange(low, high),
            draw(st.sampled_from(("TCP", "UDP"))),
            NetworkPath([PathStep(a, b) for a, b in steps]),
        )
        if kind == "NETWORK_REACHABILITY"
        else None,
        code_vulnerability_details=CodeVulnerabilityDetails(
            CodeFilePath("f", draw(words), 1, 2),
            "d",
            draw(words),
            [],
            detector_tags=draw(st.lists(words, max_size=2)),
        )
        if kind == "CODE_VULNERABILITY"
        else None,
    )


@st.composite
def sets_of_findings(draw: st.DrawFn, most: int = 8) -> list[Finding]:
    count = draw(st.integers(0, most))
    return [draw(findings(number)) for number in range(count)]


MODEL: Any = botocore.session.get_session().get_service_model("inspector2")
SHAPE = MODEL.shape_for("FilterCriteria")
_COMMON = (
    *WORDS,
    "ACTIVE",
    "CRITICAL",
    "AWS_EC2_INSTANCE",
    "AWS",
    *ACCOUNTS,
    "YES",
    "TCP",
    "us-east-1",
)
strings = st.fixed_dictionaries(
    {
        "comparison": st.sampled_from(("EQUALS", "PREFIX", "NOT_EQUALS")),
        "value": st.sampled_from(_COMMON),
    }
)
numbers = st.fixed_dictionaries(
    {},
    optional={
        "lowerInclusive": st.sampled_from((0, 0.1, 1, 5.5)),
        "upperInclusive": st.sampled_from((0.1, 1, 10.0)),
    },
)
TESTS = {
    "StringFilter": strings,
    "NumberFilter": numbers,
    "DateFilter": st.fixed_dictionaries(
        {}, optional={"startInclusive": times, "endInclusive": times}
    ),
    "MapFilter": st.fixed_dictionaries(
        {"comparison": st.just("EQUALS"), "key": words}, optional={"value": words}
    ),
    "PortRangeFilter": st.fixed_dictionaries(
        {}, optional={"beginInclusive": st.integers(0, 6), "endInclusive": st.integers(0, 6)}
    ),
    "PackageFilter": st.fixed_dictionaries(
        {},
        optional={
            **dict.fromkeys(("name", "version", "release", "filePath"), strings),
            "epoch": numbers,
        },
    ),
}


@st.composite
def criteria(draw: st.DrawFn, most: int = 3) -> dict[str, list[dict[str, Any]]]:
    names = draw(st.lists(st.sampled_from(sorted(SHAPE.members)), max_size=most, unique=True))
    return {
        name: draw(st.lists(TESTS[SHAPE.members[name].member.name], min_size=1, max_size=3))
        for name in names
    }


def body(finding: Finding) -> bytes:
    return msgspec.json.encode(finding)
