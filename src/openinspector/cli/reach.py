"""`openinspector reach`: what the internet reaches in a described network, and what blocks it."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from openinspector.cli.exits import DONE, FAIL_ON_REACHED, leave
from openinspector.model import OpenInspectorError

if TYPE_CHECKING:
    from openinspector.assess.network import Opening, Origin
    from openinspector.assess.network.evidence import Interface, Network, Protocol


def read_described(names: Sequence[str]) -> dict[str, list[Any]]:
    """Put the lists of several describe outputs together; errors name the file."""
    merged: dict[str, list[Any]] = {}
    for name in names:
        path = Path(name)
        for file in sorted(path.glob("*.json")) if path.is_dir() else [path]:
            try:
                content = json.loads(file.read_bytes())
            except (ValueError, RecursionError) as error:
                raise OpenInspectorError(f"{file}: not JSON: {error}") from error
            if not isinstance(content, dict):
                raise OpenInspectorError(f"{file}: not the output of an EC2 describe operation")
            for kind, entries in content.items():
                if isinstance(entries, list):
                    merged.setdefault(kind, []).extend(entries)
    if not merged.get("NetworkInterfaces"):
        raise OpenInspectorError(
            f"{', '.join(names)}: no network interfaces; add the output of"
            " `aws ec2 describe-network-interfaces`"
        )
    return merged


def chosen(network: "Network", to: str | None) -> Iterator["Interface"]:
    """The interfaces that a target names: itself, its instance, group, subnet or VPC; None: all."""
    for interface in network.interfaces.values():
        names = {
            *(interface.id, interface.instance, interface.subnet, interface.vpc),
            *interface.groups,
        }
        if to is None or to in names:
            yield interface


_ORIGINS = ("internet", "peering", "vpn", "direct-connect", "transit-gateway")


@click.command("reach")
@click.option(
    "--network",
    "files",
    multiple=True,
    required=True,
    metavar="FILE|FOLDER",
    help="Output of the EC2 describe commands, as JSON; may be repeated.",
)
@click.option(
    "--from",
    "origins",
    multiple=True,
    type=click.Choice(_ORIGINS),
    default=["internet"],
    show_default=True,
    help="Where packets come from; may be repeated.",
)
@click.option(
    "--what-if",
    "plan",
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Answer before and after a Terraform plan or CloudFormation change set, as JSON.",
)
@click.option("--to", metavar="ID", help="An instance, interface, group, subnet or VPC.")
@click.option("--port", type=click.IntRange(0, 65535), help="Ask about one port, and say why.")
@click.option("--protocol", type=click.Choice(["tcp", "udp"]), default="tcp", show_default=True)
@click.option("-f", "--format", "format_name", type=click.Choice(["text", "json"]), default="text")
@click.option(
    "--fail-on-open",
    is_flag=True,
    help="Exit with 1 when anything asked about is reachable (with --what-if: afterwards).",
)
def command(
    files: Sequence[str],
    origins: "Sequence[Origin]",
    plan: Path | None,
    to: str | None,
    port: int | None,
    protocol: str,
    format_name: str,
    fail_on_open: bool,
) -> None:
    """Say which ports the internet reaches, over which path, or what blocks it.

    Nothing is sent: the answer is computed from the rules. The files are what `aws ec2
    describe-network-interfaces`, `describe-subnets`, `describe-route-tables`,
    `describe-network-acls`, `describe-security-groups`, `describe-internet-gateways` and
    `describe-managed-prefix-lists` print.
    """
    from openinspector.assess.network import read_network

    described = read_described(files)
    question = Question(to, "TCP" if protocol == "tcp" else "UDP", port, tuple(origins))
    states = {"": described} if plan is None else _before_and_after(described, plan, format_name)
    reached, told = 0, {}
    for name, state in states.items():
        if name and format_name == "text":
            click.echo(f"{name}:")
        reached, told[name.lower()] = _answer(read_network(state), question, format_name)
    if format_name == "json":
        click.echo(json.dumps(told if plan else told[""], indent=2))
    if reached and fail_on_open:
        leave(FAIL_ON_REACHED, f"{reached} reachable from: {', '.join(origins)}")
    click.get_current_context().exit(DONE)


class Question(NamedTuple):
    """What is asked about a network."""

    to: str | None
    protocol: "Protocol"
    port: int | None
    origins: "tuple[Origin, ...]"


def _before_and_after(described: dict[str, Any], plan: Path, format_name: str) -> dict[str, Any]:
    """The evidence before and after a plan; what of it was not applied goes to stderr."""
    from openinspector.assess.network.whatif import planned
    from openinspector.reports.reachability import plan_lines

    try:
        content = json.loads(plan.read_bytes())
    except (ValueError, RecursionError) as error:
        raise OpenInspectorError(f"{plan}: not JSON: {error}") from error
    try:
        found = planned(described, content)
    except OpenInspectorError as error:
        raise OpenInspectorError(f"{plan}: {error}") from error
    for line in plan_lines(found.applied, found.gaps):
        click.echo(line, err=format_name == "json")
    return {"Before": described, "After": found.described}


def _answer(network: "Network", question: Question, format_name: str) -> tuple[int, Any]:
    """How much of what is asked about is open, and the answer for programs."""
    interfaces = list(chosen(network, question.to))
    if not interfaces:
        raise OpenInspectorError(
            f"{question.to}: no network interface has this name, or belongs to it"
        )
    if question.port is not None and format_name == "text":
        return _explain(network, interfaces, question, question.port), None
    return _list(network, interfaces, question, format_name)


def _explain(
    network: "Network", interfaces: Sequence["Interface"], question: Question, port: int
) -> int:
    from openinspector.assess.network import explain
    from openinspector.reports.reachability import verdict_lines

    reached = 0
    for interface in interfaces:
        verdict = explain(network, interface, question.protocol, port, question.origins)
        reached += verdict.opening is not None
        name = interface.instance or interface.id
        for line in verdict_lines(name, question.protocol, port, verdict):
            click.echo(line)
    return reached


def _list(
    network: "Network",
    interfaces: Sequence["Interface"],
    question: Question,
    format_name: str,
) -> tuple[int, Any]:
    from openinspector.reports.reachability import reachability_json, reachability_lines

    found = _open(network, interfaces, question)
    if format_name == "text":
        for line in reachability_lines(found, network.gaps):
            click.echo(line)
        return len(found), None
    return len(found), reachability_json(found, network.gaps)


def _open(
    network: "Network", interfaces: Sequence["Interface"], question: Question
) -> "list[Opening]":
    from openinspector.assess.network import Memory, openings
    from openinspector.assess.network.intervals import holds

    memory: Memory = {}
    port = question.port
    return [
        opening
        for interface in interfaces
        for opening in openings(network, interface, memory, question.origins)
        if port is None or (opening.protocol == question.protocol and holds(opening.ports, port))
    ]
