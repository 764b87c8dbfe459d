"""Beyond the models: what to do first, over everything that the caller may see."""

from collections.abc import Iterator
from functools import partial
from typing import Any

import msgspec
from sqlalchemy import Connection

from openinspector.api.call import Call, Handler
from openinspector.api.knowledge import open_knowledge
from openinspector.ledger.order import order_of
from openinspector.ledger.query import find
from openinspector.model.finding import Finding
from openinspector.model.refusal import Invalid
from openinspector.organization.scope import visible_accounts
from openinspector.reports.base_images import base_of
from openinspector.reports.plan import Base, make_plan
from openinspector.reports.sufficient import sufficient
from openinspector.store.packages import get_inventory, inventory_of

PLAN_PATH = "/openinspector/plan"
_PAGE = 1_000
_MOST = 1_000
_ACTIVE = {"findingStatus": [{"comparison": "EQUALS", "value": "ACTIVE"}]}


class _Asked(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    account_ids: list[str] = []
    top: int = 20


def get_plan(call: Call) -> dict[str, Any]:
    """The actions that remove most risk, of all accounts that the caller sees or of some of them.

    Accounts that it may not see have no findings for it.
    """
    asked = _read(call.input["body"])
    moment = call.settled() if call.at is None else call.at
    with call.service.store.read() as connection:
        accounts = visible_accounts(connection, call.caller.account, call.at)
        if asked.account_ids:
            accounts = tuple(each for each in accounts if each in asked.account_ids)
        findings = list(_active(connection, accounts, moment)) if accounts else []
        bases = dict(_bases(connection, findings, call.at))
    with open_knowledge(call) as knowledge:
        plan = make_plan(findings, asked.top, bases, partial(sufficient, knowledge))
    answer: dict[str, Any] = msgspec.to_builtins(plan)
    return answer


def _read(body: bytes) -> _Asked:
    try:
        asked = msgspec.json.decode(body or b"{}", type=_Asked)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Invalid(f"The body cannot be read: {error}", reason="CANNOT_PARSE") from error
    if not 0 < asked.top <= _MOST:
        message = f"is a number from 1 to {_MOST}"
        raise Invalid(f"top {message}", [("top", message)])
    return asked


def _active(connection: Connection, accounts: tuple[str, ...], moment: int) -> Iterator[Finding]:
    after = None
    while True:
        page = find(connection, accounts, _ACTIVE, order_of(None), _PAGE, after, moment)
        for body in page.bodies:
            yield msgspec.json.decode(body, type=Finding)
        after = page.position
        if after is None:
            return


def _bases(
    connection: Connection, findings: list[Finding], at: int | None
) -> Iterator[tuple[str, Base]]:
    """The base images of the images among the findings' resources."""
    images = {
        (each.aws_account_id, resource.id)
        for each in findings
        for resource in each.resources
        if resource.type == "AWS_ECR_CONTAINER_IMAGE"
    }
    known: dict[str, Base | None] = {}
    for account, resource in sorted(images):
        digest = inventory_of(connection, account, resource, at)
        if digest is None:
            continue
        if digest not in known:
            inventory = get_inventory(connection, digest)
            image = inventory.target.image if inventory else None
            known[digest] = base_of(image) if image else None
        base = known[digest]
        if base is not None:
            yield resource, base


EXTENSIONS: dict[tuple[str, str], tuple[str, Handler]] = {
    ("POST", PLAN_PATH): ("GetPlan", get_plan)
}
