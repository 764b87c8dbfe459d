"""Reports to render: a small hostile one, and big ones from what the real ScanSbom answered."""

import gzip
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import unquote

from openinspector.assess import Options, assess
from openinspector.assess.ecosystems import distribution_ecosystems, lookup_names
from openinspector.inventory.limits import DEFAULT_LIMITS
from openinspector.inventory.sbom.assemble import assemble_components
from openinspector.inventory.sbom.read import read_document
from openinspector.model import (
    AffectedPackage,
    AffectedRange,
    ConfigurationCheck,
    CvssEntry,
    Distribution,
    Epss,
    Exploit,
    Gap,
    Inventory,
    KnownExploited,
    Location,
    Package,
    Target,
    Vulnerability,
)
from openinspector.reports.report import Report
from openinspector.versions import key

NOW = datetime(2024, 5, 22, 15, 4, 1, 713000, tzinfo=UTC)
SERIAL = "3e671687-395b-41f5-a30f-a58921a69b79"
DEBIAN_12 = Distribution(
    "debian", "Debian GNU/Linux", "12", "Debian", "12", "bookworm", platform="DEBIAN_12"
)
V31 = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"

ESCAPES = "\x1b[2J\x1b]0;owned\x07"
HOSTILE_NAME = f"<script>alert(1)</script>{ESCAPES}\u202egpj.exe"
HOSTILE_PATH = "a b/javascript:alert(1)/%2e%2e/é\udcff\"'><img src=x onerror=alert(1)>.json"


class Memory:
    """`model.Knowledge` over lists."""

    def __init__(
        self, records: Sequence[AffectedPackage], vulnerabilities: Sequence[Vulnerability]
    ) -> None:
        self._records: dict[tuple[str, str], list[AffectedPackage]] = {}
        for record in records:
            self._records.setdefault((record.ecosystem, record.name), []).append(record)
        self._vulnerabilities = {each.id: each for each in vulnerabilities}

    def affected(self, ecosystem: str, name: str) -> Sequence[AffectedPackage]:
        return self._records.get((ecosystem, name), ())

    def vulnerability(self, identity: str) -> Vulnerability | None:
        return self._vulnerabilities.get(identity)

    def knows(self, ecosystem: str) -> bool:
        return any(known == ecosystem for known, _ in self._records)

    def ecosystems(self) -> Sequence[str]:
        return sorted({ecosystem for ecosystem, _ in self._records})


def record(
    identity: str, ecosystem: str, name: str, fixed: str | None, **more: object
) -> AffectedPackage:
    """An advisory: everything before `fixed` is affected."""
    end = key(ecosystem, fixed) if fixed is not None else None
    return AffectedPackage(
        advisory=identity,
        feed="test",
        ecosystem=ecosystem,
        name=name,
        vulnerabilities=(identity,),
        state="fixed" if fixed is not None else "unfixed",
        ranges=(AffectedRange(fixed=end, end_version=fixed),),
        **more,  # type: ignore[arg-type] - the fields of the struct
    )


def report_of(inventory: Inventory, knowledge: Memory, **options: object) -> Report:
    """The report of an assessment at a fixed time."""
    assessment = assess(inventory, knowledge, Options(**options), NOW)  # type: ignore[arg-type]
    return Report(assessment, inventory, NOW, SERIAL, "0.1.0", "4 advisories of 2024-05-22")


