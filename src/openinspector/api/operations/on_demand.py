"""Scans of machine images on demand: begun here, done by whoever scans AWS."""

from typing import Any

from openinspector.api.call import Call, Handler
from openinspector.api.idempotency import remembered
from openinspector.api.paging import moment_and_key, page_of
from openinspector.model.refusal import Conflict, NotFound
from openinspector.monitor.machine_images import ON_DEMAND, is_in_progress, start
from openinspector.store.records import get_record, list_records

_SCANS = 100


def start_scan(call: Call) -> dict[str, Any]:
    """Begin a scan of a machine image, unless one of it is in progress."""
    account, image = call.caller.account, call.input["resourceId"]
    with call.write() as connection:

        def make() -> dict[str, Any]:
            if is_in_progress(connection, account, image):
                raise Conflict(f"{image} is being scanned.", image, "AMI")
            return {"scanId": start(connection, account, call.service.region, image, call.now)}

        return remembered(call, connection, make)


def get_scan(call: Call) -> dict[str, Any]:
    """The state of a scan."""
    key = call.input["scanId"]
    with call.service.store.read() as connection:
        body = get_record(connection, ON_DEMAND, call.caller.account, key, call.at)
    if body is None or body["resourceId"] != call.input["resourceId"]:
        raise NotFound(f"There is no scan {key} of {call.input['resourceId']}.")
    return {"scanId": key, **body}


def list_scans(call: Call) -> dict[str, Any]:
    """The scans of an image, newest first."""
    moment, _ = moment_and_key(call)
    with call.service.store.read() as connection:
        records = list_records(connection, ON_DEMAND, [call.caller.account], at=moment)
    wanted = [each for each in records if each.body["resourceId"] == call.input["resourceId"]]
    wanted.sort(key=lambda each: (-each.body["startedAt"], each.key))
    places = {each.key: f"{number:08d}" for number, each in enumerate(wanted)}
    size = call.input.get("maxResults", _SCANS)
    page, token = page_of(call, wanted, lambda each: places[each.key], size)
    return {"items": [{"scanId": each.key, **each.body} for each in page], "nextToken": token}


OPERATIONS: dict[str, Handler] = {
    "StartOnDemandScan": start_scan,
    "GetOnDemandScanStatus": get_scan,
    "ListOnDemandScans": list_scans,
}
