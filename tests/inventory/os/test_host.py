"""Facts of this machine, against the files and the tool that tell them too."""

import platform
from pathlib import Path

import pytest

from openinspector.inventory.host import read_host


def test_this_machine():
    host = read_host()
    release = Path("/proc/sys/kernel/osrelease")
    if not release.exists():
        pytest.skip("needs /proc, which only Linux has")
    assert host.kernel.release == release.read_text().strip()
    assert host.kernel.version == Path("/proc/sys/kernel/version").read_text().strip()
    assert host.name == Path("/proc/sys/kernel/hostname").read_text().strip()
    assert host.architecture == platform.machine()
    assert host.kernel_name == "Linux"
    assert ("metadata:host:kernel_version", host.kernel.release) in host.properties()
