"""What people configure is kept as given, changed, listed and deleted; and who may do so."""

import dataclasses
import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from openinspector.advisories.starter import starter_path
from openinspector.store import open_store
from openinspector.store.records import put_record
from openinspector.store.tasks import TaskKey, enqueue, forget_tasks
from tests.api.conftest import (
    ADMINISTRATOR,
    MEMBER,
    SBOM,
    SCRATCH,
    STANDALONE,
    Server,
    new_key,
    start,
)

TAGS = {"a": ["b"]}
SECRET = "glpat-that-nobody-may-find"  # not a real token
CONFIG = f"arn:aws:config:us-east-1:{SCRATCH}:connector/azure/a/b"
MACHINE = "i-0123456789abcdef0"


def code(call: Any, **arguments: Any) -> str:
    with pytest.raises(ClientError) as raised:
        call(**arguments)
    return str(raised.value.response["Error"]["Code"])


def cis(name: str, *accounts: str, **more: Any) -> dict[str, Any]:
    return {
        "scanName": name,
        "securityLevel": "LEVEL_1",
        "schedule": {"oneTime": {}},
        "targets": {"accountIds": accounts, "targetResourceTags": TAGS},
        **more,
    }


def names(client: Any, **arguments: Any) -> list[str]:
    listed = client.list_cis_scan_configurations(**arguments)["scanConfigurations"]
    return [each["scanName"] for each in listed]


def test_a_cis_configuration_lives(server: Server) -> None:
    client = server.client(SCRATCH)
    arn = client.create_cis_scan_configuration(**cis("life", "SELF"))["scanConfigurationArn"]
    client.update_cis_scan_configuration(scanConfigurationArn=arn, securityLevel="LEVEL_2")
    criteria = {"scanConfigurationArnFilters": [{"comparison": "EQUALS", "value": arn}]}
    (shown,) = client.list_cis_scan_configurations(filterCriteria=criteria)["scanConfigurations"]
    assert (shown["ownerId"], shown["securityLevel"]) == (SCRATCH, "LEVEL_2")
    assert shown["targets"] == {"accountIds": ["SELF"], "targetResourceTags": TAGS}
    client.delete_cis_scan_configuration(scanConfigurationArn=arn)
    assert names(client, filterCriteria=criteria) == []
    refused = code(client.delete_cis_scan_configuration, scanConfigurationArn=arn)
    assert refused == "ResourceNotFoundException"


def test_a_schedule_is_in_a_time_zone_that_exists(server: Server) -> None:
    client = server.client(SCRATCH)
    made = []
    for zone in ("UTC", "Europe/Berlin"):
        start = {"timeOfDay": "04:30", "timezone": zone}
        asked = cis("zoned", "SELF", schedule={"daily": {"startTime": start}})
        made.append(client.create_cis_scan_configuration(**asked)["scanConfigurationArn"])
    asked["schedule"]["daily"]["startTime"]["timezone"] = "Mars/Olympus"
    assert code(client.create_cis_scan_configuration, **asked) == "ValidationException"
    for arn in made:
        change = {"scanConfigurationArn": arn, "schedule": asked["schedule"]}
        assert code(client.update_cis_scan_configuration, **change) == "ValidationException"
        client.delete_cis_scan_configuration(scanConfigurationArn=arn)


def test_a_session_of_no_scan_is_unknown(server: Server) -> None:
    job = "00000000-0000-4000-8000-000000000000"
    client = server.client(SCRATCH)
    refused = code(client.start_cis_session, scanJobId=job, message={"sessionToken": job})
    assert refused == "ValidationException"


@pytest.mark.parametrize(
    ("frequency", "expression", "taken"),
    [
        ("WEEKLY", "cron(0 5 ? * MON *)", True),
        ("WEEKLY", "cron(0 5 * * 1)", True),
        ("MONTHLY", "cron(0 5 1 * ? *)", True),
        ("WEEKLY", "cron(0 5 1 * ? *)", False),
        ("MONTHLY", "cron(0 5 ? * MON *)", False),
        ("NEVER", "cron(0 5 ? * MON *)", False),
        ("WEEKLY", "every monday", False),
    ],
)
def test_a_cron_expression_agrees_with_its_frequency(
    server: Server, frequency: str, expression: str, taken: bool
) -> None:
    client = server.client(SCRATCH)
    periodic = {"frequency": frequency, "frequencyExpression": expression}
    asked: dict[str, Any] = {
        "name": "cron",
        "level": "ACCOUNT",
        "configuration": {"ruleSetCategories": ["SAST"], "periodicScanConfiguration": periodic},
    }
    if not taken:
        refused = code(client.create_code_security_scan_configuration, **asked)
        assert refused == "ValidationException"
        return
    arn = client.create_code_security_scan_configuration(**asked)["scanConfigurationArn"]
    client.delete_code_security_scan_configuration(scanConfigurationArn=arn)


