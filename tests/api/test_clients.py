"""The AWS CLI and the JavaScript SDK against a real server."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.api.conftest import ADMINISTRATOR, MANAGEMENT, MEMBER, SCRATCH, STANDALONE, Server
from tests.conftest import REPOSITORY

AWS = Path(sys.executable).with_name("aws")
IMAGE = f"arn:aws:ecr:us-east-1:{STANDALONE}:repository/x"
FINDING = f"arn:aws:inspector2:us-east-1:{STANDALONE}:finding/{'0' * 32}"
FILTER = '{"severity":[{"comparison":"EQUALS","value":"CRITICAL"}]}'

COMMANDS: tuple[tuple[str, str, str | None], ...] = (
    (STANDALONE, "list-findings", "findings[0].title"),
    (STANDALONE, "list-findings --sort-criteria field=EPSS_SCORE,sortOrder=DESC", "findings"),
    (STANDALONE, f"list-findings --filter-criteria {FILTER}", "findings"),
    (STANDALONE, "list-finding-aggregations --aggregation-type ACCOUNT", "responses[0]"),
    (STANDALONE, "list-finding-aggregations --aggregation-type PACKAGE", "responses[0]"),
    (STANDALONE, "list-finding-aggregations --aggregation-type TITLE", "responses[0]"),
    (STANDALONE, "list-coverage", "coveredResources[0].resourceId"),
    (STANDALONE, "list-coverage-statistics --group-by RESOURCE_TYPE", "countsByGroup[0].groupKey"),
    (STANDALONE, f"create-filter --name cli --action NONE --filter-criteria {FILTER}", "arn"),
    (STANDALONE, "list-filters", "filters"),
    (STANDALONE, "enable --resource-types EC2 ECR", "accounts[0].status"),
    (STANDALONE, "batch-get-account-status", "accounts[0].state.status"),
    (STANDALONE, f"batch-get-free-trial-info --account-ids {STANDALONE}", "accounts[0].accountId"),
    (SCRATCH, "disable --resource-types ECR", "accounts[0].accountId"),
    (STANDALONE, "list-account-permissions", "permissions[0].operation"),
    (STANDALONE, "list-usage-totals", "totals[0].accountId"),
    (STANDALONE, "get-configuration", "ec2Configuration.scanModeState.scanMode"),
    (STANDALONE, "update-configuration --ecr-configuration rescanDuration=DAYS_30", None),
    (STANDALONE, "get-ec2-deep-inspection-configuration", "status"),
    (STANDALONE, "update-ec2-deep-inspection-configuration --package-paths /opt/x", "packagePaths"),
    (STANDALONE, "list-cis-scan-configurations", "scanConfigurations"),
    (STANDALONE, "list-cis-scans", "scans"),
    (STANDALONE, "list-code-security-integrations", "integrations"),
    (STANDALONE, "list-code-security-scan-configurations", "configurations"),
    (STANDALONE, "list-connectors", "items"),
    (STANDALONE, "list-connector-scan-configurations", "scanConfigurations"),
    (
        STANDALONE,
        "search-vulnerabilities --filter-criteria vulnerabilityIds=CVE-2020-8203",
        "vulnerabilities[0].cvss3.baseScore",
    ),
    (STANDALONE, f"get-clusters-for-image --filter resourceId={IMAGE}", "cluster"),
    (STANDALONE, f"batch-get-code-snippet --finding-arns {FINDING}", "errors[0].errorCode"),
    (STANDALONE, "get-encryption-key --scan-type CODE --resource-type AWS_LAMBDA_FUNCTION", "!"),
    (MANAGEMENT, "list-delegated-admin-accounts", "delegatedAdminAccounts[0].accountId"),
    (MEMBER, "get-delegated-admin-account", "delegatedAdmin.accountId"),
    (ADMINISTRATOR, "list-members", "members[0].accountId"),
    (ADMINISTRATOR, f"get-member --account-id {MEMBER}", "member.relationshipStatus"),
    (ADMINISTRATOR, "describe-organization-configuration", "autoEnable.ec2"),
    (ADMINISTRATOR, "list-finding-aggregations --aggregation-type ACCOUNT", "responses[0]"),
)


def _aws(server: Server, account: str, command: str, query: str | None) -> Any:
    words = [AWS, "inspector2", *command.split(), "--output", "json"]
    if query not in (None, "!"):
        words += ["--query", query]
    done = subprocess.run(
        words,
        capture_output=True,
        text=True,
        env={**os.environ, **server.environment(account), "AWS_PAGER": ""},
    )
    if query == "!":
        assert "ResourceNotFoundException" in done.stderr
        return None
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout) if done.stdout.strip() else None


@pytest.mark.parametrize(("account", "command", "query"), COMMANDS)
def test_the_aws_cli(server: Server, account: str, command: str, query: str | None) -> None:
    answer = _aws(server, account, command, query)
    if query not in (None, "!"):
        assert answer is not None, command


def test_the_aws_cli_goes_from_page_to_page(server: Server) -> None:
    everything = _aws(server, STANDALONE, "list-findings", "findings[].findingArn")
    assert len(everything) > 2
    seen: list[str] = []
    token = ""
    while True:
        command = f"list-findings --page-size 1 --max-items 2{token}"
        page = _aws(server, STANDALONE, command, "[findings[].findingArn, NextToken]")
        seen += page[0]
        if page[1] is None:
            break
        token = f" --starting-token {page[1]}"
    assert seen == everything


def test_thirty_operations_are_among_the_commands() -> None:
    assert len({command.split()[0] for _, command, _ in COMMANDS}) >= 30


SCRIPT = """
const sdk = require("@aws-sdk/client-inspector2");
const client = new sdk.Inspector2Client({ maxAttempts: 1 });
async function main() {
  const out = {};
  for (const [name, input] of Object.entries(JSON.parse(process.argv[2]))) {
    const answer = await client.send(new sdk[name + "Command"](input));
    delete answer.$metadata;
    out[name] = answer;
  }
  out.pages = [];
  for await (const page of sdk.paginateListFindings({ client, pageSize: 1 }, {})) {
    out.pages.push(page.findings.map((each) => each.findingArn));
  }
  out.all = (await client.send(new sdk.ListFindingsCommand({}))).findings;
  try {
    await client.send(new sdk.ListFindingsCommand({ maxResults: 101 }));
  } catch (error) {
    out.error = { name: error.name, reason: error.reason, fields: error.fields };
  }
  console.log(JSON.stringify(out));
}
main().catch((error) => { console.error(error); process.exit(1); });
"""

CALLS = {
    "ListFindings": {"maxResults": 1},
    "ListFindingAggregations": {"aggregationType": "PACKAGE"},
    "ListCoverage": {},
    "ListCoverageStatistics": {"groupBy": "RESOURCE_TYPE"},
    "CreateFilter": {
        "name": "javascript",
        "action": "NONE",
        "filterCriteria": {"title": [{"comparison": "PREFIX", "value": "CVE"}]},
    },
    "ListFilters": {},
    "Enable": {"resourceTypes": ["EC2"]},
    "BatchGetAccountStatus": {},
    "GetConfiguration": {},
    "SearchVulnerabilities": {"filterCriteria": {"vulnerabilityIds": ["CVE-2020-8203"]}},
}


@pytest.fixture(scope="session")
def node_modules() -> Path:
    """The SDK, installed once into the build folder."""
    if not shutil.which("npm"):
        if os.environ.get("CI"):
            pytest.fail("npm is not installed")
        pytest.skip("npm is not installed")
    folder = REPOSITORY / "build" / "javascript"
    if not (folder / "node_modules" / "@aws-sdk" / "client-inspector2").is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "package.json").write_text("{}")
        installed = subprocess.run(
            [
                "npm",
                "install",
                "--silent",
                "--no-audit",
                "--no-fund",
                "@aws-sdk/client-inspector2@3",
            ],
            cwd=folder,
            capture_output=True,
            text=True,
        )
        if installed.returncode and not os.environ.get("CI"):
            pytest.skip("the JavaScript SDK cannot be installed")
        assert installed.returncode == 0, installed.stderr
    return folder / "node_modules"


def test_the_javascript_sdk(server: Server, node_modules: Path, tmp_path: Path) -> None:
    script = tmp_path / "main.js"
    script.write_text(SCRIPT)
    done = subprocess.run(
        ["node", script, json.dumps(CALLS)],
        capture_output=True,
        text=True,
        env={
            **os.environ,
            **server.environment(STANDALONE),
            "AWS_REGION": "us-east-1",
            "NODE_PATH": str(node_modules),
        },
    )
    assert done.returncode == 0, done.stderr
    answers = json.loads(done.stdout)
    assert set(CALLS) < set(answers)
    assert answers["ListFindings"]["findings"][0]["firstObservedAt"].startswith("20")
    assert answers["CreateFilter"]["arn"].startswith("arn:aws:inspector2:")
    assert len(answers["pages"]) > 2
    assert answers["pages"] == [[each["findingArn"]] for each in answers["all"]]
    assert answers["error"]["name"] == "ValidationException"
    assert answers["error"]["fields"][0]["name"] == "maxResults"
