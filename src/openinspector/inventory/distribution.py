"""Which distribution a target is, and what that makes of its packages.

`identify` reads os-release fields, `choose` picks among what several files say, `stamp` gives OS
packages their ecosystem and package URL, `unjudged` says which cannot be judged, and why.
Everything here is pure.
"""

import re
from collections.abc import Iterable, Sequence

import msgspec

from openinspector.inventory.distribution_table import (
    ALIASES,
    BORROWED_NAMESPACES,
    DEBIAN_CODENAMES,
    LIKE,
    ROWS,
    UBUNTU_CODENAMES,
    Fields,
    Kind,
    Row,
)
from openinspector.inventory.end_of_life import END_OF_LIFE
from openinspector.model import Distribution, Gap, Package

KINDS: dict[str, Kind] = {
    "dpkg": "deb",
    "chisel": "deb",
    "rhel-rpm": "rpm",
    "alpine-apk": "apk",
    "bottlerocket": "rpm",
}
"""Cataloger name to the type of its packages' URLs."""

COLLECTORS = {"Ubuntu": "ubuntu-dpkg"}
"""Collector name by ecosystem where it differs from the cataloger's own (spec 1.4)."""

PRECEDENCE = (
    "etc/os-release",
    "usr/lib/os-release",
    "etc/lsb-release",
    "etc/alpine-release",
    "etc/photon-release",
    "etc/oracle-release",
    "etc/rocky-release",
    "etc/almalinux-release",
    "etc/fedora-release",
    "etc/centos-release",
    "etc/redhat-release",
    "etc/SuSE-release",
    "etc/mageia-release",
    "etc/system-release",
    "etc/debian_version",
)
"""Files that name a distribution, the most telling first.

Relatives ship their parent's file beside their own (Oracle Linux has a redhat-release, Ubuntu a
debian_version), so the order matters.
"""


def _row(identifier: str, fields: Fields) -> Row | None:
    identifier = ALIASES.get(identifier, identifier)
    if identifier == "centos" and "stream" in fields.get("NAME", "").lower():
        identifier = "centos-stream"
    return ROWS.get(identifier)


def _likeness(fields: Fields) -> Row | None:
    for word in fields.get("ID_LIKE", "").lower().split():
        row = LIKE.get(word)
        if row is not None:
            return row
    return None


def _codename(ecosystem: str, release: str | None, fields: Fields) -> str | None:
    table = {"Debian": DEBIAN_CODENAMES, "Ubuntu": UBUNTU_CODENAMES}.get(ecosystem, {})
    known = table.get((release or "").removesuffix(":LTS"))
    return known or fields.get("VERSION_CODENAME") or None


def _platform(prefix: str, ecosystem: str, release: str | None, version: str) -> str:
    """Inspector's word: name and release in capitals joined by underscores."""
    if release is None or (ecosystem == "Amazon Linux" and release == "1"):
        return prefix
    if ecosystem in ("SUSE", "openSUSE", "openEuler"):
        release = "" if release == "Tumbleweed" else version
    words = f"{prefix} {release.removeprefix('v').removesuffix(':LTS')}"
    return re.sub(r"[^A-Z0-9]+", "_", words.strip().upper()).strip("_")


def identify(fields: Fields) -> Distribution | None:
    """The distribution that os-release fields describe; None when they name none.

    A known ID decides. An unknown one is judged by the first known word of ID_LIKE, which `like`
    then says. One that nothing is known of keeps its own name as ecosystem, so that it is
    reported and never taken for another.
    """
    identifier = fields.get("ID", "").strip().lower()
    name = fields.get("NAME", "").strip()
    if not identifier and not name:
        return None
    row = _row(identifier, fields)
    borrowed = _likeness(fields) if row is None else None
    version = fields.get("VERSION_ID", "").strip()
    if row is None and borrowed is None:
        name = name or identifier
        return Distribution(identifier or name.lower(), name, version, ecosystem=name)
    judge = row or borrowed
    assert judge is not None
    release = judge.release(fields)
    codename = _codename(judge.ecosystem, release, fields)
    if row is None:
        platform = re.sub(r"[^A-Z0-9]+", "_", f"{identifier} {version}".strip().upper())
    else:
        platform = _platform(row.platform, row.ecosystem, release, version)
    return Distribution(
        id=identifier or judge.name.lower(),
        name=name or judge.name,
        version=version or codename or "",
        ecosystem=judge.ecosystem,
        release=release,
        codename=codename,
        like=judge.like if row else judge.name,
        platform=platform,
        end_of_life=END_OF_LIFE.get(platform),
    )


