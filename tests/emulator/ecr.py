"""ECR: pages, sizes and pull times that moto does not tell, tokens of the emulator's own registry.

Source: ECR API reference; "Private registry authentication" of its user guide for the token.
"""

import base64
import json
import secrets
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from typing import Any

from moto.ecr.exceptions import ImageAlreadyExistsException
from moto.ecr.models import Image, Repository, ecr_backends

from tests.emulator.additions import answers
from tests.emulator.archives import digest_of, push, store
from tests.emulator.errors import AwsError
from tests.emulator.event_shapes import api_call
from tests.emulator.events import Events
from tests.emulator.state import State, Token, now
from tests.emulator.wire import Call, Output

_TOKEN_HOURS = 12


def push_image(
    state: State, account: str, region: str, repository: str, tag: str | None, path: Path
) -> str:
    """Put an image of a file into a repository, made where it is missing; returns its digest.

    The one that had the tag keeps everything but the tag, as in ECR.
    """
    backend = ecr_backends[account][region]
    if repository not in backend.repositories:
        backend.create_repository(repository, None, {}, None, "MUTABLE", [])
    pushed = push(path, store(state.blob))
    for media_type, data in pushed.manifests[:-1]:
        _put(backend.repositories[repository], account, None, media_type, data)
    media_type, data = pushed.manifests[-1]
    image = _put(backend.repositories[repository], account, tag, media_type, data)
    return str(image.image_digest)


def _put(
    repository: Repository, account: str, tag: str | None, media_type: str, data: bytes
) -> Image:
    digest = digest_of(data)
    found = next((each for each in repository.images if each.image_digest == digest), None)
    image = found or Image(account, "", data.decode(), repository.name, media_type, digest)
    if found is None:
        image.image_tags = []
        repository.images.append(image)
    if tag is not None:
        _move_tag(repository, image, tag)
    return image


def _move_tag(repository: Repository, image: Image, tag: str) -> None:
    holder = next((each for each in repository.images if tag in each.image_tags), None)
    if holder is not None and holder is not image:
        if repository.is_tag_immutable():
            raise ImageAlreadyExistsException(
                registry_id=repository.registry_id,
                image_tag=tag,
                digest=holder.image_digest,
                repository_name=repository.name,
            )
        holder.image_tags.remove(tag)
    image.update_tag(tag)


@answers("ecr", "GetAuthorizationToken")
def get_authorization_token(call: Call) -> Output:
    """A token for the emulator's own `/v2/`, which finds the registry by the token."""
    granted = []
    for account in call.parameters.get("registryIds") or [call.account]:
        secret = secrets.token_urlsafe(48)
        expires = now() + timedelta(hours=_TOKEN_HOURS)
        call.state.tokens[secret] = Token(account, call.region, expires)
        granted.append(
            {
                "authorizationToken": base64.b64encode(f"AWS:{secret}".encode()).decode(),
                "expiresAt": expires,
                "proxyEndpoint": f"http://{call.host}",
            }
        )
    return {"authorizationData": granted}


@answers("ecr", "DescribeRepositories")
def describe_repositories(call: Call) -> Output:
    """Moto's answer in pages."""
    return _paged(call, call.moto(), "repositories")


@answers("ecr", "ListImages")
def list_images(call: Call) -> Output:
    """Moto's answer in pages."""
    return _paged(call, call.moto(), "imageIds")


@answers("ecr", "DescribeImages")
def describe_images(call: Call) -> Output:
    """Moto's answer in pages, with sizes as pushed, kinds of artefact and times of pulls."""
    output = call.moto()
    images = ecr_backends[call.account][call.region].repositories[call.parameters["repositoryName"]]
    manifests = {each.image_digest: json.loads(each.image_manifest) for each in images.images}
    for detail in output["imageDetails"]:
        digest = detail["imageDigest"]
        detail.update(_told_by(manifests[digest]))
        detail.update(call.place.archived.get((detail["repositoryName"], digest), _ACTIVE))
        pulled = call.place.pulled.get((detail["repositoryName"], digest))
        if pulled:
            detail["lastRecordedPullTime"] = pulled
    wanted = call.parameters.get("filter", {}).get("imageStatus", "ACTIVE")
    output["imageDetails"] = [
        each for each in output["imageDetails"] if wanted in ("ANY", each["imageStatus"])
    ]
    return _paged(call, output, "imageDetails")


_ACTIVE = {"imageStatus": "ACTIVE"}


@answers("ecr", "UpdateImageStorageClass")
def update_image_storage_class(call: Call) -> Output:
    """Archive an image, or take it back."""
    asked = call.parameters
    name, digest = asked["repositoryName"], asked["imageId"]["imageDigest"]
    archives = asked["targetStorageClass"] == "ARCHIVE"
    moment = "lastArchivedAt" if archives else "lastActivatedAt"
    told = {"imageStatus": "ARCHIVED" if archives else "ACTIVE", moment: now()}
    call.place.archived[name, digest] = told
    event = api_call(
        call.account, call.region, "ecr", "UpdateImageStorageClass", {"repositoryName": name}, None
    )
    Events(call.state).put(event)
    return {
        "registryId": call.account,
        "repositoryName": name,
        "imageId": {"imageDigest": digest},
        "imageStatus": told["imageStatus"],
    }


def _told_by(manifest: dict[str, Any]) -> dict[str, Any]:
    """What a manifest says of its image; an index has neither size nor kind."""
    if "layers" not in manifest:
        return {}
    config = manifest.get("config", {})
    return {
        "imageSizeInBytes": _sizes((config, *manifest["layers"])),
        "artifactMediaType": manifest.get("artifactType") or config.get("mediaType"),
    }


def _sizes(descriptors: Iterable[dict[str, Any]]) -> int:
    return sum(int(each.get("size", 0)) for each in descriptors)


def _paged(call: Call, output: dict[str, Any], name: str) -> Output:
    limit = call.parameters.get("maxResults", 100)
    if not 1 <= limit <= 1000:
        raise AwsError(
            "InvalidParameterException",
            "Invalid parameter at 'maxResults' failed to satisfy constraint: 'Member must have"
            " value between 1 and 1000'",
        )
    token = call.parameters.get("nextToken")
    shown = call.page(output[name], limit, token, "InvalidParameterException")
    return {**output, name: shown.items, "nextToken": shown.token}


@answers("ecr", "GetDownloadUrlForLayer")
def get_download_url_for_layer(call: Call) -> Output:
    """The presigned address of a blob."""
    digest = call.parameters["layerDigest"]
    path = call.state.blob(digest)
    if not path.exists():
        raise AwsError("LayersNotFoundException", f"The layer {digest} does not exist.")
    return {"downloadUrl": call.state.presign(path, call.host, digest), "layerDigest": digest}