def small(**changes: object) -> Report:
    """Two Debian packages of one source, a hostile library at two places, a check, a gap."""
    system = {"manager": "OS", "cataloger": "dpkg", "collector": "debian-dpkg", "arch": "amd64"}
    status = (Location("var/lib/dpkg/status", "sha256:" + "a" * 64),)
    binaries = [
        Package(
            ecosystem="Debian",
            name=name,
            version="3.0.11-1~deb12u2",
            purl=f"pkg:deb/debian/{name}@3.0.11-1~deb12u2?arch=amd64&distro=bookworm&epoch=0",
            locations=status,
            source_name=source,
            **system,  # type: ignore[arg-type]
        )
        for name, source in (("libssl3", "openssl"), ("openssl", None))
    ]
    library = Package(
        ecosystem="npm",
        name=HOSTILE_NAME,
        version="1.0.0",
        purl="pkg:npm/hostile@1.0.0",
        manager="NODEPKG",
        cataloger="javascript-nodejs",
        collector="javascript-nodejs",
        locations=(Location(HOSTILE_PATH), Location("b/package.json")),
    )
    inventory = Inventory(
        target=Target("directory", f"/srv/{ESCAPES}app", is_root=True),
        packages=(*binaries, library),
        distribution=DEBIAN_12,
        checks=(
            ConfigurationCheck(
                "IN-CERTIFICATE-001", "etc/ssl/old.pem", 0, 0, "expired:2020-01-01T00:00:00Z"
            ),
        ),
        gaps=(Gap("language-packages", f"the JSON breaks off {ESCAPES}", "=cmd|' /C calc'!A0"),),
        examined=("os-packages", "language-packages", "configuration"),
    )
    knowledge = Memory(
        [
            record("CVE-2024-0001", "Debian:12", "openssl", "3.0.13-1~deb12u1"),
            record("CVE-2024-0002", "Debian:12", "openssl", None),
            record("GHSA-aaaa-bbbb-cccc", "npm", HOSTILE_NAME, "1.0.1"),
        ],
        [
            Vulnerability(
                "CVE-2024-0001",
                summary="Out-of-bounds read in the TLS handshake",
                description="A malformed certificate makes the server read out of bounds.",
                cvss=(CvssEntry("3.1", V31, 9.8, "NVD"),),
                cwes=("CWE-125",),
                references=("https://example.org/advisory?a=1&b=<2>",),
                published="2024-01-02T03:04:05Z",
                modified="2024-02-03",
                epss=Epss(0.9412, 0.999, "2024-05-21"),
                known_exploited=KnownExploited("2024-01-10", "2024-01-31"),
                exploit=Exploit("2024-05-17T05:13:34Z"),
            ),
            Vulnerability("CVE-2024-0002", description="A leak. Nothing else."),
            Vulnerability(
                "GHSA-aaaa-bbbb-cccc",
                description=f'=HYPERLINK("http://evil")\n<b>{ESCAPES}</b>',
                aliases=(),
                cvss=(CvssEntry("3.1", V31.replace("C:H/I:H/A:H", "C:L/I:N/A:N"), 5.3, "GITHUB"),),
            ),
        ],
    )
    return report_of(inventory, knowledge, **changes)


def clean() -> Report:
    """A target without findings and without gaps."""
    package = Package("npm", "fine", "1.0.0", "pkg:npm/fine@1.0.0", "NODEPKG", "x", "x")
    inventory = Inventory(
        target=Target("directory", "app"), packages=(package,), examined=("language-packages",)
    )
    return report_of(inventory, Memory([record("CVE-2024-0009", "npm", "other", "2")], []))


def unread() -> Report:
    """A target without findings, because nothing could be read."""
    inventory = Inventory(
        target=Target("image", "app.tar"),
        gaps=(Gap("os-packages", "the rpm database is damaged", "var/lib/rpm/Packages", True),),
    )
    return report_of(inventory, Memory([], []))


def real_sbom(shared: Path, name: str) -> bytes:
    """One of the SBOMs that the real ScanSbom answered."""
    return gzip.decompress((shared / "data/scansbom" / f"{name}.sbom.json.gz").read_bytes())


def real_answer(shared: Path, name: str) -> dict[str, object]:
    """What the real ScanSbom answered in CycloneDX."""
    path = shared / "data/scansbom" / f"{name}.json.gz"
    answer: dict[str, object] = json.loads(gzip.decompress(path.read_bytes()))
    inner = answer.get("sbom", answer)
    assert isinstance(inner, dict)
    return inner


