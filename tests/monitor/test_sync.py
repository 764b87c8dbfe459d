"""A whole organisation of the emulated AWS: taken over, switched on, scanned account by account."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from openinspector.monitor.monitor import Monitor
from openinspector.organization.directory import organization_of
from openinspector.organization.scope import visible_accounts
from openinspector.store import open_store
from tests.emulator import Emulator
from tests.emulator.organization import set_up
from tests.monitor.driving import coverage, findings, switch_on, work
from tests.monitor.running import PROGRAM


@pytest.mark.skipif(
    shutil.which("mkfs.ext4", path=f"{os.environ['PATH']}:/usr/sbin:/sbin") is None,
    reason="needs mkfs.ext4 (Debian: e2fsprogs)",
)
def test_an_organisation_is_synced_and_scanned(
    monitor: Monitor, cloud: Emulator, tmp_path: Path
) -> None:
    made = set_up(cloud, tmp_path)
    accounts = {made.management, made.administrator, made.production, made.development}
    data = tmp_path / "data"
    done = subprocess.run(
        [PROGRAM, "org", "sync", "--data", data],
        env={**os.environ, **cloud.environment},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert f"4 accounts, administered by {made.administrator}" in done.stdout
    store = open_store(data)
    with store.read() as connection:
        known = organization_of(connection, made.production)
        assert known is not None
        assert (set(known.accounts), known.management) == (accounts, made.management)
        assert set(visible_accounts(connection, made.administrator)) == accounts
    store.close()

    for account in (made.production, made.development):
        switch_on(monitor, account, "EC2", "ECR", "LAMBDA")
    assert not [each for each in work(monitor) if each.endswith("failed")]
    told = coverage(monitor, *accounts)
    assert set(made.instances.values()) <= set(told)
    assert findings(monitor, made.production, findingStatus="ACTIVE")
