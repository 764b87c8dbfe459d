"""Hosts that report by themselves: who falls silent says so, once, and keeps everything else."""

from openinspector.ledger.hosts import forget_reports, note_report, tell_silent
from openinspector.store import Store
from openinspector.store.coverage import get_coverage, put_coverage

ACCOUNT = "1" * 12
HOUR = 3_600_000
WEEK = 7 * 24 * HOUR
START = 1_795_000_000_000


def row(name: str) -> dict[str, object]:
    return {
        "accountId": ACCOUNT,
        "resourceId": name,
        "resourceType": "AWS_EC2_INSTANCE",
        "scanType": "PACKAGE",
        "scanStatus": {"statusCode": "ACTIVE", "reason": "SUCCESSFUL"},
        "lastScannedAt": START / 1000,
    }


def reason(store: Store, name: str) -> str:
    with store.read() as connection:
        found = get_coverage(connection, ACCOUNT, name, "PACKAGE")
    assert found is not None
    assert found["lastScannedAt"] == START / 1000
    return str(found["scanStatus"]["reason"])


def test_who_is_silent_for_a_week_says_so_until_it_reports(store: Store) -> None:
    with store.write() as connection:
        put_coverage(connection, ACCOUNT, [row("i-1"), row("i-2"), row("i-3"), row("i-4")], START)
        for name in ("i-1", "i-2", "i-3"):
            note_report(connection, ACCOUNT, name, START)
        # Two reports within an hour are kept as one.
        note_report(connection, ACCOUNT, "i-1", START + HOUR - 1)
        note_report(connection, ACCOUNT, "i-2", START + HOUR)
        forget_reports(connection, ACCOUNT, "i-3", START + HOUR)
    with store.write() as connection:
        assert tell_silent(connection, START + WEEK) == 0
        assert tell_silent(connection, START + WEEK + 1) == 1
        assert tell_silent(connection, START + WEEK + 2) == 0
    told = {name: reason(store, name) for name in ("i-1", "i-2", "i-3", "i-4")}
    # The third was removed, and the fourth handed in by no agent.
    assert told == dict.fromkeys(told, "SUCCESSFUL") | {"i-1": "STALE_INVENTORY"}
    with store.write() as connection:
        note_report(connection, ACCOUNT, "i-1", START + WEEK + HOUR)
        assert tell_silent(connection, START + WEEK + HOUR + 1) == 1, "the second"
        assert tell_silent(connection, START + 2 * WEEK + HOUR) == 0
        assert tell_silent(connection, START + 2 * WEEK + HOUR + 1) == 1, "the first, once more"
