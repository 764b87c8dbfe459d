"""Many resources recorded at once are recorded as they would be one by one."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete

from openinspector.advisories import AdvisoryDatabase
from openinspector.advisories.build import Source, build
from openinspector.assess import Options, Place, assess
from openinspector.aws.sessions import Access, Sessions
from openinspector.model import Gap, Inventory, Package, Target
from openinspector.model.discovered import Discovered
from openinspector.model.finding import Finding, Resource
from openinspector.monitor import collect
from openinspector.monitor.listing import ASSESS, SCAN, take_listing
from openinspector.monitor.looks import record_looks
from openinspector.monitor.monitor import Monitor
from openinspector.monitor.reassess import reassess
from openinspector.monitor.scan import scan
from openinspector.store import FOREVER, Store
from openinspector.store.coverage import coverage, coverage_value
from openinspector.store.findings import finding, finding_package, finding_value
from openinspector.store.packages import inventory, resource_inventory
from openinspector.store.reachability import put_reachability
from openinspector.store.records import put_record, record
from openinspector.store.resources import get_resource, resource
from openinspector.store.schema import metadata
from openinspector.store.tasks import Task, TaskKey, claim_batch, counts, enqueue, task
from openinspector.store.transitions import transition

ACCOUNTS, NAMES, REGION = ("1" * 12, "2" * 12), ("i-1", "i-2", "i-3"), "us-east-1"
"""Both accounts have instances of the same names: nothing of one may reach the other."""
START, HOUR = 1_795_000_000_000, 3_600_000
HIGH = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"


def package(name: str) -> Package:
    return Package("npm", name, "1.0.0", f"pkg:npm/{name}@1.0.0", "NPM", "test", "test")


CONTENTS = (
    Inventory(Target("host", ""), (package("a"), package("b"))),
    Inventory(Target("host", ""), (package("b"),)),
    Inventory(Target("host", ""), (package("b"), package("c"))),
    # A part that could not be read: what was found in it stays.
    Inventory(Target("host", ""), (package("a"),), gaps=(Gap("language-packages", "broken"),)),
)


def advisory(identity: str, name: str, summary: str = "a flaw") -> str:
    affected = {
        "package": {"ecosystem": "npm", "name": name},
        "ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}]}],
    }
    return json.dumps(
        {
            "id": identity,
            "modified": "2030-01-01T00:00:00Z",
            "summary": summary,
            "severity": [{"type": "CVSS_V3", "score": HIGH}],
            "affected": [affected],
        }
    )


KNOWN = (
    {"1": advisory("CVE-2030-0001", "a"), "2": advisory("CVE-2030-0002", "b")},
    {"2": advisory("CVE-2030-0002", "b", "told better"), "3": advisory("CVE-2030-0003", "c")},
)


@pytest.fixture(scope="module")
def databases(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ...]:
    made = []
    for number, advisories in enumerate(KNOWN):
        folder = tmp_path_factory.mktemp(f"known-{number}")
        sources = []
        for name, text in advisories.items():
            path = folder / f"{name}.json"
            path.write_text(text)
            sources.append(Source("osv", path.name, path))
        build(sources, folder / "advisories.sqlite")
        made.append(folder / "advisories.sqlite")
    return tuple(made)


class Step(NamedTuple):
    """What happens to some instances, all at one moment."""

    hours: int
    known: int
    what: str
    contents: dict[tuple[str, str], int]
    reached: str | None
    team: str
    hides: str | None


_steps = st.lists(
    st.builds(
        Step,
        hours=st.sampled_from((1, 200)),
        known=st.integers(0, len(KNOWN) - 1),
        what=st.sampled_from((SCAN, SCAN, ASSESS)),
        contents=st.dictionaries(
            st.tuples(st.sampled_from(ACCOUNTS), st.sampled_from(NAMES)),
            st.integers(0, len(CONTENTS) - 1),
            min_size=1,
        ),
        reached=st.sampled_from((None, "internet", "adjacent", "none")),
        team=st.sampled_from("xy"),
        hides=st.sampled_from((None, None, "CVE-2030-0002")),
    ),
    min_size=1,
    max_size=5,
)


class World:
    """A store, and what its instances hold."""

    def __init__(self, store: Store, databases: tuple[Path, ...], folder: Path) -> None:
        self.now, self.path, self.databases = START, databases[0], databases
        self.contents: dict[tuple[str, str], int] = {}
        self.monitor = Monitor(
            store=store,
            sessions=Sessions(Access()),
            knowledge=lambda: AdvisoryDatabase.open(self.path),
            regions=(REGION,),
            partition="aws",
            folder=folder,
            clock=lambda: self.now,
        )
        with store.write() as connection:
            for table in metadata.sorted_tables:
                if not table.name.startswith("staged"):
                    connection.execute(delete(table))

    def collect(self, _: Monitor, found: Discovered) -> Inventory:
        return CONTENTS[self.contents[found.account, found.resource.id]]

    def prepare(self, step: Step) -> list[Task]:
        """Let a step's world come to be; the tasks that are due."""
        self.now += step.hours * HOUR
        self.path = self.databases[step.known]
        held = getattr(self.monitor.databases, "held", None)
        if held is not None:
            held[1].close()
            del self.monitor.databases.held
        self.contents |= step.contents
        store = self.monitor.store
        for account in ACCOUNTS:
            listed = [listed_as(*key, step.team) for key in self.contents if key[0] == account]
            types = ("AWS_EC2_INSTANCE",)
            take_listing(store, account, REGION, types, listed, self.now)
        keys = [TaskKey(step.what, account, REGION, name) for account, name in self.contents]
        with store.write() as connection:
            connection.execute(delete(task))
            enqueue(connection, keys, self.now, self.now)
            for account, name in step.contents:
                put_reachability(connection, account, name, step.reached, self.now)  # type: ignore[arg-type]
            rule = {"action": "SUPPRESS" if step.hides else "NONE", "criteria": criteria(step)}
            put_record(connection, "filter", ACCOUNTS[0], "rule", rule, self.now)
            return claim_batch(connection, "w", step.what, 100, self.now, HOUR)

    def work(self, tasks: list[Task]) -> None:
        """Do tasks at once."""
        if tasks[0].key.kind == ASSESS:
            assert not reassess(self.monitor, "w", tasks)
            return
        looks = [look for each in tasks if (look := scan(self.monitor, "w", each))]
        assert not record_looks(self.monitor, "w", looks)