def choose(found: Iterable[tuple[str, Distribution]]) -> Distribution | None:
    """The distribution of a target from (path, what that file says), in any order.

    The most telling file decides. A relative of Debian or Alpine whose release its own os-release
    does not tell takes it from `etc/debian_version` or `etc/alpine-release`, which such relatives
    inherit.
    """
    ranks = {path: rank for rank, path in enumerate(PRECEDENCE)}
    ordered = sorted(found, key=lambda pair: (ranks.get(pair[0], len(ranks)), pair[0]))
    if not ordered:
        return None
    first = ordered[0][1]
    if first.release is not None:
        return first
    for path, other in ordered[1:]:
        inherited = path in ("etc/debian_version", "etc/alpine-release")
        if inherited and other.ecosystem == first.ecosystem and other.release:
            return msgspec.structs.replace(first, release=other.release, codename=other.codename)
    return first


def kind_of(distribution: Distribution) -> Kind:
    """The type of the package URLs of its packages; "" where they are not read or unknown."""
    row = _row_of(distribution)
    return row.kind if row else ""


def _row_of(distribution: Distribution) -> Row | None:
    """The row that judges a distribution: its own, else the one it was judged by."""
    own = _row(distribution.id, {"NAME": distribution.name})
    if own is not None and own.ecosystem == distribution.ecosystem:
        return own
    return next((row for row in LIKE.values() if row.ecosystem == distribution.ecosystem), None)


def _distro_qualifier(distribution: Distribution, row: Row) -> str:
    """What package URLs put in `distro` (spec/sbom-generator.md 2.1).

    Code name on Debian, version elsewhere; a relative's packages carry the release that they are
    judged by, so that a package URL alone leads to the same advisories. Products of SUSE that
    share a namespace are told apart as purl-spec does (`sle-micro-5.3`).
    """
    release = (distribution.release or "").removesuffix(":LTS")
    if row.ecosystem == "Debian":
        return distribution.codename or release or distribution.version
    if row.ecosystem in ("SUSE", "openSUSE"):
        plain = distribution.id in ("sles", "opensuse-leap", "opensuse-tumbleweed")
        return distribution.version if plain else f"{distribution.id}-{distribution.version}"
    own = _row(distribution.id, {"NAME": distribution.name}) is not None
    if release and (not own or distribution.id in ("rhcos", "openeuler")):
        return release.removeprefix("v")
    return distribution.version


def from_purl(kind: str, namespace: str, distro: str) -> Distribution | None:
    """The distribution that a package URL's namespace and `distro` qualifier tell of.

    The inverse of what `stamp` writes, for inventories read from an SBOM; understands
    `debian-12` for `12` too, as other tools write it. None when unknown.
    """
    identifier = _NAMESPACES.get(namespace.lower(), namespace.lower())
    if identifier == "dhi":
        identifier = {"deb": "debian", "apk": "alpine"}.get(kind, "")
    prefixed = re.fullmatch(r"([a-z][a-z._-]*)-(\d.*|tumbleweed)", distro.lower())
    if prefixed:
        named = _NAMESPACES.get(prefixed[1], prefixed[1])
        identifier = named if named in ROWS else identifier
        distro = prefixed[2]
    known = _row(identifier, {})
    if known is None or known.kind != kind:
        return None
    return identify({"ID": identifier, **_purl_fields(identifier, distro)})


