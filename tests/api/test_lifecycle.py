"""What integrators stumbled over, and the rules of organisations, through the API."""

import json
import os
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.api.conftest import (
    ADMINISTRATOR,
    MANAGEMENT,
    MEMBER,
    OTHER_MEMBER,
    PROGRAM,
    SBOM,
    STANDALONE,
    Server,
    new_key,
    openinspector,
)
from tests.api.test_gateway import send

FRESH = "888888888888"
CREATE = json.dumps({"action": "NONE", "name": "x", "filterCriteria": {}})


@pytest.fixture
def account(server: Server) -> str:
    """An account of its own, with nothing in it."""
    if FRESH not in server.keys:
        server.keys[FRESH] = new_key(server.folder, FRESH)
    server.client(FRESH).disable()
    return FRESH


def submit(server: Server, account: str, folder: Path, names: set[str]) -> None:
    """Scan an SBOM of some of the packages into an account."""
    components = [each for each in SBOM["components"] if each["name"] in names]
    file = folder / "app.json"
    file.write_text(json.dumps({**SBOM, "components": components}))
    openinspector(
        *("scan", "sbom", file, "--db", "starter", "--quiet", "--submit", server.address),
        **server.environment(account),
    )


def by_arn(client: Any) -> dict[str, Any]:
    pages = client.get_paginator("list_findings").paginate(PaginationConfig={"PageSize": 1})
    return {each["findingArn"]: each for page in pages for each in page["findings"]}


def test_the_life_of_a_finding(server: Server, account: str, tmp_path: Path) -> None:
    client = server.client(account)
    submit(server, account, tmp_path, {"lodash", "minimist"})
    first = by_arn(client)
    assert first
    assert all(each["status"] == "ACTIVE" for each in first.values())
    submit(server, account, tmp_path, {"lodash", "minimist"})
    assert by_arn(client) == first, "a scan that changes nothing moves nothing"
    submit(server, account, tmp_path, {"lodash"})
    second = by_arn(client)
    closed = {arn for arn, each in second.items() if each["status"] == "CLOSED"}
    assert closed
    for arn in closed:
        assert second[arn]["updatedAt"] > first[arn]["updatedAt"]
        assert second[arn]["lastObservedAt"] == first[arn]["lastObservedAt"]
    submit(server, account, tmp_path, {"lodash", "minimist"})
    third = by_arn(client)
    for arn in closed:
        assert third[arn]["status"] == "ACTIVE"
        assert third[arn]["firstObservedAt"] == first[arn]["firstObservedAt"]


def test_rules_hide_and_show(server: Server, account: str, tmp_path: Path) -> None:
    client = server.client(account)
    submit(server, account, tmp_path, {"lodash", "minimist"})
    criteria = {"vulnerablePackages": [{"name": {"comparison": "EQUALS", "value": "lodash"}}]}
    arn = client.create_filter(name="r", action="SUPPRESS", filterCriteria=criteria)["arn"]
    hidden = {each["status"] for each in by_arn(client).values() if "lodash" in each["title"]}
    shown = {each["status"] for each in by_arn(client).values() if "minimist" in each["title"]}
    assert (hidden, shown) == ({"SUPPRESSED"}, {"ACTIVE"})
    client.tag_resource(resourceArn=arn, tags={"openinspector:expires": "2020-01-01"})
    assert {each["status"] for each in by_arn(client).values()} == {"ACTIVE"}
    client.untag_resource(resourceArn=arn, tagKeys=["openinspector:expires"])
    assert "SUPPRESSED" in {each["status"] for each in by_arn(client).values()}
    client.delete_filter(arn=arn)
    assert {each["status"] for each in by_arn(client).values()} == {"ACTIVE"}


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"name": "x", "action": "SUPPRESS", "filterCriteria": {}}, "ValidationException"),
        ({"name": "a b", "action": "NONE", "filterCriteria": {}}, "ValidationException"),
        (
            {"name": "t", "action": "NONE", "filterCriteria": {}, "tags": {"aws:x": "y"}},
            "BadRequestException",
        ),
    ],
)
def test_filters_that_are_refused(
    server: Server, account: str, arguments: dict[str, Any], code: str
) -> None:
    with pytest.raises(ClientError) as refused:
        server.client(account).create_filter(**arguments)
    assert refused.value.response["Error"]["Code"] == code


def test_disabling_everything_removes_everything(
    server: Server, account: str, tmp_path: Path
) -> None:
    client = server.client(account)
    client.enable(resourceTypes=["EC2", "ECR"])
    submit(server, account, tmp_path, {"lodash"})
    client.create_filter(name="n", action="NONE", filterCriteria={})
    client.disable()
    assert by_arn(client) == {}
    assert client.list_filters()["filters"] == []
    assert client.list_coverage()["coveredResources"] == []


