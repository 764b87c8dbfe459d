"""An inventory: everything that was collected about one target."""

from typing import Literal

import msgspec

from openinspector.model.coverage import Gap
from openinspector.model.package import Package

TargetKind = Literal["image", "directory", "host", "function", "sbom", "disk"]


class ImageMetadata(msgspec.Struct, frozen=True, omit_defaults=True):
    """What an image's manifest and configuration say.

    `id` is the digest of the configuration, `digest` that of the manifest (None in a docker
    archive). `layers` are diff ids, bottom first; `base_layers` is how many of them the base image
    brought (None: unknown). `history` holds the `created_by` texts, oldest first.
    """

    id: str
    digest: str | None = None
    tags: tuple[str, ...] = ()
    architecture: str | None = None
    os: str | None = None
    author: str | None = None
    created: str | None = None
    layers: tuple[str, ...] = ()
    base_layers: int | None = None
    user: str | None = None
    command: tuple[str, ...] = ()
    entrypoint: tuple[str, ...] = ()
    working_directory: str | None = None
    environment: tuple[str, ...] = ()
    labels: tuple[tuple[str, str], ...] = ()
    docker_version: str | None = None
    history: tuple[str, ...] = ()


class Target(msgspec.Struct, frozen=True, omit_defaults=True):
    """What was scanned: `name` is what the user called it (path, reference, host name)."""

    kind: TargetKind
    name: str
    is_root: bool = False
    """A root file system (image, host, disk) rather than a source tree."""
    image: ImageMetadata | None = None
    function_layers: tuple[str, ...] = ()


class Distribution(msgspec.Struct, frozen=True, omit_defaults=True):
    """The operating system of a target, by os-release and its fallbacks.

    `ecosystem` is OSV's name without release (`Debian`, `Alpine`, `Red Hat`); `release` is the
    part that OSV puts after the colon and that advisories are keyed by (`12`, `v3.18`,
    `22.04:LTS`, `9`, `2023`), None for rolling distributions (Wolfi, Chainguard).
    `like` names the distribution that it was judged by when its own is unknown (ID_LIKE).
    `platform` is Inspector's word (`DEBIAN_12`, `AMAZON_LINUX_2023`).
    """

    id: str
    name: str
    version: str
    ecosystem: str
    release: str | None = None
    codename: str | None = None
    like: str | None = None
    platform: str = ""
    end_of_life: str | None = None
    """RFC 3339 date on which its vendor's standard support ended, if that is known."""


class Kernel(msgspec.Struct, frozen=True, omit_defaults=True):
    """The kernel that runs, where that is known (`release` as `uname -r` says)."""

    release: str
    version: str | None = None


class ConfigurationCheck(msgspec.Struct, frozen=True, omit_defaults=True):
    """One Dockerfile or certificate check that fired (spec/sbom-generator.md 5.4, 5.5)."""

    id: str
    path: str
    begin_line: int
    end_line: int
    detail: str = ""


class Listener(msgspec.Struct, frozen=True, omit_defaults=True):
    """A port of a machine at which something listens for others (not at loopback addresses).

    `program` is the path of what listens, None where the kernel did not tell.
    """

    protocol: Literal["TCP", "UDP"]
    port: int
    program: str | None = None


class Inventory(msgspec.Struct, frozen=True, omit_defaults=True):
    """The evidence of one target.

    Packages are in a stable order (ecosystem, name, version, first path) and unique by
    (purl, path).
    """

    target: Target
    packages: tuple[Package, ...] = ()
    distribution: Distribution | None = None
    kernel: Kernel | None = None
    checks: tuple[ConfigurationCheck, ...] = ()
    gaps: tuple[Gap, ...] = ()
    notes: tuple[str, ...] = ()
    examined: tuple[str, ...] = ()
    """Parts that were looked at: `os-packages`, `language-packages`, `applications`,
    `configuration`."""
    subsumed: tuple[Package, ...] = ()
    """Language packages and applications whose file an OS package owns: they belong to it, are
    judged with it and only kept to explain why they are not reported twice."""
    listeners: tuple[Listener, ...] | None = None
    """What listens on the machine, by protocol and port; None where nobody looked."""
