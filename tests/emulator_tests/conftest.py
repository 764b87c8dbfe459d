"""One emulator for all these tests, new for each."""

from collections.abc import Iterator

import pytest

from tests.emulator import Emulator


@pytest.fixture(scope="session")
def _running() -> Iterator[Emulator]:
    emulator = Emulator()
    yield emulator
    emulator.stop()


@pytest.fixture
def cloud(_running: Emulator) -> Emulator:
    _running.reset()
    return _running
