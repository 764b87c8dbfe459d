"""`openinspector iam-policy`: what to grant in AWS, to be looked at before it is granted."""

import re

import click

from openinspector.model import OpenInspectorError

_KINDS = ("service", "member", "member-role", "events", "queue")
_ACCOUNT = re.compile(r"\d{12}")
_ORGANIZATION = re.compile(r"o-[a-z0-9]{10,32}")
_QUEUE = re.compile(r"arn:aws[a-z-]*:sqs:[a-z0-9-]+:\d{12}:[A-Za-z0-9_.-]+")


@click.command("iam-policy")
@click.argument("kind", type=click.Choice(_KINDS), default="service")
@click.option("--role", default="OpenInspector", show_default=True, help="The role in members.")
@click.option("--external-id", metavar="TEXT", help="What the role is to ask for.")
@click.option("--account", metavar="ID", help="The account of the service (member-role).")
@click.option("--queue", metavar="ARN", help="The queue of events (service, events, queue).")
@click.option("--organization", metavar="ID", help="Whose accounts may send to the queue (queue).")
@click.option(
    "--machine-images", is_flag=True, help="Also let machine images be read (any snapshot)."
)
def command(
    kind: str,
    role: str,
    external_id: str | None,
    account: str | None,
    queue: str | None,
    organization: str | None,
    machine_images: bool,
) -> None:
    """Print the least privileges that scanning AWS needs.

    `service`: the policy of the service's own credentials. `member`: that of the role in each
    member account. `member-role`: CloudFormation of that role, for a stack or a StackSet. `events`:
    CloudFormation of the EventBridge rules that tell a queue what changes. `queue`: CloudFormation
    of that queue and of who may send to it.
    """
    from openinspector.aws.permissions import (
        events_template,
        member_policy,
        member_template,
        queue_template,
        service_policy,
        written,
    )

    if queue is not None and not _QUEUE.fullmatch(queue):
        raise OpenInspectorError(f"--queue: {queue} is no ARN of an SQS queue")
    if kind == "member-role":
        if not (account and _ACCOUNT.fullmatch(account)):
            raise OpenInspectorError("member-role needs --account: the service's, of 12 digits")
        document = member_template(role, account, external_id, machine_images)
    elif kind in ("events", "queue"):
        if queue is None:
            raise OpenInspectorError(f"{kind} needs --queue: the ARN of the SQS queue")
        if organization is not None and not _ORGANIZATION.fullmatch(organization):
            raise OpenInspectorError(f"--organization: {organization} is no identifier (o-...)")
        document = (
            events_template(queue) if kind == "events" else queue_template(queue, organization)
        )
    elif kind == "member":
        document = member_policy(images=machine_images)
    else:
        document = service_policy(role, queue, images=machine_images)
    click.echo(written(document))
