"""The table of catalogers: one family a module, each exporting its rows as `CATALOGERS`."""

import importlib
from functools import cache

from openinspector.inventory.cataloger import Cataloger

FAMILIES: tuple[str, ...] = (
    "os_release",
    "dpkg",
    "chisel",
    "apk",
    "rpm",
    "bottlerocket",
    "python_installed",
    "python_requirements",
    "python_locks",
    "conda",
    "javascript_installed",
    "npm_lock",
    "yarn_lock",
    "pnpm_lock",
    "bun_lock",
    "java",
    "java_build",
    "golang",
    "rust",
    "binaries",
    "dotnet",
    "ruby",
    "php",
    "erlang",
    "dart",
    "swift",
    "conan",
    "haskell",
    "julia",
    "r_packages",
    "github_actions",
    "embedded_sboms",
    "unlocked",
    "applications",
    "models",
    "dockerfile",
)
"""Modules beside this one, in the order in which their rows are asked."""


@cache
def table() -> tuple[Cataloger, ...]:
    """Every row, imported on first use."""
    rows: list[Cataloger] = []
    for family in FAMILIES:
        rows.extend(importlib.import_module(f"{__name__}.{family}").CATALOGERS)
    return tuple(rows)
