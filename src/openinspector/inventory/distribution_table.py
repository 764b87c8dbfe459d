"""Facts about distributions: how they call themselves, how OSV calls them, until when they live.

`ROWS` is keyed by the ID of os-release(5). Ecosystem names and releases are written as OSV writes
them (https://ossf.github.io/osv-schema/#affectedpackage-field); where OSV has no name for a
distribution whose advisories we read from its vendor, the vendor's own name stands in.
"""

import re
from collections.abc import Callable, Mapping
from typing import Literal

import msgspec

Kind = Literal["deb", "rpm", "apk", ""]
"""The package manager, as the type of a package URL; "" where its database is not read."""

Fields = Mapping[str, str]
"""The assignments of an os-release file."""

DEBIAN_CODENAMES = {
    "3.0": "woody",
    "3.1": "sarge",
    "4.0": "etch",
    "5.0": "lenny",
    "6.0": "squeeze",
    "7": "wheezy",
    "8": "jessie",
    "9": "stretch",
    "10": "buster",
    "11": "bullseye",
    "12": "bookworm",
    "13": "trixie",
    "14": "forky",
    "15": "duke",
}
"""Release (as OSV writes it) to code name; https://www.debian.org/releases/."""

DEBIAN_RELEASES = {codename: release for release, codename in DEBIAN_CODENAMES.items()}

DEVUAN_BASE = {"2": "9", "3": "10", "4": "11", "5": "12", "6": "13"}
"""Devuan's release to the Debian release it is built from; https://www.devuan.org/os/releases."""

UBUNTU_CODENAMES = {
    "12.04": "precise",
    "14.04": "trusty",
    "16.04": "xenial",
    "16.10": "yakkety",
    "17.04": "zesty",
    "17.10": "artful",
    "18.04": "bionic",
    "18.10": "cosmic",
    "19.04": "disco",
    "19.10": "eoan",
    "20.04": "focal",
    "20.10": "groovy",
    "21.04": "hirsute",
    "21.10": "impish",
    "22.04": "jammy",
    "22.10": "kinetic",
    "23.04": "lunar",
    "23.10": "mantic",
    "24.04": "noble",
    "24.10": "oracular",
    "25.04": "plucky",
    "25.10": "questing",
    "26.04": "resolute",
}
"""Version to code name; https://wiki.ubuntu.com/Releases."""

UBUNTU_RELEASES = {codename: version for version, codename in UBUNTU_CODENAMES.items()}


class Row(msgspec.Struct, frozen=True):
    """One distribution.

    `release` turns os-release fields into what OSV puts after the colon (None: rolling or
    unknown). `like` names the distribution whose advisories judge it, where it publishes none of
    its own. `namespace` is that of its package URLs. `platform` begins Inspector's word for it.
    """

    name: str
    ecosystem: str
    kind: Kind
    namespace: str
    release: Callable[[Fields], str | None]
    platform: str
    like: str | None = None


def _version(fields: Fields) -> str:
    return fields.get("VERSION_ID", "").strip()


def rolling(fields: Fields) -> str | None:
    """No releases: advisories are keyed by the distribution alone."""
    return None


def whole(fields: Fields) -> str | None:
    """VERSION_ID as it stands."""
    return _version(fields) or None


def major(fields: Fields) -> str | None:
    """The number before the first dot (`9` of `9.3`)."""
    found = re.match(r"\d+", _version(fields))
    return found[0] if found else None


def major_minor(fields: Fields) -> str | None:
    """The first two numbers (`3.0`)."""
    found = re.match(r"\d+\.\d+", _version(fields))
    return found[0] if found else major(fields)


def enterprise_linux(fields: Fields) -> str | None:
    """Major release of a Red Hat relative: PLATFORM_ID (`platform:el9`) tells it for certain."""
    found = re.fullmatch(r"platform:el(\d+)", fields.get("PLATFORM_ID", ""))
    return found[1] if found else major(fields)


def coreos(fields: Fields) -> str | None:
    """Red Hat CoreOS numbers OpenShift's way and keeps its base in RHEL_VERSION."""
    return major({"VERSION_ID": fields.get("RHEL_VERSION", "")}) or enterprise_linux(fields)