def _purl_fields(identifier: str, distro: str) -> dict[str, str]:
    """The os-release fields that a `distro` qualifier stands for."""
    if identifier in ("opensuse", "opensuse-leap") and not re.match(r"\d\d\.", distro):
        return {"ID": "opensuse-tumbleweed", "VERSION_ID": distro}
    if identifier == "openeuler":
        version, _, words = distro.partition("-")
        return {"VERSION_ID": version, "VERSION": f"({words})"}
    if not distro[:1].isdigit():
        return {"VERSION_CODENAME": distro, "UBUNTU_CODENAME": distro, "VERSION_ID": ""}
    return {"VERSION_ID": distro}


_NAMESPACES = {
    "amazon": "amzn",
    "amazonlinux": "amzn",
    "oracle": "ol",
    "oraclelinux": "ol",
    "redhat": "rhel",
    "rockylinux": "rocky",
    "alma": "almalinux",
    "suse": "sles",
    "suse.linux.enterprise.server": "sles",
    "opensuse.leap": "opensuse-leap",
    "opensuse.tumbleweed": "opensuse-tumbleweed",
    "cbl-mariner": "mariner",
    "azure": "azurelinux",
}


def stamp(packages: Iterable[Package], distribution: Distribution | None) -> list[Package]:
    """Give OS packages (those without ecosystem) the ecosystem and package URL that they lack.

    Packages of another manager than the distribution's own (an rpm database kept on Debian) and
    all packages where no distribution is known get a package URL without namespace and keep an
    empty ecosystem: nothing is guessed, and `unjudged` reports them. Others pass unchanged.
    """
    row = _row_of(distribution) if distribution is not None else None
    stamped = []
    for package in packages:
        kind = KINDS.get(package.cataloger, "")
        if package.ecosystem or not kind:
            stamped.append(package)
        elif distribution is None or row is None or row.kind != kind:
            stamped.append(msgspec.structs.replace(package, purl=_purl(package, kind, None, "")))
        else:
            namespace = BORROWED_NAMESPACES.get(distribution.id, row.namespace)
            purl = _purl(package, kind, namespace, _distro_qualifier(distribution, row))
            collector = COLLECTORS.get(distribution.ecosystem, package.collector)
            stamped.append(
                msgspec.structs.replace(
                    package, ecosystem=distribution.ecosystem, purl=purl, collector=collector
                )
            )
    return stamped


def _purl(package: Package, kind: Kind, namespace: str | None, distro: str) -> str:
    from openinspector.model.purl import make_purl  # not needed where there are no OS packages

    qualifiers = {"arch": package.arch or "", "distro": distro}
    version = package.version
    if kind == "apk":
        qualifiers["origin"] = package.source_name or ""
    else:
        epoch, separator, rest = version.partition(":")
        if not separator:
            epoch, rest = "0", version
        version = rest
        qualifiers["epoch"] = epoch
        qualifiers["source"] = package.source_name or ""
        qualifiers["source_version"] = package.source_version or ""
        qualifiers["modularitylabel"] = package.module or ""
    return make_purl(kind, package.name, version, namespace, qualifiers)


def unjudged(packages: Sequence[Package], distribution: Distribution | None) -> list[Gap]:
    """Why OS packages were not read or cannot be judged, after `stamp`; empty when all can.

    One gap per reason. A distribution whose package database is not read (Arch, Gentoo), or that
    nothing is known of, is one by itself, packages or none.
    """
    gaps = []
    if distribution is not None and not kind_of(distribution):
        reason = f"distribution not supported: packages of {distribution.name} were not judged"
        gaps.append(Gap("os-packages", reason, total=True))
    left: dict[Kind, list[Package]] = {}
    total = 0
    for package in packages:
        kind = KINDS.get(package.cataloger, "")
        total += bool(kind)
        if kind and not package.ecosystem:
            left.setdefault(kind, []).append(package)
    for kind, unknown in sorted(left.items()):
        if distribution is None:
            reason = f"distribution unknown: {len(unknown)} {kind} packages were not judged"
        else:
            reason = (
                f"{len(unknown)} {kind} packages are not of {distribution.name}'s own package "
                "manager and were not judged"
            )
        path = unknown[0].locations[0].path if unknown[0].locations else None
        gaps.append(Gap("os-packages", reason, path, total=len(unknown) == total))
    return gaps