def test_an_administrator_sees_members_configurations_and_changes_its_own(server: Server) -> None:
    administrator, member = server.client(ADMINISTRATOR), server.client(MEMBER)
    stranger = server.client(STANDALONE)
    made = member.create_cis_scan_configuration(**cis("of the member", "SELF"))
    theirs = {"scanConfigurationArn": made["scanConfigurationArn"]}
    made = administrator.create_cis_scan_configuration(**cis("of all", "ALL_ACCOUNTS"))
    ours = {"scanConfigurationArn": made["scanConfigurationArn"]}
    try:
        assert set(names(administrator)) >= {"of the member", "of all"}
        assert "of all" not in names(member)
        assert not {"of the member", "of all"} & set(names(stranger))
        change = administrator.update_cis_scan_configuration
        assert code(change, **theirs, scanName="x") == "AccessDeniedException"
        for outsider in (member, stranger):
            refused = code(outsider.delete_cis_scan_configuration, **ours)
            assert refused == "ResourceNotFoundException"
        tagged = cis("tagged", "ALL_ACCOUNTS", tags={"a": "b"})
        refused = code(administrator.create_cis_scan_configuration, **tagged)
        assert refused == "ValidationException"
    finally:
        member.delete_cis_scan_configuration(**theirs)
        administrator.delete_cis_scan_configuration(**ours)


def test_a_code_integration_stays_pending_and_its_token_is_nowhere(server: Server) -> None:
    client = server.client(SCRATCH)
    instance = {"instanceUrl": "https://gitlab.example.com", "accessToken": SECRET}
    made = client.create_code_security_integration(
        name="gitlab", type="GITLAB_SELF_MANAGED", details={"gitlabSelfManaged": instance}
    )
    arn = made["integrationArn"]
    answer = {"gitlabSelfManaged": {"authCode": SECRET}}
    client.update_code_security_integration(integrationArn=arn, details=answer)
    shown = client.get_code_security_integration(integrationArn=arn)
    assert shown["status"] == "PENDING"
    assert shown["statusReason"]
    files = [file for file in server.folder.parent.rglob("*") if file.is_file()]
    assert any(file.parent == server.folder for file in files)
    assert not [file for file in files if SECRET.encode() in file.read_bytes()]
    stranger = server.client(STANDALONE)
    refused = code(stranger.get_code_security_integration, integrationArn=arn)
    assert refused == "ResourceNotFoundException"
    client.delete_code_security_integration(integrationArn=arn)
    assert code(client.get_code_security_integration, integrationArn=arn) == refused


def test_a_connector_lives(server: Server) -> None:
    client = server.client(SCRATCH)
    detail = {
        "awsConfigConnectorArn": CONFIG,
        "scopeConfiguration": {"vmScanning": {"scopeType": "TENANT"}},
        "azureRegions": ["eastus"],
    }
    asked: dict[str, Any] = {"provider": "AZURE", "providerDetail": {"azure": detail}}
    made = client.create_connector(name="lives", clientToken="once", **asked)
    arn = made["connectorArn"]
    again = client.create_connector(name="lives", clientToken="once", **asked)
    assert again["connectorArn"] == arn
    reserved = {"name": "tagged", "tags": {"aws:x": "y"}, **asked}
    assert code(client.create_connector, **reserved) == "ValidationException"
    changed = {"azure": {"azureRegions": ["westus"]}}
    client.update_connector(connectorArn=arn, providerDetail=changed)
    days = {"containerImageScanning": {"pushDuration": "DAYS_30"}}
    client.update_connector_scan_configuration(awsConfigConnectorArn=CONFIG, scanConfiguration=days)
    (kept,) = client.list_connector_scan_configurations()["scanConfigurations"]
    assert (kept["connectorArns"], kept["scanConfiguration"]) == ([arn], days)
    criteria = {"connectorArns": [{"comparison": "EQUALS", "value": arn}]}
    (shown,) = client.list_connectors(filterCriteria=criteria)["items"]
    assert shown["azureRegions"] == ["westus"]
    assert shown["scopeConfiguration"] == detail["scopeConfiguration"]
    assert shown["enablementStatus"] == "PENDING_ENABLEMENT"
    client.delete_connector(connectorArn=arn)
    assert client.list_connectors(filterCriteria=criteria)["items"] == []
    anew = client.create_connector(name="lives", clientToken="once", **asked)["connectorArn"]
    assert anew != arn, "what a token made was deleted"
    client.delete_connector(connectorArn=anew)