def debian(fields: Fields) -> str | None:
    """`12`, `6.0`; by code name where VERSION_ID is missing (testing); None for unstable."""
    found = re.match(r"(\d+)(?:\.\d+)?", _version(fields))
    if found:
        return found[1] if int(found[1][:9]) >= 7 else found[0]
    return DEBIAN_RELEASES.get(fields.get("VERSION_CODENAME", ""))


def debian_like(fields: Fields) -> str | None:
    """Of a relative with its own numbers, only a Debian code name tells the release."""
    for key in ("DEBIAN_CODENAME", "VERSION_CODENAME"):
        release = DEBIAN_RELEASES.get(fields.get(key, ""))
        if release:
            return release
    return None


def devuan(fields: Fields) -> str | None:
    """The Debian release below a Devuan release."""
    return DEVUAN_BASE.get(major(fields) or "")


def ubuntu(fields: Fields) -> str | None:
    """`22.04:LTS` (April of even years), `23.10`; relatives by UBUNTU_CODENAME."""
    version = UBUNTU_RELEASES.get(fields.get("UBUNTU_CODENAME", ""))
    if version is None:
        found = re.match(r"(\d{1,2})\.(04|06|10)\b", _version(fields))
        if not found:
            return None
        version = found[0]
    year, month = version.split(".")
    return f"{version}:LTS" if int(year) % 2 == 0 and month != "10" else version


def alpine(fields: Fields) -> str | None:
    """`v3.18`; `edge` for development snapshots (`3.21.0_alpha20240807`)."""
    version = _version(fields)
    if "_alpha" in version or version == "edge" or "edge" in fields.get("PRETTY_NAME", ""):
        return "edge"
    found = re.match(r"(\d+\.\d+)(?:\.|_|$)", version)
    return f"v{found[1]}" if found else None


def amazon(fields: Fields) -> str | None:
    """`2023`, `2022`, `2`; the dated releases of the first Amazon Linux (`2018.03`) are `1`."""
    version = _version(fields)
    if re.fullmatch(r"20\d\d\.\d\d", version):
        return "1"
    return major(fields)


def _suse(product: str) -> Callable[[Fields], str | None]:
    """`PRODUCT 15 SP3`; from 16 on `PRODUCT 16.0`."""

    def release(fields: Fields) -> str | None:
        found = re.match(r"(\d+)(?:\.(\d+))?", _version(fields))
        if not found:
            return None
        if int(found[1][:9]) >= 16:
            return f"{product} {found[0]}"
        pack = f" SP{found[2]}" if found[2] and found[2] != "0" else ""
        return f"{product} {found[1]}{pack}"

    return release


def _product(product: str) -> Callable[[Fields], str | None]:
    """`PRODUCT VERSION`."""

    def release(fields: Fields) -> str | None:
        version = _version(fields)
        return f"{product} {version}" if version else None

    return release


def tumbleweed(fields: Fields) -> str | None:
    """OpenSUSE's rolling release has a name of its own in OSV."""
    return "Tumbleweed"


def leap(fields: Fields) -> str | None:
    """`Leap 15.5`; before 42 it was plain openSUSE (`openSUSE 13.2`)."""
    version = _version(fields)
    return f"Leap {version}" if version else None


def openeuler(fields: Fields) -> str | None:
    """`24.03-LTS`, `22.03-LTS-SP1`: the words in brackets of VERSION belong to the release."""
    version = _version(fields)
    if not version:
        return None
    words = re.search(r"\(([\w-]+)\)", fields.get("VERSION", ""))
    return f"{version}-{words[1]}" if words else version


_RED_HAT = "Red Hat Enterprise Linux"
_SLE = "Linux Enterprise"

