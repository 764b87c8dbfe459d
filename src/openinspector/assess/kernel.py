"""Which packages are the kernel, and which of them count (spec/ec2-scanning.md 3.4).

Only the kernel that runs can be attacked. A container brings none: what its image holds of the
kernel's source are headers and tools. So by default:

- packages of the kernel's source that cannot boot (headers, documentation, tools) never count;
- bootable ones do not count in container images and functions;
- elsewhere those of the running release count where it is known, all of them where it is not.

`include_kernel` lets every one of them count.
"""

import re

from openinspector.assess.observation import Reason
from openinspector.model import Inventory, Kernel, Package
from openinspector.patterns import regex

_FLAVOURS = (
    "aws|azure|azure-fde|bluefield|dell300x|euclid|fips|gcp|gcp-fips|gke|gkeop|hwe|hwe-edge|ibm|"
    "intel|intel-iotg|iot|joule|kvm|laptop|lowlatency|lts|manta|nvidia|nvidia-tegra|oem|oem-osp1|"
    "oracle|raspi|raspi2|realtime|riscv|snapdragon|starfive|allwinner|xilinx-zynqmp|ti-omap4|"
    "armadaxp|grsec|amd64|arm64|i386|edge|virt|stable|asahi|rpi|elm|openpax|esx|secure|rt|aws-fips|"
    "utopic|vivid|wily|xenial|trusty|quantal|raring|saucy"
)
_SOURCE = regex(rf"linux(?:-signed)?(?:-(?:{_FLAVOURS}))*(?:-\d+(?:\.\d+)*)?(?:-edge)?", re.A)
"""`linux`, `linux-signed-amd64`, `linux-hwe-5.4`, `linux-lts` ...: not `linux-atm`, `linux-pam`."""

_RPM_SOURCE = regex(
    r"kernel(?:-(?:rt|uek|default|debug|azure|kvmsmall|64kb?|lpae|pae|preempt|vanilla|zfcpdump|"
    r"syms|source|obs-build|obs-qa|ml|lt|plus|mshv|hci))?(?:-\d[\d.]*)?|kernel\d[\d.]*|"
    r"linux(?:-(?:esx|secure|rt|aws))?",
    re.A,
)

_BOOTABLE_DEB = regex(r"linux-(?:image|modules|modules-extra|signed-image)-", re.A)
_HEADERS_DEB = regex(r"-(?:dbg|dbgsym)$", re.A)
_BOOTABLE_RPM = regex(
    r"(?:kernel\d*(?:\.\d+)*|linux)(?:-(?:rt|uek|64k|64kb|16k|azure|default|debug|preempt|lpae|esx|"
    r"secure|aws|pae|plus|ml|lt|kvmsmall|zfcpdump|vanilla|mshv|hci))*"
    r"(?:-(?:core|modules|modules-core|modules-extra|modules-internal|extra|optional|base))*",
    re.A,
)
_TOOLS_RPM = regex(
    r"(?:kernel\d*(?:\.\d+)*|linux)(?:-[a-z0-9]+)?-"
    r"(?:headers|devel|devel-matched|tools|tools-libs|tools-libs-devel|doc|docs|cross-headers|"
    r"abi-stablelists|abi-whitelists|macros|syms|source)|"
    r"perf|python3?-perf|bpftool\d*(?:\.\d+)*|rtla|rv|libperf(?:-devel)?",
    re.A,
)
"""rpm's tools and headers by name, for inventories that do not keep the source package."""

_FIRST_LETTERS = (
    "linux",
    "kernel",
    "perf",
    "python-perf",
    "python3-perf",
    "bpf",
    "rtla",
    "rv",
    "libperf",
)
"""A quick way out for the many packages that are not the kernel."""

_DEB = frozenset({"Debian", "Ubuntu", "Echo"})
_APK = frozenset({"Alpine", "Wolfi", "Chainguard", "Alpaquita", "MinimOS"})


def source_name(package: Package) -> str:
    """The source package's name, which is the binary's own where none is recorded."""
    return package.source_name or package.name


def is_kernel(package: Package) -> bool:
    """Whether the package was built from the kernel's source (headers and tools included)."""
    source = source_name(package)
    if not source.startswith(_FIRST_LETTERS):
        return False
    if package.ecosystem in _DEB:
        return _SOURCE.fullmatch(source) is not None
    if package.ecosystem in _APK:
        return source != "linux" and _SOURCE.fullmatch(source) is not None
    return any(
        pattern.fullmatch(name) is not None
        for pattern, name in (
            (_RPM_SOURCE, source),
            (_BOOTABLE_RPM, package.name),
            (_TOOLS_RPM, package.name),
        )
    )


def is_bootable(package: Package) -> bool:
    """Whether a package of the kernel's source holds the kernel or its modules."""
    if package.ecosystem in _DEB:
        return _BOOTABLE_DEB.match(package.name) is not None and not _HEADERS_DEB.search(
            package.name
        )
    if package.ecosystem in _APK:
        return _SOURCE.fullmatch(package.name) is not None
    return _BOOTABLE_RPM.fullmatch(package.name) is not None


def advisory_source(package: Package) -> tuple[str, str]:
    """The source name and version that kernel advisories use.

    Signed kernels are built from a source of their own (`linux-signed-amd64` 6.1.76+1 signs
    `linux` 6.1.76-1; Ubuntu's `linux-signed-aws` keeps the version); advisories name the kernel.
    """
    name = source_name(package)
    version = package.source_version or package.version
    if not name.startswith("linux-signed"):
        return name, version
    if package.ecosystem == "Debian":
        return "linux", version.replace("+", "-", 1)
    return "linux" + name.removeprefix("linux-signed"), version


def runs(package: Package, kernel: Kernel) -> bool:
    """Whether a bootable package is the one that runs, by `uname -r`.

    Debian and Ubuntu write the release into the name (`linux-image-6.1.0-18-amd64`), rpm's release
    is version, release and machine (`5.14.0-362.el9.x86_64`), apk's is the package's version with
    its flavour (`6.6.7-0-lts`).
    """
    release = kernel.release
    if package.ecosystem in _DEB:
        return package.name.endswith("-" + release)
    version = package.version.rpartition(":")[2]
    if package.ecosystem in _APK:
        number, _, revision = version.rpartition("-r")
        return release == f"{number}-{revision}-{package.name.removeprefix('linux-')}"
    variants = {version, f"{version}.{package.arch}"} if package.arch else {version}
    bare = re.sub(r"\+(?:debug|rt|64k|16k)$", "", release)
    return bare in variants or bare.startswith(version + ".") or _suse_runs(version, release)


def _suse_runs(version: str, release: str) -> bool:
    """SUSE appends the flavour, and drops the rebuild number: 5.3.18-150300.59.93-default."""
    bare = release.rpartition("-")[0]
    return bool(bare) and (version == bare or version.startswith(bare + "."))


def verdict(package: Package, inventory: Inventory, include_kernel: bool) -> Reason | None:
    """Why a package of the kernel does not count here; None: it counts, or is none."""
    if include_kernel or not is_kernel(package):
        return None
    if not is_bootable(package):
        return "kernel-headers"
    if inventory.kernel is not None:
        return None if runs(package, inventory.kernel) else "kernel-not-running"
    target = inventory.target
    if target.image is not None or target.kind in ("image", "function"):
        return "kernel-in-container"
    return None


REASONS: dict[Reason, str] = {
    "kernel-headers": "built from the kernel's source, but holds no kernel",
    "kernel-in-container": "a container runs its host's kernel, not this one",
    "kernel-not-running": "another kernel release runs",
}
"""What to tell people about each verdict."""
