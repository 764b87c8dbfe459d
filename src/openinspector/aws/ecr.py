"""ECR: repositories, images, and pulling one over the registry protocol (spec/ecr-scanning.md)."""

import base64
import fnmatch
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from openinspector.aws.sessions import Sessions
from openinspector.aws.trouble import AwsTrouble, Gone, Unfit, aws_calls
from openinspector.inventory.collect import collect
from openinspector.inventory.limits import DEFAULT_LIMITS
from openinspector.inventory.trees.credentials import Credentials
from openinspector.inventory.trees.manifests import DOCKER_MANIFEST, OCI_MANIFEST, NotAnImage
from openinspector.model import Inventory, MissingTarget, TargetError

if TYPE_CHECKING:
    from openinspector.inventory.trees.registry import LayerRecords

MANIFESTS = frozenset({DOCKER_MANIFEST, OCI_MANIFEST})
CONFIGS = frozenset(
    {
        "application/vnd.docker.container.image.v1+json",
        "application/vnd.oci.image.config.v1+json",
    }
)
"""Media types of what is an image: an index names images, and other artefacts hold none."""

MOST_IMAGE_BYTES = 50 * 1024**3
"""Compressed bytes of an image that is pulled; Inspector publishes no limit."""

CONTINUOUS, ON_PUSH, MANUAL = "CONTINUOUS_SCAN", "SCAN_ON_PUSH", "MANUAL"
Rules = Sequence[tuple[str, str]]
"""Frequency and wildcard over repository names."""


def scan_rules(sessions: Sessions, account: str, region: str) -> Rules:
    """How often which repositories are scanned; all of them always, where nobody chose.

    Only ECR's enhanced scanning has such rules. This never changes them: switching enhanced
    scanning on in ECR would switch Amazon's own service on.
    """
    with aws_calls(f"GetRegistryScanningConfiguration in {account}, {region}"):
        client = sessions.client(account, region, "ecr")
        chosen = client.get_registry_scanning_configuration().get("scanningConfiguration", {})
    if chosen.get("scanType") != "ENHANCED" or not chosen.get("rules"):
        return ((CONTINUOUS, "*"),)
    return tuple(
        (rule["scanFrequency"], each["filter"])
        for rule in chosen["rules"]
        for each in rule.get("repositoryFilters", ())
    )


def frequency(rules: Rules, repository: str) -> str:
    """How often a repository is scanned: continuous wins over on push, nothing is manual."""
    matched = {each for each, glob in rules if _matches(repository, glob)}
    return next((each for each in (CONTINUOUS, ON_PUSH) if each in matched), MANUAL)


def _matches(repository: str, glob: str) -> bool:
    """ECR's filters: with `*` a wildcard over the whole name, without one a part of it."""
    if "*" not in glob:
        return glob in repository
    pattern = glob.replace("[", "[[]").replace("?", "[?]")
    return fnmatch.fnmatchcase(repository, pattern)


def list_repositories(sessions: Sessions, account: str, region: str) -> list[dict[str, Any]]:
    """Every private repository."""
    with aws_calls(f"DescribeRepositories in {account}, {region}"):
        client = sessions.client(account, region, "ecr")
        pages = client.get_paginator("describe_repositories").paginate()
        return [each for page in pages for each in page["repositories"]]


def list_images(
    sessions: Sessions, account: str, region: str, repository: str
) -> Iterator[dict[str, Any]]:
    """Every image of a repository, tagged or not."""
    with aws_calls(f"DescribeImages of {repository} in {account}, {region}"):
        client = sessions.client(account, region, "ecr")
        # Archived images are left out unless they are asked for.
        pages = client.get_paginator("describe_images").paginate(
            repositoryName=repository, filter={"imageStatus": "ANY"}
        )
        for page in pages:
            yield from page["imageDetails"]


def unfit_media_type(image: Mapping[str, Any]) -> bool:
    """Whether the media types say that this is no image that can be scanned."""
    manifest, config = image.get("imageManifestMediaType"), image.get("artifactMediaType")
    return (manifest is not None and manifest not in MANIFESTS) or (
        config is not None and config not in CONFIGS
    )


def pull(
    sessions: Sessions,
    account: str,
    region: str,
    repository: str,
    digest: str,
    records: "LayerRecords | None" = None,
) -> Inventory:
    """The inventory of an image, its layers pulled over the registry protocol.

    `records`: of layers that were pulled before, and need not be again. Raises `AwsTrouble` when
    it cannot be pulled, `Gone` when it is not there, `Unfit` when it is no image.
    """
    from openinspector.inventory.trees.registry import registry_tree

    with aws_calls(f"GetAuthorizationToken in {account}, {region}"):
        client = sessions.client(account, region, "ecr")
        (granted,) = client.get_authorization_token()["authorizationData"]
    user, _, secret = base64.b64decode(granted["authorizationToken"]).decode().partition(":")
    place = urlsplit(granted["proxyEndpoint"])
    name = f"{place.netloc}/{repository}@{digest}"
    try:
        tree = registry_tree(name, None, DEFAULT_LIMITS, Credentials(user, secret), records)
        with tree:
            return collect(tree)
    except MissingTarget as error:
        raise Gone(str(error)) from error
    except NotAnImage as error:
        raise Unfit("UNSUPPORTED_MEDIA_TYPE", str(error)) from error
    except TargetError as error:
        raise AwsTrouble(str(error)) from error
