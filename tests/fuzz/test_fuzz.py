"""A bounded run of every fuzz target, where atheris is installed (`pip install atheris`)."""

import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("atheris", reason="atheris is not installed")

from tests.conftest import REPOSITORY
from tests.fuzz.harness import TARGETS

RUNS = 20_000


@pytest.mark.slow
@pytest.mark.parametrize("name", TARGETS)
def test_nothing_crashes_hangs_or_eats_memory(name: str, tmp_path: Path) -> None:
    limits = (
        "-timeout=30",
        "-rss_limit_mb=2000",
        "-max_len=16384",
        f"-artifact_prefix={tmp_path}/",
    )
    done = subprocess.run(
        [
            *(sys.executable, "-m", "tests.fuzz.harness", name, str(tmp_path / "corpus")),
            *(f"-runs={RUNS}", *limits),
        ],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]
