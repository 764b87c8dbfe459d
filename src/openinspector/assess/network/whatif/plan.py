"""A plan file, whichever tool wrote it, applied to describe output."""

from collections.abc import Mapping
from typing import Any

import msgspec

from openinspector.assess.network.evidence.reader import WRONG
from openinspector.assess.network.whatif.cloudformation import change_set_edits, template_edits
from openinspector.assess.network.whatif.edits import Edits, apply
from openinspector.assess.network.whatif.terraform import terraform_edits
from openinspector.model import Gap, OpenInspectorError


class Planned(msgspec.Struct, frozen=True):
    """The evidence as it would be, the resources that were applied, and what was not."""

    described: dict[str, Any]
    applied: tuple[str, ...]
    gaps: tuple[Gap, ...]


def planned(described: Mapping[str, Any], plan: object) -> Planned:
    """Apply a plan: Terraform's `show -json`, a change set's description, or a template.

    Raises `OpenInspectorError` for what is none of these.
    """
    try:
        found = _edits(described, plan)
    except WRONG as error:
        raise OpenInspectorError(f"a plan that cannot be understood: {error!r}") from error
    after, gaps = apply(described, found.edits)
    applied = tuple(dict.fromkeys(edit.by for edit in found.edits))
    return Planned(after, applied, tuple(dict.fromkeys((*found.gaps, *gaps))))


def _edits(described: Mapping[str, Any], plan: object) -> Edits:
    if isinstance(plan, dict) and isinstance(plan.get("resource_changes"), list):
        return terraform_edits(plan)
    if isinstance(plan, dict) and isinstance(plan.get("Changes"), list):
        return change_set_edits(plan)
    if isinstance(plan, dict) and isinstance(plan.get("Resources"), dict):
        return template_edits(described, plan)
    raise OpenInspectorError(
        "neither `terraform show -json` of a plan, nor `aws cloudformation describe-change-set`,"
        " nor a CloudFormation template as JSON"
    )
