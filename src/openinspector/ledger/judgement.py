"""What is judged of a content, for every resource that holds it: a thousand instances of one AMI.

Their findings differ in their resource, account and times alone; all else of them is made, and
written as JSON, once.
"""

from typing import Any

import msgspec

from openinspector.assess import Assessment, Place
from openinspector.assess.resources import finding_arn
from openinspector.model import Coverage
from openinspector.model.finding import Finding, Resource
from openinspector.store.findings import FindingRow

_Written: Any = msgspec.defstruct(
    "_Written",
    [
        (each.name, Any) if each.required else (each.name, Any, each.default)
        for each in msgspec.structs.fields(Finding)
    ],
    frozen=True,
    omit_defaults=True,
    rename="camel",
)
"""A finding whose members may be JSON already; the fields are those of `Finding`, in order."""

_PLAIN = (str, int, float, type(None))


class Shared(msgspec.Struct, frozen=True):
    """A finding of a content. `identity` tells it from the others of a resource."""

    identity: tuple[str, ...]
    finding: Finding
    written: Any

    @classmethod
    def of(cls, identity: tuple[str, ...], finding: Finding) -> "Shared":
        """Write what resources share of a finding."""
        members = {name: getattr(finding, name) for name in Finding.__struct_fields__}
        for name, value in members.items():
            if not isinstance(value, _PLAIN):
                members[name] = msgspec.Raw(msgspec.json.encode(value))
        return cls(identity, finding, _Written(**members))

    def arn(self, place: Place, resource: Resource) -> str:
        """The name of the finding of a resource."""
        return finding_arn(place, resource.id, *self.identity)

    def at(self, arn: str, place: Place, resource: Resource) -> Finding:
        """The finding of a resource; its times are to be set."""
        return msgspec.structs.replace(
            self.finding, finding_arn=arn, aws_account_id=place.account, resources=[resource]
        )

    def stands(self, row: FindingRow, place: Place, resources: msgspec.Raw) -> bool:
        """Whether a stored finding says the same of a resource, so that only its times may differ.

        `resources` is that member of the finding, written. It compares bytes: equal ones say the
        same; different ones have to be read.
        """
        told = msgspec.structs.replace(
            self.written,
            finding_arn=row.arn,
            aws_account_id=place.account,
            status=row.status,
            first_observed_at=row.first_observed_at / 1000,
            last_observed_at=row.last_observed_at / 1000,
            updated_at=None if row.updated_at is None else row.updated_at / 1000,
            resources=resources,
        )
        return msgspec.json.encode(told) == row.body


class Judgement(msgspec.Struct, frozen=True):
    """Findings of a content, and which of its parts were looked at.

    `resource` is what was judged. Others that hold the same are told with each scan.
    """

    findings: tuple[Shared, ...]
    coverage: tuple[Coverage, ...]
    resource: Resource

    @classmethod
    def of(cls, assessment: Assessment) -> "Judgement":
        """What an assessment says of everything that holds the same."""
        pairs = zip(assessment.identities, assessment.findings, strict=True)
        return cls(
            findings=tuple(Shared.of(identity, finding) for identity, finding in pairs),
            coverage=assessment.coverage,
            resource=assessment.resource,
        )
