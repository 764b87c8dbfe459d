"""The SBOM of one resource as an export holds it: CycloneDX 1.4 or SPDX 2.3 (spec/exports.md 5).

Both are leaner than the SBOMs of `inventory.sbom`: a flat list of packages, and which
vulnerabilities affect them.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import quote

import msgspec

from openinspector.assess.ecosystems import is_operating_system
from openinspector.assess.findings import clean
from openinspector.assess.sources import split_version
from openinspector.inventory.sbom.ecosystems import part_of
from openinspector.inventory.sbom.json_document import encode
from openinspector.inventory.sbom.purls import parse_purl
from openinspector.inventory.sbom.spdx_elements import DOCUMENT_ID
from openinspector.model import Inventory, Package
from openinspector.model.finding import Finding, VulnerablePackage
from openinspector.model.purl import make_purl
from openinspector.patterns import regex

TOOL = "openinspector"

_SPDX_KINDS = {
    "AWS_EC2_INSTANCE": "EC2",
    "AWS_ECR_CONTAINER_IMAGE": "ECR_IMAGE",
    "AWS_LAMBDA_FUNCTION": "LAMBDA_FUNCTION",
}
_DISTRIBUTED = {"deb": "dpkg", "rpm": "rpm"}
"""Purl types of packages that name their source as `upstream`, and what exports call them."""
_NO_ARCHITECTURE = frozenset({"all", "noarch", "any", ""})
_NOT_IN_IDENTIFIERS = regex(r"[^A-Za-z0-9.-]+")
_Mark = tuple[str, int, str, str | None, str | None]


class Subject(msgspec.Struct, frozen=True):
    """What an SBOM is about, when it was made (RFC 3339), and by which version of this program."""

    account: str
    type: str
    id: str
    timestamp: str
    serial: str
    version: str


class _Component(msgspec.Struct):
    """One package with its vulnerabilities: identifier and page of each."""

    package: Package
    purl: str
    ref: str
    vulnerabilities: dict[str, str] = {}


def cyclonedx_1_4(subject: Subject, inventory: Inventory, findings: Iterable[Finding]) -> bytes:
    """CycloneDX 1.4 JSON; of vulnerabilities only what they affect."""
    found = list(findings)
    components = _components(inventory, found)
    affected: dict[str, list[dict[str, str]]] = {}
    for component in components:
        for identity in component.vulnerabilities:
            affected.setdefault(identity, []).append({"ref": component.ref})
    described = {
        "imageId": _image_id(inventory, found),
        "architecture": _architecture(inventory),
        "accountId": subject.account,
        "resourceType": subject.type,
    }
    document = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.4",
        "serialNumber": f"urn:uuid:{subject.serial}",
        "version": 1,
        "metadata": {
            "timestamp": subject.timestamp,
            "tools": [{"name": TOOL, "version": subject.version}],
            "properties": [{"name": k, "value": v} for k, v in described.items() if v],
        },
        "components": [_cyclonedx_component(component) for component in components],
        "vulnerabilities": [
            {"id": identity, "affects": references}
            for identity, references in sorted(affected.items())
        ],
    }
    return encode(document) + b"\n"


def _cyclonedx_component(component: _Component) -> dict[str, str]:
    package = component.package
    library = part_of(package) == "language-packages"
    node = {
        "type": "library" if library else "application",
        "name": package.name,
        "version": package.version,
        "purl": component.purl,
        "bom-ref": component.ref,
    }
    return {name: value for name, value in node.items() if value or name == "name"}


def spdx_2_3(subject: Subject, inventory: Inventory, findings: Iterable[Finding]) -> bytes:
    """SPDX 2.3 JSON; vulnerabilities are external references of the packages."""
    found = list(findings)
    kind = _SPDX_KINDS.get(subject.type, subject.type)
    platform = inventory.distribution.platform if inventory.distribution else ""
    space = (quote(subject.id, safe=":@"), platform or "null", "null", _architecture(inventory))
    image = _image_id(inventory, found)
    packages = [_spdx_package(component) for component in _components(inventory, found)]
    document = {
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": DOCUMENT_ID,
        "name": "/".join(x for x in (subject.account, kind, subject.id, image) if x),
        "documentNamespace": f"{kind.replace('_', '-')}://" + "/".join(x or "null" for x in space),
        "creationInfo": {
            "created": subject.timestamp,
            "creators": [f"Organization: {subject.account}", f"Tool: {TOOL}-{subject.version}"],
        },
        "packages": packages,
        "relationships": [
            {
                "spdxElementId": DOCUMENT_ID,
                "relationshipType": "DESCRIBES",
                "relatedSpdxElement": package["SPDXID"],
            }
            for package in packages
        ],
    }
    return encode(document) + b"\n"


def _spdx_package(component: _Component) -> dict[str, Any]:
    package = component.package
    type_ = component.purl[4:].partition("/")[0] or "generic"
    name = _NOT_IN_IDENTIFIERS.sub("-", f"{type_}-{package.name}")
    references = [("PACKAGE-MANAGER", "purl", component.purl)] if component.purl else []
    for _, page in sorted(component.vulnerabilities.items()):
        references.append(("SECURITY", "advisory", page))
    node: dict[str, Any] = {
        "name": package.name or "unnamed",
        "SPDXID": f"SPDXRef-Package-{name}-{component.ref}",
        "downloadLocation": "NOASSERTION",
        "filesAnalyzed": False,
        "externalRefs": [
            {"referenceCategory": category, "referenceType": kind, "referenceLocator": locator}
            for category, kind, locator in references
        ],
    }
    if package.version:
        node["versionInfo"] = package.version
    if package.locations:
        node["sourceInfo"] = package.locations[0].path
    return node


def _components(inventory: Inventory, findings: Iterable[Finding]) -> list[_Component]:
    """Every package, once, with the vulnerabilities that findings say it has."""
    components: dict[str, _Component] = {}
    marked: dict[_Mark, list[_Component]] = {}
    for package in inventory.packages:
        component = _Component(package, _purl(package), _reference(package))
        if components.setdefault(component.ref, component) is component:
            marked.setdefault(_mark(package), []).append(component)
    for finding in findings:
        details = finding.package_vulnerability_details
        for vulnerable in (details.vulnerable_packages or ()) if details else ():
            for component in marked.get(_mark_of(vulnerable), ()):
                assert details is not None
                page = details.source_url or f"https://osv.dev/vulnerability/{_id(finding)}"
                component.vulnerabilities = {**component.vulnerabilities, _id(finding): page}
    return list(components.values())


def _id(finding: Finding) -> str:
    details = finding.package_vulnerability_details
    return details.vulnerability_id if details else ""


def _mark(package: Package) -> _Mark:
    """What a finding shows of a package (the same derivation as where findings are made)."""
    epoch, version, release = split_version(package)
    system = is_operating_system(package)
    path = clean(package.locations[0].path) if package.locations and not system else None
    release = clean(release) if release else None
    return clean(package.name) or "?", epoch, clean(version), release, path or None


def _mark_of(vulnerable: VulnerablePackage) -> _Mark:
    return (
        vulnerable.name,
        vulnerable.epoch or 0,
        vulnerable.version,
        vulnerable.release,
        vulnerable.file_path,
    )


def _reference(package: Package) -> str:
    """32 hex digits; the same for the same package at the same place."""
    path = package.locations[0].path if package.locations else ""
    text = "\x1f".join((package.purl, package.ecosystem, package.name, package.version, path))
    data = text.encode("utf-8", "surrogatepass")
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def _purl(package: Package) -> str:
    """The package URL as exports write it: `upstream` of OS packages, `path` of libraries.

    Empty where there is no valid one.
    """
    purl = parse_purl(package.purl)
    if purl is None:
        return ""
    kind = _DISTRIBUTED.get(purl.type)
    if kind is not None:
        epoch, version, release = split_version(package)
        full = f"{version}-{release}" if release else version
        source = (package.source_version or full).rpartition(":")[2]
        qualifiers = {
            "arch": (package.arch or "").upper(),
            "epoch": str(epoch),
            "upstream": f"{package.source_name or package.name}-{source}.src.{kind}",
        }
        return _made(kind, purl.name, full, None, qualifiers) or package.purl
    if not package.locations or is_operating_system(package):
        return package.purl
    qualifiers = {**purl.qualifiers, "path": package.locations[0].path}
    return _made(purl.type, purl.name, purl.version, purl.namespace, qualifiers) or package.purl


def _made(
    type_: str, name: str, version: str, namespace: str | None, qualifiers: dict[str, str]
) -> str | None:
    """A package URL, or None where names from a hostile package make none."""
    cleaned = {key: clean(value) for key, value in qualifiers.items()}
    try:
        return make_purl(type_, clean(name), clean(version), namespace or None, cleaned)
    except ValueError:
        return None


def _image_id(inventory: Inventory, findings: Iterable[Finding]) -> str:
    """The image's digest, or the machine image that an instance was started from."""
    image = inventory.target.image
    if image is not None:
        return image.digest or image.id
    for finding in findings:
        details = finding.resources[0].details
        if details and details.aws_ec2_instance and details.aws_ec2_instance.image_id:
            return details.aws_ec2_instance.image_id
    return ""


def _architecture(inventory: Inventory) -> str:
    """That of the image, else the one that most of its packages are built for."""
    image = inventory.target.image
    if image is not None and image.architecture:
        return image.architecture
    built = Counter(
        package.arch for package in inventory.packages if package.arch not in _NO_ARCHITECTURE
    )
    return next((arch for arch, _ in built.most_common(1) if arch), "")


WRITERS: dict[str, Callable[[Subject, Inventory, Iterable[Finding]], bytes]] = {
    "CYCLONEDX_1_4": cyclonedx_1_4,
    "SPDX_2_3": spdx_2_3,
}
"""`SbomReportFormat` and what writes it."""
