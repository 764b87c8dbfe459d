"""Real processes on an emulated AWS: what is switched on is found; what is killed loses nothing."""

import random
import time
from pathlib import Path

import pytest

from openinspector.organization.accounts import enable
from openinspector.store import open_store
from tests.api.conftest import free_port
from tests.emulator import Emulator
from tests.emulator.server import MANAGEMENT, REGION
from tests.images import file, oci_layout
from tests.monitor.running import end_state, kill, last_words, settled, start
from tests.monitor.test_functions import deploy, zipped
from tests.monitor.test_images import OS_RELEASE, STATUS, push, repository
from tests.monitor.test_instances import AMAZON, OPENSSH, launch

OTHER = "2" * 12


def populate(cloud: Emulator, folder: Path, count: int) -> None:
    """Make about so many resources in two accounts, some images of them twice."""
    for number in range(count // 3):
        account = (MANAGEMENT, OTHER)[number % 2]
        name = launch(cloud, account)
        packages = [{**OPENSSH, "Release": f"8.amzn2023.0.{number % 5 + 7}"}]
        cloud.software.manage(account, REGION, name, AMAZON, packages)
        deploy(cloud, f"function-{number}", zipped(lodash=f"4.17.{number % 22}"))
    for account in (MANAGEMENT, OTHER):
        repository(cloud, "web", account)
        for number in range(count // 6):
            layers = [
                [file("etc/os-release", OS_RELEASE), file("var/lib/dpkg/status", STATUS)],
                [file("app/number", str(number).encode())],
            ]
            push(cloud, "web", oci_layout(folder / f"{account}-{number}", layers), account)


@pytest.fixture
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str | Path:
    return (
        request.getfixturevalue("postgresql_database")
        if request.param == "postgresql"
        else tmp_path / "data"
    )


def run(
    cloud: Emulator, folder: Path, place: str | Path, kills: int, seed: int
) -> dict[str, object]:
    """Let everything be scanned by a service and a worker, killed so many times; the end state."""
    folder.mkdir(exist_ok=True)
    store = open_store(place)
    with store.write() as connection:
        for account in (MANAGEMENT, OTHER):
            enable(connection, account, ("EC2", "ECR", "LAMBDA"), time.time_ns() // 1_000_000)
    options = ["--database", place] if isinstance(place, str) else []
    draw = random.Random(seed)

    def serve() -> "list[object]":
        return [*options, "--aws", "--port", free_port()]

    running = {
        "serve": start("serve", folder, cloud.environment, *serve()),
        "worker": start("worker", folder, cloud.environment, *options),
    }
    try:
        time.sleep(1.5)
        for _ in range(kills):
            time.sleep(draw.uniform(0.0, 0.6))
            verb = draw.choice(list(running))
            kill(running[verb])
            again = serve() if verb == "serve" else options
            running[verb] = start(verb, folder, cloud.environment, *again)
        settled(store, 6)
    except AssertionError as error:
        raise AssertionError(f"{error}\n{last_words(folder)}") from error
    finally:
        for process in running.values():
            kill(process)
        store.close()
    return end_state(place)


@pytest.mark.parametrize("place", ["sqlite", "postgresql"], indirect=True)
def test_killed_again_and_again_it_ends_where_it_would_have(
    cloud: Emulator, tmp_path: Path, place: str | Path
) -> None:
    populate(cloud, tmp_path, 45)
    undisturbed = run(cloud, tmp_path / "calm", tmp_path / "calm", 0, 0)
    assert undisturbed["findings"]
    assert run(cloud, tmp_path / "data", place, 6, 1) == undisturbed


@pytest.mark.slow
@pytest.mark.parametrize("place", ["sqlite", "postgresql"], indirect=True)
def test_fifty_kills_of_a_run_of_two_hundred(
    cloud: Emulator, tmp_path: Path, place: str | Path
) -> None:
    populate(cloud, tmp_path, 200)
    undisturbed = run(cloud, tmp_path / "calm", tmp_path / "calm", 0, 0)
    assert run(cloud, tmp_path / "data", place, 50, 2) == undisturbed
