"""No answer ever holds what belongs to an account that the caller may not see.

Organisations, members and calls are random; who may see whom is decided here by a model of its
own. Everything that an account owns carries a word of that account, which answers are searched for.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from openinspector.api.call import Call, Caller, Handler, Service
from openinspector.api.operations import handlers
from openinspector.api.operations.members import take_organization
from openinspector.api.tokens import Tokens
from openinspector.model.finding import Finding, Remediation, Resource
from openinspector.model.refusal import Refusal
from openinspector.organization.directory import read_organization
from openinspector.store import open_store
from openinspector.store.findings import put_findings

ACCOUNTS = [str(digit) * 12 for digit in range(1, 7)]
ORGANIZATIONS = ["o-aaaaaaaaaa", "o-bbbbbbbbbb"]
START = 1_700_000_000_000


def word(owner: str) -> str:
    """What only data of this account or organisation holds."""
    return f"secret-of-{owner[:3]}"


class World:
    """A service, and beside it a model of who is associated with whom."""

    def __init__(self, folder: Path) -> None:
        self.now = START
        self.organizations: dict[str, tuple[str, set[str]]] = {}
        self.administrators: dict[str, str] = {}
        self.members: dict[str, str] = {}
        self.handlers = handlers()
        self.service = Service(
            open_store(folder), Tokens(b"k" * 32), "us-east-1", "aws",
            lambda: self.now, no_knowledge,
        )  # fmt: skip
        with self.service.store.write() as connection:
            put_findings(connection, [(finding_of(each), None) for each in ACCOUNTS], START)

    def call(self, account: str, operation: str, **asked: Any) -> dict[str, Any] | None:
        """The answer; None when the call is refused."""
        self.now += 1
        handler: Handler = self.handlers[operation]
        caller = Caller(account, "AK")
        try:
            return handler(Call(operation, asked, caller, self.service, self.now))
        except Refusal:
            return None

    def visible(self, account: str) -> set[str]:
        return {account} | {each for each, ruler in self.members.items() if ruler == account}

    # --- steps, each with what it means for the model ---

    def take(self, identity: str, accounts: list[str], administrator: str | None) -> None:
        self.now += 1
        document = {
            "organization": identity,
            "management_account": accounts[0],
            "delegated_administrator": administrator,
            "accounts": [{"id": each} for each in accounts],
        }
        with self.service.store.write() as connection:
            take_organization(connection, read_organization(document, "file"), self.now)
        _, before = self.organizations.get(identity, ("", set()))
        for account in before - set(accounts):
            self.leave(identity, account)
        for other, (_, known) in list(self.organizations.items()):
            if other != identity:
                for account in known & set(accounts):
                    self.leave(other, account)
        self.organizations[identity] = accounts[0], set(accounts)
        present = self.administrators.get(identity)
        if administrator is not None:
            joined = set(accounts) - (before if present == administrator else set())
            if present != administrator:
                self.appoint(identity, administrator)
            self.members.update(dict.fromkeys(joined - {administrator}, administrator))

    def leave(self, identity: str, account: str) -> None:
        self.organizations[identity][1].discard(account)
        self.members.pop(account, None)
        if self.administrators.get(identity) == account:
            self.dismiss(identity)

    def appoint(self, identity: str, account: str) -> None:
        self.dismiss(identity)
        self.administrators[identity] = account
        self.members.pop(account, None)

    def dismiss(self, identity: str) -> None:
        former = self.administrators.pop(identity, None)
        self.members = {each: ruler for each, ruler in self.members.items() if ruler != former}

    def of(self, account: str) -> str | None:
        return next((o for o, (_, known) in self.organizations.items() if account in known), None)

    def delegate(self, caller: str, account: str) -> None:
        answer = self.call(caller, "EnableDelegatedAdminAccount", delegatedAdminAccountId=account)
        identity = self.of(caller)
        may = (
            identity is not None
            and self.organizations[identity][0] == caller
            and account in self.organizations[identity][1]
            and self.administrators.get(identity) in (None, account)
        )
        assert (answer is not None) == may
        if identity is not None and may and self.administrators.get(identity) is None:
            self.appoint(identity, account)

    def undelegate(self, caller: str, account: str) -> None:
        answer = self.call(caller, "DisableDelegatedAdminAccount", delegatedAdminAccountId=account)
        identity = self.of(caller)
        may = (
            identity is not None
            and self.organizations[identity][0] == caller
            and self.administrators.get(identity) == account
        )
        assert (answer is not None) == may
        if identity is not None and may:
            self.dismiss(identity)

    def associate(self, caller: str, account: str) -> None:
        answer = self.call(caller, "AssociateMember", accountId=account)
        identity = self.of(caller)
        may = (
            identity is not None
            and self.administrators.get(identity) == caller
            and account in self.organizations[identity][1] - {caller}
        )
        assert (answer is not None) == may
        if may:
            self.members[account] = caller

    def disassociate(self, caller: str, account: str) -> None:
        answer = self.call(caller, "DisassociateMember", accountId=account)
        may = self.members.get(account) == caller
        assert (answer is not None) == may
        if may:
            del self.members[account]

    def enable(self, caller: str, account: str) -> None:
        answer = self.call(caller, "Enable", resourceTypes=["EC2"], accountIds=[account])
        assert answer is not None
        may = account in self.visible(caller)
        assert bool(answer["accounts"]) == may
        ruler = self.administrators.get(self.of(account) or "")
        if may and ruler is not None and ruler != account:
            self.members[account] = ruler

    def own(self, account: str) -> None:
        """Let an account own something of each kind that it may; each holds its word."""
        ruled = [o for o, ruler in self.administrators.items() if ruler == account]
        name, path = word(ruled[0] if ruled else account), f"/{word(account)}"
        any_of = {"awsAccountId": [{"comparison": "NOT_EQUALS", "value": "0" * 12}]}
        made = self.call(account, "CreateFilter", name=f"{name}-{self.now}", action="NONE",
                         filterCriteria=any_of)  # fmt: skip
        if made:
            self.call(account, "TagResource", resourceArn=made["arn"], tags={"owner": name})
        self.call(account, "UpdateEc2DeepInspectionConfiguration", packagePaths=[path])
        self.call(account, "UpdateEncryptionKey", kmsKeyId=word(account), scanType="CODE",
                  resourceType="AWS_LAMBDA_FUNCTION")  # fmt: skip

    def reads(self, caller: str, others: list[str]) -> None:
        """Ask everything that there is to ask, also for accounts by name."""
        seen = self.visible(caller)
        filters = [arn for each in ACCOUNTS for arn in self.filters_of(each)]
        for operation, asked in questions(others, filters):
            answer = self.call(caller, operation, **asked)
            if answer is None:
                continue
            text = msgspec.json.encode(answer).decode()
            ruled = {o for o, ruler in self.administrators.items() if ruler == caller}
            for other in {*ACCOUNTS, *ORGANIZATIONS} - seen - ruled:
                assert word(other) not in text, (caller, operation, other, text)
            if operation in OF_ACCOUNTS:
                named = {other for other in set(ACCOUNTS) - seen if other in text}
                assert not named, (caller, operation, named, text)
        findings = self.call(caller, "ListFindings", maxResults=100)
        assert findings is not None
        rows = msgspec.json.decode(msgspec.json.encode(findings["findings"]))
        assert {each["awsAccountId"] for each in rows} == seen

    def filters_of(self, account: str) -> list[str]:
        answer = self.call(account, "ListFilters") or {"filters": []}
        return [each["arn"] for each in answer["filters"]]


OF_ACCOUNTS = {"ListFindings", "ListFindingAggregations", "ListCoverage", "ListUsageTotals"}
"""Answers that may not even name another account."""


def questions(others: list[str], filters: list[str]) -> list[tuple[str, dict[str, Any]]]:
    named = {"awsAccountId": [{"comparison": "EQUALS", "value": each} for each in others]}
    return [
        ("ListFindings", {}),
        ("ListFindings", {"filterCriteria": named}),
        ("ListFindingAggregations", {"aggregationType": "ACCOUNT", "accountIds": [
            {"comparison": "EQUALS", "value": each} for each in others]}),
        ("ListFindingAggregations", {"aggregationType": "TITLE"}),
        ("ListCoverage", {}),
        ("ListUsageTotals", {"accountIds": others}),
        ("ListUsageTotals", {}),
        ("ListFilters", {"arns": filters}),
        ("ListFilters", {}),
        *(("ListTagsForResource", {"resourceArn": each}) for each in filters[:6]),
        *(("GetConfiguration", {"accountId": each}) for each in others),
        ("GetEc2DeepInspectionConfiguration", {}),
        ("BatchGetMemberEc2DeepInspectionStatus", {"accountIds": others}),
        ("BatchGetAccountStatus", {"accountIds": others}),
        ("BatchGetFreeTrialInfo", {"accountIds": others}),
        ("GetEncryptionKey", {"scanType": "CODE", "resourceType": "AWS_LAMBDA_FUNCTION"}),
        ("ListMembers", {"onlyAssociated": False}),
        *(("GetMember", {"accountId": each}) for each in others),
        ("GetDelegatedAdminAccount", {}),
        ("ListDelegatedAdminAccounts", {}),
        ("ListCisScanConfigurations", {}),
        ("ListFindings", {"filterCriteria": {"title": [
            {"comparison": "PREFIX", "value": "secret"}]}}),
    ]  # fmt: skip


def no_knowledge() -> Any:
    raise AssertionError("no advisories are needed")


def finding_of(account: str) -> Finding:
    return Finding(
        finding_arn=f"arn:aws:inspector2:us-east-1:{account}:finding/{account}",
        aws_account_id=account,
        type="PACKAGE_VULNERABILITY",
        description=word(account),
        severity="HIGH",
        first_observed_at=START / 1000,
        last_observed_at=START / 1000,
        status="ACTIVE",
        remediation=Remediation(),
        resources=[Resource("AWS_EC2_INSTANCE", f"i-{word(account)}")],
        title=word(account),
    )


account = st.sampled_from(ACCOUNTS)
organization = st.tuples(
    st.sampled_from(ORGANIZATIONS), st.lists(account, min_size=2, max_size=5, unique=True)
).flatmap(lambda o: st.tuples(st.just("take"), *map(st.just, o), st.sampled_from([None, *o[1]])))
pair = st.sampled_from(["delegate", "undelegate", "associate", "disassociate", "enable"])
step: st.SearchStrategy[tuple[Any, ...]] = st.one_of(
    organization,
    st.tuples(pair, account, account),
    st.tuples(st.just("own"), account),
    st.tuples(st.just("reads"), account, st.lists(account, min_size=1, max_size=4, unique=True)),
)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(st.lists(step, min_size=4, max_size=14))
def test_no_answer_holds_what_others_own(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[Any, ...]]
) -> None:
    world = World(tmp_path_factory.mktemp("isolation"))
    try:
        for name, *arguments in steps:
            method: Callable[..., None] = getattr(world, name)
            method(*arguments)
        for each in ACCOUNTS:
            world.reads(each, ACCOUNTS)
    finally:
        world.service.store.close()
