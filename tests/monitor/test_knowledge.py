"""What the world learns moves findings, without a look at AWS."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from openinspector.advisories import AdvisoryDatabase
from openinspector.advisories.build import Source, build
from openinspector.advisories.changes import changes
from openinspector.assess import Options, Place, assess
from openinspector.ledger.record import record_scan
from openinspector.model import DatabaseError, Inventory, Package, Target
from openinspector.model.discovered import Discovered
from openinspector.model.finding import Resource
from openinspector.monitor.coverage import tell
from openinspector.monitor.monitor import Monitor
from openinspector.store.resources import known_resources, put_resources
from tests.emulator import Emulator
from tests.emulator.server import MANAGEMENT, REGION
from tests.monitor.conftest import Clock
from tests.monitor.driving import coverage, findings, switch_on, work
from tests.monitor.test_functions import deploy, zipped

CVE, OTHER = "CVE-2030-0001", "CVE-2030-0002"


def osv(identity: str, package: str, fixed: str | None, summary: str = "a flaw") -> str:
    events = [{"introduced": "0"}, *([{"fixed": fixed}] if fixed else [])]
    affected = {
        "package": {"ecosystem": "npm", "name": package},
        "ranges": [{"type": "SEMVER", "events": events}],
    }
    return json.dumps(
        {
            "id": identity,
            "modified": "2030-01-01T00:00:00Z",
            "summary": summary,
            "affected": [affected],
        }
    )


def npm(name: str, version: str) -> Package:
    return Package("npm", name, version, f"pkg:npm/{name}@{version}", "NPM", "test", "test")


class World:
    """What is published now, compiled into a database."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / "advisories.sqlite"
        self.published: dict[str, str] = {}
        self.kev = ""
        self.epss = ""

    def publish(self, **advisories: str | None) -> Path:
        """Publish, change or (None) withdraw advisories."""
        for name, text in advisories.items():
            if text is None:
                self.published.pop(name)
            else:
                self.published[name] = text
        sources = []
        feed = self.folder / "feed"
        shutil.rmtree(feed, ignore_errors=True)
        feed.mkdir()
        for name, text in self.published.items():
            path = feed / f"{name}.json"
            path.write_text(text)
            sources.append(Source("osv", path.name, path))
        for name, text in (("kev", self.kev), ("epss", self.epss)):
            if text:
                path = feed / f"{name}.{'json' if name == 'kev' else 'csv'}"
                path.write_text(text)
                sources.append(Source(name, path.name, path))
        build(sources, self.path)
        return self.path


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(tmp_path / "world")
    world.folder.mkdir()
    world.publish(quiet=osv("CVE-2030-9999", "unused", None))
    return world


@pytest.fixture
def advisories(world: World) -> Callable[[], Path]:
    return lambda: world.path


@pytest.fixture
def running(monitor: Monitor, cloud: Emulator) -> Monitor:
    deploy(cloud, "one", zipped(lodash="4.17.15"))
    deploy(cloud, "two", zipped(minimist="1.2.0"))
    switch_on(monitor, MANAGEMENT, "LAMBDA")
    work(monitor)
    return monitor


def learn(monitor: Monitor, clock: Clock, cloud: Emulator) -> list[str]:
    """Let what was published be noticed; what was done for it, AWS not being asked."""
    cloud.calls.clear()
    clock.pass_by(monitor.intervals.knowledge)
    done = [each for each in work(monitor) if each not in ("accounts", "knowledge")]
    assert not [call for call in cloud.calls if call.service == "lambda"]
    return done


def test_a_new_advisory_finds_what_it_is_about(
    running: Monitor, cloud: Emulator, clock: Clock, world: World
) -> None:
    assert findings(running, MANAGEMENT) == []
    assert learn(running, clock, cloud) == []
    world.publish(a=osv(CVE, "lodash", "4.17.16"))
    assert learn(running, clock, cloud) == ["assess"]
    (found,) = findings(running, MANAGEMENT)
    assert found["packageVulnerabilityDetails"]["vulnerabilityId"] == CVE
    assert found["resources"][0]["id"].endswith("function:one:$LATEST")


def test_a_changed_advisory_moves_its_findings(
    running: Monitor, cloud: Emulator, clock: Clock, world: World
) -> None:
    world.publish(a=osv(CVE, "lodash", "4.17.16"), b=osv(OTHER, "minimist", None))
    learn(running, clock, cloud)
    assert len(findings(running, MANAGEMENT, findingStatus="ACTIVE")) == 2
    world.publish(a=osv(CVE, "lodash", "4.17.15"))
    assert learn(running, clock, cloud) == ["assess"]
    (open_,) = findings(running, MANAGEMENT, findingStatus="ACTIVE")
    assert open_["packageVulnerabilityDetails"]["vulnerabilityId"] == OTHER
    world.publish(b=osv(OTHER, "minimist", "1.2.6"))
    assert learn(running, clock, cloud) == ["assess"]
    (open_,) = findings(running, MANAGEMENT, findingStatus="ACTIVE")
    (package,) = open_["packageVulnerabilityDetails"]["vulnerablePackages"]
    assert package["fixedInVersion"] == "1.2.6"


