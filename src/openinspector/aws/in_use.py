"""Which images run where: ECS tasks, by the digest of the image that each container was made of.

Source: spec/ecr-scanning.md 5; ECS API reference (ListTasks, DescribeTasks; stopped tasks are told
of for about an hour).
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

import msgspec

from openinspector.aws.sessions import Sessions
from openinspector.aws.trouble import aws_calls

_BATCH = 100
_IMAGE = re.compile(
    r"(?P<registry>\d{12})\.dkr[.-]ecr(?:-fips)?\.(?P<region>[a-z0-9-]+)\.[a-z0-9.-]+"
    r"/(?P<repository>[a-z0-9][a-z0-9._/-]*?)(?::[\w.-]+)?(?:@(?P<digest>sha256:[0-9a-f]{64}))?"
)


class Use(msgspec.Struct, frozen=True):
    """An image in one group of tasks or pods of a cluster.

    `metadata` is the API's `clusterMetadata`; `last` is epoch seconds. `running` and `stopped`
    count tasks or pods, not their containers.
    """

    registry: str
    region: str
    repository: str
    digest: str
    cluster: str
    metadata: dict[str, Any]
    running: int = 0
    stopped: int = 0
    last: float = 0.0

    @property
    def image(self) -> str:
        """What tells the image apart."""
        return f"{self.registry}/{self.region}/{self.repository}@{self.digest}"


class Seen(msgspec.Struct, frozen=True):
    """One task or pod: its images as (registry, region, repository, digest), and when it ran."""

    cluster: str
    metadata: dict[str, Any]
    images: frozenset[tuple[str, str, str, str]]
    running: bool
    last: float


def ecs_tasks(sessions: Sessions, account: str, region: str, now: datetime) -> Iterator[Seen]:
    """Every task of every cluster, running or stopped lately. Raises `AwsTrouble`."""
    with aws_calls(f"listing ECS tasks in {account}, {region}"):
        client = sessions.client(account, region, "ecs")
        clusters = client.get_paginator("list_clusters").paginate()
        for cluster in [arn for page in clusters for arn in page["clusterArns"]]:
            for status in ("RUNNING", "STOPPED"):
                pages = client.get_paginator("list_tasks").paginate(
                    cluster=cluster, desiredStatus=status
                )
                arns = [arn for page in pages for arn in page["taskArns"]]
                for start in range(0, len(arns), _BATCH):
                    told = client.describe_tasks(
                        cluster=cluster, tasks=arns[start : start + _BATCH]
                    )
                    for task in told["tasks"]:
                        yield _seen(cluster, task, now)


def _seen(cluster: str, task: dict[str, Any], now: datetime) -> Seen:
    running = task.get("lastStatus") != "STOPPED"
    times = (task.get(name) for name in ("stoppedAt", "stoppingAt", "startedAt", "createdAt"))
    ended = next(
        (each for each in times if each is not None), datetime.fromtimestamp(0, now.tzinfo)
    )
    return Seen(
        cluster,
        {
            "awsEcsMetadataDetails": {
                "detailsGroup": task.get("group") or "",
                "taskDefinitionArn": task.get("taskDefinitionArn") or "",
            }
        },
        frozenset(
            named
            for each in task.get("containers", ())
            if (named := image_of(each.get("image") or "", each.get("imageDigest")))
        ),
        running,
        (now if running else ended).timestamp(),
    )


def image_of(name: str, digest: str | None = None) -> tuple[str, str, str, str] | None:
    """Registry, Region, repository and digest of an image in ECR; None for any other."""
    found = _IMAGE.fullmatch(name)
    if found is None:
        return None
    known = digest or found["digest"]
    return (found["registry"], found["region"], found["repository"], known) if known else None


def uses_of(seen: Iterable[Seen]) -> list[Use]:
    """Tasks and pods put together by image, cluster and group."""
    found: dict[bytes, list[Seen]] = defaultdict(list)
    for each in seen:
        for image in each.images:
            key = Use(*image, cluster=each.cluster, metadata=each.metadata)
            found[msgspec.json.encode(key, order="sorted")].append(each)
    uses = []
    for encoded, several in sorted(found.items()):
        running = sum(each.running for each in several)
        last = max(each.last for each in several)
        use = msgspec.json.decode(encoded, type=Use)
        stopped = len(several) - running
        uses.append(msgspec.structs.replace(use, running=running, stopped=stopped, last=last))
    return uses
