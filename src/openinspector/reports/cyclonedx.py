"""CycloneDX 1.5 with vulnerabilities: what ScanSbom would answer to the target's own SBOM.

Beyond the API's answer it names the target, and says what was not scanned: in properties
(`openinspector:coverage:...`) and by the aggregate of its composition.
"""

import msgspec

from openinspector.inventory.limits import DEFAULT_LIMITS
from openinspector.inventory.sbom.assemble import assemble_components
from openinspector.inventory.sbom.compose import compose
from openinspector.inventory.sbom.json_document import encode
from openinspector.inventory.sbom.properties import OWN
from openinspector.model import Package
from openinspector.reports.report import Report, gap_lines, unscanned
from openinspector.reports.scan import Scan
from openinspector.reports.scan_sbom import cyclonedx_answer

_SUBJECT = "target"


def render(report: Report) -> bytes:
    """CycloneDX 1.5 JSON, indented."""
    answer = cyclonedx_answer(scan_of(report))
    target = report.inventory.target
    kind = "container" if target.image is not None else "application"
    metadata = answer["metadata"]
    metadata["component"] = {"bom-ref": _SUBJECT, "type": kind, "name": target.name or "unnamed"}
    for part in report.assessment.coverage:
        metadata["properties"].append({"name": f"{OWN}coverage:{part.part}", "value": part.state})
    for part_name, state, reason in gap_lines(report):
        value = f"{part_name}, {state}: {reason}"
        metadata["properties"].append({"name": f"{OWN}coverage_gap", "value": value})
    aggregate = "incomplete" if unscanned(report) else "unknown"
    answer["compositions"] = [{"aggregate": aggregate, "assemblies": [_SUBJECT]}]
    return msgspec.json.format(encode(answer), indent=2) + b"\n"


def scan_of(report: Report) -> Scan:
    """The scan of a report's own inventory, as if its SBOM had been sent to ScanSbom."""
    document = compose(report.inventory)
    _, packages = assemble_components(document, report.inventory.target.name, DEFAULT_LIMITS)
    judged = {x.ecosystem for x in report.assessment.summary.ecosystems if x.judged}

    def has_rules(package: Package) -> bool:
        return any(x == package.ecosystem or x.startswith(package.ecosystem + ":") for x in judged)

    return Scan(
        components=document.components,
        packages=packages,
        assessment=report.assessment,
        inventory=report.inventory,
        has_rules=has_rules,
        scanned_at=report.generated_at,
        serial=report.serial,
        version=report.version,
    )