def test_a_withdrawn_advisory_closes_its_findings(
    running: Monitor, cloud: Emulator, clock: Clock, world: World
) -> None:
    world.publish(a=osv(CVE, "lodash", None))
    learn(running, clock, cloud)
    world.publish(a=None)
    assert learn(running, clock, cloud) == ["assess"]
    assert {each["status"] for each in findings(running, MANAGEMENT)} == {"CLOSED"}


def test_what_is_exploited_and_how_likely_moves_findings(
    running: Monitor, cloud: Emulator, clock: Clock, world: World
) -> None:
    world.publish(a=osv(CVE, "lodash", None), b=osv(OTHER, "minimist", None))
    learn(running, clock, cloud)
    world.epss = f"#model_version:v1,score_date:2030-01-02\ncve,epss,percentile\n{CVE},0.5,0.9\n"
    world.publish()
    assert learn(running, clock, cloud) == ["assess"]
    (found,) = findings(running, MANAGEMENT, vulnerabilityId=CVE)
    assert found["epss"]["score"] == 0.5
    entry = {
        "cveID": OTHER,
        "dateAdded": "2030-01-02",
        "dueDate": "2030-02-02",
        "requiredAction": "update",
        "knownRansomwareCampaignUse": "Unknown",
    }
    world.kev = json.dumps({"catalogVersion": "2030.01.02", "vulnerabilities": [entry]})
    world.publish()
    assert learn(running, clock, cloud) == ["assess"]
    (found,) = findings(running, MANAGEMENT, vulnerabilityId=OTHER)
    assert found["exploitAvailable"] == "YES"


def test_what_was_submitted_is_judged_again_too(
    running: Monitor, cloud: Emulator, clock: Clock, world: World
) -> None:
    submitted = Inventory(Target("directory", "shop"), (npm("left-pad", "1.0.0"),))
    place = Place(MANAGEMENT, "eu-west-1")
    with AdvisoryDatabase.open(world.path) as database:
        assessment = assess(submitted, database, Options(place=place), running.now())
    with running.store.write() as connection:
        record_scan(connection, MANAGEMENT, assessment, submitted, [], clock())
    world.publish(a=osv(CVE, "left-pad", None))
    assert learn(running, clock, cloud) == ["assess"]
    (found,) = findings(running, MANAGEMENT)
    assert found["resources"][0] == msgspec.to_builtins(assessment.resource)
    assert found["findingArn"].split(":")[3] == "eu-west-1"


def test_what_is_in_another_region_stays_the_same_finding(
    running: Monitor, cloud: Emulator, clock: Clock, world: World
) -> None:
    """An instance's identifier does not say its region; its findings are named by it."""
    switch_on(running, MANAGEMENT, "EC2", "LAMBDA")
    place = Place(MANAGEMENT, "eu-west-1")
    name = "i-0123456789abcdef0"
    held = Inventory(Target("host", ""), (npm("left-pad", "1.0.0"),))
    listed = Discovered(
        account=MANAGEMENT,
        region=place.region,
        resource=Resource("AWS_EC2_INSTANCE", name, "aws", place.region, tags={}),
        metadata={},
        mode="EC2_SSM_AGENT_BASED",
    )
    world.publish(a=osv(CVE, "left-pad", None))
    with AdvisoryDatabase.open(world.path) as database:
        options = Options(place=place, resource=listed.resource)
        assessment = assess(held, database, options, running.now())
    with running.store.write() as connection:
        put_resources(connection, [listed])
        record_scan(connection, MANAGEMENT, assessment, held, [], clock())
    (before,) = findings(running, MANAGEMENT)
    world.publish(a=osv(CVE, "left-pad", None, "told better"))
    assert "assess" in learn(running, clock, cloud)
    (after,) = findings(running, MANAGEMENT)
    assert after["description"] == "told better"
    assert after["findingArn"] == before["findingArn"]


def test_judging_again_does_not_say_that_a_resource_can_be_scanned(
    running: Monitor, cloud: Emulator, clock: Clock, world: World
) -> None:
    with running.store.write() as connection:
        (found,) = (
            each.found
            for name, each in known_resources(
                connection, MANAGEMENT, REGION, ["AWS_LAMBDA_FUNCTION"]
            ).items()
            if ":one:" in name
        )
        tell(connection, found, "ACCESS_DENIED", clock())
    world.publish(a=osv(CVE, "lodash", None))
    assert learn(running, clock, cloud) == ["assess"]
    assert len(findings(running, MANAGEMENT)) == 1
    assert coverage(running, MANAGEMENT)[found.resource.id] == ("INACTIVE", "ACCESS_DENIED")


def test_without_the_former_database_everything_is_judged_again(
    running: Monitor, cloud: Emulator, clock: Clock, world: World
) -> None:
    (running.folder / "assessed-advisories.sqlite").unlink()
    world.publish(a=osv(CVE, "lodash", None))
    assert learn(running, clock, cloud) == ["assess", "assess"]


def test_only_databases_are_compared(tmp_path: Path, world: World) -> None:
    strange = tmp_path / "strange"
    strange.write_bytes(b"no database at all" * 100)
    with pytest.raises(DatabaseError, match="strange"):
        changes(strange, world.path)
