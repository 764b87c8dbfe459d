"""A package: one installed or declared piece of software, and where it was seen."""

from typing import Literal

import msgspec

PackageManager = Literal[
    "BUNDLER",
    "CARGO",
    "COMPOSER",
    "NPM",
    "NUGET",
    "PIPENV",
    "POETRY",
    "YARN",
    "GOBINARY",
    "GOMOD",
    "JAR",
    "OS",
    "PIP",
    "PYTHONPKG",
    "NODEPKG",
    "POM",
    "GEMSPEC",
    "DOTNET_CORE",
]
"""The `PackageManager` enum of the `inspector2` service model (spec/findings.md 4.3)."""


class Location(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where a package was seen.

    `path` is relative to the root of the target, without a leading slash, `/`-separated; a file
    inside an archive follows the archive's own path after `!/` (`app.war!/WEB-INF/lib/x.jar`).
    `layer` is the diff id (`sha256:<64 hex>`) of the image layer that holds the file, if any; of a
    function's layer the digest of its zip, or its ARN where AWS told that.
    """

    path: str
    layer: str | None = None


class Package(msgspec.Struct, frozen=True, omit_defaults=True):
    """One package of an inventory.

    - `ecosystem`: OSV's name without a release suffix (`Debian`, `Red Hat`, `PyPI`, `npm`, ...);
      `generic` for software that no package manager knows. For an OS package it is the
      distribution's (`Distribution.ecosystem`).
    - `name`, `version`: as the ecosystem writes them. OS packages: the binary package's name and
      the whole version with a non-zero epoch (`1:2.3-4`, `2:4.9.4-0.1.el9`). Go keeps no `v`.
      Maven names are `group:artifact`; npm scopes stay (`@babel/core`); PyPI names are normalised
      (PEP 503).
    - `manager`: the API's word; None for ecosystems that the API has no word for (Hex, Pub, Swift,
      CocoaPods, Conan, Hackage, CRAN, Julia, Conda, GitHub Actions).
    - `purl`: the package URL in the form of spec/sbom-generator.md 2.1.
    - `source_name`, `source_version`: the source package that distributions publish advisories
      for; None where it equals the binary package's.
    - `module`: rpm module label (`nodejs:18:...`).
    - `cataloger`: name of the cataloger that found it (`source_file_scanner` of the SBOM
      generator); `collector`: the generator's `source_package_collector`.
    - `development`: declared for development or tests only.
    - `from_base_image`: True when its first location lies in a layer of the base image, None where
      that is unknown.
    """

    ecosystem: str
    name: str
    version: str
    purl: str
    manager: PackageManager | None
    cataloger: str
    collector: str
    locations: tuple[Location, ...] = ()
    arch: str | None = None
    source_name: str | None = None
    source_version: str | None = None
    module: str | None = None
    licenses: tuple[str, ...] = ()
    development: bool = False
    from_base_image: bool | None = None
    properties: tuple[tuple[str, str], ...] = ()
    """Further facts by the names of spec/sbom-generator.md 3.1, without the prefix."""


SOURCE_MARK = ("source_package", "true")
"""In `Package.properties`: an SBOM's component that groups the binary packages of one source, which
may be installed itself or not; or a source rpm."""
