"""Which order each ecosystem follows. Names are those of the OSV schema."""

from __future__ import annotations

import importlib
from collections.abc import Callable

Encoder = Callable[[str], bytes]

ENCODERS: dict[str, tuple[str, str]] = {
    "apk": ("apk", "encode"),
    "composer": ("composer", "encode"),
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
        "MinimOS",
        "Wolfi",
    ),
    "composer": ("Packagist",),
    "conda": ("Conda",),
    "cran": ("Bioconductor", "CRAN"),
    "dpkg": ("Debian", "Echo", "Ubuntu"),
    "gem": ("CocoaPods", "RubyGems"),
    # Bitnami numbers its revisions after a hyphen (1.25.3-4) and Conan Center names dates
    # (cci.20210118) and letters (1.1.1k): neither is semantic versioning.
    "generic": ("Bitnami", "ConanCenter", "generic"),
    "go": ("Go",),
    "hackage": ("GHC", "Hackage"),
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
    "semver": ("GitHub Actions", "SwiftURL", "crates.io"),
}

SCHEMES: dict[str, str] = {
    ecosystem: scheme for scheme, ecosystems in _ECOSYSTEMS.items() for ecosystem in ecosystems
}
