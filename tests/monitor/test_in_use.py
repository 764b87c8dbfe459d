"""Where images run: by ECS tasks and EKS pods, for coverage, findings and how long they count."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from openinspector.aws.in_use import Use, image_of
from openinspector.monitor.in_use import merged, uses
from openinspector.monitor.monitor import Monitor
from tests.emulator import Emulator
from tests.emulator.server import MANAGEMENT, REGION
from tests.monitor.conftest import Clock
from tests.monitor.driving import coverage, findings, switch_on, work
from tests.monitor.test_images import (  # noqa: F401  (a fixture)
    DAY,
    OPENSSL,
    OTHER,
    image,
    push,
    repository,
)


def run_tasks(cloud: Emulator, account: str, name: str, image: str, count: int) -> list[str]:  # noqa: F811
    client = cloud.client("ecs", account)
    client.create_cluster(clusterName="web")
    client.register_task_definition(
        family=name, containerDefinitions=[{"name": name, "image": image, "memory": 64}]
    )
    cloud.client("ec2", account)
    made = client.run_task(
        cluster="web",
        taskDefinition=name,
        launchType="FARGATE",
        count=count,
        group=f"service:{name}",
    )
    return [each["taskArn"] for each in made["tasks"]]


def reference(name: str, tag: str = "v1") -> str:
    return f"{MANAGEMENT}.dkr.ecr.{REGION}.amazonaws.com/{name}:{tag}"


def test_tasks_of_any_account_say_when_an_image_is_in_use(
    monitor: Monitor,
    cloud: Emulator,
    clock: Clock,
    image: Path,  # noqa: F811
) -> None:
    cloud.enrol(OTHER)
    arn = repository(cloud, "shop/web")
    digest = push(cloud, "shop/web", image)
    tasks = run_tasks(cloud, OTHER, "shop", reference("shop/web"), 2)
    for account in (MANAGEMENT, OTHER):
        switch_on(monitor, account, "ECR")
    assert not [each for each in work(monitor) if each.endswith("failed")]
    (found,) = findings(monitor, MANAGEMENT, vulnerabilityId=OPENSSL)
    details = found["resources"][0]["details"]["awsEcrContainerImage"]
    assert details["inUseCount"] == 2
    assert abs(details["lastInUseAt"] - clock() / 1000) < 1
    with monitor.store.read() as connection:
        (use,) = uses(connection, [OTHER])
        assert uses(connection, [MANAGEMENT]) == []
    assert (use.digest, use.running, use.stopped) == (digest, 2, 0)
    assert use.cluster == f"arn:aws:ecs:{REGION}:{OTHER}:cluster/web"
    assert use.metadata["awsEcsMetadataDetails"]["detailsGroup"] == "service:shop"

    clock.pass_by(15 * DAY)
    work(monitor)
    name = f"{arn}/{digest}"
    assert coverage(monitor, MANAGEMENT)[name] == ("ACTIVE", "SUCCESSFUL"), "it is still in use"
    for task in tasks:
        cloud.client("ecs", OTHER).stop_task(cluster="web", task=task)
    clock.pass_by(15 * DAY)
    work(monitor)
    assert coverage(monitor, MANAGEMENT)[name] == ("INACTIVE", "SCAN_ELIGIBILITY_EXPIRED")


class Cluster(ThreadingHTTPServer):
    """The API of a Kubernetes cluster that knows of pods, one to a page."""

    def __init__(self, pods: list[dict[str, Any]]) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.pods = pods
        self.status = 200
        self.tokens: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Answer(BaseHTTPRequestHandler):
    server: Cluster

    def do_GET(self) -> None:
        self.server.tokens.append(self.headers["Authorization"])
        at = int(self.path.partition("continue=")[2] or 0)
        more = str(at + 1) if at + 1 < len(self.server.pods) else ""
        body = {"items": self.server.pods[at : at + 1], "metadata": {"continue": more}}
        data = json.dumps(body).encode()
        self.send_response(self.server.status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *arguments: object) -> None:
        pass


def pod(name: str, image_id: str, phase: str = "Running") -> dict[str, Any]:
    return {
        "metadata": {
            "name": name,
            "namespace": "shop",
            "ownerReferences": [{"kind": "ReplicaSet", "name": "web-5c"}],
        },
        "status": {
            "phase": phase,
            "startTime": "2026-01-01T00:00:00Z",
            "containerStatuses": [{"imageID": image_id}],
        },
    }


@pytest.fixture
def cluster(cloud: Emulator) -> Iterator[Cluster]:
    from moto.eks.models import eks_backends

    cloud.client("eks").create_cluster(
        name="pods", roleArn=f"arn:aws:iam::{MANAGEMENT}:role/eks", resourcesVpcConfig={}
    )
    server = Cluster([])
    made = eks_backends[MANAGEMENT][REGION].clusters["pods"]
    made.endpoint, made.certificate_authority = server.url, {}
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def test_pods_say_so_too_and_a_cluster_that_lets_nobody_in_hides_nothing(
    monitor: Monitor,
    cloud: Emulator,
    clock: Clock,
    cluster: Cluster,
    image: Path,  # noqa: F811
) -> None:
    repository(cloud, "web")
    digest = push(cloud, "web", image)
    there = f"{MANAGEMENT}.dkr.ecr.{REGION}.amazonaws.com/web@{digest}"
    cluster.pods = [pod("a", there), pod("b", f"docker-pullable://{there}"), pod("c", "busybox@x")]
    switch_on(monitor, MANAGEMENT, "ECR")
    assert not [each for each in work(monitor) if each.endswith("failed")]
    with monitor.store.read() as connection:
        (use,) = uses(connection, [MANAGEMENT])
    assert (use.running, use.digest) == (2, digest)
    assert use.metadata == {
        "awsEksMetadataDetails": {
            "namespace": "shop",
            "workloadInfoList": [{"name": "web-5c", "type": "ReplicaSet"}],
        }
    }
    assert cluster.tokens[0].startswith("Bearer k8s-aws-v1.")
    cluster.status = 403
    clock.pass_by(DAY)
    assert not [each for each in work(monitor) if each.endswith("failed")]
    with monitor.store.read() as connection:
        assert uses(connection, [MANAGEMENT]) == [use]


def use(image: str, running: int, last: float, cluster: str = "arn:x:cluster/a") -> Use:  # noqa: F811
    return Use("1" * 12, "r", image, "sha256:0", cluster, {}, running, 0, last)


def test_what_ran_before_is_remembered() -> None:
    now = 1_000_000_000.0
    before = [use("web", 2, now - 60), use("old", 1, now - 200 * 86_400), use("gone", 1, now - 9e5)]
    found = [use("api", 1, now)]
    kept = {
        each.repository: (each.running, each.stopped) for each in merged(before, found, (), now)
    }
    assert kept == {"api": (1, 0), "web": (0, 2), "gone": (0, 0)}
    unseen = merged(before, found, (":cluster/a", "cluster/a"), now)
    assert {each.repository: each.running for each in unseen} == {"api": 1, "web": 2, "gone": 1}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("123456789012.dkr.ecr.eu-west-1.amazonaws.com/a/b:v1", ("eu-west-1", "a/b", "D")),
        ("123456789012.dkr-ecr.eu-west-1.on.aws/a", ("eu-west-1", "a", "D")),
        ("123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn/a@sha256:" + "0" * 64,
         ("cn-north-1", "a", "D")),
        ("public.ecr.aws/nginx/nginx:1", None),
        ("nginx", None),
    ],
)  # fmt: skip
def test_names_of_images_in_ecr(name: str, expected: tuple[str, str, str] | None) -> None:
    found = image_of(name, "D")
    assert (found and found[1:]) == expected
