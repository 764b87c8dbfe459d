"""Red Hat: one CSAF VEX document for each CVE.

https://security.access.redhat.com/data/csaf/v2/vex/ (a folder a year, `changes.csv`, a whole
archive); guidelines: https://redhatproductsecurity.github.io/security-data-guidelines/csaf-vex/.
It says what the bulletins cannot: which packages are affected and will not be fixed, and which are
not affected.

    {"document": {"category": "csaf_vex", "tracking": {"initial_release_date": "...", ...}},
     "product_tree": {"branches": [{"branches": [{"product": {"product_id": "BaseOS-9",
        "product_identification_helper": {"cpe": "cpe:/o:redhat:enterprise_linux:9::baseos"}}},
        {"product": {"product_id": "openssl-1:3.0.7-2.el9.x86_64", "product_identification_helper":
         {"purl": "pkg:rpm/redhat/openssl@3.0.7-2.el9?arch=x86_64&epoch=1"}}}]}],
       "relationships": [{"product_reference": "openssl-1:3.0.7-2.el9.x86_64",
         "relates_to_product_reference": "BaseOS-9",
         "full_product_name": {"product_id": "BaseOS-9:openssl-1:3.0.7-2.el9.x86_64"}}]},
     "vulnerabilities": [{"cve": "CVE-2022-3602", "product_status": {"fixed": ["BaseOS-9:..."],
        "known_affected": [...], "known_not_affected": [...], "under_investigation": [...]},
        "remediations": [{"category": "no_fix_planned", "details": "...", "product_ids": [...]}],
        "scores": [{"cvss_v3": {"vectorString": "CVSS:3.1/..."}}],
        "threats": [{"category": "impact", "details": "Important"}]}]}

Only Red Hat Enterprise Linux itself is read: layered products name packages that no rpm database
shows.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

from openinspector.advisories.feeds.documents import Document, documents
from openinspector.advisories.items import Item
from openinspector.advisories.osv import (
    Advisory,
    Affected,
    Claim,
    Event,
    Malformed,
    PackageName,
    Range,
    Reference,
    Severity,
)
from openinspector.model import FixState

_DEEPEST = 16
_PRODUCT = "enterprise_linux"


class _Helper(msgspec.Struct):
    cpe: str | None = None
    purl: str | None = None


class _Product(msgspec.Struct):
    product_id: str
    product_identification_helper: _Helper | None = None


class _Branch(msgspec.Struct):
    branches: list[_Branch] = []
    product: _Product | None = None


class _FullName(msgspec.Struct):
    product_id: str


class _Relationship(msgspec.Struct):
    product_reference: str
    relates_to_product_reference: str
    full_product_name: _FullName


class _Tree(msgspec.Struct):
    branches: list[_Branch] = []
    relationships: list[_Relationship] = []


class _Tracking(msgspec.Struct):
    initial_release_date: str | None = None
    current_release_date: str | None = None


class _About(msgspec.Struct):
    category: str = ""
    tracking: _Tracking | None = None


class _Note(msgspec.Struct):
    category: str = ""
    text: str = ""
    title: str = ""


class _Status(msgspec.Struct):
    fixed: list[str] = []
    known_affected: list[str] = []
    known_not_affected: list[str] = []
    under_investigation: list[str] = []


class _Remediation(msgspec.Struct):
    category: str = ""
    details: str = ""
    product_ids: list[str] = []
    url: str | None = None


class _Vector(msgspec.Struct):
    vectorString: str = ""


class _Score(msgspec.Struct):
    cvss_v2: _Vector | None = None
    cvss_v3: _Vector | None = None
    cvss_v4: _Vector | None = None


class _Threat(msgspec.Struct):
    category: str = ""
    details: str = ""
    product_ids: list[str] = []


class _Cwe(msgspec.Struct):
    id: str = ""


class _Vulnerability(msgspec.Struct):
    cve: str = ""
    title: str = ""
    cwe: _Cwe | None = None
    notes: list[_Note] = []
    product_status: _Status | None = None
    remediations: list[_Remediation] = []
    scores: list[_Score] = []
    threats: list[_Threat] = []
    references: list[Reference] = []


class _Csaf(msgspec.Struct):
    document: _About
    product_tree: _Tree | None = None
    vulnerabilities: list[_Vulnerability] = []


class _Build(NamedTuple):
    """An rpm in a product: `version` with epoch, None where any is meant."""

    ecosystem: str
    name: str
    version: str | None
    arch: str | None
    module: str | None


_decoder = msgspec.json.Decoder(_Csaf)


def read(path: Path) -> Iterator[Item]:
    """The documents of an archive, a folder or a file."""
    for document in documents(path):
        yield Item(document.name, document.fingerprint, _Loader(document))


class _Loader:
    """Reads one document when it is asked for."""

    __slots__ = ("_document",)

    def __init__(self, document: Document) -> None:
        self._document = document

    def __call__(self) -> Advisory:
        """Raises `Malformed`."""
        try:
            csaf = _decoder.decode(self._document.read())
        except (msgspec.MsgspecError, RecursionError) as error:
            raise Malformed(f"is not a CSAF document: {error}") from None
        if csaf.document.category not in ("csaf_vex", "csaf_security_advisory"):
            raise Malformed(f"is a CSAF document of category {csaf.document.category[:40]!r}")
        if len(csaf.vulnerabilities) != 1 or not csaf.vulnerabilities[0].cve:
            raise Malformed("is not about exactly one CVE")
        return _advisory(csaf, csaf.vulnerabilities[0])


def _advisory(csaf: _Csaf, vulnerability: _Vulnerability) -> Advisory:
    tracking = csaf.document.tracking or _Tracking()
    page = f"https://access.redhat.com/security/cve/{vulnerability.cve}"
    builds = _builds(csaf.product_tree or _Tree())
    specific: dict[str, object] = {}
    if vulnerability.cwe:
        specific["cwe_ids"] = [vulnerability.cwe.id]
    word = next((t.details for t in vulnerability.threats if t.category == "impact"), None)
    if word:
        specific["severity"] = word
    return Advisory(
        id=f"REDHAT-{vulnerability.cve}",
        upstream=[vulnerability.cve],
        related=list(dict.fromkeys(_bulletins(vulnerability, builds))),
        modified=tracking.current_release_date,
        published=tracking.initial_release_date,
        summary=vulnerability.title,
        details=_description(vulnerability.notes),
        severity=list(_severity(vulnerability.scores)),
        affected=_affected(builds, vulnerability),
        references=[Reference(page, "ADVISORY"), *vulnerability.references],
        database_specific=specific,
    )


def _bulletins(vulnerability: _Vulnerability, builds: dict[str, _Build]) -> Iterator[str]:
    """The bulletins that brought fixes (`https://access.redhat.com/errata/RHSA-2023:5763`)."""
    for remediation in vulnerability.remediations:
        ours = any(product in builds for product in remediation.product_ids)
        if remediation.category == "vendor_fix" and remediation.url and ours:
            yield remediation.url.rpartition("/")[2]


def _description(notes: list[_Note]) -> str | None:
    for note in notes:
        if note.category == "description":
            return note.text
    return None


def _severity(scores: list[_Score]) -> Iterator[Severity]:
    for score in scores:
        for vector in (score.cvss_v4, score.cvss_v3, score.cvss_v2):
            if vector is not None and vector.vectorString:
                yield Severity("CVSS", vector.vectorString, "REDHAT_CVE")


def _affected(builds: dict[str, _Build], vulnerability: _Vulnerability) -> list[Affected]:
    status = vulnerability.product_status or _Status()
    impacts = {
        product: threat.details
        for threat in vulnerability.threats
        if threat.category == "impact"
        for product in threat.product_ids
    }
    found = list(_fixes(status.fixed, builds, impacts))
    plans = {
        product: remediation
        for remediation in vulnerability.remediations
        if remediation.category in _PLANS
        for product in remediation.product_ids
    }
    said: dict[tuple[str, str, str | None], Affected] = {}
    states: tuple[tuple[list[str], FixState], ...] = (
        (status.known_not_affected, "not-affected"),
        (status.under_investigation, "under-investigation"),
        (status.known_affected, "unfixed"),
    )
    for products, state in states:
        for product in products:
            build = builds.get(product)
            if build is None:
                continue
            plan = plans.get(product)
            claim = _claim(state, plan, impacts.get(product), build)
            said[build.ecosystem, build.name, build.module] = Affected(
                PackageName(build.ecosystem, build.name),
                None if state == "not-affected" else [_from_zero()],
                claim=claim,
            )
    return found + list(said.values())


_PLANS: dict[str, FixState] = {
    "no_fix_planned": "will-not-fix",
    "none_available": "unfixed",
    "fix_planned": "unfixed",
}
"""Remediations of what is affected."""


def _claim(
    state: FixState, plan: _Remediation | None, severity: str | None, build: _Build
) -> Claim:
    note = None
    if plan is not None and state == "unfixed":
        state, note = _PLANS[plan.category], f"{plan.category}: {plan.details}"[:200]
    return Claim(state, note, severity, module=build.module)


def _from_zero() -> Range:
    return Range("ECOSYSTEM", [Event(introduced="0")])


def _fixes(
    products: list[str], builds: dict[str, _Build], impacts: dict[str, str]
) -> Iterator[Affected]:
    """One entry for each fixed version, with the architectures that got it."""
    arches: dict[tuple[str, str, str, str | None, str | None], set[str]] = {}
    for product in products:
        build = builds.get(product)
        if build is None or build.version is None:
            continue
        group = (build.ecosystem, build.name, build.version, build.module, impacts.get(product))
        held = arches.setdefault(group, set())
        if build.arch:
            held.add(build.arch)
    for (ecosystem, name, version, module, impact), held in arches.items():
        binary = held - {"src"}
        yield Affected(
            PackageName(ecosystem, name),
            [Range("ECOSYSTEM", [Event(introduced="0"), Event(fixed=version)])],
            claim=Claim(severity=impact, arches=tuple(sorted(binary)), module=module),
        )


def _builds(tree: _Tree) -> dict[str, _Build]:
    """The rpm that each combined product identifier stands for."""
    helpers = dict(_helpers(tree.branches, 0))
    found = {}
    for relationship in tree.relationships:
        package = helpers.get(relationship.product_reference)
        product = helpers.get(relationship.relates_to_product_reference)
        if package is None or product is None or not package.purl or not product.cpe:
            continue
        ecosystem = _ecosystem(product.cpe)
        if ecosystem is None:
            continue
        build = _build(ecosystem, package.purl)
        if build is not None:
            found[relationship.full_product_name.product_id] = build
    return found


def _helpers(branches: list[_Branch], depth: int) -> Iterator[tuple[str, _Helper]]:
    if depth > _DEEPEST:
        raise Malformed("is nested too deeply")
    for branch in branches:
        product = branch.product
        if product is not None and product.product_identification_helper is not None:
            yield product.product_id, product.product_identification_helper
        yield from _helpers(branch.branches, depth + 1)


def _ecosystem(cpe: str) -> str | None:
    """`cpe:/o:redhat:enterprise_linux:9::baseos` as OSV writes it; None for other products."""
    _, _, product = cpe.partition(":redhat:")
    return f"Red Hat:{product}" if product.partition(":")[0] == _PRODUCT else None


def _build(ecosystem: str, purl: str) -> _Build | None:
    from packageurl import PackageURL

    try:
        parsed = PackageURL.from_string(purl)
    except ValueError:
        return None
    if parsed.type != "rpm":
        return None
    qualifiers = parsed.qualifiers if isinstance(parsed.qualifiers, dict) else {}
    version = parsed.version or None
    epoch = qualifiers.get("epoch")
    if version and epoch and epoch != "0":
        version = f"{epoch}:{version}"
    return _Build(ecosystem, parsed.name, version, qualifiers.get("arch"), qualifiers.get("rpmmod"))
