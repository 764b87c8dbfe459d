"""Inventories and package versions: exact round trips, and one join held against plain loops."""

import random
import threading
from collections.abc import Callable
from functools import partial

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Table, func, select

from openinspector.advisories import names
from openinspector.assess.packages import match
from openinspector.model import (
    AffectedPackage,
    AffectedRange,
    Distribution,
    Inventory,
    Location,
    Package,
    Target,
)
from openinspector.store import Store
from openinspector.store.packages import (
    affected_resources,
    bind_inventory,
    get_inventory,
    inventory_of,
    inventory_package,
    package_version,
    put_inventory,
    ranges_of,
    unbind_inventory,
)
from openinspector.store.records import get_record, put_record
from openinspector.versions import key
from tests.assess.memory import DEBIAN_12, UBUNTU_16, Memory

ACCOUNTS = ("111122223333", "444455556666")
VERSIONS = ("1.0", "1.2~rc1", "1.2", "1.10", "not a version")
NAMES = ("Flask_Login", "openssl")
ECOSYSTEMS = ("PyPI", "Debian", "Ubuntu")
PUBLISHED = {
    "Debian": ("Debian:12", "Debian:11"),
    "Ubuntu": ("Ubuntu:16.04:LTS", "Ubuntu:Pro:16.04:LTS", "Ubuntu:18.04:LTS"),
}


def software(ecosystem: str, name: str, version: str, source: str | None = None) -> Package:
    purl = f"pkg:generic/{name}@{version}"
    place = (Location("lib/x"),)
    return Package(ecosystem, name, version, purl, None, "c", "c", place, source_name=source)


def inventory(*packages: Package, distribution: Distribution | None = None) -> Inventory:
    return Inventory(Target("image", "x"), packages, distribution)


packages = st.builds(
    software,
    st.sampled_from(ECOSYSTEMS),
    st.sampled_from(NAMES),
    st.sampled_from((*VERSIONS, "")),
    st.none() | st.sampled_from(NAMES),
)
inventories = st.builds(
    lambda held, distribution: inventory(*held, distribution=distribution),
    st.lists(packages, min_size=1, max_size=6),
    st.sampled_from((None, DEBIAN_12, UBUNTU_16)),
)


@st.composite
def records(draw: st.DrawFn) -> AffectedPackage:
    base = draw(st.sampled_from(ECOSYSTEMS))
    keys = st.sampled_from([key(base, version) for version in VERSIONS])
    end = draw(st.sampled_from(("fixed", "last_affected", "open")))
    ranged = AffectedRange(
        draw(st.just(b"") | keys),
        draw(keys) if end == "fixed" else None,
        draw(keys) if end == "last_affected" else None,
    )
    return AffectedPackage(
        "CVE-2024-1",
        "osv",
        draw(st.sampled_from(PUBLISHED.get(base, (base,)))),
        names.package(base, draw(st.sampled_from(NAMES))),
        (f"CVE-2024-{draw(st.integers(1, 4))}",),
        draw(st.sampled_from(("fixed", "unfixed", "not-affected"))),
        (ranged,),
        tuple(draw(st.lists(keys, max_size=1))),
    )


fleets = st.dictionaries(
    st.tuples(st.sampled_from(ACCOUNTS), st.sampled_from(("a", "b", "c"))),
    inventories,
    min_size=1,
    max_size=4,
)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(fleet=fleets, published=st.lists(records(), min_size=2, max_size=8))
def test_one_join_finds_what_loops_find(
    store: Store,
    fleet: dict[tuple[str, str], Inventory],
    published: list[AffectedPackage],
) -> None:
    ranges = list(ranges_of(published))
    with store.engine.connect() as connection, connection.begin() as transaction:
        held = {}
        for (account, resource), each in fleet.items():
            digest = put_inventory(connection, each)
            assert get_inventory(connection, digest) == each
            bind_inventory(connection, account, resource, digest, 1)
            held[account, resource] = digest
        rows = connection.execute(
            select(inventory_package.c.inventory, package_version).join(
                package_version, package_version.c.row_id == inventory_package.c.package
            )
        ).all()
        found = affected_resources(connection, ranges)
        transaction.rollback()
    expected = {
        (*place, row.ecosystem, row.name, row.version)
        for place, digest in held.items()
        for row in rows
        if row.inventory == digest
        for each in ranges
        if (each.ecosystem, each.release, each.name) == (row.ecosystem, row.release, row.name)
        and (each.introduced or b"") <= row.key
        and (each.fixed is None or row.key < each.fixed)
        and (each.last_affected is None or row.key <= each.last_affected)
    }
    assert [msgspec.structs.astuple(each) for each in found] == sorted(expected)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(fleet=fleets, published=st.lists(records(), min_size=2, max_size=8))
