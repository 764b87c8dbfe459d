"""How fast the service reads: `python bench/service.py [--findings N] [--database PLACE]`.

Fills a store with made-up findings by the way that scans take, and prints p50 and p99 of twelve
queries on SQLite and PostgreSQL, or on one database, which is kept: it must be empty, or with
`--filled` be one that an earlier run with as many findings left. Never asserts a time.
"""

import argparse
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from made_up import ACCOUNTS, NOW, World
from sqlalchemy import text

from openinspector.ledger.aggregations import Rows, aggregate
from openinspector.ledger.coverage import list_coverage
from openinspector.ledger.order import order_of
from openinspector.ledger.query import Page, find
from openinspector.store import Store, open_store
from openinspector.store.coverage import put_coverage
from openinspector.store.findings import put_findings

PAGE = 25
RUNS, PATIENCE = 100, 20.0
"""Runs of each query, and the seconds after which fewer will do."""

Query = Callable[[Any, random.Random], Any]


def fill(store: Store, world: World) -> float:
    """Write everything, 25 resources to a transaction; seconds."""
    started = time.perf_counter()
    for resources in world.parts(25):
        with store.write() as connection:
            put_findings(connection, (each for one in resources for each in one.findings()), NOW)
            for one in resources:
                put_coverage(connection, one.account, [one.covered()], NOW)
    return time.perf_counter() - started


def settle(store: Store) -> None:
    """Do now what the service's upkeep, or PostgreSQL by itself, does within a minute or two."""
    store.optimize()
    if not store.is_sqlite:
        with store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE"))


def queries(world: World) -> dict[str, Query]:
    """The twelve; each draws its own values."""

    def listed(
        criteria: Callable[[random.Random], dict[str, Any]],
        *,
        sort: str | None = None,
        accounts: Callable[[random.Random], tuple[str, ...]] = lambda _: ACCOUNTS,
        after: Callable[[random.Random], list[Any] | None] = lambda _: None,
    ) -> Query:
        order = order_of(sort and {"field": sort, "sortOrder": "DESC"})

        def run(connection: Any, draw: random.Random) -> Any:
            position = after(draw)
            return find(connection, accounts(draw), criteria(draw), order, PAGE, position, NOW + 1)

        return run

    def counted(kind: str) -> Query:
        return lambda connection, _: aggregate(
            connection, ACCOUNTS, kind, None, (), PAGE, None, NOW + 1
        )

    def equal(value: str) -> list[dict[str, str]]:
        return [{"comparison": "EQUALS", "value": value}]

    return {
        "all accounts, worst first": listed(lambda _: {}),
        "one account": listed(lambda _: {}, accounts=lambda draw: (draw.choice(ACCOUNTS),)),
        "a page deep inside": listed(lambda _: {}, after=world.deep),
        "critical and active": listed(
            lambda _: {"severity": equal("CRITICAL"), "findingStatus": equal("ACTIVE")}
        ),
        "one vulnerability": listed(lambda draw: {"vulnerabilityId": equal(world.cve(draw))}),
        "one resource": listed(lambda draw: {"resourceId": equal(world.resource(draw).id)}),
        "one package": listed(
            lambda draw: {"vulnerablePackages": [{"name": equal(world.package(draw))[0]}]}
        ),
        "one resource tag": listed(
            lambda draw: {
                "resourceTags": [{"comparison": "EQUALS", "key": "team", "value": world.team(draw)}]
            }
        ),
        "likely exploited, by EPSS": listed(
            lambda draw: {"epssScore": [{"lowerInclusive": draw.random(), "upperInclusive": 1.0}]},
            sort="EPSS_SCORE",
        ),
        "counts by account": counted("ACCOUNT"),
        "counts by package": counted("PACKAGE"),
        "coverage of a repository": lambda connection, draw: list_coverage(
            connection,
            ACCOUNTS,
            {"ecrRepositoryName": equal(world.repository(draw))},
            PAGE,
            None,
            NOW + 1,
        ),
    }


def measured(store: Store, query: Query) -> tuple[float, float, int]:
    """p50 and p99 in milliseconds, and of how many runs."""
    draw = random.Random(7)
    took: list[float] = []
    end = time.perf_counter() + PATIENCE
    with store.read() as connection:
        if not _rows(query(connection, draw)):
            raise SystemExit("a query found nothing, so its time would mean nothing")
        while len(took) < RUNS and (time.perf_counter() < end or len(took) < 3):
            started = time.perf_counter()
            query(connection, draw)
            took.append((time.perf_counter() - started) * 1000)
    took.sort()
    return statistics.median(took), took[-1 - len(took) // 100], len(took)


def _rows(answer: Any) -> Any:
    """What a query found, whichever kind it is."""
    match answer:
        case Page():
            return answer.bodies
        case Rows():
            return answer.answers
    return answer[0]


def run(location: str | Path, findings: int, *, filled: bool) -> None:
    """Fill a database, unless it is filled already, and measure it."""
    store = open_store(location)
    world = World(findings)
    name = store.engine.dialect.name
    if filled:
        print(f"{name}: {findings:,} findings, written before")
    else:
        seconds = fill(store, world)
        settle(store)
        print(f"{name}: {findings:,} findings written in {seconds:.0f} s", flush=True)
    for label, query in queries(world).items():
        p50, p99, runs = measured(store, query)
        print(f"  {label:<28} p50 {p50:>9.2f} ms   p99 {p99:>9.2f} ms   ({runs} runs)", flush=True)
    store.close()


def places(database: str | None) -> Iterator[str | Path]:
    """The databases to measure; those of our own are gone afterwards."""
    if database is not None:
        yield database
        return
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    from tests.service_fixtures import postgresql_programs, postgresql_server

    programs = postgresql_programs()
    if programs is None:
        print("postgresql: not installed (Debian: apt-get install postgresql), not measured")
        return
    with postgresql_server(programs) as address:
        yield f"{address}/postgres"


def main() -> None:
    """Read the command line and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--findings", type=int, default=1_000_000)
    parser.add_argument(
        "--database",
        metavar="PLACE",
        help="a folder or an address of PostgreSQL, instead of both of our own",
    )
    parser.add_argument("--filled", action="store_true", help="only ask what PLACE holds already")
    asked = parser.parse_args()
    if asked.filled and asked.database is None:
        parser.error("--filled needs --database")
    for place in places(asked.database):
        run(place, asked.findings, filled=asked.filled)


if __name__ == "__main__":
    main()
