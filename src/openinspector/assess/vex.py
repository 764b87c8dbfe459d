"""VEX: what suppliers say of vulnerabilities in their products (OpenVEX 0.2, CycloneDX VEX).

`not_affected` and `fixed` rule a finding out; `affected` and `under_investigation` do not. Of
several statements about the same product and vulnerability the latest counts. A product without a
version stands for all versions; a product that is not a package of the target stands for the whole
target when it is an image (`pkg:oci/...`), with its subcomponents as the packages meant.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Literal
from urllib.parse import unquote

import msgspec

from openinspector.assess.observation import RuledOut
from openinspector.assess.times import epoch_seconds
from openinspector.model import Inventory, OpenInspectorError, Package, Vulnerability

Status = Literal["not_affected", "fixed", "affected", "under_investigation"]

RULING_OUT = frozenset({"not_affected", "fixed"})

_OPENVEX_STATUS: dict[object, Status] = {
    "not_affected": "not_affected",
    "fixed": "fixed",
    "affected": "affected",
    "under_investigation": "under_investigation",
}

_CYCLONEDX_STATES: dict[str, Status] = {
    "not_affected": "not_affected",
    "false_positive": "not_affected",
    "resolved": "fixed",
    "resolved_with_pedigree": "fixed",
    "exploitable": "affected",
    "in_triage": "under_investigation",
}

MAX_STATEMENTS = 1_000_000


class VexError(OpenInspectorError):
    """A VEX document cannot be understood; the message names it and the place."""


class Statement(msgspec.Struct, frozen=True):
    """One statement: vulnerabilities, products (purls or other identifiers), what is said.

    `subcomponents` narrow a product to the packages within it that are meant.
    """

    vulnerabilities: tuple[str, ...]
    products: tuple[str, ...]
    status: Status
    subcomponents: tuple[str, ...] = ()
    justification: str = ""
    timestamp: str = ""
    source: str = ""


def parse_vex(data: bytes, name: str) -> tuple[Statement, ...]:
    """Read a VEX document of either kind; `name` is what messages call it. Raises `VexError`."""
    try:
        document = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise VexError(f"{name} is not JSON: {error}") from error
    if not isinstance(document, dict):
        raise VexError(f"{name} is not a VEX document: its top level is no object")
    if str(document.get("@context", "")).startswith("https://openvex.dev/"):
        return tuple(_openvex(document, name))
    if document.get("bomFormat") == "CycloneDX":
        return tuple(_cyclonedx(document, name))
    raise VexError(f"{name} is neither OpenVEX nor CycloneDX")


def _objects(value: object, name: str, place: str) -> list[dict[str, Any]]:
    """A list of objects, or an error that names the place."""
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
        raise VexError(f"{name}: {place} is not a list of objects")
    if len(value) > MAX_STATEMENTS:
        raise VexError(f"{name}: {place} has more than {MAX_STATEMENTS} entries")
    return value


def _openvex(document: dict[str, Any], name: str) -> Iterable[Statement]:
    issued = str(document.get("last_updated") or document.get("timestamp") or "")
    for number, entry in enumerate(_objects(document.get("statements"), name, "statements"), 1):
        place = f"statement {number}"
        status = _OPENVEX_STATUS.get(str(entry.get("status")))
        if status is None:
            word = repr(entry.get("status"))[:60]
            raise VexError(f"{name}: {place} has no status that OpenVEX knows: {word}")
        products = _objects(entry.get("products"), name, f"products of {place}")
        parts = [
            part
            for product in products
            for part in _objects(product.get("subcomponents"), name, f"subcomponents of {place}")
        ]
        when = entry.get("last_updated") or entry.get("timestamp") or issued
        why = entry.get("justification") or entry.get("impact_statement") or ""
        yield Statement(
            vulnerabilities=_openvex_names(entry.get("vulnerability"), name, place),
            products=tuple(each for product in products for each in _identifiers(product)),
            subcomponents=tuple(each for part in parts for each in _identifiers(part)),
            status=status,
            justification=str(why),
            timestamp=str(when),
            source=name,
        )


def _openvex_names(value: object, name: str, place: str) -> tuple[str, ...]:
    """The vulnerability's name and aliases; older documents write a bare text."""
    if isinstance(value, str):
        return (value,)
    if not isinstance(value, dict) or not (value.get("name") or value.get("@id")):
        raise VexError(f"{name}: {place} names no vulnerability")
    given = value.get("aliases")
    aliases = given if isinstance(given, list) else ()
    names = (value.get("name"), str(value.get("@id") or "").rpartition("/")[2], *aliases)
    return tuple(dict.fromkeys(str(each) for each in names if each))


def _identifiers(product: dict[str, Any]) -> list[str]:
    """The purl of a product or subcomponent, else its id."""
    known = product.get("identifiers")
    purl = known.get("purl") if isinstance(known, dict) else None
    return [str(each) for each in (product.get("@id"), purl) if each]


