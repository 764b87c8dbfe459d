"""A finding, in the exact shape of the `inspector2` API's `Finding` (model 2020-06-08).

Field names are the API's own (spec/findings.md); msgspec renames them to camel case on the wire.
Timestamps are epoch seconds with milliseconds as fraction. Absent members are left out.
"""

from typing import Literal

import msgspec

from openinspector.model.package import PackageManager

Severity = Literal["INFORMATIONAL", "LOW", "MEDIUM", "HIGH", "CRITICAL", "UNTRIAGED"]
FindingStatus = Literal["ACTIVE", "SUPPRESSED", "CLOSED"]
FindingType = Literal["NETWORK_REACHABILITY", "PACKAGE_VULNERABILITY", "CODE_VULNERABILITY"]
FixAvailable = Literal["YES", "NO", "PARTIAL"]
ResourceType = Literal[
    "AWS_EC2_INSTANCE",
    "AWS_ECR_CONTAINER_IMAGE",
    "AWS_ECR_REPOSITORY",
    "AWS_LAMBDA_FUNCTION",
    "CODE_REPOSITORY",
    "MACHINE_IMAGE",
]


class _Shape(msgspec.Struct, frozen=True, omit_defaults=True, rename="camel"):
    """Base of all shapes: camel case on the wire, absent members left out."""


class CvssScore(_Shape, frozen=True):
    """One known score of the vulnerability (all members required by the model)."""

    base_score: float
    scoring_vector: str
    version: str
    source: str


class CvssScoreAdjustment(_Shape, frozen=True):
    """One metric that Inspector moved, and the reason."""

    metric: str
    reason: str


class CvssScoreDetails(_Shape, frozen=True):
    """The score that counts, after adjustments (spec/scoring.md 3)."""

    score: float
    score_source: str
    version: str
    scoring_vector: str
    cvss_source: str | None = None
    adjustments: list[CvssScoreAdjustment] | None = None


class InspectorScoreDetails(_Shape, frozen=True):
    """Wraps the adjusted score."""

    adjusted_cvss: CvssScoreDetails | None = None


class VulnerablePackage(_Shape, frozen=True):
    """One affected package of a finding (spec/findings.md 4.3)."""

    name: str
    version: str
    source_layer_hash: str | None = None
    epoch: int | None = None
    release: str | None = None
    arch: str | None = None
    package_manager: PackageManager | None = None
    file_path: str | None = None
    fixed_in_version: str | None = None
    remediation: str | None = None
    source_lambda_layer_arn: str | None = None


class PackageVulnerabilityDetails(_Shape, frozen=True):
    """What the finding is about (spec/findings.md 4.2)."""

    vulnerability_id: str
    source: str
    vulnerable_packages: list[VulnerablePackage] | None = None
    cvss: list[CvssScore] | None = None
    related_vulnerabilities: list[str] | None = None
    source_url: str | None = None
    vendor_severity: str | None = None
    vendor_created_at: float | None = None
    vendor_updated_at: float | None = None
    reference_urls: list[str] | None = None


class CodeFilePath(_Shape, frozen=True):
    """A range of lines of a file."""

    file_name: str
    file_path: str
    start_line: int
    end_line: int


class CodeVulnerabilityDetails(_Shape, frozen=True):
    """What a code or configuration check says (spec/findings.md 6)."""

    file_path: CodeFilePath
    detector_id: str
    detector_name: str
    cwes: list[str]
    detector_tags: list[str] | None = None
    reference_urls: list[str] | None = None
    rule_id: str | None = None
    source_lambda_layer_arn: str | None = None


class PortRange(_Shape, frozen=True):
    """A closed range of ports."""

    begin: int
    end: int


class PathStep(_Shape, frozen=True):
    """One component of a network path, by its CloudFormation type."""

    component_id: str
    component_type: str
    component_arn: str | None = None


class NetworkPath(_Shape, frozen=True):
    """The components from outside in, 1-30."""

    steps: list[PathStep] | None = None


class NetworkReachabilityDetails(_Shape, frozen=True):
    """Which ports are open, over which path (spec/findings.md 5)."""

    open_port_range: PortRange
    protocol: Literal["TCP", "UDP"]
    network_path: NetworkPath


