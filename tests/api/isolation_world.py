"""A service in memory's reach, and beside it a model of its own of who may see whom.

Everything that an account or organisation owns carries a word of its owner, which answers are
searched for.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec
import pytest
from sqlalchemy import delete, inspect

from openinspector.advisories import AdvisoryDatabase
from openinspector.advisories.starter import starter_path
from openinspector.api.call import Call, Caller, Handler, Service
from openinspector.api.operations import handlers
from openinspector.api.operations.members import take_organization
from openinspector.api.tokens import Tokens
from openinspector.model.finding import Finding, Remediation, Resource
from openinspector.model.refusal import AccessDenied, Invalid, Refusal
from openinspector.organization.directory import read_organization
from openinspector.signals.exports import FINDINGS_REPORT, SBOM_EXPORT
from openinspector.signals.exports.jobs import Kind, create_job
from openinspector.store import Store
from openinspector.store.coverage import put_coverage
from openinspector.store.findings import put_findings
from openinspector.store.schema import metadata
from tests.api.questions import Question, questions

ACCOUNTS = [str(digit) * 12 for digit in range(1, 7)]
ORGANIZATIONS = ["o-aaaaaaaaaa", "o-bbbbbbbbbb"]
START = 1_700_000_000_000
OF_ACCOUNTS = {
    "ListFindings",
    "ListFindingAggregations",
    "ListCoverage",
    "ListUsageTotals",
    "ListConnectors",
}
"""Answers that may not even name another account."""


def word(owner: str) -> str:
    """What only data of this account or organisation holds."""
    return f"secret-of-{owner[:3]}"


class Page(NamedTuple):
    """A page that was given out with a token of the next, and the moment that it shows."""

    caller: str
    question: Question
    token: str
    moment: int


class World:
    """A service, and beside it a model of who is associated with whom, now and before."""

    def __init__(self, store: Store) -> None:
        self.now = START
        self.organizations: dict[str, tuple[str, set[str]]] = {}
        self.administrators: dict[str, str] = {}
        self.members: dict[str, str] = {}
        self.past: list[tuple[int, Mapping[str, str]]] = []
        self.pages: list[Page] = []
        self.reports: list[str] = []
        self.handlers = handlers()
        self.service = Service(
            store, Tokens(b"k" * 32), "us-east-1", "aws", lambda: self.now,
            lambda: AdvisoryDatabase.open(starter_path()), 2_000,
        )  # fmt: skip
        with store.write() as connection:
            kept = inspect(connection).get_table_names()
            for table in reversed(metadata.sorted_tables):
                if table.name in kept:
                    connection.execute(delete(table))
            # Two of each, so that lists have a second page.
            for each in ACCOUNTS:
                many = [(finding_of(each, number), None) for number in (1, 2)]
                put_findings(connection, many, START)
                rows = [coverage_of(each, number) for number in (1, 2)]
                put_coverage(connection, each, rows, START)

    def call(
        self, account: str, operation: str, at: int | None = None, **asked: Any
    ) -> dict[str, Any] | None:
        """The answer; None when the call is refused."""
        try:
            return self.ask(account, operation, at, **asked)
        except Refusal:
            return None

    def ask(
        self, account: str, operation: str, at: int | None = None, **asked: Any
    ) -> dict[str, Any]:
        """The answer; raises the refusal."""
        self.past.append((self.now, dict(self.members)))
        self.now += 1
        handler: Handler = self.handlers[operation]
        return handler(Call(operation, asked, Caller(account, "AK"), self.service, self.now, at))

    def visible(self, account: str, at: int | None = None) -> set[str]:
        """Whom an account sees; of a past moment, whom it saw then and still does."""
        seen = {account} | {each for each, ruler in self.members.items() if ruler == account}
        if at is None:
            return seen
        then = next((known for moment, known in reversed(self.past) if moment <= at), {})
        return {account} | {each for each in seen if then.get(each) == account}

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
        name, mine = word(ruled[0] if ruled else account), word(account)
        any_of = {"awsAccountId": [{"comparison": "NOT_EQUALS", "value": "0" * 12}]}
        made = self.call(account, "CreateFilter", name=f"{name}-{self.now}", action="NONE",
                         filterCriteria=any_of)  # fmt: skip
        if made:
            self.call(account, "TagResource", resourceArn=made["arn"], tags={"owner": name})
        self.call(account, "UpdateEc2DeepInspectionConfiguration", packagePaths=[f"/{mine}"])
        self.call(account, "UpdateOrgEc2DeepInspectionConfiguration",
                  orgPackagePaths=[f"/{mine}"])  # fmt: skip
        self.call(account, "UpdateEncryptionKey", kmsKeyId=mine, scanType="CODE",
                  resourceType="AWS_LAMBDA_FUNCTION")  # fmt: skip
        targets = {"targetResourceTags": {"a": ["b"]}}
        for owner, accounts in ((mine, ["SELF"]), (name, ["ALL_ACCOUNTS"])):
            self.call(account, "CreateCisScanConfiguration", scanName=f"{owner}-{self.now}",
                      securityLevel="LEVEL_1", schedule={"oneTime": {}},
                      targets={**targets, "accountIds": accounts})  # fmt: skip
        self.call(account, "CreateCodeSecurityIntegration", name=f"{mine}-{self.now}",
                  type="GITHUB", tags={"owner": mine})  # fmt: skip
        for owner, level in ((mine, "ACCOUNT"), (name, "ORGANIZATION")):
            self.call(account, "CreateCodeSecurityScanConfiguration", name=f"{owner}-{self.now}",
                      level=level, configuration={"ruleSetCategories": ["SAST"]})  # fmt: skip
        self.call(account, "CreateConnector", name=f"{mine}-{self.now}", provider="AZURE",
                  providerDetail={"azure": {"awsConfigConnectorArn": mine}})  # fmt: skip
        self.call(account, "UpdateConnectorScanConfiguration", awsConfigConnectorArn=mine,
                  scanConfiguration={"owner": mine})  # fmt: skip
        self.call(account, "StartOnDemandScan", resourceId=mine, resourceType="AWS_AMI")
        for kind, form in ((FINDINGS_REPORT, "JSON"), (SBOM_EXPORT, "SPDX_2_3")):
            self.report(account, kind, form)

    def report(self, account: str, kind: Kind, form: str) -> None:
        self.now += 1
        try:
            job = create_job(
                self.service.store, kind, account, format=form, criteria=None,
                destination={"bucketName": word(account)}, accounts=lambda _: [account],
                now=self.now,
            )  # fmt: skip
        except Invalid:
            return  # The account has one in progress.
        self.reports.append(job.report_id)

    # --- reads: everything that there is to ask, also for what others own, by name ---

    def reads(self, caller: str, others: list[str], back: float | None) -> None:
        """Ask everything, of now or of a moment some part of the way back."""
        at = None if back is None else START + round((self.now - START) * back)
        for question in questions(others, self.names()):
            answer = self.call(caller, question.operation, at, **question.asked)
            if answer is not None:
                self.check(caller, question.operation, answer, at)
            self.turn(caller, question, at)
        answer = self.ask(caller, "ListFindings", at, maxResults=100)
        rows = msgspec.json.decode(msgspec.json.encode(answer["findings"]))
        assert {each["awsAccountId"] for each in rows} == self.visible(caller, at)

    def check(self, caller: str, operation: str, answer: dict[str, Any], at: int | None) -> None:
        text = msgspec.json.encode(answer).decode()
        seen = self.visible(caller, at)
        home = self.administrators_home(caller)
        for other in {*ACCOUNTS, *ORGANIZATIONS} - seen - home:
            if operation in OF_RULERS and other in self.shared_with(caller):
                continue
            assert word(other) not in text, (caller, operation, at, other, text)
        if operation in OF_ACCOUNTS:
            named = {other for other in set(ACCOUNTS) - seen if other in text}
            assert not named, (caller, operation, at, named, text)

    def administrators_home(self, caller: str) -> set[str]:
        """The organisation that an account administers."""
        return {o for o, ruler in self.administrators.items() if ruler == caller}

    def shared_with(self, caller: str) -> set[str]:
        """Whose prescriptions a member reads: its administrator's and its organisation's."""
        ruler = self.members.get(caller)
        return {ruler} | self.administrators_home(ruler) if ruler else set()

    def turn(self, caller: str, question: Question, at: int | None) -> None:
        """Take the first of many pages; nobody else can turn it."""
        asked = {**question.asked, "maxResults": 1}
        answer = self.call(caller, question.operation, at, **asked)
        token = (answer or {}).get("nextToken")
        if token is None:
            return
        moment = self.now if at is None else at
        self.pages.append(Page(caller, question._replace(asked=asked), token, moment))
        for other in ACCOUNTS:
            if other != caller:
                with pytest.raises((Invalid, AccessDenied)):
                    self.ask(other, question.operation, at, **asked, nextToken=token)

    def turn_all(self) -> None:
        """Turn every page that was taken, whatever has changed since, without naming the moment."""
        for caller, question, token, moment in self.pages:
            answer = self.call(caller, question.operation, **question.asked, nextToken=token)
            if answer is not None:
                self.check(caller, question.operation, answer, moment)

    def names(self) -> dict[str, list[str]]:
        """How everything that anybody owns is called, by the member that asks for it."""
        listed = (
            ("filterArns", "ListFilters", "filters", "arn"),
            ("cisArns", "ListCisScanConfigurations", "scanConfigurations", "scanConfigurationArn"),
            ("integrationArns", "ListCodeSecurityIntegrations", "integrations", "integrationArn"),
            ("codeArns", "ListCodeSecurityScanConfigurations", "configurations",
             "scanConfigurationArn"),
            ("connectorArns", "ListConnectors", "items", "connectorArn"),
        )  # fmt: skip
        names = {
            member: sorted({
                row[key] for each in ACCOUNTS
                for row in (self.call(each, operation) or {}).get(result, ())
            })
            for member, operation, result, key in listed
        }  # fmt: skip
        scans = [
            (row["scanId"], row["resourceId"])
            for each in ACCOUNTS
            for row in (self.call(each, "ListOnDemandScans", resourceId=word(each)) or {}).get(
                "items", ()
            )
        ]
        findings = [finding_of(each, 1).finding_arn for each in ACCOUNTS]
        words = [word(each) for each in ACCOUNTS]
        return {**names, "scans": scans, "reports": self.reports, "findings": findings,
                "words": words}  # fmt: skip


OF_RULERS = {
    "ListCodeSecurityScanConfigurations",
    "GetCodeSecurityScanConfiguration",
    "ListCodeSecurityScanConfigurationAssociations",
    "ListTagsForResource",
    "GetEc2DeepInspectionConfiguration",
}
"""Answers that show a member what its organisation prescribes."""


def coverage_of(account: str, number: int) -> dict[str, Any]:
    return {
        "accountId": account,
        "resourceId": f"i-{word(account)}-{number}",
        "resourceType": "AWS_EC2_INSTANCE",
        "scanType": "PACKAGE",
        "scanStatus": {"statusCode": "ACTIVE", "reason": "SUCCESSFUL"},
    }


def finding_of(account: str, number: int) -> Finding:
    return Finding(
        finding_arn=f"arn:aws:inspector2:us-east-1:{account}:finding/{account}{number}",
        aws_account_id=account,
        type="PACKAGE_VULNERABILITY",
        description=word(account),
        severity="HIGH",
        first_observed_at=START / 1000,
        last_observed_at=START / 1000,
        status="ACTIVE",
        remediation=Remediation(),
        resources=[Resource("AWS_EC2_INSTANCE", f"i-{word(account)}-{number}")],
        title=f"{word(account)} {number}",
    )
