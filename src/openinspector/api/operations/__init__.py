"""One file for each family of operations: what each does with a parsed request.

A module exports `OPERATIONS`, its handlers by the operation's name in the service model.
"""

from importlib import import_module

from openinspector.api.call import Handler

FAMILIES: tuple[str, ...] = (
    "findings",
    "filters",
    "coverage",
    "findings_reports",
    "sbom_exports",
    "scan_sbom",
    "accounts",
    "delegation",
    "members",
    "configuration",
    "deep_inspection",
    "tags",
    "encryption_keys",
    "usage",
    "cis",
    "code_security",
    "connectors",
    "on_demand",
    "vulnerabilities",
    "finding_details",
)
"""The modules of this folder that hold operations."""


EXTENDING: tuple[str, ...] = ("submit", "plan")
"""The modules that hold requests beyond the models, as `EXTENSIONS`."""


def extensions() -> dict[tuple[str, str], tuple[str, Handler]]:
    """Requests beyond the models: method and path -> name and handler."""
    found: dict[tuple[str, str], tuple[str, Handler]] = {}
    for family in EXTENDING:
        found.update(import_module(f"{__name__}.{family}").EXTENSIONS)
    return found


def handlers() -> dict[str, Handler]:
    """Every handler by its operation's name."""
    found: dict[str, Handler] = {}
    for family in FAMILIES:
        found.update(import_module(f"{__name__}.{family}").OPERATIONS)
    return found
