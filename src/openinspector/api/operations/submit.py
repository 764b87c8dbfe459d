"""Beyond the models: scans that pipelines and hosts outside AWS hand in, and what goes away."""

from datetime import UTC, datetime
from typing import Any

import msgspec

from openinspector.api.call import Call, Handler
from openinspector.api.knowledge import open_knowledge
from openinspector.assess import Options, Place, assess
from openinspector.ledger.hosts import forget_reports, note_report
from openinspector.ledger.record import close_resource, record_scan
from openinspector.ledger.suppression import rules_for
from openinspector.model import Gap, Inventory
from openinspector.model.refusal import Invalid, NotFound
from openinspector.organization.scope import ruler_of
from openinspector.store.packages import inventory_of

SUBMIT_PATH = "/openinspector/resources/submit"
REMOVE_PATH = "/openinspector/resources/remove"
MOST_PACKAGES = 200_000
_MOST_TEXT = 4_096

_STARTER = (
    "only the embedded starter set of well-known vulnerabilities was used, so most are not looked"
    " for; `openinspector db update` fetches all advisories"
)


def submit(call: Call) -> dict[str, Any]:
    """Judge an inventory and record it as a resource of the caller's account.

    All of it is one transaction: a submission is recorded whole, or not at all.
    """
    inventory = read_inventory(call.input["body"])
    now = datetime.fromtimestamp(call.now / 1000, UTC)
    place = Place(call.caller.account, call.service.region, call.service.partition)
    with open_knowledge(call) as knowledge:
        gaps = (Gap("advisories", _STARTER),) if knowledge.starter else ()
        assessment = assess(inventory, knowledge, Options(place=place, gaps=gaps), now)
    with call.write() as connection:
        owner = ruler_of(connection, call.caller.account)
        recorded = record_scan(
            connection,
            call.caller.account,
            assessment,
            inventory,
            rules_for(connection, owner, call.now),
            call.now,
        )
        if inventory.target.kind == "host":
            note_report(connection, call.caller.account, recorded.resource_id, call.now)
    answer: dict[str, Any] = msgspec.to_builtins(recorded)
    return answer


def remove(call: Call) -> dict[str, Any]:
    """Say that a resource is gone: its findings close."""
    try:
        asked = msgspec.json.decode(call.input["body"], type=_Removal)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Invalid(f"The body cannot be read: {error}", reason="CANNOT_PARSE") from error
    with call.write() as connection:
        if inventory_of(connection, call.caller.account, asked.resource_id) is None:
            raise NotFound(f"There is no resource {asked.resource_id[:256]} in this account.")
        closed = close_resource(connection, call.caller.account, asked.resource_id, call.now)
        forget_reports(connection, call.caller.account, asked.resource_id, call.now)
    return {"resourceId": asked.resource_id, "closed": closed}


class _Removal(msgspec.Struct, rename="camel"):
    resource_id: str


def read_inventory(body: bytes) -> Inventory:
    """An inventory as it was sent. Raises `Invalid` naming what cannot be used."""
    try:
        inventory = msgspec.json.decode(body, type=Inventory)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Invalid(f"The inventory cannot be read: {error}", reason="CANNOT_PARSE") from error
    name = inventory.target.name
    if not name.strip() or len(name) > _MOST_TEXT or "\0" in name:
        message = f"a resource's name has 1 to {_MOST_TEXT} characters, and no zero byte"
        raise Invalid(f"target.name: {message}", [("target.name", message)])
    if len(inventory.packages) > MOST_PACKAGES:
        raise Invalid(f"An inventory has at most {MOST_PACKAGES} packages.")
    for number, package in enumerate(inventory.packages):
        texts = (package.ecosystem, package.name, package.version, package.source_version or "")
        if any(len(text) > _MOST_TEXT or "\0" in text for text in texts):
            name = f"packages[{number}]"
            raise Invalid(
                f"{name}: a name or version has over {_MOST_TEXT} characters, or a zero byte",
                [(name, "is too long, or has a zero byte")],
            )
    return inventory


EXTENSIONS: dict[tuple[str, str], tuple[str, Handler]] = {
    ("POST", SUBMIT_PATH): ("SubmitResource", submit),
    ("POST", REMOVE_PATH): ("RemoveResource", remove),
}
