"""How each distribution publishes: which ecosystems to ask, and by which package names.

Sources: OSV's "Defined Ecosystems"; the feeds themselves (Debian, Ubuntu, Alpine and Wolfi speak of
source packages; yum's updateinfo of binary ones; Red Hat's VEX of both).
"""

from typing import Literal

from openinspector.advisories import names as spelling
from openinspector.model import Distribution, Knowledge, Package

Keying = Literal["source", "binary", "both"]

LANGUAGE_ECOSYSTEMS = frozenset(
    {
        "Bioconductor",
        "Bitnami",
        "CocoaPods",
        "ConanCenter",
        "CRAN",
        "Conda",
        "GHC",
        "GitHub Actions",
        "Go",
        "Hackage",
        "Hex",
        "Julia",
        "Maven",
        "NuGet",
        "Packagist",
        "Pub",
        "PyPI",
        "RubyGems",
        "SwiftURL",
        "VSCode",
        "crates.io",
        "generic",
        "npm",
    }
)
"""Ecosystems that are not operating systems, `generic` being software without a manager."""

_KEYING: dict[str, Keying] = {
    "AlmaLinux": "binary",
    "Alpaquita": "source",
    "Alpine": "source",
    "Amazon Linux": "binary",
    "BellSoft Hardened Containers": "source",
    "Chainguard": "source",
    "CleanStart": "source",
    "Debian": "source",
    "Echo": "source",
    "Fedora": "binary",
    "MinimOS": "source",
    "Oracle Linux": "binary",
    "Ubuntu": "source",
    "Wolfi": "source",
}

BINARY_NAMED_TOO = frozenset(
    {
        *("Alpine", "Alpaquita", "BellSoft Hardened Containers", "Chainguard", "CleanStart"),
        *("MinimOS", "Wolfi"),
    }
)
"""apk's: secdb names origins, yet a few records name a subpackage."""


def is_operating_system(package: Package) -> bool:
    """Whether the package was built by a distribution."""
    return package.ecosystem not in LANGUAGE_ECOSYSTEMS


def keying(ecosystem: str) -> Keying:
    """Whether a distribution's advisories name source packages, binary ones, or either."""
    return _KEYING.get(ecosystem, "both")


def distribution_ecosystems(distribution: Distribution) -> tuple[str, ...]:
    """The ecosystems that speak of a distribution: its own, then those of paid support.

    Ubuntu Pro (ESM) fixes what a release out of standard support has; a release without a number
    (Wolfi, Debian unstable) is asked for by its bare name.
    """
    base, release = distribution.ecosystem, distribution.release
    if release is None:
        return (base,)
    own = spelling.ecosystem(f"{base}:{release}")
    if base == "Ubuntu" and release.endswith(":LTS"):
        return (own, f"Ubuntu:Pro:{release}")
    return (own,)


def known_ecosystems(distribution: Distribution, knowledge: Knowledge) -> tuple[str, ...]:
    """Those of `distribution_ecosystems` that the database holds advisories for."""
    return tuple(each for each in distribution_ecosystems(distribution) if knowledge.knows(each))


def fips_ecosystems(distribution: Distribution) -> tuple[str, ...]:
    """Ecosystems of Ubuntu's FIPS builds, asked only for packages that are such builds."""
    if distribution.ecosystem != "Ubuntu" or not (distribution.release or "").endswith(":LTS"):
        return ()
    release = distribution.release
    return tuple(f"Ubuntu:Pro:{kind}:{release}" for kind in ("FIPS", "FIPS-updates"))


def lookup_names(package: Package) -> tuple[tuple[str, str], ...]:
    """The (name, version) pairs under which advisories may speak of an OS package.

    The version belongs to the name: a binary rebuild (`+b1`) has its own, the source keeps its.
    The most specific comes first.
    """
    source = (package.source_name or package.name, package.source_version or package.version)
    binary = (package.name, package.version)
    how = keying(package.ecosystem)
    if how == "binary" or source == binary:
        return (binary,)
    if how == "source" and package.ecosystem not in BINARY_NAMED_TOO:
        return (source,)
    if source[0] == binary[0]:
        return (source,) if how == "source" else (binary,)
    return (binary, source) if how == "both" else (source, binary)
