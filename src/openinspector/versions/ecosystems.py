"""Which order each ecosystem follows. Names are those of the OSV schema."""

from __future__ import annotations

import importlib
from collections.abc import Callable

Encoder = Callable[[str], bytes]

ENCODERS: dict[str, tuple[str, str]] = {
    "apk": ("apk", "encode"),
    "composer": ("composer", "encode"),
    "conan": ("conan", "encode"),
    "conda": ("conda", "encode"),
    "cran": ("numbers", "encode_cran"),
    "dpkg": ("dpkg", "encode"),
    "gem": ("gem", "encode"),
    "generic": ("generic", "encode"),
    "go": ("go", "encode"),
    "hackage": ("numbers", "encode_hackage"),
    "hex": ("semver", "encode"),
    "maven": ("maven", "encode"),
    "npm": ("npm", "encode"),
    "nuget": ("nuget", "encode"),
    "pep440": ("pep440", "encode"),
    "pub": ("pub", "encode"),
    "rpm": ("rpm", "encode"),
    "semver": ("semver", "encode"),
}
"""Scheme -> its module in `schemes` and the function there; imported when first asked for."""


def encoder(scheme: str) -> Encoder:
    """The function that encodes the versions of a scheme (a value of `SCHEMES`)."""
    module, function = ENCODERS[scheme]
    found: Encoder = getattr(
        importlib.import_module(f"openinspector.versions.schemes.{module}"), function
    )
    return found


_ECOSYSTEMS = {
    "apk": (
        "Alpaquita",
        "Alpine",
        "BellSoft Hardened Containers",
        "Chainguard",
        "CleanStart",
        "MinimOS",
        "Wolfi",
    ),
    "composer": ("Packagist",),
    "conan": ("ConanCenter",),
    "conda": ("Conda",),
    "cran": ("Bioconductor", "CRAN"),
    "dpkg": ("Debian", "Echo", "Ubuntu", "opam"),
    "gem": ("CocoaPods", "RubyGems"),
    # Bitnami numbers its revisions after a hyphen (1.25.3-4), where semantic versioning has a
    # pre-release.
    # The compiler GHC has release candidates (9.4.1-rc1), which Haskell's packages have not.
    "generic": ("Bitnami", "GHC", "generic"),
    "go": ("Go",),
    "hackage": ("Hackage",),
    "hex": ("Hex",),
    "maven": ("Maven",),
    "npm": ("npm",),
    "nuget": ("NuGet",),
    "pep440": ("PyPI",),
    "pub": ("Julia", "Pub"),
    "rpm": (
        "AlmaLinux",
        "Amazon",
        "Amazon Linux",
        "Azure Linux",
        "Bottlerocket",
        "CBL-Mariner",
        "CentOS",
        "Fedora",
        "Mageia",
        "Oracle",
        "Oracle Linux",
        "Photon OS",
        "Red Hat",
        "Rocky Linux",
        "SUSE",
        "openEuler",
        "openSUSE",
    ),
    "semver": ("GitHub Actions", "Kubernetes", "SwiftURL", "VSCode", "crates.io"),
}

SCHEMES: dict[str, str] = {
    ecosystem: scheme for scheme, ecosystems in _ECOSYSTEMS.items() for ecosystem in ecosystems
}

REBUILDERS = frozenset({"Docker Hardened Images", "Echo", "Root", "TuxCare"})
"""Publishers that rebuild packages of other ecosystems and name those after a colon
(`TuxCare:Red Hat`, `Docker Hardened Images:Alpine:3.23`, `Echo:PyPI`): the order is theirs."""

REBUILT_SCHEMES = {"npm": "generic"}
"""Rebuilds of npm packages bear `1.2.3.root.io.4` or `1.2.3+echo.1`, which counts."""