_VENDORS = {"Ubuntu Linux": "UBUNTU_CVE", "Amazon Linux": "AMAZON_CVE"}
_VERSIONS = {"CVSSv31": "3.1", "CVSSv2": "2.0", "CVSSv4": "4.0"}


def knowledge_of(answer: dict, inventory: Inventory) -> Memory:
    """An advisory database that knows exactly what an answer of the real ScanSbom says."""
    packages: dict[str, list[Package]] = {}
    for package in inventory.packages:
        packages.setdefault(unquote(package.purl), []).append(package)
    components: dict[str, str] = {}
    pending = list(answer.get("components", ()))
    while pending:
        node = pending.pop()
        components[node["bom-ref"]] = unquote(node.get("purl", ""))
        pending += node.get("components", ())
    records: dict[tuple[str, str, str], AffectedPackage] = {}
    vulnerabilities = []
    for entry in answer["vulnerabilities"]:
        facts = {x["name"].split(":", 3)[3]: x["value"] for x in entry.get("properties", ())}
        if not entry["id"].startswith("IN-"):
            vulnerabilities.append(_vulnerability(entry, facts))
        for affected in entry["affects"]:
            for package in packages.get(components[affected["ref"]], ()):
                fixed = facts.get("fixed_version:" + affected["ref"])
                fixed = fixed.removeprefix("0:") if fixed else None
                made = _record(entry["id"], package, fixed, inventory.distribution)
                records.setdefault((entry["id"], made.ecosystem, made.name), made)
    return Memory(list(records.values()), vulnerabilities)


def _record(
    identity: str, package: Package, fixed: str | None, distribution: Distribution | None
) -> AffectedPackage:
    ecosystem = package.ecosystem
    if distribution is not None and ecosystem == distribution.ecosystem:
        ecosystem = distribution_ecosystems(distribution)[0]
        return record(identity, ecosystem, lookup_names(package)[0][0], fixed)
    return record(identity, ecosystem, package.name, fixed)


def _vulnerability(entry: dict, facts: dict[str, str]) -> Vulnerability:
    cvss, vendor, epss = [], [], None
    for rating in entry.get("ratings", ()):
        name = rating["source"]["name"]
        if name == "EPSS":
            epss = Epss(rating["score"], rating["score"], "2024-05-21")
        elif "vector" in rating:
            version = _VERSIONS[rating["method"]]
            if rating["vector"].startswith("CVSS:3.0"):
                version = "3.0"
            source = _VENDORS.get(name, name)
            cvss.append(CvssEntry(version, rating["vector"], rating["score"], source))
        if name in _VENDORS:
            vendor.append((_VENDORS[name], rating["severity"]))
        elif name == "AMAZON_INSPECTOR":
            vendor.append(("AMAZON_CVE", rating["severity"]))
    added = facts.get("cisa_kev_date_added")
    seen = facts.get("exploit_last_seen_in_public")
    return Vulnerability(
        id=entry["id"],
        description=entry["description"],
        advisories=tuple(x["id"] for x in entry.get("references", ())),
        cvss=tuple(cvss),
        cwes=tuple(f"CWE-{number}" for number in entry.get("cwes", ())),
        references=tuple(x["url"] for x in entry.get("advisories", ())),
        published=entry["created"],
        modified=entry.get("updated"),
        epss=epss,
        known_exploited=KnownExploited(added, facts["cisa_kev_date_due"]) if added else None,
        exploit=Exploit(seen) if facts.get("exploit_available") else None,
        vendor=tuple(vendor),
    )


def real(shared: Path, name: str, answer: str = "answer") -> Report:
    """The report of a real SBOM, with advisories taken from its real answer."""
    document = read_document(real_sbom(shared, name), name)
    inventory, _ = assemble_components(document, name, DEFAULT_LIMITS)
    return report_of(inventory, knowledge_of(real_answer(shared, f"{name}.{answer}"), inventory))
