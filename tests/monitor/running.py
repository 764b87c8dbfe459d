"""The service as it is run: `serve --aws` and `worker` in processes of their own."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from openinspector.store import Store, open_store
from openinspector.store.coverage import coverage
from openinspector.store.findings import finding
from openinspector.store.schema import FOREVER
from openinspector.store.tasks import counts

PROGRAM = Path(sys.executable).with_name("openinspector")


def start(
    verb: str, folder: Path, environment: Mapping[str, str], *options: object
) -> subprocess.Popen[bytes]:
    """Start a process of the service; its words go to a file beside its data."""
    with (folder / f"{verb}.log").open("ab") as log:
        return subprocess.Popen(
            [str(PROGRAM), verb, "--data", str(folder), "--db", "starter", *map(str, options)],
            env={**os.environ, **environment},
            stdout=log,
            stderr=subprocess.STDOUT,
        )


def kill(process: subprocess.Popen[bytes]) -> None:
    os.kill(process.pid, signal.SIGKILL)
    process.wait()


def settled(store: Store, listings: int, seconds: float = 900.0, *, failing: bool = False) -> None:
    """Wait until so many listings were made, and nothing is to be done at once.

    `failing`: until something failed, too.
    """
    end = time.monotonic() + seconds
    state: Any = None
    while time.monotonic() < end:
        now = time.time_ns() // 1_000_000
        with store.read() as connection:
            state = counts(connection, now)
        made = sum(count for kind, how, count in state if kind.startswith("disc") and how == IDLE)
        idle = (IDLE, "failing") if failing else (IDLE,)
        busy = [each for each in state if each[1] not in idle and each[0] not in _ALWAYS]
        failed = any(how == "failing" for _, how, _ in state)
        if made == listings and not busy and failed is failing:
            return
        time.sleep(0.2)
    raise AssertionError(f"not settled: {state}")


IDLE = "waiting"
_ALWAYS = ("accounts", "knowledge")


def end_state(place: str | Path) -> dict[str, Any]:
    """Findings and coverage as they stand, without the times at which they came to be so."""
    store = open_store(place)
    with store.read() as connection:
        bodies = connection.execute(finding.select().where(finding.c.valid_to == FOREVER)).all()
        rows = connection.execute(coverage.select().where(coverage.c.valid_to == FOREVER)).all()
    store.close()
    return {
        "findings": sorted(json.dumps(_timeless(msgspec.json.decode(row.body))) for row in bodies),
        "coverage": sorted(json.dumps(_timeless(msgspec.json.decode(row.body))) for row in rows),
    }


_TIMES = ("firstObservedAt", "lastObservedAt", "updatedAt", "lastScannedAt", "imagePulledAt")
"""What depends on when it was done; a scan's own pull is one that ECR records."""


def _timeless(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return {name: _timeless(each) for name, each in sorted(value.items()) if name not in _TIMES}


def last_words(folder: Path, verbs: Sequence[str] = ("serve", "worker")) -> str:
    paths = [folder / f"{verb}.log" for verb in verbs]
    return "\n".join(path.read_text()[-2000:] for path in paths if path.exists())
