"""`openinspector reach`: what the internet reaches in a described network, and what blocks it."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

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
@click.option("--to", metavar="ID", help="An instance, interface, group, subnet or VPC.")
@click.option("--port", type=click.IntRange(0, 65535), help="Ask about one port, and say why.")
@click.option("--protocol", type=click.Choice(["tcp", "udp"]), default="tcp", show_default=True)
@click.option("-f", "--format", "format_name", type=click.Choice(["text", "json"]), default="text")
@click.option(
    "--fail-on-open", is_flag=True, help="Exit with 1 when anything asked about is reachable."
)
def command(
    files: Sequence[str],
    origins: "Sequence[Origin]",
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

    network = read_network(read_described(files))
    interfaces = list(chosen(network, to))
    if not interfaces:
        raise OpenInspectorError(f"{to}: no network interface has this name, or belongs to it")
    if port is not None and format_name == "text":
        reached = _explain(
            network, interfaces, ("TCP" if protocol == "tcp" else "UDP", port), origins
        )
    else:
        reached = _list(network, interfaces, (protocol.upper(), port), origins, format_name)
    if reached and fail_on_open:
        leave(FAIL_ON_REACHED, f"{reached} reachable from: {', '.join(origins)}")
    click.get_current_context().exit(DONE)


def _explain(
    network: "Network",
    interfaces: Sequence["Interface"],
    asked: "tuple[Protocol, int]",
    origins: "Sequence[Origin]",
) -> int:
    from openinspector.assess.network import explain
    from openinspector.reports.reachability import verdict_lines

    reached = 0
    for interface in interfaces:
        verdict = explain(network, interface, *asked, origins)
        reached += verdict.opening is not None
        for line in verdict_lines(interface.instance or interface.id, *asked, verdict):
            click.echo(line)
    return reached


def _list(
    network: "Network",
    interfaces: Sequence["Interface"],
    asked: tuple[str, int | None],
    origins: "Sequence[Origin]",
    format_name: str,
) -> int:
    from openinspector.reports.reachability import reachability_json, reachability_lines

    found = _open(network, interfaces, asked, origins)
    if format_name == "json":
        click.echo(json.dumps(reachability_json(found, network.gaps), indent=2))
    else:
        for line in reachability_lines(found, network.gaps):
            click.echo(line)
    return len(found)


def _open(
    network: "Network",
    interfaces: Sequence["Interface"],
    asked: tuple[str, int | None],
    origins: "Sequence[Origin]",
) -> "list[Opening]":
    from openinspector.assess.network import Memory, openings
    from openinspector.assess.network.intervals import holds

    memory: Memory = {}
    protocol, port = asked
    return [
        opening
        for interface in interfaces
        for opening in openings(network, interface, memory, origins)
        if port is None or (opening.protocol == protocol and holds(opening.ports, port))
    ]
