"""Images are pushed from files, listed by boto3 and pulled over the registry protocol."""

import base64
import hashlib
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import urllib3
from botocore.exceptions import ClientError

from openinspector.inventory.collect import collect
from openinspector.inventory.limits import DEFAULT_LIMITS
from openinspector.inventory.trees.credentials import Credentials
from openinspector.inventory.trees.registry import registry_tree
from tests.emulator.server import MANAGEMENT, REGION, Emulator
from tests.images import Image, docker_archive, file, oci_layout

STATUS = (
    b"Package: zlib1g\nStatus: install ok installed\nVersion: 1:1.2.13-1\nArchitecture: amd64\n\n"
)
LAYERS = [
    [file("etc/os-release", b'ID=debian\nVERSION_ID="12"\n')],
    [file("var/lib/dpkg/status", STATUS)],
]
OTHER = "111111111111"


def _login(cloud: Emulator, account: str = MANAGEMENT) -> tuple[str, str, str]:
    (granted,) = cloud.client("ecr", account).get_authorization_token()["authorizationData"]
    user, _, secret = base64.b64decode(granted["authorizationToken"]).decode().partition(":")
    return granted["proxyEndpoint"].removeprefix("http://"), user, secret


def _get(cloud: Emulator, path: str, secret: str | None, **more: Any) -> Any:
    headers = urllib3.make_headers(basic_auth=f"AWS:{secret}") if secret else {}
    return urllib3.request(
        "GET", f"{cloud.url}{path}", headers=headers, redirect=False, retries=False, **more
    )


@pytest.mark.parametrize("form", [docker_archive, oci_layout])
def test_an_image_is_pulled_as_it_was_pushed(cloud: Emulator, tmp_path: Path, form: Any) -> None:
    path = form(tmp_path / "image", LAYERS)
    digest = cloud.registry.push(MANAGEMENT, REGION, "team/app", "v1", path)
    host, user, secret = _login(cloud)
    name = f"{host}/team/app@{digest}"
    with registry_tree(name, None, DEFAULT_LIMITS, Credentials(user, secret)) as tree:
        inventory = collect(tree)
    assert [(each.name, each.version) for each in inventory.packages] == [("zlib1g", "1:1.2.13-1")]


@pytest.mark.skipif(shutil.which("skopeo") is None, reason="needs skopeo")
def test_skopeo_pulls_it(cloud: Emulator, tmp_path: Path) -> None:
    cloud.registry.push(
        MANAGEMENT, REGION, "app", "v1", docker_archive(tmp_path / "image.tar", LAYERS)
    )
    host, user, secret = _login(cloud)
    subprocess.run(
        [
            *("skopeo", "copy", "--insecure-policy", "--src-tls-verify=false"),
            *("--src-creds", f"{user}:{secret}"),
            *(f"docker://{host}/app:v1", f"dir:{tmp_path / 'pulled'}"),
        ],
        check=True,
        capture_output=True,
    )
    manifest = json.loads((tmp_path / "pulled" / "manifest.json").read_bytes())
    assert len(manifest["layers"]) == 2


def test_what_ecr_tells_of_images(cloud: Emulator, tmp_path: Path) -> None:
    ecr = cloud.client("ecr")
    docker = cloud.registry.push(
        MANAGEMENT, REGION, "app", "v1", docker_archive(tmp_path / "image.tar", LAYERS)
    )
    oci = cloud.registry.push(
        MANAGEMENT, REGION, "app", "v2", oci_layout(tmp_path / "layout", Image(LAYERS))
    )
    found = {
        each["imageDigest"]: each
        for each in ecr.describe_images(repositoryName="app")["imageDetails"]
    }
    assert found[docker]["imageTags"] == ["v1"]
    assert (
        found[docker]["imageManifestMediaType"]
        == "application/vnd.docker.distribution.manifest.v2+json"
    )
    assert found[docker]["artifactMediaType"] == "application/vnd.docker.container.image.v1+json"
    assert found[oci]["artifactMediaType"] == "application/vnd.oci.image.config.v1+json"
    assert found[oci]["imageManifestMediaType"] == "application/vnd.oci.image.manifest.v1+json"
    (got,) = ecr.batch_get_image(repositoryName="app", imageIds=[{"imageTag": "v2"}])["images"]
    manifest = json.loads(got["imageManifest"])
    sizes = [each["size"] for each in (manifest["config"], *manifest["layers"])]
    assert found[oci]["imageSizeInBytes"] == sum(sizes)
    assert oci == "sha256:" + hashlib.sha256(got["imageManifest"].encode()).hexdigest()
    assert found[oci]["imagePushedAt"].tzinfo is not None
    assert "lastRecordedPullTime" not in found[oci]
    assert _get(cloud, f"/v2/app/manifests/{oci}", _login(cloud)[2]).status == 200
    (after,) = ecr.describe_images(repositoryName="app", imageIds=[{"imageDigest": oci}])[
        "imageDetails"
    ]
    assert after["lastRecordedPullTime"] >= found[oci]["imagePushedAt"]


def test_a_tag_moves_and_leaves_an_untagged_image(cloud: Emulator, tmp_path: Path) -> None:
    first = cloud.registry.push(
        MANAGEMENT, REGION, "app", "latest", docker_archive(tmp_path / "1", LAYERS[:1])
    )
    second = cloud.registry.push(
        MANAGEMENT, REGION, "app", "latest", docker_archive(tmp_path / "2", LAYERS)
    )
    ecr = cloud.client("ecr")
    tags = {
        each["imageDigest"]: each.get("imageTags")
        for each in ecr.describe_images(repositoryName="app")["imageDetails"]
    }
    assert tags == {first: None, second: ["latest"]}


