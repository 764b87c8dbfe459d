"""Who describes a vulnerability, where to read it, how to fix it (spec/findings.md 4.2, 4.3)."""

import re
from urllib.parse import quote

from openinspector.advisories.publishers import publisher
from openinspector.assess.ecosystems import BINARY_NAMED_TOO, is_operating_system
from openinspector.model import Package
from openinspector.patterns import regex

VENDOR_SOURCES = {
    "Amazon Linux": "AMAZON_CVE",
    "Bottlerocket": "BOTTLEROCKET",
    "Debian": "DEBIAN_CVE",
    "Red Hat": "REDHAT_CVE",
    "Ubuntu": "UBUNTU_CVE",
}
"""Distributions whose own record describes the vulnerabilities of their packages."""

_CVE_PAGES = {
    "NVD": "https://nvd.nist.gov/vuln/detail/{id}",
    "AMAZON_CVE": "https://alas.aws.amazon.com/cve/json/v1/{id}.json",
    "DEBIAN_CVE": "https://security-tracker.debian.org/tracker/{id}",
    "UBUNTU_CVE": "https://people.canonical.com/~ubuntu-security/cve/{year}/{id}",
    "REDHAT_CVE": "https://access.redhat.com/security/cve/{id}",
}

_UPDATES = {
    "Alpine": "apk update && apk upgrade {name}",
    "Alpaquita": "apk update && apk upgrade {name}",
    "AlmaLinux": "yum update {name}",
    "Amazon Linux": "yum update {name}",
    "Azure Linux": "tdnf update {name}",
    "BellSoft Hardened Containers": "apk update && apk upgrade {name}",
    "Bottlerocket": "apiclient update check && apiclient update apply",
    "Chainguard": "apk update && apk upgrade {name}",
    "CleanStart": "apk update && apk upgrade {name}",
    "Debian": "apt-get update && apt-get upgrade",
    "Echo": "apt-get update && apt-get upgrade",
    "Fedora": "dnf update {name}",
    "Mageia": "dnf update {name}",
    "MinimOS": "apk update && apk upgrade {name}",
    "Oracle Linux": "yum update {name}",
    "Photon OS": "tdnf update {name}",
    "Red Hat": "yum update {name}",
    "Rocky Linux": "yum update {name}",
    "SUSE": "zypper update {name}",
    "Ubuntu": "apt-get update && apt-get upgrade",
    "Wolfi": "apk update && apk upgrade {name}",
    "openEuler": "dnf update {name}",
    "openSUSE": "zypper update {name}",
}
"""What to run for a fixed OS package; the table of findings.md 4.3 and its like for others."""

NOT_AVAILABLE = "NotAvailable"

_CVE = regex(r"CVE-(\d{4})-\d{4,}", re.A)


def vendor_source(packages: "list[Package]") -> str | None:
    """The vendor that built all packages of a finding; None for libraries and for a mixture."""
    ecosystems = {package.ecosystem if is_operating_system(package) else "" for package in packages}
    return VENDOR_SOURCES.get(ecosystems.pop()) if len(ecosystems) == 1 else None


def describe(identity: str, vendor: str | None) -> tuple[str, str]:
    """Source word and page of a vulnerability, given the vendor of its packages."""
    matched = _CVE.fullmatch(identity)
    if matched is not None:
        source = vendor if vendor in _CVE_PAGES else None
        page = _CVE_PAGES[source or "NVD"]
        return source or "NVD", page.format(id=identity, year=matched.group(1))
    known = publisher(identity)
    page_of = known.page or "https://osv.dev/vulnerability/{id}"
    return known.source, page_of.format(id=quote(identity), cve=quote(identity))


def update_advice(package: Package, fixed: str | None, amazon_2023_image: bool) -> str | None:
    """The remediation text of one package; None: the member is left out (findings.md 4.3)."""
    if fixed is None:
        return NOT_AVAILABLE
    if not is_operating_system(package):
        if package.manager == "GOBINARY":
            return None
        return f"Update {package.name} to {fixed}"[:1024]
    if amazon_2023_image:
        return "sudo dnf check-update"
    advice = _UPDATES.get(package.ecosystem)
    if advice is None:
        return f"Update {package.name} to {fixed}"[:1024]
    return advice.format(name=package.name)[:1024]


def split_version(package: Package) -> tuple[int, str, str | None]:
    """Epoch, upstream version and release of a package, as findings show them.

    Libraries: epoch 0, the version as found (Go's with its `v`), no release.
    """
    version = package.version
    if not is_operating_system(package):
        if package.ecosystem == "Go" and version[:1].isdigit() and "." in package.name:
            version = f"v{version}"
        return 0, version, None
    epoch, colon, rest = version.partition(":")
    if not colon or not (epoch.isascii() and epoch.isdigit() and len(epoch) < 10):
        epoch, rest = "0", version
    upstream, hyphen, release = rest.rpartition("-")
    if not hyphen or not upstream or not release:
        return int(epoch), rest or version, None
    return int(epoch), upstream, release


_WITHOUT_EPOCH = BINARY_NAMED_TOO
"""apk has no epochs."""


def shown_fix(package: Package, fixed: str | None) -> str:
    """`fixedInVersion`: with an explicit epoch for deb and rpm, `NotAvailable` without a fix."""
    if fixed is None:
        return NOT_AVAILABLE
    if not is_operating_system(package) or package.ecosystem in _WITHOUT_EPOCH:
        return fixed.removeprefix("v") if package.ecosystem == "Go" else fixed
    epoch, colon, _ = fixed.partition(":")
    return fixed if colon and epoch.isdigit() else f"0:{fixed}"