def test_a_scan_of_a_machine_image_is_done_once_at_a_time(server: Server) -> None:
    """By whoever scans AWS; nobody does here, but the work is there for who would."""
    store = open_store(server.folder)
    image = "ami-0123456789abcdef0"
    asked = {"resourceId": image, "resourceType": "AMI"}
    with store.write() as connection:
        enqueue(connection, [TaskKey("accounts")], 2**60, 0)
    client = server.client(SCRATCH)
    scan = client.start_on_demand_scan(**asked)["scanId"]
    told = client.get_on_demand_scan_status(scanId=scan, **asked)
    assert (told["scanStatus"], "completedAt" in told) == ("IN_PROGRESS", False)
    assert code(client.start_on_demand_scan, **asked) == "ConflictException"
    with store.write() as connection:
        forget_tasks(connection, "", "", [""])
    store.close()
    wrong = code(client.start_on_demand_scan, resourceId="ami-x", resourceType="AMI")
    assert wrong == "ValidationException"


def test_clusters_that_run_an_image_are_told_to_those_who_may_see_them(server: Server) -> None:
    digest, task = "sha256:" + "a" * 64, "arn:aws:ecs:us-east-1:123456789012:task-definition/web:1"
    metadata = {"awsEcsMetadataDetails": {"detailsGroup": "g", "taskDefinitionArn": task}}
    clusters = [f"arn:aws:ecs:us-east-1:{MEMBER}:cluster/c{number}" for number in range(3)]
    found = [
        {
            "registry": MEMBER,
            "region": "us-east-1",
            "repository": "shop/web",
            "digest": digest,
            "cluster": cluster,
            "metadata": metadata,
            "running": number,
            "stopped": 1,
            "last": 1_700_000_000.0,
        }
        for number, cluster in enumerate(clusters)
    ]
    store = open_store(server.folder)
    with store.write() as connection:
        put_record(connection, "image-use", MEMBER, "us-east-1", {"uses": found}, 1)
    store.close()
    repository = f"arn:aws:ecr:us-east-1:{MEMBER}:repository/shop/web"
    for account, expected in ((MEMBER, clusters), (ADMINISTRATOR, clusters), (STANDALONE, [])):
        client = server.client(account)
        for asked in (repository, f"{repository}/{digest}"):
            seen: list[str] = []
            more: dict[str, str] = {}
            while True:
                filter = {"resourceId": asked}
                page = client.get_clusters_for_image(filter=filter, maxResults=2, **more)
                seen += [each["clusterArn"] for each in page["cluster"]]
                for each in page["cluster"]:
                    (details,) = each["clusterDetails"]
                    assert details["clusterMetadata"] == metadata
                    assert details["stoppedUnitCount"] == 1
                if "nextToken" not in page:
                    break
                more = {"nextToken": page["nextToken"]}
            assert seen == expected
    other = {"resourceId": f"{repository}/sha256:{'b' * 64}"}
    assert server.client(MEMBER).get_clusters_for_image(filter=other)["cluster"] == []


def test_a_scan_on_demand_fails_for_want_of_access(server: Server) -> None:
    client = server.client(SCRATCH)
    asked = {"resourceId": MACHINE, "resourceType": "AMI"}
    scan = client.start_on_demand_scan(**asked)["scanId"]
    shown = client.get_on_demand_scan_status(scanId=scan, **asked)
    assert (shown["scanStatus"], shown["scanStatusReason"]) == ("FAILED", "ACCESS_DENIED")
    assert scan in {each["scanId"] for each in client.list_on_demand_scans(**asked)["items"]}
    refused = code(server.client(STANDALONE).get_on_demand_scan_status, scanId=scan, **asked)
    assert refused == "ResourceNotFoundException"


def test_errors_of_findings_tell_nothing_of_others(server: Server) -> None:
    client = server.client(STANDALONE)
    real = server.client(MEMBER).list_findings(maxResults=1)["findings"][0]["findingArn"]
    unreal = real[:-32] + "0" * 32
    own = unreal.replace(MEMBER, STANDALONE)
    for call, code_of_own in (
        (client.batch_get_finding_details, "FINDING_DETAILS_NOT_FOUND"),
        (client.batch_get_code_snippet, "CODE_SNIPPET_NOT_FOUND"),
    ):
        errors = call(findingArns=[real, unreal, own])["errors"]
        assert [each["errorCode"] for each in errors] == [
            *("ACCESS_DENIED", "ACCESS_DENIED"),
            code_of_own,
        ]
        assert errors[0]["errorMessage"] == errors[1]["errorMessage"]


