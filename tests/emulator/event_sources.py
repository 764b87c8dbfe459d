"""Which calls make services tell EventBridge of something."""

from collections.abc import Mapping
from typing import Any

from moto.awslambda.models import lambda_backends
from moto.ec2.models import ec2_backends
from moto.ecr.models import ecr_backends

from tests.emulator import event_shapes
from tests.emulator.additions import watches
from tests.emulator.events import Events
from tests.emulator.wire import Call

Told = dict[str, Any]

_STATES = {
    "RunInstances": ("Instances", ("pending", "running")),
    "StartInstances": ("StartingInstances", ("pending", "running")),
    "StopInstances": ("StoppingInstances", ("stopping", "stopped")),
    "TerminateInstances": ("TerminatingInstances", ("shutting-down", "terminated")),
}
"""Where the answer lists instances, and the states that they go through; moto's do at once."""


@watches("ec2", *_STATES)
def instances_changed(call: Call, output: Told) -> None:
    """Every state on the way is told."""
    listed, states = _STATES[call.operation]
    for instance in (each["InstanceId"] for each in output[listed]):
        for state in states:
            _put(
                call,
                event_shapes.instance_state_change(call.account, call.region, instance, state),
            )


@watches("ecr", "PutImage")
def image_pushed(call: Call, output: Told) -> None:
    """Pushes of helpers are told by `Registry.push`."""
    _image(call, "PUSH", output["image"]["imageId"])


@watches("ecr", "BatchDeleteImage")
def images_deleted(call: Call, output: Told) -> None:
    """One event for each that went."""
    for each in output["imageIds"]:
        _image(call, "DELETE", each)


def _image(call: Call, action: str, named: Mapping[str, Any]) -> None:
    _put(
        call,
        event_shapes.image_action(
            call.account,
            call.region,
            action,
            call.parameters["repositoryName"],
            named["imageDigest"],
            named.get("imageTag"),
        ),
    )


_RECORDED = {
    "CreateFunction": "CreateFunction20150331",
    "DeleteFunction": "DeleteFunction20150331",
    "UpdateFunctionCode": "UpdateFunctionCode20150331v2",
    "UpdateFunctionConfiguration": "UpdateFunctionConfiguration20150331v2",
    "PublishLayerVersion": "PublishLayerVersion20181031",
    "TagResource": "TagResource20170331v2",
    "UntagResource": "UntagResource20170331v2",
}
"""The names that CloudTrail gives Lambda's operations."""

_LEFT_OUT = frozenset({"ZipFile", "Code", "Content", "Environment"})
"""What CloudTrail does not record of a request."""


@watches("lambda", *_RECORDED)
def function_changed(call: Call, output: Told) -> None:
    """CloudTrail records the call; parameters in lower camel case, without code."""
    parameters = {
        _camel(name): value for name, value in call.parameters.items() if name not in _LEFT_OUT
    }
    elements = {
        _camel(name): value
        for name, value in output.items()
        if name not in _LEFT_OUT and isinstance(value, (str, int, list))
    }
    name = _RECORDED[call.operation]
    _put(
        call,
        event_shapes.api_call(
            call.account, call.region, "lambda", name, parameters, elements or None
        ),
    )


def _camel(name: str) -> str:
    return name[:1].lower() + name[1:]


@watches("lambda", "TagResource", "UntagResource")
def function_tagged(call: Call, output: Told) -> None:
    """The tags that the function has now."""
    arn = call.parameters["Resource"]
    function = lambda_backends[call.account][call.region].get_function(arn)
    changed = call.parameters.get("Tags") or call.parameters.get("TagKeys") or ()
    _put(
        call,
        event_shapes.tag_change(
            call.account, call.region, arn, "lambda", "function", changed, function.tags
        ),
    )


_KINDS = {"i": "instance", "vol": "volume", "snap": "snapshot", "ami": "image"}


@watches("ec2", "CreateTags", "DeleteTags")
def instance_tagged(call: Call, output: Told) -> None:
    """One event for each resource of a kind that is of interest."""
    changed = [each["Key"] for each in call.parameters.get("Tags", ())]
    for name in call.parameters["Resources"]:
        kind = _KINDS.get(name.partition("-")[0])
        if kind is not None:
            tags = ec2_backends[call.account][call.region].tags.get(name, {})
            arn = f"arn:aws:ec2:{call.region}:{call.account}:{kind}/{name}"
            _put(
                call,
                event_shapes.tag_change(
                    call.account, call.region, arn, "ec2", kind, changed, dict(tags)
                ),
            )


@watches("ecr", "TagResource", "UntagResource")
def repository_tagged(call: Call, output: Told) -> None:
    """The tags that the repository has now."""
    arn = call.parameters["resourceArn"]
    changed = call.parameters.get("tagKeys") or [each["Key"] for each in call.parameters["tags"]]
    tags = ecr_backends[call.account][call.region].tagger.get_tag_dict_for_resource(arn)
    _put(
        call,
        event_shapes.tag_change(call.account, call.region, arn, "ecr", "repository", changed, tags),
    )


def _put(call: Call, event: event_shapes.Event) -> None:
    Events(call.state).put(event)
