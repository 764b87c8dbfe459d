"""Every module that defines tables: importing this one makes the metadata complete."""

from openinspector.store import (
    access,
    coverage,
    findings,
    layers,
    packages,
    records,
    resources,
    tasks,
    transitions,
)
from openinspector.store.schema import metadata

__all__ = ["MODULES", "metadata"]

MODULES = (access, coverage, findings, layers, packages, records, resources, tasks, transitions)
"""The modules, in the order of their names."""