def test_disabling_one_scan_type_hides_what_was_handed_in_for_it(
    server: Server, account: str, tmp_path: Path
) -> None:
    client = server.client(account)
    client.enable(resourceTypes=["CODE_REPOSITORY", "ECR"])
    submit(server, account, tmp_path, {"lodash"})
    name = client.create_filter(name="kept", action="NONE", filterCriteria={})["arn"]
    client.create_code_security_integration(name="gone", type="GITHUB")
    client.disable(resourceTypes=["ECR"])
    before = by_arn(client)
    assert {each["resources"][0]["type"] for each in before.values()} == {"CODE_REPOSITORY"}
    client.enable(resourceTypes=["ECR"])
    client.disable(resourceTypes=["CODE_REPOSITORY"])
    assert by_arn(client) == {}
    assert client.list_coverage()["coveredResources"] == []
    assert client.list_code_security_integrations()["integrations"] == []
    assert [each["arn"] for each in client.list_filters()["filters"]] == [name]
    submit(server, account, tmp_path, {"lodash"})
    assert by_arn(client).keys() == before.keys()


def test_who_sees_what(server: Server) -> None:
    def accounts(caller: str) -> set[str]:
        return {each["awsAccountId"] for each in by_arn(server.client(caller)).values()}

    assert accounts(ADMINISTRATOR) == {MEMBER}
    assert accounts(MEMBER) == {MEMBER}
    assert accounts(OTHER_MEMBER) == set()
    assert accounts(MANAGEMENT) == set()
    assert STANDALONE in accounts(STANDALONE)


def test_members_may_not_and_administrators_may(server: Server) -> None:
    member, administrator = server.client(MEMBER), server.client(ADMINISTRATOR)
    for refused in (
        lambda: member.create_filter(name="m", action="NONE", filterCriteria={}),
        lambda: member.list_members(),
        lambda: member.update_configuration(ec2Configuration={"scanMode": "EC2_HYBRID"}),
        lambda: administrator.enable_delegated_admin_account(delegatedAdminAccountId=MEMBER),
        lambda: administrator.get_configuration(accountId=STANDALONE),
    ):
        with pytest.raises(ClientError, match="AccessDenied"):
            refused()
    failed = member.disable()["failedAccounts"]
    assert [each["errorCode"] for each in failed] == ["ACCESS_DENIED"]
    failed = administrator.enable(resourceTypes=["EC2"], accountIds=[STANDALONE])["failedAccounts"]
    assert [each["accountId"] for each in failed] == [STANDALONE]


def test_an_administrators_rule_governs_its_members(server: Server) -> None:
    administrator, member = server.client(ADMINISTRATOR), server.client(MEMBER)
    criteria = {"awsAccountId": [{"comparison": "EQUALS", "value": MEMBER}]}
    arn = administrator.create_filter(name="all", action="SUPPRESS", filterCriteria=criteria)["arn"]
    assert ":owner/o-exampleorg1/filter/" in arn
    assert {each["status"] for each in by_arn(member).values()} == {"SUPPRESSED"}
    administrator.disassociate_member(accountId=MEMBER)
    assert {each["status"] for each in by_arn(member).values()} == {"ACTIVE"}
    assert by_arn(administrator) == {}
    administrator.associate_member(accountId=MEMBER)
    assert {each["status"] for each in by_arn(member).values()} == {"SUPPRESSED"}
    administrator.delete_filter(arn=arn)
    assert {each["status"] for each in by_arn(member).values()} == {"ACTIVE"}


def test_every_scan_is_metered(server: Server, account: str, tmp_path: Path) -> None:
    client = server.client(account)

    def scans() -> float:
        (row,) = client.list_usage_totals()["totals"]
        return sum(each["total"] for each in row["usage"] if each["type"] == "CODE_REPOSITORY_SCA")

    before = scans()
    submit(server, account, tmp_path, {"lodash"})
    submit(server, account, tmp_path, {"lodash"})
    assert scans() == before + 2


def test_client_tokens_are_remembered(server: Server, account: str) -> None:
    client = server.client(account)
    first = client.enable(resourceTypes=["EC2"], clientToken="one")
    again = client.enable(resourceTypes=["EC2"], clientToken="one")
    assert again["accounts"] == first["accounts"]
    with pytest.raises(ClientError, match="other arguments"):
        client.enable(resourceTypes=["ECR"], clientToken="one")


def test_a_configuration_of_the_organisation_takes_no_tags(server: Server) -> None:
    client = server.client(ADMINISTRATOR)
    arn = client.create_cis_scan_configuration(
        scanName="everyone",
        securityLevel="LEVEL_1",
        schedule={"oneTime": {}},
        targets={"accountIds": ["ALL_ACCOUNTS"], "targetResourceTags": {"a": ["b"]}},
    )["scanConfigurationArn"]
    with pytest.raises(ClientError, match="takes no tags"):
        client.tag_resource(resourceArn=arn, tags={"a": "b"})
    client.delete_cis_scan_configuration(scanConfigurationArn=arn)


