"""Organizations: the service principals of Inspector, and roles that have to exist.

Moto keeps fixed lists of the services that can be delegated; Inspector is missing in them. It also
lets everybody assume every role, of which a new account has `OrganizationAccountAccessRole`.
"""

import json
from collections.abc import Mapping
from typing import Any

from moto.iam.models import iam_backends
from moto.organizations.models import FakeDelegatedAdministrator, FakeServiceAccess
from moto.utilities.utils import get_partition

from tests.emulator.access import MANAGEMENT
from tests.emulator.additions import answers
from tests.emulator.errors import AwsError
from tests.emulator.wire import Call, Output

PRINCIPALS = ("inspector2.amazonaws.com", "agentless.inspector2.amazonaws.com")

for _listed in (FakeServiceAccess.TRUSTED_SERVICES, FakeDelegatedAdministrator.SUPPORTED_SERVICES):
    _listed.extend(each for each in PRINCIPALS if each not in _listed)


def enrol(account: str, role: str = "OpenInspector", external_id: str | None = None) -> None:
    """Make the role by which the management account enters another one; an old one goes."""
    statement: dict[str, Any] = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{MANAGEMENT}:root"},
        "Action": "sts:AssumeRole",
    }
    if external_id:
        statement["Condition"] = {"StringEquals": {"sts:ExternalId": external_id}}
    backend = iam_backends[account]["aws"]
    if any(each.name == role for each in backend.roles.values()):
        backend.delete_role(role)
    backend.create_role(
        role_name=role,
        assume_role_policy_document=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
        path="/",
        permissions_boundary=None,
        description="",
        tags=[],
        max_session_duration="3600",
    )


@answers("sts", "AssumeRole")
def assume_role(call: Call) -> Output:
    """Moto's answer, if the role is there and trusts the caller (with this external id)."""
    arn = str(call.parameters["RoleArn"])
    account, name = arn.split(":")[4], arn.rpartition("/")[2]
    roles = iam_backends[account][get_partition(call.region)].roles.values()
    role = next((each for each in roles if each.name == name and each.arn == arn), None)
    if role is None or not _trusts(role.assume_role_policy_document, call):
        raise AwsError(
            "AccessDenied",
            f"User: arn:aws:iam::{call.account}:root is not authorized to perform: sts:AssumeRole"
            f" on resource: {arn}",
            403,
        )
    return call.moto()


def _trusts(policy: str, call: Call) -> bool:
    """Whether a trust policy lets the caller's account in."""
    return any(
        each["Effect"] == "Allow"
        and "sts:AssumeRole" in _many(each.get("Action"))
        and _is_named(each.get("Principal", {}), call.account)
        and _has_external_id(each.get("Condition", {}), call.parameters.get("ExternalId"))
        for each in _many(json.loads(policy)["Statement"])
    )


def _is_named(principal: Any, account: str) -> bool:
    named = _many(principal if isinstance(principal, str) else principal.get("AWS"))
    return any(each in ("*", account) or f"::{account}:" in each for each in named)


def _has_external_id(condition: Mapping[str, Any], given: str | None) -> bool:
    wanted = _many(condition.get("StringEquals", {}).get("sts:ExternalId"))
    return not wanted or given in wanted


def _many(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]