def criteria(step: Step) -> dict[str, Any]:
    return {"vulnerabilityId": [{"comparison": "EQUALS", "value": step.hides or "none"}]}


def listed_as(account: str, name: str, team: str) -> Discovered:
    return Discovered(
        account=account,
        region=REGION,
        resource=Resource("AWS_EC2_INSTANCE", name, "aws", REGION, tags={"team": team}),
        metadata={"ec2": {"tags": {"team": team}, "platform": "LINUX"}},
        mode="EC2_SSM_AGENT_BASED",
    )


def rows(store: Store) -> dict[str, list[Any]]:
    """All that was written, without the numbers of rows."""
    with store.read() as connection:
        found: dict[str, list[Any]] = {}
        for table in (finding, coverage, resource_inventory, resource, task, transition, record):
            columns = [each for each in table.c if each.name != "row_id"]
            several = connection.execute(table.select().with_only_columns(*columns)).all()
            found[table.name] = sorted(map(repr, several))
        for table, of, named in (
            (finding_package, finding, finding.c.arn),
            (finding_value, finding, finding.c.arn),
            (coverage_value, coverage, coverage.c.resource_id),
        ):
            columns = [each for each in table.c if each.name != "row_id"]
            joined = table.join(of, table.c.row_id == of.c.row_id)
            query = table.select().with_only_columns(named, of.c.valid_from, *columns)
            several = connection.execute(query.select_from(joined)).all()
            found[table.name] = sorted(map(repr, several))
        stored = connection.execute(inventory.select().with_only_columns(inventory.c.digest))
        found["inventory"] = sorted(map(repr, stored.all()))
    return found


def run(
    world: World, steps: list[Step], cut: Callable[[list[Task]], Iterator[list[Task]]]
) -> Iterator[dict[str, list[Any]]]:
    for step in steps:
        for tasks in cut(world.prepare(step)):
            world.work(tasks)
        yield rows(world.monitor.store)


def at_once(tasks: list[Task]) -> Iterator[list[Task]]:
    yield tasks


def one_by_one(tasks: list[Task]) -> Iterator[list[Task]]:
    for each in reversed(tasks):
        yield [each]


