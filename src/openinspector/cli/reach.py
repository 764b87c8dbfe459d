"""`openinspector reach`: what can be reached in a network, over which path, and what blocks it."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from openinspector.cli.exits import DONE, FAIL_ON_REACHED, leave
from openinspector.cli.scanning import check_region
from openinspector.model import OpenInspectorError

if TYPE_CHECKING:
    from openinspector.assess.network import Opening, Origin
    from openinspector.assess.network.evidence import Interface, Network, Protocol


def read_described(names: Sequence[str]) -> dict[str, list[Any]]:
    """Put the lists of several describe outputs together; errors name the file."""
    from openinspector.assess.network.evidence.edges import OPTIONS

    merged: dict[str, list[Any]] = {}
    for name in names:
        path = Path(name)
        for file in sorted(path.glob("*.json")) if path.is_dir() else [path]:
            content = read_json(file)
            if not isinstance(content, dict):
                raise OpenInspectorError(f"{file}: not the output of an EC2 describe operation")
            for kind, entries in content.items():
                if isinstance(entries, list):
                    merged.setdefault(kind, []).extend(entries)
                elif isinstance(entries, dict) and kind == OPTIONS:
                    # The account's options are one object; ResponseMetadata is none of ours.
                    merged.setdefault(kind, []).append(entries)
    if not merged.get("NetworkInterfaces"):
        raise OpenInspectorError(
            f"{', '.join(names)}: no network interfaces; add the output of"
            " `aws ec2 describe-network-interfaces`"
        )
    return merged


def read_json(path: Path) -> Any:
    """The content of a JSON file. Raises `OpenInspectorError` naming it."""
    try:
        return json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise OpenInspectorError(f"{path}: not JSON: {error}") from error
    except OSError as error:
        raise OpenInspectorError(f"{path}: {error.strerror}") from error


def describe_live(
    region: str, account: str | None, role: str, external_id: str | None, origins: Sequence[str]
) -> dict[str, Any]:
    """Ask AWS for the network of an account; default: that of the credentials."""
    from openinspector.api.server import partition_of
    from openinspector.aws.network import describe_network
    from openinspector.aws.sessions import Access, Sessions

    sessions = Sessions(Access(role, external_id), partition_of(region))
    return describe_network(sessions, account or sessions.own_account, region, origins)


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
    metavar="FILE|FOLDER",
    help="Output of the EC2 describe commands, as JSON; may be repeated.",
)
@click.option(
    "--region",
    metavar="REGION",
    callback=check_region,
    help="Ask AWS instead of files, with your credentials, in this Region.",
)
@click.option("--account", metavar="ACCOUNT", help="With --region: an account to enter by --role.")
@click.option("--role", default="OpenInspector", show_default=True, help="See --account.")
@click.option("--external-id", metavar="TEXT", help="The external identifier of that role.")
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
@click.option(
    "--fail-on-new",
    is_flag=True,
    help="With --what-if: exit with 1 when it opens anything asked about that was closed.",
)
def command(
    files: Sequence[str],
    region: str | None,
    account: str | None,
    role: str,
    external_id: str | None,
    origins: "Sequence[Origin]",
    plan: Path | None,
    to: str | None,
    port: int | None,
    protocol: str,
    format_name: str,
    fail_on_open: bool,
    fail_on_new: bool,
) -> None:
    """Say which ports can be reached, over which path, or what blocks it.

    No packet is sent: the answer is computed from the rules. The files are what `aws ec2
    describe-network-interfaces`, `describe-subnets`, `describe-route-tables`,
    `describe-network-acls`, `describe-security-groups`, `describe-internet-gateways` and
    `describe-managed-prefix-lists` print; with --region AWS is asked for all of it.
    """
    from openinspector.assess.network import read_network

    if fail_on_new and plan is None:
        raise click.UsageError("--fail-on-new compares before and after: add --what-if FILE.")
    if bool(files) == bool(region):
        raise click.UsageError("Say what to look at: --network FILE, or --region REGION.")
    described = (
        describe_live(region, account, role, external_id, origins)
        if region
        else read_described(files)
    )
    question = Question(to, "TCP" if protocol == "tcp" else "UDP", port, tuple(origins))
    states = {"": described} if plan is None else _before_and_after(described, plan, format_name)
    networks = {name: read_network(state) for name, state in states.items()}
    reached, told = 0, {}
    for name, network in networks.items():
        if name and format_name == "text":
            click.echo(f"{name}:")
        reached, told[name.lower()] = _answer(network, question, format_name)
    if format_name == "json":
        click.echo(json.dumps(told if plan else told[""], indent=2))
    if reached and fail_on_open:
        leave(FAIL_ON_REACHED, f"{reached} reachable from: {', '.join(origins)}")
    new = _newly_open(networks, question) if fail_on_new else []
    if new:
        leave(FAIL_ON_REACHED, f"newly reachable from {', '.join(origins)}: {', '.join(new)}")
    click.get_current_context().exit(DONE)


def _newly_open(networks: "Mapping[str, Network]", question: "Question") -> list[str]:
    """What a plan opens of what is asked about, in words."""
    from openinspector.assess.network.whatif import widened

    before, after = (
        _open(network, list(chosen(network, question.to)), question)
        for network in networks.values()
    )
    return [
        f"{each.instance or each.interface} {each.protocol} {each.ports[0]}-{each.ports[1]}"
        for each in widened(before, after)
    ]


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
        found = planned(described, read_json(plan))
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
    if question.port is not None:
        return _explain(network, interfaces, question, question.port, format_name)
    return _list(network, interfaces, question, format_name)


def _explain(
    network: "Network",
    interfaces: Sequence["Interface"],
    question: Question,
    port: int,
    format_name: str,
) -> tuple[int, Any]:
    """Each interface's verdict about one port."""
    from openinspector.assess.network import explain
    from openinspector.reports.reachability import gap_lines, verdict_lines, verdicts_json

    asked = question.protocol, port
    verdicts = {
        each: explain(network, each, *asked, question.origins)
        for each in sorted(interfaces, key=lambda each: each.id)
    }
    reached = sum(each.opening is not None for each in verdicts.values())
    if format_name == "json":
        return reached, verdicts_json(verdicts, *asked, network.gaps)
    for interface, verdict in verdicts.items():
        for line in verdict_lines(interface.instance or interface.id, *asked, verdict):
            click.echo(line)
    for line in gap_lines(network.gaps):
        click.echo(line)
    return reached, None


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

    memory: Memory = {}
    found = (
        opening
        for interface in interfaces
        for opening in openings(network, interface, memory, question.origins)
    )
    return [each for each in found if question.port is None or _is_about(question, each)]


def _is_about(question: Question, opening: "Opening") -> bool:
    begin, end = opening.ports
    return opening.protocol == question.protocol and begin <= (question.port or 0) <= end
