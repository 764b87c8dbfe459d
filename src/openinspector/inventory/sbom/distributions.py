"""Which distribution an SBOM speaks of: by its operating-system component, else by its purls."""

from collections import Counter
from collections.abc import Iterable

from openinspector.inventory.distribution import from_purl, identify, kind_of
from openinspector.inventory.distribution_table import (
    DEBIAN_RELEASES,
    ROWS,
    UBUNTU_RELEASES,
    rolling,
)
from openinspector.inventory.sbom.purls import Purl
from openinspector.model import Distribution

_NAMES: tuple[tuple[str, str], ...] = (
    ("debian", "debian"),
    ("ubuntu", "ubuntu"),
    ("alpine", "alpine"),
    ("amazon", "amzn"),
    ("red hat", "rhel"),
    ("redhat", "rhel"),
    ("rocky", "rocky"),
    ("almalinux", "almalinux"),
    ("alma", "almalinux"),
    ("oracle", "ol"),
    ("centos", "centos"),
    ("fedora", "fedora"),
    ("suse linux enterprise", "sles"),
    ("sles", "sles"),
    ("opensuse tumbleweed", "opensuse-tumbleweed"),
    ("opensuse-tumbleweed", "opensuse-tumbleweed"),
    ("opensuse.tumbleweed", "opensuse-tumbleweed"),
    ("opensuse", "opensuse-leap"),
    ("vmware photon", "photon"),
    ("photon", "photon"),
    ("common base linux mariner", "mariner"),
    ("cbl-mariner", "mariner"),
    ("microsoft azure linux", "azurelinux"),
    ("azurelinux", "azurelinux"),
    ("wolfi", "wolfi"),
    ("chainguard", "chainguard"),
    ("bottlerocket", "bottlerocket"),
    ("openeuler", "openeuler"),
)
"""Beginnings of what an operating-system component is called, in lower case, and os-release's ID.

The generator writes os-release's NAME, syft and Trivy an ID, not always os-release's.
"""


_ROLLING = frozenset(row.ecosystem for row in ROWS.values() if row.release is rolling)
"""Distributions without releases: their packages need not tell any."""


def by_name(id_: str, name: str, version: str, codename: str = "") -> Distribution | None:
    """The distribution of an operating-system component; None when nothing is known of it.

    `id_` is os-release's ID where the document states it, else empty.
    """
    identifier = id_ or name
    folded = identifier.strip().lower()
    known = next((row for beginning, row in _NAMES if folded.startswith(beginning)), None)
    if known is None and not id_:
        return None
    fields = {"ID": known or identifier, "NAME": name, "VERSION_ID": version.partition(" ")[0]}
    if not version[:1].isdigit():
        codename = codename or version.lower()
        releases = {"debian": DEBIAN_RELEASES, "ubuntu": UBUNTU_RELEASES}.get(fields["ID"], {})
        fields["VERSION_ID"] = releases.get(codename, fields["VERSION_ID"])
    if codename:
        fields["VERSION_CODENAME"] = codename
    return identify(fields)


def of_purl(purl: Purl) -> Distribution | None:
    """The distribution that an operating-system package URL tells; None when it is not known.

    Forms of `distro`: `bookworm`, `14.04`, `3.18.2` (the generator), `debian-12.5`, `rhel-9.6`,
    `opensuse.leap-15.5`, `amazon-2 (Karoo)` (syft, Trivy), none for rolling distributions.
    """
    distro = purl.qualifiers.get("distro", "").partition(" ")[0]
    return from_purl(purl.type, purl.namespace, distro) or _prefixed(purl, distro)


def _prefixed(purl: Purl, distro: str) -> Distribution | None:
    """Tools that put another word than namespace or ID before the version."""
    word, _, version = distro.rpartition("-")
    found = by_name("", word, version) if word else None
    return found if found is not None and kind_of(found) == purl.type else None


def of_purls(purls: Iterable[Purl]) -> Distribution | None:
    """The distribution that most purls tell, the rolling ones last; None when none does."""
    counts: Counter[tuple[str, str, str]] = Counter()
    samples: dict[tuple[str, str, str], Purl] = {}
    for purl in purls:
        key = (purl.type, purl.namespace, purl.qualifiers.get("distro", ""))
        counts[key] += 1
        samples.setdefault(key, purl)
    for key, _ in sorted(counts.items(), key=lambda item: (not item[0][2], -item[1], item[0])):
        found = of_purl(samples[key])
        if found is not None and (found.release is not None or found.ecosystem in _ROLLING):
            return found
    return None


class Releases:
    """Answers whether purls are of the document's distribution; each kind is looked up once."""

    def __init__(self, distribution: Distribution | None) -> None:
        self.distribution = distribution
        self._kind = kind_of(distribution) if distribution is not None else ""
        self._others: dict[tuple[str, str, str], Distribution | None] = {}

    @property
    def judged(self) -> bool:
        """Whether packages of the document's distribution can be judged at all."""
        return self._kind != ""

    def ecosystem(self, purl: Purl) -> str:
        """The distribution's ecosystem.

        Empty, which is never judged, where the distribution is unknown or its packages are of
        another kind than the purl.
        """
        if self.distribution is None or self._kind != purl.type:
            return ""
        return self.distribution.ecosystem

    def other(self, purl: Purl) -> Distribution | None:
        """The distribution that a purl names when that is not the document's."""
        key = (purl.type, purl.namespace, purl.qualifiers.get("distro", ""))
        if key not in self._others:
            self._others[key] = self._find(purl)
        return self._others[key]

    def _find(self, purl: Purl) -> Distribution | None:
        if self.distribution is None or not purl.qualifiers.get("distro"):
            return None
        found = of_purl(purl)
        if found is None or (
            found.ecosystem == self.distribution.ecosystem
            and found.release == self.distribution.release
        ):
            return None
        return found
