"""The command `openinspector`: its verbs, put together from lazily imported modules."""

import importlib

import click

from openinspector import __version__

VERBS: dict[str, tuple[str, str]] = {
    "scan": ("openinspector.cli.scan", "Find vulnerabilities in an image, folder, host, ..."),
    "sbom": ("openinspector.cli.sbom", "Write the inventory of a target, without judging it."),
    "explain": ("openinspector.cli.explain", "Say why a vulnerability is found, or why not."),
    "reach": ("openinspector.cli.reach", "Say what the internet reaches, and what blocks it."),
    "db": ("openinspector.cli.db", "Build, update and search the advisory database."),
    "serve": ("openinspector.cli.serve", "Run the service, behind Amazon Inspector's own API."),
    "worker": ("openinspector.cli.worker", "Scan AWS for a service, beside others that do."),
    "status": ("openinspector.cli.status", "Say what work is queued, running and failing."),
    "agent": ("openinspector.cli.agent", "Hand the software of this machine over."),
    "iam-policy": ("openinspector.cli.iam_policy", "Print what to grant in AWS for scanning."),
    "findings": ("openinspector.cli.findings", "List the findings of a running service."),
    "plan": ("openinspector.cli.plan", "Say what to do first, by the risk that it removes."),
    "ask": ("openinspector.cli.ask", "Call any operation of a running service, in JSON."),
    "org": ("openinspector.cli.org", "Tell the service its accounts and organisation."),
    "keys": ("openinspector.cli.keys", "Make, list and revoke access keys of the service."),
}
"""Verb -> the module that defines it as `command`, and its line in the help."""


class _Verbs(click.Group):
    """A group that imports a verb only when it is asked for: help stays fast."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in VERBS:
            return None
        command: click.Command = importlib.import_module(VERBS[cmd_name][0]).command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(verb, text) for verb, (_, text) in VERBS.items()])


@click.command(
    cls=_Verbs,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="openinspector")
def app() -> None:
    """Find what is vulnerable in images, folders, hosts, functions and SBOMs.

    Exit codes: 0 done, 1 --fail-on reached, 2 usage or unreadable target, 3 database missing or
    unusable, 4 scanned only in part and --strict given.
    """