class Recommendation(_Shape, frozen=True):
    """What to do."""

    text: str | None = None
    url: str | None = msgspec.field(default=None, name="Url")


class Remediation(_Shape, frozen=True):
    """Wraps the recommendation."""

    recommendation: Recommendation | None = None


class AwsEc2InstanceDetails(_Shape, frozen=True):
    """An instance or host."""

    type: str | None = None
    image_id: str | None = None
    ip_v4_addresses: list[str] | None = msgspec.field(default=None, name="ipV4Addresses")
    ip_v6_addresses: list[str] | None = msgspec.field(default=None, name="ipV6Addresses")
    key_name: str | None = None
    iam_instance_profile_arn: str | None = None
    vpc_id: str | None = None
    subnet_id: str | None = None
    launched_at: float | None = None
    platform: str | None = None


class AwsEcrContainerImageDetails(_Shape, frozen=True):
    """A container image."""

    repository_name: str
    image_hash: str
    registry: str
    image_tags: list[str] | None = None
    pushed_at: float | None = None
    author: str | None = None
    architecture: str | None = None
    platform: str | None = None
    last_in_use_at: float | None = None
    in_use_count: int | None = None


class LambdaVpcConfig(_Shape, frozen=True):
    """The network that a function is connected to."""

    subnet_ids: list[str] | None = None
    security_group_ids: list[str] | None = None
    vpc_id: str | None = None


class AwsLambdaFunctionDetails(_Shape, frozen=True):
    """A function."""

    function_name: str
    runtime: str
    code_sha256: str = msgspec.field(name="codeSha256")
    version: str
    execution_role_arn: str
    layers: list[str] | None = None
    vpc_config: LambdaVpcConfig | None = None
    package_type: str | None = None
    architectures: list[str] | None = None
    last_modified_at: float | None = None


class CodeRepositoryDetails(_Shape, frozen=True):
    """A source tree."""

    project_name: str | None = None
    integration_arn: str | None = None
    provider_type: str | None = None


class MachineImageDetails(_Shape, frozen=True):
    """A machine image (AMI) that was scanned itself."""

    machine_image_id: str
    name: str | None = None
    owner_account_id: str | None = None
    platform: str | None = None
    architecture: str | None = None
    creation_date: float | None = None
    state: str | None = None
    is_public: bool | None = None
    root_device_type: str | None = None
    virtualization_type: str | None = None
    source_resource_id: str | None = None


class ResourceDetails(_Shape, frozen=True):
    """Exactly one member is filled."""

    aws_ec2_instance: AwsEc2InstanceDetails | None = msgspec.field(
        default=None, name="awsEc2Instance"
    )
    aws_ecr_container_image: AwsEcrContainerImageDetails | None = None
    aws_lambda_function: AwsLambdaFunctionDetails | None = None
    code_repository: CodeRepositoryDetails | None = None
    machine_image: MachineImageDetails | None = None


class Resource(_Shape, frozen=True):
    """The resource that a finding is about (spec/findings.md 3)."""

    type: ResourceType
    id: str
    partition: str | None = None
    region: str | None = None
    tags: dict[str, str] | None = None
    details: ResourceDetails | None = None


class ExploitabilityDetails(_Shape, frozen=True):
    """When an exploit was last reported."""

    last_known_exploit_at: float | None = None


class EpssDetails(_Shape, frozen=True):
    """FIRST's probability."""

    score: float | None = None


class Finding(_Shape, frozen=True):
    """One vulnerability, check or open path of one resource."""

    finding_arn: str
    aws_account_id: str
    type: FindingType
    description: str
    severity: Severity
    first_observed_at: float
    last_observed_at: float
    status: FindingStatus
    remediation: Remediation
    resources: list[Resource]
    title: str | None = None
    updated_at: float | None = None
    inspector_score: float | None = None
    inspector_score_details: InspectorScoreDetails | None = None
    network_reachability_details: NetworkReachabilityDetails | None = None
    package_vulnerability_details: PackageVulnerabilityDetails | None = None
    code_vulnerability_details: CodeVulnerabilityDetails | None = None
    fix_available: FixAvailable | None = None
    exploit_available: Literal["YES", "NO"] | None = None
    exploitability_details: ExploitabilityDetails | None = None
    epss: EpssDetails | None = None
