"""How ecosystems and packages are named, so that advisories and inventories meet.

`package` is used on both sides: when advisories are compiled and when packages are looked up.
Sources: OSV's "Defined Ecosystems", PEP 503, and each registry's own rule on letter case.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

from openinspector.patterns import regex

_SEPARATORS = regex(r"[-_.]+")


def _pypi(name: str) -> str:
    """PEP 503; extras in brackets are not part of the name."""
    return _SEPARATORS.sub("-", name.partition("[")[0].strip()).lower()


def _go(name: str) -> str:
    """The standard library is `stdlib` to advisories.

    `toolchain` (the `go` command, the compiler) stays apart: programs built with it lack it.
    """
    return "stdlib" if name == "std" else name


def _swift(name: str) -> str:
    """Repository addresses without scheme, `www.` and `.git`, in lower case."""
    bare = re.sub(r"^[a-z+]+://(www\.)?", "", name.lower())
    return bare.removesuffix("/").removesuffix(".git")


_RULES: dict[str, Callable[[str], str]] = {
    "ConanCenter": str.lower,
    "GitHub Actions": str.lower,
    "Go": _go,
    "Hex": str.lower,
    "NuGet": str.lower,
    "Packagist": str.lower,
    "Pub": str.lower,
    "PyPI": _pypi,
    "SwiftURL": _swift,
    "VSCode": str.lower,
    "generic": str.lower,
}
"""Ecosystems whose names are not taken as they stand.

npm forbids capitals in new names but old packages have them and differ by them, RubyGems and Maven
tell case apart, crates.io takes `-` and `_` for the same but always writes the published form.
"""


def package(ecosystem: str, name: str) -> str:
    """A package's name as advisories and inventories agree to write it."""
    rule = _RULES.get(ecosystem)
    if rule is None and ":" in ecosystem:
        rule = _RULES.get(ecosystem.partition(":")[0])
    return name if rule is None else rule(name)


_RED_HAT = regex(r"Red Hat:enterprise_linux(?:_\w+)?:(\d+)(?:[.:].*)?")
_SUSE = regex(
    r"SUSE:Linux Enterprise (?:Server|Desktop|High Performance Computing|Module for|Workstation)"
    r".*? (\d+(?: SP\d+)?)(?:-\w+)*"
)
_UBUNTU_LTS = regex(r"Ubuntu:(?:Pro:)?(\d\d)\.04")
_SUSE_OTHER = ("Live Patching", "Real Time", "RT ")
_RENAMED = {
    "CBL-Mariner": "Azure Linux",
    "Amazon": "Amazon Linux",
    "Oracle": "Oracle Linux",
    "Rocky": "Rocky Linux",
    "Alma": "AlmaLinux",
    "RockyLinux": "Rocky Linux",
}


@lru_cache(maxsize=4096)
def ecosystem(published: str) -> str:
    """An ecosystem as distributions are asked for (`Red Hat:9`, `Ubuntu:22.04:LTS`).

    Red Hat publishes by product (`Red Hat:enterprise_linux:9::appstream`): all of a major release
    are one. Extended-support products (`rhel_eus:9.2`) stay apart, for they rebuild older minor
    releases. SUSE publishes by module: the modules of a service pack are that service pack.
    """
    base, colon, release = published.partition(":")
    base = _RENAMED.get(base.strip(), base.strip())
    if base == "Maven":
        return base  # the rest is the address of a repository other than Central
    name = f"{base}{colon}{release.strip()}"
    match base:
        case "Red Hat":
            found = _RED_HAT.fullmatch(name)
            return f"Red Hat:{found[1]}" if found else name
        case "SUSE":
            found = _SUSE.fullmatch(name)
            if found and not any(word in name for word in _SUSE_OTHER):
                return f"SUSE:Linux Enterprise Server {found[1]}"
        case "Ubuntu":
            found = _UBUNTU_LTS.fullmatch(name)
            if found and int(found[1]) % 2 == 0:
                return f"{name}:LTS"
        case "Debian" if release in ("sid", "unstable"):
            return base  # as inventories call what has no release
        case "Alpine":
            return name if not release or release[0] in "ev" else f"Alpine:v{release}"
    return name