ROWS: dict[str, Row] = {
    "almalinux": Row("AlmaLinux", "AlmaLinux", "rpm", "almalinux", major, "ALMALINUX"),
    "alpaquita": Row("BellSoft Alpaquita", "Alpaquita", "apk", "alpaquita", whole, "ALPAQUITA"),
    "alpine": Row("Alpine Linux", "Alpine", "apk", "alpine", alpine, "ALPINE_LINUX"),
    "amzn": Row("Amazon Linux", "Amazon Linux", "rpm", "amazon", amazon, "AMAZON_LINUX"),
    "arch": Row("Arch Linux", "Arch Linux", "", "arch", rolling, "ARCH_LINUX"),
    "azurelinux": Row("Azure Linux", "Azure Linux", "rpm", "azurelinux", major, "AZURE_LINUX"),
    "bellsoft-hardened-containers": Row(
        "BellSoft Hardened Containers",
        "BellSoft Hardened Containers",
        "apk",
        "bellsoft-hardened-containers",
        whole,
        "BELLSOFT_HARDENED_CONTAINERS",
    ),
    "bottlerocket": Row(
        "Bottlerocket", "Bottlerocket", "rpm", "bottlerocket", rolling, "BOTTLEROCKET"
    ),
    "centos": Row("CentOS", "Red Hat", "rpm", "centos", enterprise_linux, "CENTOS", _RED_HAT),
    "centos-stream": Row(
        "CentOS Stream", "Red Hat", "rpm", "centos", enterprise_linux, "CENTOS_STREAM", _RED_HAT
    ),
    "chainguard": Row("Chainguard", "Chainguard", "apk", "chainguard", rolling, "CHAINGUARD"),
    "cleanstart": Row("CleanStart", "CleanStart", "apk", "cleanstart", rolling, "CLEANSTART"),
    "clnstrt": Row("CleanStart", "CleanStart", "apk", "cleanstart", rolling, "CLEANSTART"),
    "debian": Row("Debian GNU/Linux", "Debian", "deb", "debian", debian, "DEBIAN"),
    "devuan": Row("Devuan GNU/Linux", "Debian", "deb", "debian", devuan, "DEVUAN", "Debian"),
    "echo": Row("Echo", "Echo", "deb", "echo", rolling, "ECHO"),
    "fedora": Row("Fedora Linux", "Fedora", "rpm", "fedora", major, "FEDORA"),
    "gentoo": Row("Gentoo", "Gentoo", "", "gentoo", rolling, "GENTOO"),
    "hummingbird": Row("Hummingbird", "Hummingbird", "rpm", "hummingbird", rolling, "HUMMINGBIRD"),
    "mageia": Row("Mageia", "Mageia", "rpm", "mageia", major, "MAGEIA"),
    "mariner": Row("CBL-Mariner", "Azure Linux", "rpm", "mariner", major, "CBL_MARINER"),
    "minimos": Row("MinimOS", "MinimOS", "apk", "minimos", rolling, "MINIMOS"),
    "nixos": Row("NixOS", "NixOS", "", "nixos", rolling, "NIXOS"),
    "ol": Row("Oracle Linux Server", "Oracle Linux", "rpm", "oracle", major, "ORACLE_LINUX"),
    "openeuler": Row("openEuler", "openEuler", "rpm", "openeuler", openeuler, "OPENEULER"),
    "opensuse": Row("openSUSE", "openSUSE", "rpm", "opensuse", leap, "OPENSUSE_LEAP"),
    "opensuse-leap": Row("openSUSE Leap", "openSUSE", "rpm", "opensuse", leap, "OPENSUSE_LEAP"),
    "opensuse-leap-micro": Row(
        "openSUSE Leap Micro",
        "openSUSE",
        "rpm",
        "opensuse",
        _product("Leap Micro"),
        "OPENSUSE_LEAP_MICRO",
    ),
    "opensuse-microos": Row(
        "openSUSE MicroOS",
        "openSUSE",
        "rpm",
        "opensuse",
        tumbleweed,
        "OPENSUSE_MICROOS",
        "openSUSE Tumbleweed",
    ),
    "opensuse-slowroll": Row(
        "openSUSE Slowroll",
        "openSUSE",
        "rpm",
        "opensuse",
        tumbleweed,
        "OPENSUSE_SLOWROLL",
        "openSUSE Tumbleweed",
    ),
    "opensuse-tumbleweed": Row(
        "openSUSE Tumbleweed", "openSUSE", "rpm", "opensuse", tumbleweed, "OPENSUSE_TUMBLEWEED"
    ),
    "openwrt": Row("OpenWrt", "OpenWrt", "", "openwrt", whole, "OPENWRT"),
    "photon": Row("VMware Photon OS", "Photon OS", "rpm", "photon", major_minor, "PHOTON_OS"),
    "raspbian": Row("Raspbian GNU/Linux", "Debian", "deb", "debian", debian, "RASPBIAN", "Debian"),
    "rhcos": Row(
        "Red Hat Enterprise Linux CoreOS", "Red Hat", "rpm", "redhat", coreos, "RHEL", _RED_HAT
    ),
    "rhel": Row(_RED_HAT, "Red Hat", "rpm", "redhat", major, "RHEL"),
    "rocky": Row("Rocky Linux", "Rocky Linux", "rpm", "rocky", major, "ROCKY_LINUX"),
    "slackware": Row("Slackware", "Slackware", "", "slackware", whole, "SLACKWARE"),
    "sl-micro": Row(
        "SUSE Linux Micro", "SUSE", "rpm", "suse", _product("Linux Micro"), "SUSE_LINUX_MICRO"
    ),
    "sle-micro": Row(
        "SUSE Linux Enterprise Micro",
        "SUSE",
        "rpm",
        "suse",
        _product(f"{_SLE} Micro"),
        "SLE_MICRO",
    ),
    "sled": Row("SLED", "SUSE", "rpm", "suse", _suse(f"{_SLE} Desktop"), "SLED"),
    "sle_hpc": Row(
        "SLE_HPC", "SUSE", "rpm", "suse", _suse(f"{_SLE} High Performance Computing"), "SLE_HPC"
    ),
    "sles": Row("SLES", "SUSE", "rpm", "suse", _suse(f"{_SLE} Server"), "SLES"),
    "sles_sap": Row(
        "SLES_SAP", "SUSE", "rpm", "suse", _suse(f"{_SLE} Server for SAP Applications"), "SLES_SAP"
    ),
    "ubuntu": Row("Ubuntu", "Ubuntu", "deb", "ubuntu", ubuntu, "UBUNTU"),
    "void": Row("Void Linux", "Void Linux", "", "void", rolling, "VOID_LINUX"),
    "wolfi": Row("Wolfi", "Wolfi", "apk", "wolfi", rolling, "WOLFI"),
}
"""Distributions by os-release ID."""

