"""JSON for programs: findings in the shape of the `inspector2` API, coverage, target."""

from typing import Any

import msgspec

from openinspector.inventory.sbom.json_document import encode
from openinspector.model import Coverage
from openinspector.reports.report import Report, unscanned


def render(report: Report) -> bytes:
    """`{"findings": [...], "coverage": {...}, "target": {...}, ...}`, indented.

    Findings are `Finding` of the API (timestamps are epoch seconds). `coverage.complete` is false
    whenever anything was not scanned; `coverage.parts` says what and why. `suppressed` are
    findings that a VEX statement or an ignore entry took out.
    """
    assessment = report.assessment
    document = {
        "findings": assessment.findings,
        "coverage": {
            "complete": not unscanned(report),
            "parts": [_part(part) for part in assessment.coverage],
        },
        "target": _target(report),
        "summary": assessment.summary,
        "suppressed": assessment.suppressed,
        "notes": assessment.notes,
        "database": report.database,
        "generatedAt": report.generated_at.timestamp(),
        "generator": {"name": "openinspector", "version": report.version},
    }
    return msgspec.json.format(encode(document), indent=2) + b"\n"


def _part(part: Coverage) -> dict[str, Any]:
    return {
        "part": part.part,
        "state": part.state,
        "gaps": part.gaps,
        "notes": part.notes,
    }


def _target(report: Report) -> dict[str, Any]:
    inventory = report.inventory
    target, distribution, image = inventory.target, inventory.distribution, inventory.target.image
    described: dict[str, Any] = {
        "kind": target.kind,
        "name": target.name,
        "packages": len(inventory.packages),
    }
    if distribution is not None:
        described["distribution"] = {
            "id": distribution.id,
            "name": distribution.name,
            "version": distribution.version,
            "platform": distribution.platform,
            "endOfLife": distribution.end_of_life,
        }
    if image is not None:
        described["image"] = {
            "id": image.id,
            "digest": image.digest,
            "tags": image.tags,
            "architecture": image.architecture,
            "layers": image.layers,
        }
    if inventory.kernel is not None:
        described["kernel"] = {"release": inventory.kernel.release}
    return described