def test_listings_come_in_pages(cloud: Emulator, tmp_path: Path) -> None:
    for number in range(5):
        path = docker_archive(tmp_path / f"{number}", [[file("n", str(number))]])
        cloud.registry.push(MANAGEMENT, REGION, "app", f"v{number}", path)
        cloud.client("ecr").create_repository(repositoryName=f"other{number}")
    ecr = cloud.client("ecr")
    pages = ecr.get_paginator("describe_images").paginate(
        repositoryName="app", PaginationConfig={"PageSize": 2}
    )
    sizes = [len(page["imageDetails"]) for page in pages]
    assert sizes == [2, 2, 1]
    pages = ecr.get_paginator("describe_repositories").paginate(PaginationConfig={"PageSize": 4})
    assert [len(page["repositories"]) for page in pages] == [4, 2]


def test_a_deleted_image_is_gone(cloud: Emulator, tmp_path: Path) -> None:
    path = docker_archive(tmp_path / "image.tar", LAYERS)
    digest = cloud.registry.push(MANAGEMENT, REGION, "app", "v1", path)
    ecr = cloud.client("ecr")
    ecr.batch_delete_image(repositoryName="app", imageIds=[{"imageDigest": digest}])
    assert ecr.describe_images(repositoryName="app")["imageDetails"] == []
    answer = _get(cloud, f"/v2/app/manifests/{digest}", _login(cloud)[2])
    assert answer.status == 404
    assert answer.json()["errors"][0]["code"] == "MANIFEST_UNKNOWN"
    with pytest.raises(ClientError, match="RepositoryNotFoundException"):
        ecr.describe_images(repositoryName="nobody")


def test_the_registry_checks_who_asks(cloud: Emulator, tmp_path: Path) -> None:
    path = docker_archive(tmp_path / "image.tar", LAYERS)
    cloud.registry.push(MANAGEMENT, REGION, "app", "v1", path)
    for secret in (None, "wrong"):
        answer = _get(cloud, "/v2/", secret)
        assert answer.status == 401
        assert answer.headers["WWW-Authenticate"].startswith("Basic ")
    assert _get(cloud, "/v2/app/manifests/v1", _login(cloud)[2]).status == 200
    # The token of another account opens that account's registry, where there is no such image.
    answer = _get(cloud, "/v2/app/manifests/v1", _login(cloud, OTHER)[2])
    assert answer.json()["errors"][0]["code"] == "NAME_UNKNOWN"


def test_blobs_lie_behind_presigned_addresses(cloud: Emulator, tmp_path: Path) -> None:
    path = docker_archive(tmp_path / "image.tar", LAYERS)
    cloud.registry.push(MANAGEMENT, REGION, "app", "v1", path)
    secret = _login(cloud)[2]
    layer = _get(cloud, "/v2/app/manifests/v1", secret).json()["layers"][0]
    answer = _get(cloud, f"/v2/app/blobs/{layer['digest']}", secret)
    assert answer.status == 307
    address = urlsplit(answer.headers["Location"])
    assert address.netloc not in cloud.url
    place = f"{address.path}?{address.query}"
    blob = _get(cloud, place, None)
    assert len(blob.data) == layer["size"]
    assert "sha256:" + hashlib.sha256(blob.data).hexdigest() == layer["digest"]
    assert _get(cloud, place, secret).status == 400
    assert _get(cloud, place[:-3], None).status == 403
    assert _get(cloud, f"/v2/app/blobs/sha256:{'0' * 64}", secret).status == 404


def test_archived_images_are_listed_when_asked_for(cloud: Emulator, tmp_path: Path) -> None:
    client = cloud.client("ecr")
    path = docker_archive(tmp_path / "image.tar", LAYERS)
    digest = cloud.registry.push(MANAGEMENT, REGION, "shelf", "v1", path)
    asked = {"repositoryName": "shelf", "imageId": {"imageDigest": digest}}
    client.update_image_storage_class(**asked, targetStorageClass="ARCHIVE")
    assert client.describe_images(repositoryName="shelf")["imageDetails"] == []
    pages = client.get_paginator("describe_images").paginate(
        repositoryName="shelf", filter={"imageStatus": "ANY"}
    )
    (image,) = (each for page in pages for each in page["imageDetails"])
    assert (image["imageStatus"], "lastArchivedAt" in image) == ("ARCHIVED", True)


def test_tasks_name_the_digests_of_their_images(cloud: Emulator, tmp_path: Path) -> None:
    path = docker_archive(tmp_path / "image.tar", LAYERS)
    digest = cloud.registry.push(MANAGEMENT, REGION, "app", "v1", path)
    client = cloud.client("ecs")
    client.create_cluster(clusterName="c")
    name = f"{MANAGEMENT}.dkr.ecr.{REGION}.amazonaws.com/app:v1"
    containers = [{"name": "app", "image": name, "memory": 64}]
    client.register_task_definition(family="app", containerDefinitions=containers)
    made = client.run_task(cluster="c", taskDefinition="app", launchType="FARGATE")["tasks"]
    arn = made[0]["taskArn"]
    (task,) = client.describe_tasks(cluster="c", tasks=[arn])["tasks"]
    assert (task["lastStatus"], task["containers"][0]["imageDigest"]) == ("RUNNING", digest)
    client.stop_task(cluster="c", task=arn)
    (task,) = client.describe_tasks(cluster="c", tasks=[arn])["tasks"]
    assert (task["lastStatus"], "stoppedAt" in task) == ("STOPPED", True)
