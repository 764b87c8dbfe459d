"""The advisory database that the tests of this folder share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from openinspector.advisories.database import AdvisoryDatabase

from .knowledge import compile_database


@pytest.fixture(scope="session")
def database(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[AdvisoryDatabase]:
    """All advisories of ../shared/data/osv."""
    output = tmp_path_factory.mktemp("advisories") / "advisories.db"
    with compile_database(shared, output) as opened:
        yield opened
