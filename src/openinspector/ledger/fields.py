"""Every criterion of `FilterCriteria`, once: where it is in SQL, and with what it is compared.

The columns are those of the store, and what a finding has in memory is asked of the same functions
that fill them, so a query and a rule cannot disagree about where a field is
(spec/filters-and-suppression.md 2).
"""

from collections.abc import Mapping
from typing import Literal

import msgspec

Kind = Literal["string", "number", "date", "map", "ports", "package"]


class Scalar(msgspec.Struct, frozen=True):
    """A criterion on one column of the finding."""

    kind: Kind
    column: str


class Several(msgspec.Struct, frozen=True):
    """A criterion on something that a finding has several of, in the side table of values."""

    kind: Kind
    field: str


class Constant(msgspec.Struct, frozen=True):
    """A criterion on what is the same for every finding here."""

    kind: Kind
    value: str


class Absent(msgspec.Struct, frozen=True):
    """A criterion on what no finding here has: findings of other clouds."""

    kind: Kind


class Ports(msgspec.Struct, frozen=True):
    """The criterion on the open port range."""

    kind: Kind = "ports"


class Packages(msgspec.Struct, frozen=True):
    """The criterion on affected packages."""

    kind: Kind = "package"


Field = Scalar | Several | Constant | Absent | Ports | Packages


def _text(column: str) -> Scalar:
    return Scalar("string", column)


FIELDS: Mapping[str, Field] = {
    "findingArn": _text("arn"),
    "awsAccountId": _text("account"),
    "findingType": _text("type"),
    "severity": _text("severity"),
    "findingStatus": _text("status"),
    "title": _text("title"),
    "firstObservedAt": Scalar("date", "first_observed_at"),
    "lastObservedAt": Scalar("date", "last_observed_at"),
    "updatedAt": Scalar("date", "updated_at"),
    "inspectorScore": Scalar("number", "inspector_score"),
    "epssScore": Scalar("number", "epss_score"),
    "exploitAvailable": _text("exploit_available"),
    "fixAvailable": _text("fix_available"),
    "resourceType": _text("resource_type"),
    "resourceId": _text("resource_id"),
    "resourceTags": Several("map", "tag"),
    "ec2InstanceImageId": _text("ec2_image_id"),
    "ec2InstanceVpcId": _text("ec2_vpc_id"),
    "ec2InstanceSubnetId": _text("ec2_subnet_id"),
    "ecrImagePushedAt": Scalar("date", "ecr_pushed_at"),
    "ecrImageLastInUseAt": Scalar("date", "ecr_last_in_use_at"),
    "ecrImageInUseCount": Scalar("number", "ecr_in_use_count"),
    "ecrImageArchitecture": _text("ecr_architecture"),
    "ecrImageRegistry": _text("ecr_registry"),
    "ecrImageRepositoryName": _text("ecr_repository"),
    "ecrImageHash": _text("ecr_hash"),
    "ecrImageTags": Several("string", "image_tag"),
    "lambdaFunctionName": _text("lambda_name"),
    "lambdaFunctionRuntime": _text("lambda_runtime"),
    "lambdaFunctionExecutionRoleArn": _text("lambda_role"),
    "lambdaFunctionLayers": Several("string", "lambda_layer"),
    "lambdaFunctionLastModifiedAt": Scalar("date", "lambda_modified_at"),
    "codeRepositoryProjectName": _text("project_name"),
    "codeRepositoryProviderType": _text("project_provider"),
    "portRange": Ports(),
    "networkProtocol": _text("protocol"),
    "componentId": Several("string", "component_id"),
    "componentType": Several("string", "component_type"),
    "vulnerabilityId": _text("vulnerability_id"),
    "vulnerabilitySource": _text("vulnerability_source"),
    "vendorSeverity": _text("vendor_severity"),
    "relatedVulnerabilities": Several("string", "related"),
    "vulnerablePackages": Packages(),
    "codeVulnerabilityDetectorName": _text("detector_name"),
    "codeVulnerabilityDetectorTags": Several("string", "detector_tag"),
    "codeVulnerabilityFilePath": _text("code_path"),
    "machineImageId": _text("ec2_image_id"),
    "machineImageName": Several("string", "machine_image_name"),
    "machineImageOwnerAccountId": Several("string", "machine_image_owner"),
    "machineImagePlatform": Several("string", "machine_image_platform"),
    # Criteria of the newer models that speak of all clouds: here, of the one that there is.
    "cloudProvider": Constant("string", "AWS"),
    "cloudProviderRegion": _text("region"),
    "cloudProviderAccountId": _text("account"),
    "cloudProviderOrgId": Absent("string"),
    "cloudVmImageReference": _text("ec2_image_id"),
    "cloudVmNetworkId": _text("ec2_vpc_id"),
    "cloudVmSubnetIds": _text("ec2_subnet_id"),
    "cloudImageRepositoryName": _text("ecr_repository"),
    "cloudImageRegistry": _text("ecr_registry"),
    "cloudImageDigest": _text("ecr_hash"),
    "cloudImageTags": Several("string", "image_tag"),
    "cloudImagePushedAt": Scalar("date", "ecr_pushed_at"),
    "cloudImageArchitecture": _text("ecr_architecture"),
    "cloudImageLastInUseAt": Scalar("date", "ecr_last_in_use_at"),
    "cloudImageInUseCount": Scalar("number", "ecr_in_use_count"),
    "cloudServerlessFunctionName": _text("lambda_name"),
    "cloudServerlessFunctionRuntime": _text("lambda_runtime"),
    "cloudServerlessFunctionLastModifiedAt": Scalar("date", "lambda_modified_at"),
    "cloudServerlessFunctionExecutionRole": _text("lambda_role"),
}

PACKAGE_FIELDS: Mapping[str, str] = {
    "name": "name",
    "version": "version",
    "release": "release",
    "architecture": "architecture",
    "sourceLayerHash": "layer_hash",
    "sourceLambdaLayerArn": "lambda_layer_arn",
    "filePath": "file_path",
    "epoch": "epoch",
}
"""Members of `PackageFilter` and their columns."""
