"""pip's requirements files: the lines that name exactly one version.

Format: pip's documentation of requirements files and PEP 508. `==` and `===` name a version; so
does `~=` for the SBOM generator (spec/sbom-generator.md 5.2), with the version that it starts at.
"""

import fnmatch
from collections.abc import Iterable, Iterator

from openinspector.inventory.cataloger import Cataloger, File, Yield
from openinspector.inventory.development import names_development
from openinspector.inventory.documents import read_lines
from openinspector.inventory.language_packages import (
    PART,
    Origin,
    Packages,
    inside_installed_package,
)
from openinspector.inventory.language_purl import PYPI
from openinspector.inventory.limits import Limits
from openinspector.model import Gap
from openinspector.patterns import regex

_ORIGIN = Origin(PYPI, "PIP", "python-requirements", "python-requirements")
_GLOBS = ("**/*requirements*.txt", "**/requirements/*.txt")
_COMMENT = regex(r"(?:^|[ \t])#.*")
_REQUIREMENT = regex(
    r"(?P<name>[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)[ \t]*"
    r"(?:\[[^\]]*\][ \t]*)?(?P<rest>|[(<>=!~@;].*|--.*)$"
)
_CLAUSE = regex(r"(===|==|~=)[ \t]*([A-Za-z0-9.!+_-]+)$")
_OPTION = regex(r"[ \t]--[a-z].*")
_NESTED = regex(r"(?:-r|--requirement)(?:[ \t]*=?[ \t]*)([^ \t].*)")
_EGG = regex(r"[#&]egg=([A-Za-z0-9._-]+)")
_FILE_NAME_LENGTH = 300
_WHEEL = regex(r"([A-Za-z0-9][A-Za-z0-9._]*)-([A-Za-z0-9.!+_]+)(?:-[A-Za-z0-9._]+){3,4}\.whl")


def parse_requirements(file: File, limits: Limits) -> Iterator[Yield]:
    """Yield the pinned requirements, and one gap that names the others.

    Files that it includes (`-r`) are read on their own where their names match; the rest are
    named in a gap. Constraints (`-c`) install nothing. A text of which most lines are no
    requirements is taken for something else, and nothing is said of it.
    """
    if inside_installed_package(file.path):
        return
    development = names_development(file.path.rpartition("/")[2])
    packages = Packages(file, _ORIGIN)
    unread: list[str] = []
    understood = strange = 0
    for line in _logical_lines(read_lines(file, limits)):
        nested = _NESTED.match(line)
        if nested:
            unread += [] if _is_read(nested[1]) else [nested[1]]
        elif line.startswith("-") and not line.startswith(("-e", "--editable")):
            continue
        elif add_requirement(packages, line, development):
            understood += 1
        else:
            strange += 1
            packages.unusable(line)
    if strange > understood:
        return
    yield from packages.results()
    if unread:
        shown = ", ".join(ascii(name[:60]) for name in unread[:8])
        yield Gap(PART, f"included requirements were not read: {shown}", file.path)


def _logical_lines(lines: Iterable[str]) -> Iterator[str]:
    """Join continued lines, then drop comments, as pip does (a comment ends no continuation)."""
    parts: list[str] = []
    for line in lines:
        comment = line.lstrip().startswith("#")
        if line.endswith("\\") and not comment:
            parts.append(line.strip("\\"))
            continue
        parts.append(f" {line}" if comment else line)
        if logical := _COMMENT.sub("", "".join(parts)).strip():
            yield logical
        parts = []
    if logical := _COMMENT.sub("", "".join(parts)).strip():
        yield logical


def _is_read(path: str) -> bool:
    return any(fnmatch.fnmatch(f"x/{path}", pattern) for pattern in _GLOBS)


def add_requirement(packages: Packages, line: str, development: bool = False) -> bool:
    """Add the requirement of one logical line, an option or place included; False if it is none."""
    requirement = _REQUIREMENT.match(line)
    if requirement is None:
        return _add_place(packages, line, development)
    name = requirement["name"]
    rest = requirement["rest"]
    if rest.startswith("@"):
        return _add_place(packages, rest, development, name)
    clauses = (
        _OPTION.sub("", f" {rest}")
        .partition(";")[0]
        .partition("#")[0]
        .strip()
        .strip("()")
        .split(",")
    )
    pins = {
        clause[1]: clause[2]
        for clause in (_CLAUSE.match(text.strip()) for text in clauses)
        if clause
    }
    version = pins.get("===") or pins.get("==") or pins.get("~=")
    packages.add(name, version, development=development)
    return True


def _add_place(packages: Packages, line: str, development: bool, name: str = "") -> bool:
    """Add what an address or a path tells: a wheel's name holds its version."""
    wheel = _WHEEL.fullmatch(_file_name(line))
    egg = _EGG.search(line)
    if wheel:
        packages.add(name or wheel[1], wheel[2], development=development)
    elif name or egg:
        packages.unpinned(name or (egg[1] if egg else ""))
    return bool(wheel or name) or line.startswith("-") or "/" in line or line in (".", "..")


def _file_name(place: str) -> str:
    """The last part of an address or a path without fragment, marker and options."""
    address = place.partition(" ;")[0].partition("#")[0].strip()
    return address.rpartition("/")[2][-_FILE_NAME_LENGTH:]


CATALOGERS: tuple[Cataloger, ...] = (
    Cataloger(
        name="python-requirements",
        version=1,
        part="language-packages",
        parse=parse_requirements,
        globs=_GLOBS,
    ),
)