def test_it_misses_nothing_that_matching_finds(
    store: Store,
    fleet: dict[tuple[str, str], Inventory],
    published: list[AffectedPackage],
) -> None:
    knowledge = Memory(published)
    matched = {place for place, each in fleet.items() if match(each, knowledge).observations}
    with store.engine.connect() as connection, connection.begin() as transaction:
        for (account, resource), each in fleet.items():
            bind_inventory(connection, account, resource, put_inventory(connection, each), 1)
        found = affected_resources(connection, ranges_of(published))
        transaction.rollback()
    assert matched <= {(each.account, each.resource_id) for each in found}


def test_what_a_resource_holds_is_kept_in_versions(store: Store) -> None:
    one, two = inventory(software("npm", "a", "1")), inventory(software("npm", "a", "2"))
    with store.write() as connection:
        first, second = put_inventory(connection, one), put_inventory(connection, two)
        assert put_inventory(connection, one) == first
        bind_inventory(connection, ACCOUNTS[0], "r", first, 10)
        bind_inventory(connection, ACCOUNTS[0], "r", first, 15)
        bind_inventory(connection, ACCOUNTS[0], "r", second, 20)
        unbind_inventory(connection, ACCOUNTS[0], "r", 30)
    with store.read() as connection:
        asked = [inventory_of(connection, ACCOUNTS[0], "r", at) for at in (9, 10, 19, 20, 29, 30)]
        assert asked == [None, first, first, second, second, None]
        assert inventory_of(connection, ACCOUNTS[1], "r", 10) is None


def test_packages_that_many_inventories_share_are_stored_once(store: Store) -> None:
    shared = [software("npm", f"n{number}", "1") for number in range(1200)]
    with store.write() as connection:
        for number in range(3):
            put_inventory(connection, inventory(*shared, software("npm", "own", str(number))))
        assert _count(connection, package_version) == 1203
        assert _count(connection, inventory_package) == 3603


def _count(connection: Connection, table: Table) -> int:
    return connection.execute(select(func.count()).select_from(table)).scalar_one()


@pytest.mark.parametrize("name", ["a\x00b", "".join(map(chr, range(0x4E00, 0x4E00 + 9000)))])
def test_hostile_names_are_stored_with_the_others(store: Store, name: str) -> None:
    held = inventory(
        software("npm", name, "1"), software("npm", "b", name), software("npm", "c", "1")
    )
    wanted = AffectedPackage("X", "osv", "npm", "c", ("X",), "unfixed", (AffectedRange(),))
    with store.write() as connection:
        digest = put_inventory(connection, held)
        bind_inventory(connection, ACCOUNTS[0], "r", digest, 1)
        assert get_inventory(connection, digest) == held
        assert [each.name for each in affected_resources(connection, ranges_of([wanted]))] == ["c"]


def test_scans_at_the_same_time_all_count(store: Store) -> None:
    pool = [software("npm", f"n{number}", "1") for number in range(600)]

    def scan(number: int) -> None:
        held = random.Random(number).sample(pool, 400)
        with store.write() as connection:
            digest = put_inventory(connection, inventory(*held))
            bind_inventory(connection, ACCOUNTS[0], f"r{number}", digest, number)

    _together([partial(scan, number) for number in range(6)])
    with store.read() as connection:
        assert all(inventory_of(connection, ACCOUNTS[0], f"r{number}") for number in range(6))
        assert _count(connection, inventory_package) == 2400


def test_records_written_at_the_same_time_follow_each_other(store: Store) -> None:
    def add_one() -> None:
        with store.write() as connection:
            held = get_record(connection, "counter", "o", "k") or {"number": 0}
            put_record(connection, "counter", "o", "k", {"number": held["number"] + 1}, 1)

    _together([add_one] * 12)
    with store.read() as connection:
        assert get_record(connection, "counter", "o", "k") == {"number": 12}


def _together(jobs: list[Callable[[], None]]) -> None:
    raised: list[BaseException] = []

    def run(job: Callable[[], None]) -> None:
        try:
            job()
        except BaseException as error:
            raised.append(error)

    threads = [threading.Thread(target=run, args=(job,)) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert raised == []
