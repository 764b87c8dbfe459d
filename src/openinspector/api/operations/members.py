"""Members of an organisation (spec/accounts.md 2.2, 2.3)."""

from typing import Any

from sqlalchemy import Connection

from openinspector.api.call import Call, Handler
from openinspector.api.paging import moment_and_key, page_of, then
from openinspector.ledger.suppression import reapply, rules_for
from openinspector.model.refusal import AccessDenied, Invalid, NotFound, QuotaExceeded
from openinspector.organization.accounts import TYPES, enable
from openinspector.organization.directory import (
    Organization,
    dissociate,
    enforced_types,
    import_organization,
    organization_of,
)
from openinspector.organization.joining import AUTO_ENABLE, MOST_MEMBERS, count_members, join
from openinspector.organization.scope import (
    MEMBERSHIP,
    administrator_of,
    owner_of,
    ruler_of,
)
from openinspector.store.records import get_record, list_records, put_record

_PAGE = 50


def associate_member(call: Call) -> dict[str, Any]:
    """Make an account of the organisation a member."""
    account = call.input["accountId"]
    with call.write() as connection:
        organization = _administered(connection, call)
        if account not in organization.accounts or account == call.caller.account:
            message = f"{account} is not another account of the organisation {organization.id}."
            raise Invalid(message, [("accountId", message)])
        if count_members(connection, call.caller.account) >= MOST_MEMBERS:
            raise QuotaExceeded(f"At most {MOST_MEMBERS} members.", call.caller.account)
        join(connection, account, call.now)
        govern_anew(connection, account, call.now)
    return {"accountId": account}


def disassociate_member(call: Call) -> dict[str, Any]:
    """Let a member go; it becomes standalone and keeps scanning."""
    account = call.input["accountId"]
    with call.write() as connection:
        _administered(connection, call)
        if administrator_of(connection, account) != call.caller.account:
            message = f"{account} is not a member."
            raise Invalid(message, [("accountId", message)])
        if enforced_types(connection, account):
            message = f"{account} is under a policy of the organisation, to be detached first."
            raise Invalid(message, [("accountId", message)])
        dissociate(connection, account, "REMOVED", call.now)
        govern_anew(connection, account, call.now)
    return {"accountId": account}


def get_member(call: Call) -> dict[str, Any]:
    """One member, present or former."""
    account = call.input["accountId"]
    with call.service.store.read() as connection:
        organization = _administered(connection, call, call.at)
        body = get_record(connection, MEMBERSHIP, call.caller.account, account, call.at)
    if body is None:
        raise NotFound(f"{account} is not a member.")
    return {"member": _member(call, organization, account, body)}


def list_members(call: Call) -> dict[str, Any]:
    """Members; with onlyAssociated false also former ones and all other accounts known."""
    moment, _ = moment_and_key(call)
    with call.service.store.read() as connection:
        organization = _administered(connection, call, then(call, moment))
        known = {
            record.key: record.body
            for record in list_records(connection, MEMBERSHIP, [call.caller.account], at=moment)
        }
    if call.input.get("onlyAssociated", True):
        known = {a: body for a, body in known.items() if body["relationshipStatus"] == "ENABLED"}
    else:
        others = set(organization.accounts) - set(known) - {call.caller.account}
        known |= {account: {"relationshipStatus": "CREATED"} for account in others}
    size = call.input.get("maxResults", _PAGE)
    page, token = page_of(call, sorted(known.items()), lambda row: row[0], size)
    members = [_member(call, organization, account, body) for account, body in page]
    return {"members": members, "nextToken": token}


def describe_organization_configuration(call: Call) -> dict[str, Any]:
    """What is switched on in accounts that join."""
    with call.service.store.read() as connection:
        organization = _administered(connection, call, call.at)
        body = get_record(connection, AUTO_ENABLE, organization.id, "types", call.at)
        count = count_members(connection, call.caller.account, call.at)
    return {
        "autoEnable": body or dict.fromkeys(TYPES.values(), False),
        "maxAccountLimitReached": count >= MOST_MEMBERS,
    }


def update_organization_configuration(call: Call) -> dict[str, Any]:
    """Choose what is switched on in accounts that join."""
    wanted = {**dict.fromkeys(TYPES.values(), False), **call.input["autoEnable"]}
    if wanted["lambdaCode"] and not wanted["lambda"]:
        message = "lambdaCode needs lambda."
        raise Invalid(message, [("autoEnable.lambdaCode", message)])
    with call.write() as connection:
        organization = _administered(connection, call)
        put_record(connection, AUTO_ENABLE, organization.id, "types", wanted, call.now)
    return {"autoEnable": wanted}


def _member(
    call: Call, organization: Organization, account: str, body: dict[str, Any]
) -> dict[str, Any]:
    known = organization.accounts.get(account)
    if known is not None and known.status == "SUSPENDED":
        body = {**body, "relationshipStatus": "ACCOUNT_SUSPENDED"}
    return {"accountId": account, "delegatedAdminAccountId": call.caller.account, **body}


def _administered(connection: Connection, call: Call, at: int | None = None) -> Organization:
    """The organisation that the caller administers; of a past moment, that it did then and does.

    Raises `AccessDenied` when there is none.
    """
    organization = organization_of(connection, call.caller.account, at)
    if organization is None or owner_of(connection, call.caller.account, at) != organization.id:
        raise AccessDenied("Only the delegated administrator of an organisation may do this.")
    return organization


def take_organization(connection: Connection, organization: Organization, now: int) -> None:
    """Take over what an organisation is now: who joins is switched on and ruled as others are."""
    governed = {account: ruler_of(connection, account) for account in organization.accounts}
    for account in import_organization(connection, organization, now):
        join(connection, account, now)
    for account, known in organization.accounts.items():
        if known.enforced:
            enable(connection, account, known.enforced, now)
    for account, former in governed.items():
        if ruler_of(connection, account) != former:
            govern_anew(connection, account, now)


def govern_anew(connection: Connection, account: str, now: int) -> None:
    """Another owner's rules govern the account now: bring its findings in line."""
    reapply(connection, [account], rules_for(connection, ruler_of(connection, account), now), now)


OPERATIONS: dict[str, Handler] = {
    "AssociateMember": associate_member,
    "DisassociateMember": disassociate_member,
    "GetMember": get_member,
    "ListMembers": list_members,
    "DescribeOrganizationConfiguration": describe_organization_configuration,
    "UpdateOrganizationConfiguration": update_organization_configuration,
}