def test_reading_commands_answer_as_of_a_past_moment(
    server: Server, account: str, tmp_path: Path
) -> None:
    environment = server.environment(account)
    submit(server, account, tmp_path, {"lodash", "minimist"})
    time.sleep(0.01)
    moment = str(time.time())
    time.sleep(0.01)
    submit(server, account, tmp_path, {"lodash"})
    now = openinspector("findings", **environment).stdout
    assert "lodash 4.17.15 -> 4.17.2" in now
    assert "minimist" not in now
    then = openinspector("findings", "--as-of", moment, **environment).stdout
    assert "minimist 1.2.0 -> " in then
    assert set(now.splitlines()) <= set(then.splitlines())
    assert openinspector("findings", "--severity", "low", "-n", "1", **environment).stdout == ""
    criteria = {"vulnerablePackages": [{"name": {"comparison": "EQUALS", "value": "minimist"}}]}
    asked = ("ask", "list-findings", json.dumps({"filterCriteria": criteria}))
    statuses = [
        {each["status"] for each in json.loads(done.stdout)["findings"]}
        for done in (
            openinspector(*asked, **environment),
            openinspector(*asked, "--as-of", moment, **environment),
        )
    ]
    assert statuses == [{"CLOSED"}, {"ACTIVE"}]


def test_what_a_policy_switches_on_the_api_leaves_alone(server: Server, tmp_path: Path) -> None:
    ruled = "555555555555"
    file = tmp_path / "organization.json"
    entry = {"id": ruled, "policy": ["EC2"]}
    file.write_text(
        json.dumps(
            {"organization": "o-policyorg12", "management_account": ruled, "accounts": [entry]}
        )
    )
    openinspector("org", "import", file, "--data", server.folder)
    server.keys[ruled] = new_key(server.folder, ruled)
    client = server.client(ruled)
    (state,) = client.batch_get_account_status()["accounts"]
    assert state["resourceState"]["ec2"]["status"] == "ENABLED"
    for call in (client.enable, client.disable):
        (failed,) = call(resourceTypes=["EC2"])["failedAccounts"]
        assert failed["errorCode"] == "BLOCKED_BY_ORGANIZATION_POLICY"
    assert client.enable(resourceTypes=["ECR"])["failedAccounts"] == []
    told = client.list_account_permissions(service="EC2")["permissions"]
    assert told == []


def test_the_plan_of_a_service(server: Server, account: str, tmp_path: Path) -> None:
    environment = server.environment(account)
    assert openinspector("plan", **environment).stdout == "Nothing to do.\n"
    submit(server, account, tmp_path, {"lodash", "minimist"})
    told = openinspector("plan", "--account", account, **environment).stdout
    assert "upgrade lodash to 4.17.21 (npm)" in told
    plan = json.loads(openinspector("plan", "-f", "json", "--top", "1", **environment).stdout)
    (action,) = plan["actions"]
    assert action["kind"] == "upgrade"
    assert action["risk"] > 0
    counted = action["findings"]
    # The exact end of what was counted: the upgrade is made, and nothing else.
    submit(server, account, tmp_path, {"minimist"})
    criteria = {"findingStatus": [{"comparison": "EQUALS", "value": "CLOSED"}]}
    closed = server.client(account).list_findings(filterCriteria=criteria)["findings"]
    assert len(closed) == counted


def test_who_may_not_see_findings_gets_no_plan_of_them(
    server: Server, account: str, tmp_path: Path
) -> None:
    submit(server, account, tmp_path, {"lodash"})
    other = "777777777777"
    server.keys[other] = new_key(server.folder, other)
    environment = server.environment(other)
    told = openinspector("plan", "--account", account, **environment)
    assert told.stdout == "Nothing to do.\n"
    for body in ("[]", '{"top": 0}', '{"top": 9999}', '{"accountIds": 1}', "{"):
        key = server.keys[other]
        status, _, answer = send(server, "/openinspector/plan", body.encode(), key=key)
        assert (status, bool(answer["message"])) == (400, True)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("ask", "list-dreams"), "list-dreams is no operation of inspector2 or inspector-scan"),
        (("ask", "list-findings", "{"), "the members are not JSON"),
        (("ask", "list-findings", "[]"), "must be a JSON object"),
        (("ask", "get-member"), "Missing required parameter"),
        (("ask", "create-filter", CREATE, "--as-of", "1"), "changes the present"),
        (("findings", "--as-of", "soon"), "neither ISO 8601 nor epoch seconds"),
        (("findings", "--severity", "awful"), "'awful' is not one of"),
        (("findings", "--url", "http://127.0.0.1:1"), "Could not connect"),
    ],
)
def test_reading_commands_say_what_is_wrong(
    server: Server, arguments: tuple[str, ...], sentence: str
) -> None:
    environment = {**os.environ, **server.environment(STANDALONE)}
    done = subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, env=environment)
    assert done.returncode == 2
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr
