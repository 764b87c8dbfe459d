"""An advisory database in memory, and short ways to write packages and advisories."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from openinspector.model import (
    AffectedPackage,
    AffectedRange,
    Distribution,
    Inventory,
    Kernel,
    Location,
    Package,
    Target,
    Vulnerability,
)
from openinspector.versions import key

NOW = datetime(2024, 5, 22, 12, 0, tzinfo=UTC)

DEBIAN_12 = Distribution(
    "debian", "Debian GNU/Linux", "12", "Debian", "12", "bookworm", platform="DEBIAN_12"
)
UBUNTU_16 = Distribution(
    "ubuntu", "Ubuntu", "16.04", "Ubuntu", "16.04:LTS", "xenial", platform="UBUNTU_16_04"
)
ALMA_8 = Distribution("almalinux", "AlmaLinux", "8.9", "AlmaLinux", "8", platform="ALMALINUX_8")
AMAZON_2023 = Distribution(
    "amzn", "Amazon Linux", "2023", "Amazon Linux", "2023", platform="AMAZON_LINUX_2023"
)
ALPINE_318 = Distribution(
    "alpine", "Alpine Linux", "3.18.2", "Alpine", "v3.18", platform="ALPINE_LINUX_3_18"
)
RED_HAT_9 = Distribution(
    "rhel", "Red Hat Enterprise Linux", "9.3", "Red Hat", "9", platform="RHEL_9"
)


class Memory:
    """`model.Knowledge` over lists."""

    def __init__(
        self,
        records: Iterable[AffectedPackage] = (),
        vulnerabilities: Iterable[Vulnerability] = (),
        known: Iterable[str] = (),
    ) -> None:
        self._records: dict[tuple[str, str], list[AffectedPackage]] = {}
        for record in records:
            self._records.setdefault((record.ecosystem, record.name), []).append(record)
        self._known = {ecosystem for ecosystem, _ in self._records} | set(known)
        self._vulnerabilities: dict[str, Vulnerability] = {}
        for each in vulnerabilities:
            for name in (each.id, *each.aliases, *each.advisories):
                self._vulnerabilities[name] = each
        self.asked: list[tuple[str, str]] = []

    def affected(self, ecosystem: str, name: str) -> Sequence[AffectedPackage]:
        self.asked.append((ecosystem, name))
        return self._records.get((ecosystem, name), ())

    def vulnerability(self, identity: str) -> Vulnerability | None:
        return self._vulnerabilities.get(identity)

    def knows(self, ecosystem: str) -> bool:
        return ecosystem in self._known

    def ecosystems(self) -> Sequence[str]:
        return sorted(self._known)


def ranges(ecosystem: str, *spans: str) -> tuple[AffectedRange, ...]:
    """Write ranges as `introduced,fixed`, `introduced..last_affected` or `introduced,`."""
    found = []
    for span in spans:
        if ".." in span:
            start, last = span.split("..")
            end = {"last_affected": key(ecosystem, last), "end_version": last}
        else:
            start, fixed = span.split(",")
            end = {"fixed": key(ecosystem, fixed), "end_version": fixed} if fixed else {}
        begin = b"" if start == "0" else key(ecosystem, start)
        found.append(AffectedRange(introduced=begin, introduced_version=start, **end))
    return tuple(found)


def advisory(identity: str, ecosystem: str, name: str, *spans: str, **more) -> AffectedPackage:
    """One record. `cves` are the vulnerabilities, the identity itself where none are given."""
    cves = tuple(more.pop("cves", ())) or (identity.removeprefix("DEBIAN-"),)
    versions = tuple(key(ecosystem, each) for each in more.pop("versions", ()))
    state = more.pop("state", None)
    found = ranges(ecosystem, *spans)
    if state is None:
        state = "fixed" if any(each.fixed for each in found) else "unfixed"
    return AffectedPackage(
        advisory=identity,
        feed=more.pop("feed", "test"),
        ecosystem=ecosystem,
        name=name,
        vulnerabilities=cves,
        state=state,
        ranges=found,
        versions=versions,
        **more,
    )


def package(ecosystem: str, name: str, version: str, **more) -> Package:
    """One package; an OS package unless `manager` says otherwise."""
    path = more.pop("path", "")
    layer = more.pop("layer", None)
    return Package(
        ecosystem=ecosystem,
        name=name,
        version=version,
        purl=more.pop("purl", f"pkg:test/{name}@{version}"),
        manager=more.pop("manager", "OS"),
        cataloger="test",
        collector="test",
        locations=(Location(path, layer),) if path else (),
        **more,
    )


def inventory(
    *packages: Package,
    distribution: Distribution | None = None,
    kind="image",
    kernel: str | None = None,
    **more,
) -> Inventory:
    """An inventory of a target of some kind."""
    return Inventory(
        target=Target(kind, more.pop("name", "example:1"), is_root=kind != "directory"),
        packages=packages,
        distribution=distribution,
        kernel=None if kernel is None else Kernel(kernel),
        examined=more.pop("examined", ("os-packages", "language-packages")),
        **more,
    )
