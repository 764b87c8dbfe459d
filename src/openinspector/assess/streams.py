"""Module streams of rpm distributions: nodejs:18 and nodejs:20 are separate products.

A fix in one stream says nothing about another, nor about the package outside modules.
"""

import re

from openinspector.model import AffectedPackage


def other_product(record: AffectedPackage, version: str, module: str | None) -> str | None:
    """Why a record is about another stream, or about no module at all; None: it may apply.

    `version` and `module` (its label, None where the inventory keeps none) are the package's.
    """
    modular = module is not None or ".module" in version
    fixes = [range_.end_version for range_ in record.ranges if range_.end_version is not None]
    wanted = record.module is not None or any(".module" in fix for fix in fixes)
    if wanted and not modular:
        return f"is about the module {record.module or fixes[0]}, the package is of none"
    if modular and not wanted and fixes:
        return "is about the package outside modules, this one comes from a module"
    if wanted and modular and not _same_stream(record, fixes, version, module):
        about = stream(record.module) if record.module else fixes[0]
        return f"is about {about}, not {module or version}"
    return None


def _same_stream(
    record: AffectedPackage, fixes: list[str], version: str, module: str | None
) -> bool:
    """Whether a record is about the subject's module stream, by label or by number.

    Not every publisher labels records (AlmaLinux does not), and not every inventory labels
    packages. Then a package that bears its stream's number (nodejs 18.1 of `nodejs:18`) must meet
    a fix, or a label, that bears it too; for others it is taken for granted.
    """
    if record.module and module:
        return stream(record.module) == stream(module)
    if module:
        number = module.split(":")[1] if ":" in module else ""
        if not number.replace(".", "").isdigit() or not _bears(version, number):
            return True
        return not fixes or any(_bears(fix, number) for fix in fixes)
    if record.module:
        name, _, number = stream(record.module).partition(":")
        tells = name == record.name and number.replace(".", "").isdigit()
        return not tells or _bears(version, number)
    parts = _NUMBERED_STREAMS.get(record.name)
    if parts is None or not fixes:
        return True
    number = ".".join(re.split(r"[.-]", version.rpartition(":")[2])[:parts])
    return any(_bears(fix, number) for fix in fixes)


_NUMBERED_STREAMS = {
    **dict.fromkeys(("nodejs", "postgresql", "postgresql-server", "redis", "varnish"), 1),
    **dict.fromkeys(("mariadb", "mariadb-server", "mysql", "mysql-server", "nginx", "php"), 2),
    **dict.fromkeys(("maven", "mercurial", "perl", "ruby", "subversion"), 2),
}
"""Packages whose first numbers are their module's stream, and how many of them."""


def _bears(version: str, number: str) -> bool:
    """Whether a version's upstream part begins with a stream's number."""
    upstream = version.rpartition(":")[2]
    return upstream == number or upstream.startswith((f"{number}.", f"{number}-"))


def stream(label: str) -> str:
    """Name and stream of an rpm module label: `nodejs:18:8070:...` is `nodejs:18`."""
    return ":".join(label.split(":")[:2])
