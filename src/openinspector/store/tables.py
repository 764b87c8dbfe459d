"""Every module that defines tables: importing this one makes the metadata complete."""

from openinspector.store import access, coverage, findings, packages, records, transitions

MODULES = (access, coverage, findings, packages, records, transitions)
"""The modules, in the order of their names."""