ALIASES = {
    "archarm": "arch",
    "azl": "azurelinux",
    "amazon": "amzn",
    "cblmariner": "mariner",
    "oracle": "ol",
    "redhat": "rhel",
    "suse": "sles",
    "suse-microos": "sle-micro",
    "sle-micro-rancher": "sle-micro",
    "tumbleweed": "opensuse-tumbleweed",
}
"""Other IDs (and words of ID_LIKE) for the same rows."""

LIKE: dict[str, Row] = {
    "ubuntu": ROWS["ubuntu"],
    "debian": msgspec.structs.replace(ROWS["debian"], release=debian_like),
    "rhel": msgspec.structs.replace(ROWS["rhel"], release=enterprise_linux),
    "redhat": msgspec.structs.replace(ROWS["rhel"], release=enterprise_linux),
    "centos": msgspec.structs.replace(ROWS["rhel"], release=enterprise_linux),
    "almalinux": ROWS["almalinux"],
    "rocky": ROWS["rocky"],
    "fedora": ROWS["fedora"],
    "amzn": ROWS["amzn"],
    "opensuse": ROWS["opensuse-leap"],
    "opensuse-leap": ROWS["opensuse-leap"],
    "opensuse-tumbleweed": ROWS["opensuse-tumbleweed"],
    "sles": ROWS["sles"],
    "suse": ROWS["sles"],
    "alpine": ROWS["alpine"],
    "wolfi": ROWS["wolfi"],
    "photon": ROWS["photon"],
    "azurelinux": ROWS["azurelinux"],
    "mariner": ROWS["mariner"],
    "openeuler": ROWS["openeuler"],
    "arch": ROWS["arch"],
    "gentoo": ROWS["gentoo"],
}
"""Which row judges a distribution of unknown ID, by a word of its ID_LIKE.

A relative's own version number says nothing of the base's, except in the Red Hat family, where
rebuilds keep it; Debian relatives are placed by code name, Ubuntu's by UBUNTU_CODENAME.
"""

BORROWED_NAMESPACES = {"dhi": "dhi"}
"""IDs that are judged by their ID_LIKE and yet have a namespace in package URLs.

Docker Hardened Images are built from Debian or Alpine packages (spec/sbom-generator.md 2.1).
"""
