"""Platforms: `os/architecture[/variant]`, as indexes of images name them."""

import platform as machine
from collections.abc import Sequence

import msgspec

from openinspector.inventory.documents import text
from openinspector.model import TargetError

_ARCHITECTURES = {
    "x86_64": "amd64",
    "x86-64": "amd64",
    "aarch64": "arm64",
    "armhf": "arm",
    "armel": "arm",
    "armv7l": "arm",
    "armv6l": "arm",
    "i386": "386",
    "i486": "386",
    "i586": "386",
    "i686": "386",
    "loongarch64": "loong64",
}
_VARIANTS = {"arm64": "v8", "arm": "v7", "amd64": "v1"}
"""What an architecture means when no variant is named."""


class Platform(msgspec.Struct, frozen=True):
    """An operating system and an architecture in Go's words."""

    os: str
    architecture: str
    variant: str = ""

    def __str__(self) -> str:
        return "/".join(filter(None, (self.os, self.architecture, self.variant)))

    def fits(self, wanted: "Platform") -> bool:
        """Whether an image of this platform is what was asked for."""
        default = _VARIANTS.get(self.architecture, "")
        return (
            self.os == wanted.os
            and self.architecture == wanted.architecture
            and (not wanted.variant or (self.variant or default) == wanted.variant)
        )


def parse_platform(name: str) -> Platform:
    """Read `linux/arm64`, `linux/arm/v7` or `arm64`; raises `TargetError`."""
    parts = name.lower().split("/")
    if len(parts) == 1:
        parts = ["linux", *parts]
    if not 2 <= len(parts) <= 3 or not all(parts):
        raise TargetError(f"platform {name!r}: expected os/architecture, such as linux/arm64")
    architecture = _ARCHITECTURES.get(parts[1], parts[1])
    return Platform(parts[0], architecture, parts[2] if len(parts) == 3 else "")


def this_machine() -> Platform:
    """The platform of images that this machine runs (Linux's, everywhere but on Windows)."""
    system = "windows" if machine.system() == "Windows" else "linux"
    return parse_platform(f"{system}/{machine.machine()}")


def of_config(config: dict[str, object]) -> Platform | None:
    """The platform that a configuration or an index entry names, if it names one."""
    system, architecture = text(config.get("os")), text(config.get("architecture"))
    if not system or not architecture or "unknown" in (system, architecture):
        return None
    return Platform(system, architecture, text(config.get("variant")))


def choose(
    candidates: Sequence[Platform | None], wanted: Platform | None, name: str
) -> tuple[int, str]:
    """Which of several images to take, by number, and a note on it ("" when it went without say).

    Asked for a platform: the first that fits. Not asked: this machine's, or the only one there
    is. Raises `TargetError` naming what there is.
    """
    there = ", ".join(dict.fromkeys(str(found) for found in candidates if found)) or "unnamed"
    target = wanted or this_machine()
    for number, found in enumerate(candidates):
        if found is not None and found.fits(target):
            return number, "" if len(candidates) == 1 else f"platform {found} of {there} was taken"
    if len(candidates) == 1 and (wanted is None or candidates[0] is None):
        note = f"the image is of platform {there}, not of this machine's" if candidates[0] else ""
        return 0, note
    if wanted is None:
        raise TargetError(f"{name}: holds images of {there}; choose one with --platform")
    raise TargetError(f"{name}: has no image of platform {wanted}; it holds {there}")