def test_batches_write_what_one_by_one_would(
    store: Store,
    databases: tuple[Path, ...],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    @settings(
        max_examples=25 if store.is_sqlite else 8,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(_steps)
    def hold(steps: list[Step]) -> None:
        worlds = []
        for cut in (at_once, one_by_one):
            world = World(store, databases, tmp_path)
            monkeypatch.setitem(collect._WAYS, "EC2_SSM_AGENT_BASED", world.collect)
            worlds.append(list(run(world, steps, cut)))
        assert worlds[0] == worlds[1]
        check_alone(world)

    hold()


def check_alone(world: World) -> None:
    """What stands is what judging each instance by itself, with nothing shared, says."""
    store = world.monitor.store
    with store.read() as connection, AdvisoryDatabase.open(world.path) as database:
        bodies = connection.execute(
            finding.select()
            .with_only_columns(finding.c.body)
            .where(finding.c.valid_to == FOREVER, finding.c.status != "CLOSED")
        ).scalars()
        stand = {}
        for each in (msgspec.json.decode(body, type=Finding) for body in bodies):
            stand[each.finding_arn] = each
        for account, name in world.contents:
            known = get_resource(connection, account, name)
            assert known is not None
            reached = connection.execute(
                record.select()
                .with_only_columns(record.c.body)
                .where(record.c.kind == "reachability", record.c.owner == account)
                .where(record.c.key == name, record.c.valid_to == FOREVER)
            ).scalar()
            options = Options(
                place=Place(account, REGION, "aws"),
                resource=known.found.resource,
                reachability=msgspec.json.decode(reached)["from"] if reached else None,
            )
            bound = connection.execute(
                resource_inventory.select()
                .with_only_columns(resource_inventory.c.inventory)
                .where(resource_inventory.c.account == account)
                .where(resource_inventory.c.resource_id == name)
                .where(resource_inventory.c.valid_to == FOREVER)
            ).scalar()
            if bound is None:
                continue
            held = next(each for each in CONTENTS if digest(each) == bound)
            alone = assess(held, database, options, world.monitor.now())
            for expected in alone.findings:
                stood = stand.pop(expected.finding_arn)
                assert timeless(stood) == timeless(expected)
            if not held.gaps:
                left = [each for each in stand.values() if belongs(each, account, name)]
                assert not left


def digest(held: Inventory) -> str:
    from openinspector.store.packages import digest_of

    return digest_of(held)


def belongs(each: Finding, account: str, name: str) -> bool:
    return each.aws_account_id == account and each.resources[0].id == name


def timeless(each: Finding) -> Finding:
    return msgspec.structs.replace(
        each, status="ACTIVE", first_observed_at=0.0, last_observed_at=0.0, updated_at=None
    )


STEP = Step(1, 0, SCAN, {(a, n): 0 for a in ACCOUNTS for n in NAMES}, "internet", "x", None)


@pytest.fixture
def world(
    store: Store, databases: tuple[Path, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> World:
    world = World(store, databases, tmp_path)
    monkeypatch.setitem(collect._WAYS, "EC2_SSM_AGENT_BASED", world.collect)
    world.work(world.prepare(STEP))
    return world


def test_an_equal_look_writes_nothing(world: World) -> None:
    before = rows(world.monitor.store)
    world.work(world.prepare(STEP))
    after = rows(world.monitor.store)
    for name in ("finding", "finding_package", "finding_value", "transition", "resource_inventory"):
        assert before[name]
        assert after[name] == before[name]


def test_one_that_cannot_be_recorded_does_not_spoil_the_others(world: World) -> None:
    store = world.monitor.store
    with store.write() as connection:
        connection.execute(
            finding.update()
            .where(finding.c.account == ACCOUNTS[0], finding.c.resource_id == "i-2")
            .values(body=b"{")
        )
    tasks = world.prepare(STEP._replace(what=ASSESS, known=1))
    failed = reassess(world.monitor, "w", tasks)
    assert [each.key for each in failed] == [TaskKey(ASSESS, ACCOUNTS[0], REGION, "i-2")]
    with store.read() as connection:
        assert counts(connection, world.now) == [(ASSESS, "running", 1)]
        told = finding.select().where(
            finding.c.vulnerability_id == "CVE-2030-0002", finding.c.valid_to == FOREVER
        )
        updated = [row for row in connection.execute(told) if b"told better" in row.body]
    assert len(updated) == len(tasks) - 1


def test_what_went_while_it_was_looked_at_stays_gone(world: World) -> None:
    tasks = world.prepare(STEP._replace(known=1))
    looks = [look for each in tasks if (look := scan(world.monitor, "w", each))]
    store = world.monitor.store
    take_listing(store, ACCOUNTS[0], REGION, ("AWS_EC2_INSTANCE",), [], world.now)
    assert not record_looks(world.monitor, "w", looks)
    with store.read() as connection:
        rows_ = connection.execute(finding.select().where(finding.c.valid_to == FOREVER)).all()
        covered = connection.execute(coverage.select().where(coverage.c.valid_to == FOREVER)).all()
    assert {row.status for row in rows_ if row.account == ACCOUNTS[0]} == {"CLOSED"}
    assert {row.account for row in covered} == {ACCOUNTS[1]}
