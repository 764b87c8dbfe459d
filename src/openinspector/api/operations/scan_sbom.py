"""ScanSbom: the engine of `openinspector scan sbom`, over the wire (spec/sbom-generator.md 4)."""

import uuid
from datetime import UTC, datetime
from typing import Any

import msgspec

from openinspector import __version__
from openinspector.api.call import Call, Handler
from openinspector.api.knowledge import open_knowledge
from openinspector.assess import Options, Place, assess
from openinspector.inventory.limits import DEFAULT_LIMITS
from openinspector.inventory.sbom.assemble import assemble_components
from openinspector.inventory.sbom.read import read_document
from openinspector.model import TargetError
from openinspector.model.refusal import Invalid
from openinspector.reports.scan import Scan, has_rules
from openinspector.reports.scan_sbom import cyclonedx_answer, inspector_answer

_ANSWERS = {
    "CYCLONE_DX_1_5": cyclonedx_answer,
    "INSPECTOR": inspector_answer,
    "INSPECTOR_ALT": inspector_answer,
}
"""Answers by output format; the third is undocumented and taken for the second (spec 4.2)."""
_NAME = "sbom"
_VERSION = "1.5"


def scan_sbom(call: Call) -> dict[str, Any]:
    """Judge the components of a CycloneDX document; the answer is in the format asked for."""
    asked = call.input["sbom"]
    _check_type(asked)
    try:
        document = read_document(msgspec.json.encode(asked), _NAME)
        most = call.service.sbom_components
        if len(document.components) > most:
            raise _refused(f"must have at most {most} components")
        if document.gaps:
            # No answer has a place for what was not looked at: it would pass for clean.
            told = "; ".join(gap.reason for gap in document.gaps)
            raise _refused(f"cannot be read whole: {told}", "CANNOT_PARSE")
        inventory, packages = assemble_components(document, _NAME, DEFAULT_LIMITS)
    except TargetError as error:
        raise _refused(str(error).removeprefix(f"{_NAME}: "), "CANNOT_PARSE") from error
    now = datetime.fromtimestamp(call.now / 1000, UTC)
    place = Place(call.caller.account, call.service.region, call.service.partition)
    with open_knowledge(call) as knowledge:
        scan = Scan(
            components=document.components,
            packages=packages,
            assessment=assess(inventory, knowledge, Options(include_kernel=True, place=place), now),
            inventory=inventory,
            has_rules=lambda package: has_rules(knowledge, inventory, package),
            scanned_at=now,
            serial=str(uuid.uuid4()),
            version=__version__,
        )
        answer = _ANSWERS[call.input.get("outputFormat", "CYCLONE_DX_1_5")](scan)
    return {"sbom": answer}


def _check_type(sbom: Any) -> None:
    """Raise `Invalid` unless it is CycloneDX 1.5 (spec/sbom-generator.md 4.2, 4.3)."""
    members = sbom if isinstance(sbom, dict) else {}
    if "spdxVersion" in members:
        raise _refused("must be CycloneDX 1.5, this is SPDX", "UNSUPPORTED_SBOM_TYPE")
    if members.get("bomFormat") != "CycloneDX":
        raise _refused("must be CycloneDX 1.5, with bomFormat CycloneDX", "CANNOT_PARSE")
    if members.get("specVersion") != _VERSION:
        message = f"must be CycloneDX 1.5, this has specVersion {members.get('specVersion')!s:.16}"
        raise _refused(message, "UNSUPPORTED_SBOM_TYPE")


def _refused(message: str, reason: str = "FIELD_VALIDATION_FAILED") -> Invalid:
    return Invalid(f"{_NAME} {message}", [(_NAME, message)], reason)


OPERATIONS: dict[str, Handler] = {"ScanSbom": scan_sbom}
