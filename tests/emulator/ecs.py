"""ECS: tasks name the digests of the images that they were made of, and stay as they are put.

Source: ECS API reference (DescribeTasks: `containers[].imageDigest`, `lastStatus`). Moto's tasks go
to their end by being looked at, and it knows no digests.
"""

from typing import Any

from moto.ecr.models import ecr_backends
from moto.ecs.models import ecs_backends

from openinspector.aws.in_use import image_of
from tests.emulator.additions import answers, watches
from tests.emulator.event_shapes import event
from tests.emulator.events import Events
from tests.emulator.state import now
from tests.emulator.wire import Call, Output


@answers("ecs", "DescribeTasks")
def describe_tasks(call: Call) -> Output:
    """Moto's answer, with digests, and the status that was asked for."""
    output = call.moto()
    for task in output["tasks"]:
        task["lastStatus"] = task["desiredStatus"]
        if task["taskArn"] in call.place.stopped:
            task["stoppedAt"] = call.place.stopped[task["taskArn"]]
        definition = _definition(call, task["taskDefinitionArn"])
        task["containers"] = [
            {**each, "image": made["image"], "imageDigest": _digest(made["image"])}
            for each, made in zip(task["containers"], definition, strict=False)
        ]
    return output


def _definition(call: Call, arn: str) -> list[dict[str, Any]]:
    backend = ecs_backends[call.account][call.region]
    made: list[dict[str, Any]] = backend.describe_task_definition(arn).container_definitions
    return made


def _digest(image: str) -> str | None:
    """The digest of an image in ECR by its tag, as a container agent resolves it."""
    found = image_of(image, "sha256:" + "0" * 64)
    if found is None:
        return None
    registry, region, name, _ = found
    repository = ecr_backends[registry][region].repositories.get(name)
    for each in repository.images if repository else ():
        if image.rpartition(":")[2] in each.image_tags or image.endswith(each.image_digest):
            return str(each.image_digest)
    return None


@watches("ecs", "RunTask", "StopTask")
def task_changed(call: Call, output: dict[str, Any]) -> None:
    """A task runs, or does no more."""
    for task in output.get("tasks") or [output["task"]]:
        if task["desiredStatus"] == "STOPPED":
            call.place.stopped[task["taskArn"]] = now()
        detail = {"clusterArn": task["clusterArn"], "lastStatus": task["desiredStatus"]}
        told = event(
            call.account, call.region, "aws.ecs", "ECS Task State Change", detail, [task["taskArn"]]
        )
        Events(call.state).put(told)