def _cyclonedx(document: dict[str, Any], name: str) -> Iterable[Statement]:
    products = _cyclonedx_products(document, name)
    entries = _objects(document.get("vulnerabilities"), name, "vulnerabilities")
    for number, entry in enumerate(entries, 1):
        place = f"vulnerability {number}"
        analysis = entry.get("analysis")
        if not isinstance(analysis, dict) or "state" not in analysis:
            continue
        state = str(analysis["state"])[:60]
        status = _CYCLONEDX_STATES.get(state)
        if status is None:
            raise VexError(f"{name}: {place} has an unknown state: {state!r}")
        if not entry.get("id"):
            raise VexError(f"{name}: {place} has no id")
        aliases = [
            str(each["id"])
            for each in _objects(entry.get("references"), name, f"references of {place}")
            if each.get("id")
        ]
        affected = [
            str(each["ref"])
            for each in _objects(entry.get("affects"), name, f"affects of {place}")
            if each.get("ref")
        ]
        yield Statement(
            vulnerabilities=(str(entry["id"]), *aliases),
            products=tuple(products.get(ref, _of_bom_link(ref)) for ref in affected),
            status=status,
            justification=str(analysis.get("justification") or analysis.get("detail") or ""),
            timestamp=str(analysis.get("lastUpdated") or entry.get("updated") or ""),
            source=name,
        )


def _of_bom_link(ref: str) -> str:
    """The element that a BOM-Link names (`urn:cdx:serial/version#ref`), else the text itself."""
    return unquote(ref.partition("#")[2]) if ref.startswith("urn:cdx:") else ref


def _cyclonedx_products(document: dict[str, Any], name: str) -> dict[str, str]:
    """From `bom-ref` to purl, over all nested components."""
    metadata = document.get("metadata")
    component = metadata.get("component") if isinstance(metadata, dict) else None
    waiting = _objects(document.get("components"), name, "components")
    waiting = [*waiting, component] if isinstance(component, dict) else list(waiting)
    products: dict[str, str] = {}
    while waiting:
        each = waiting.pop()
        if each.get("bom-ref") and each.get("purl"):
            products[str(each["bom-ref"])] = str(each["purl"])
        waiting.extend(_objects(each.get("components"), name, "nested components"))
        if len(products) > MAX_STATEMENTS:
            raise VexError(f"{name} has more than {MAX_STATEMENTS} components")
    return products


class Vex:
    """All statements at hand, asked package by package."""

    def __init__(self, statements: Sequence[Statement], inventory: Inventory) -> None:
        self._by_vulnerability: dict[str, list[Statement]] = {}
        self._inventory = inventory
        for statement in statements:
            for identity in statement.vulnerabilities:
                self._by_vulnerability.setdefault(identity.upper(), []).append(statement)

    def rule_out(self, vulnerability: Vulnerability, package: Package) -> RuledOut | None:
        """Why a supplier says that a package is not affected; None: nobody does."""
        names = {vulnerability.id, *vulnerability.aliases, *vulnerability.advisories}
        spoken = [
            statement
            for name in names
            for statement in self._by_vulnerability.get(name.upper(), ())
            if self._speaks_of(statement, package)
        ]
        if not spoken:
            return None
        latest = max(spoken, key=lambda statement: epoch_seconds(statement.timestamp) or 0.0)
        if latest.status not in RULING_OUT:
            return None
        why = f" ({latest.justification})" if latest.justification else ""
        detail = f"{latest.source} says {latest.status}{why}"
        return RuledOut(vulnerability.id, package, "vex", detail)

    def _speaks_of(self, statement: Statement, package: Package) -> bool:
        """Whether a statement's products hold a package."""
        parts = statement.subcomponents
        for product in statement.products:
            if same_package(product, package.purl) and not parts:
                return True
            if self._is_target(product) and any(same_package(part, package.purl) for part in parts):
                return True
            if self._is_target(product) and not parts:
                return True
        return False

    def _is_target(self, product: str) -> bool:
        """Whether a product is the scanned target itself: an image by digest or name."""
        target = self._inventory.target
        if product == target.name:
            return True
        if not product.startswith("pkg:oci/") and not product.startswith("pkg:docker/"):
            return False
        name, version, qualifiers = _split_purl(product)
        image = target.image
        if image is not None and version and version in (image.digest, image.id):
            return True
        if version.startswith("sha256:"):
            return version in target.name
        repository = qualifiers.get("repository_url") or name.partition("/")[2]
        tag = qualifiers.get("tag") or version
        references = (target.name, *(image.tags if image else ()))
        return any(_same_image(reference, repository, tag) for reference in references)


def _same_image(reference: str, repository: str, tag: str) -> bool:
    """Whether an image reference is of that repository, and of that tag if one is named."""
    last = reference.rfind("/")
    path, colon, own = reference.partition("@")[0].rpartition(":")
    if not colon or reference.rfind(":") < last:
        path, own = reference.partition("@")[0], "latest"
    if path != repository and not path.endswith("/" + repository):
        return False
    return not tag or tag == own


def _split_purl(purl: str) -> tuple[str, str, dict[str, str]]:
    """Type and name (lower case type), version, qualifiers; percent-encoding undone."""
    text = purl.partition("#")[0].removeprefix("pkg:")
    text, _, query = text.partition("?")
    path, at, version = text.rpartition("@")
    if not at:
        path, version = text, ""
    type_, _, name = path.strip("/").partition("/")
    pairs = (pair.partition("=") for pair in query.split("&") if pair)
    qualifiers = {key.lower(): unquote(value) for key, _, value in pairs}
    return f"{type_.lower()}/{unquote(name)}", unquote(version), qualifiers


def same_package(pattern: str, purl: str) -> bool:
    """Whether a purl matches one that may leave out version and qualifiers."""
    if pattern == purl:
        return True
    if not pattern.startswith("pkg:"):
        return False
    name, version, qualifiers = _split_purl(pattern)
    own_name, own_version, own_qualifiers = _split_purl(purl)
    if name != own_name or (version and version != own_version):
        return False
    return all(
        own_qualifiers.get(key) == value
        for key, value in qualifiers.items()
        if key in own_qualifiers
    )