@pytest.mark.parametrize(
    ("sbom", "reason"),
    [
        ({**SBOM, "specVersion": "1.4"}, "UNSUPPORTED_SBOM_TYPE"),
        ({"spdxVersion": "SPDX-2.3", "packages": []}, "UNSUPPORTED_SBOM_TYPE"),
        ({"a": 1}, "CANNOT_PARSE"),
        ([1], "CANNOT_PARSE"),
        ({**SBOM, "components": [{"type": "library", "name": "x"}] * 2_001}, "FIELD_VALIDATION"),
        ({**SBOM, "components": {}}, "CANNOT_PARSE"),
        ({**SBOM, "components": [None]}, "CANNOT_PARSE"),
        ({**SBOM, "components": [{**SBOM["components"][0], "version": 4}]}, "CANNOT_PARSE"),
    ],
)
def test_what_is_no_sbom_of_the_service_is_refused(server: Server, sbom: Any, reason: str) -> None:
    client = server.client(SCRATCH, "inspector-scan")
    with pytest.raises(ClientError) as raised:
        client.scan_sbom(sbom=sbom)
    assert raised.value.response["Error"]["Code"] == "ValidationException"
    assert str(raised.value.response["reason"]).startswith(reason)


def test_an_sbom_may_have_as_many_components_as_the_service_is_told(server: Server) -> None:
    def refused(of: Server, *components: Any) -> list[dict[str, str]]:
        try:
            of.client(SCRATCH, "inspector-scan").scan_sbom(
                sbom={**SBOM, "components": list(components)}
            )
        except ClientError as error:
            fields: list[dict[str, str]] = error.response["fields"]
            return fields
        return []

    library = {"type": "library", "name": "x"}
    assert refused(server, *[library] * 2_000) == []
    other = start(server.folder, server.keys, "--sbom-components", "2")
    nested = {**library, "components": [library]}
    try:
        assert refused(other, nested) == []
        assert refused(other, nested, library) == [
            {"name": "sbom", "message": "must have at most 2 components"}
        ]
    finally:
        other.process.terminate()
        other.process.wait(30)


def test_both_names_of_the_own_format_mean_the_same(server: Server) -> None:
    client = server.client(SCRATCH, "inspector-scan")
    plain, other = (
        client.scan_sbom(sbom=SBOM, outputFormat=name)["sbom"]
        for name in ("INSPECTOR", "INSPECTOR_ALT")
    )
    assert plain == other
    assert plain["vulnerabilities"]


def test_without_a_database_the_answer_says_what_to_run(server: Server, tmp_path: Path) -> None:
    missing = str(shutil.copy(starter_path(), tmp_path / "missing.db"))
    other = start(server.folder, server.keys, "--db", missing)
    # One that is missing from the start is refused at the start.
    os.unlink(missing)
    try:
        with pytest.raises(ClientError, match="openinspector db update") as raised:
            other.client(SCRATCH, "inspector-scan").scan_sbom(sbom=SBOM)
        assert raised.value.response["Error"]["Code"] == "InternalServerException"
        assert missing not in str(raised.value)
    finally:
        other.process.terminate()
        other.process.wait(30)


def test_a_policy_may_look_at_the_tags_of_resources(server: Server, tmp_path: Path) -> None:
    policy = tmp_path / "policy.json"
    everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    mine = {"StringEquals": {"aws:ResourceTag/team": "mine"}}
    delete = {"Action": "inspector2:DeleteFilter", "Resource": "*"}
    others = {"Effect": "Deny", **delete, "Condition": {"StringNotEquals": mine["StringEquals"]}}
    policy.write_text(json.dumps({"Statement": [everything, others]}))
    key = new_key(server.folder, SCRATCH, "--policy", policy)
    owner = server.client(SCRATCH)
    limited = dataclasses.replace(server, keys={SCRATCH: key}).client(SCRATCH)
    criteria = {"severity": [{"comparison": "EQUALS", "value": "LOW"}]}
    for team, refused in (("mine", False), ("theirs", True), (None, True)):
        tags = {"tags": {"team": team}} if team else {}
        arn = owner.create_filter(
            action="NONE", name=f"of-{team}", filterCriteria=criteria, **tags
        )["arn"]
        if refused:
            assert code(limited.delete_filter, arn=arn) == "AccessDeniedException"
            owner.delete_filter(arn=arn)
        else:
            limited.delete_filter(arn=arn)
