"""ListUsageTotals and BatchGetFreeTrialInfo (spec/usage-and-cost.md)."""

from typing import Any

from openinspector.api.call import Call, Handler
from openinspector.api.paging import moment_and_key, page_of, then
from openinspector.organization.accounts import TRIAL_SECONDS, trials
from openinspector.organization.scope import visible_accounts
from openinspector.organization.usage import usage

_PAGE = 500


def list_usage_totals(call: Call) -> dict[str, Any]:
    """Usage of the last thirty days, by account."""
    moment, _ = moment_and_key(call)
    with call.service.store.read() as connection:
        visible = visible_accounts(connection, call.caller.account, then(call, moment))
        asked = call.input.get("accountIds")
        accounts = sorted(set(visible) & set(asked) if asked else visible)
        page, token = page_of(call, accounts, str, call.input.get("maxResults", _PAGE))
        used = usage(connection, page, moment)
    totals = [{"accountId": account, "usage": used[account]} for account in page]
    return {"totals": totals, "nextToken": token}


def batch_get_free_trial_info(call: Call) -> dict[str, Any]:
    """The trials of scan types that were ever switched on."""
    done: list[dict[str, Any]] = []
    failed: list[dict[str, Any]] = []
    moment = call.now if call.at is None else call.at
    with call.service.store.read() as connection:
        visible = set(visible_accounts(connection, call.caller.account, call.at))
        for account in dict.fromkeys(call.input["accountIds"]):
            if account not in visible:
                message = "The calling account has no access to this account."
                failed.append({"accountId": account, "code": "ACCESS_DENIED", "message": message})
                continue
            started = trials(connection, account, call.at)
            info = [_trial(kind, start, moment / 1000) for kind, start in started.items()]
            done.append({"accountId": account, "freeTrialInfo": info})
    return {"accounts": done, "failedAccounts": failed}


def _trial(kind: str, start: float, now: float) -> dict[str, Any]:
    end = start + TRIAL_SECONDS
    status = "ACTIVE" if start <= now < end else "INACTIVE"
    return {"type": kind, "start": start, "end": end, "status": status}


OPERATIONS: dict[str, Handler] = {
    "ListUsageTotals": list_usage_totals,
    "BatchGetFreeTrialInfo": batch_get_free_trial_info,
}
