"""Running the service: open what it needs, listen, look after it, stop in order."""

import logging
import signal
import socket
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Protocol

import msgspec
import uvicorn

from openinspector.api.access.master_key import MasterKey
from openinspector.api.call import Service
from openinspector.api.exports import resume_exports
from openinspector.api.gateway import Settings, application
from openinspector.api.tokens import Tokens
from openinspector.api.wire.connection import Connection
from openinspector.model import OpenInspectorError
from openinspector.store import Store, open_store

if TYPE_CHECKING:
    from openinspector.advisories import AdvisoryDatabase

UPKEEP_SECONDS = 60.0
_SLOW_CLIENT_SECONDS = 30

_log = logging.getLogger(__name__)


def milliseconds() -> int:
    """The clock of a running service, in epoch milliseconds."""
    return time.time_ns() // 1_000_000


class Background(Protocol):
    """Something that runs beside the requests, in a thread of its own, until it is stopped."""

    def run(self) -> None:
        """Run until `stop` is called."""

    def stop(self) -> None:
        """Ask it to end; it finishes what it does first."""


class Address(msgspec.Struct, frozen=True):
    """Where to listen, and with which certificate."""

    host: str
    port: int
    certificate: str | None = None
    key: str | None = None

    @property
    def url(self) -> str:
        """What clients call."""
        scheme = "https" if self.certificate else "http"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{scheme}://{host}:{self.port}"


def open_service(
    folder: Path,
    database: str | None,
    region: str,
    knowledge: Callable[[], "AdvisoryDatabase"],
    sbom_components: int,
) -> tuple[Service, MasterKey]:
    """Open the store (a PostgreSQL address, or the folder) and the master key of a service."""
    folder.mkdir(parents=True, exist_ok=True)
    master = MasterKey.load(folder)
    store = open_store(database or folder)
    service = Service(
        store=store,
        tokens=Tokens(master.derive("pagination-tokens")),
        region=region,
        partition=partition_of(region),
        clock=milliseconds,
        knowledge=knowledge,
        sbom_components=sbom_components,
    )
    return service, master


def partition_of(region: str) -> str:
    """The partition of a Region by its name."""
    prefixes = {"cn-": "aws-cn", "us-gov-": "aws-us-gov"}
    return next((name for prefix, name in prefixes.items() if region.startswith(prefix)), "aws")


def run(
    service: Service,
    master: MasterKey,
    address: Address,
    ready: Callable[[], None],
    upkeep: Callable[[Store, int], None],
    beside: Sequence[Background] = (),
    settings: Settings | None = None,
) -> None:
    """Serve until told to stop; `ready` is called when requests are taken.

    Raises `OpenInspectorError` when the address cannot be listened at.
    """
    sockets = _listen(address)
    config = uvicorn.Config(
        application(service, master, settings),
        host=address.host,
        port=address.port,
        ssl_certfile=address.certificate,
        ssl_keyfile=address.key,
        log_level="warning",
        access_log=False,
        lifespan="off",
        http=Connection,
        ws="none",
        # Forwarded headers are not signed: believing them lets a caller choose its address.
        proxy_headers=False,
        timeout_keep_alive=_SLOW_CLIENT_SECONDS,
        timeout_graceful_shutdown=_SLOW_CLIENT_SECONDS,
        h11_max_incomplete_event_size=64 * 1024,
    )
    server = _Server(config, ready)
    # uvicorn raises the signal that stopped it again: it must not end us before things are closed.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _leave)
    # What a dead process left in the middle is done again from its start.
    resume_exports(service)
    stopped = threading.Event()
    keeper = threading.Thread(
        target=_look_after, args=(service, upkeep, stopped), name="upkeep", daemon=True
    )
    threads = [keeper, *(threading.Thread(target=each.run, daemon=True) for each in beside)]
    for thread in threads:
        thread.start()
    try:
        server.run(sockets=sockets)
    finally:
        stopped.set()
        for each in beside:
            each.stop()
        for thread in threads:
            thread.join()
        service.store.close()


def _listen(address: Address) -> list[socket.socket]:
    """Sockets at every address that the host means. Not left to uvicorn, which logs and exits."""
    try:
        places = socket.getaddrinfo(
            address.host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
        return [socket.create_server(place[:2], family=family) for family, *_, place in places]
    except OSError as error:
        raise OpenInspectorError(
            f"cannot listen at {address.url}: {error.strerror or error}"
        ) from error


def _leave(_number: int, _frame: FrameType | None) -> None:
    raise SystemExit(0)


def _look_after(
    service: Service, upkeep: Callable[[Store, int], None], stopped: threading.Event
) -> None:
    while not stopped.wait(UPKEEP_SECONDS):
        try:
            upkeep(service.store, service.clock())
        except Exception:
            # The next round tries again; requests go on meanwhile.
            _log.exception("upkeep failed")


class _Server(uvicorn.Server):
    """A server that tells when it listens."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._ready()
