"""`openinspector iam-policy`: what to grant in AWS, to be looked at before it is granted."""

import re

import click

from openinspector.model import OpenInspectorError

_KINDS = ("service", "member", "member-role", "events")
_ACCOUNT = re.compile(r"\d{12}")
_QUEUE = re.compile(r"arn:aws[a-z-]*:sqs:[a-z0-9-]+:\d{12}:[A-Za-z0-9_.-]+")


@click.command("iam-policy")
@click.argument("kind", type=click.Choice(_KINDS), default="service")
@click.option("--role", default="OpenInspector", show_default=True, help="The role in members.")
@click.option("--external-id", metavar="TEXT", help="What the role is to ask for.")
@click.option("--account", metavar="ID", help="The account of the service (member-role).")
@click.option("--queue", metavar="ARN", help="The queue of events (service, events).")
def command(
    kind: str, role: str, external_id: str | None, account: str | None, queue: str | None
) -> None:
    """Print the least privileges that scanning AWS needs.

    `service`: the policy of the service's own credentials. `member`: that of the role in each
    member account. `member-role`: CloudFormation of that role, for a stack or a StackSet. `events`:
    CloudFormation of the EventBridge rules that tell a queue what changes.
    """
    from openinspector.aws.permissions import (
        events_template,
        member_policy,
        member_template,
        service_policy,
        written,
    )

    if queue is not None and not _QUEUE.fullmatch(queue):
        raise OpenInspectorError(f"--queue: {queue} is no ARN of an SQS queue")
    if kind == "member-role":
        if not (account and _ACCOUNT.fullmatch(account)):
            raise OpenInspectorError("member-role needs --account: the service's, of 12 digits")
        document = member_template(role, account, external_id)
    elif kind == "events":
        if queue is None:
            raise OpenInspectorError("events needs --queue: the ARN of the SQS queue")
        document = events_template(queue)
    else:
        document = member_policy() if kind == "member" else service_policy(role, queue)
    click.echo(written(document))
