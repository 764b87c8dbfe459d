"""What all tests share."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

REPOSITORY = Path(__file__).resolve().parent.parent

# How long an example takes tells of the machine, not of the code.
settings.register_profile("without deadline", deadline=None)
settings.load_profile("without deadline")

pytest_plugins = ["tests.aws_fixtures", "tests.service_fixtures"]


def shared_folder() -> Path | None:
    """The folder of real data beside the repository, or None where it is absent."""
    folder = Path(os.environ.get("OPENINSPECTOR_SHARED") or REPOSITORY.parent / "shared")
    return folder if folder.is_dir() else None


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real data; the test is skipped, saying so, where it is absent (not in CI)."""
    folder = shared_folder()
    if folder is None:
        if os.environ.get("CI"):
            pytest.fail("the real data (../shared) is absent, and CI must have it")
        pytest.skip("needs the real data of ../shared, which is absent")
    return folder
