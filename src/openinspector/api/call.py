"""What an operation's handler is given, and what the service keeps for all of them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection

from openinspector.api.tokens import Tokens
from openinspector.store import Store

if TYPE_CHECKING:
    from openinspector.advisories import AdvisoryDatabase


@dataclass(frozen=True)
class Caller:
    """Who signed the request: an account, by one of its access keys."""

    account: str
    key_id: str
    key_name: str = ""


@dataclass(frozen=True)
class Service:
    """What lives as long as the server: one region of one partition.

    `knowledge` opens the advisory database for one call, which closes it (or raises
    `OpenInspectorError`); `clock` gives epoch milliseconds. `sbom_components` is how many
    components, nested ones included, ScanSbom takes.
    """

    store: Store
    tokens: Tokens
    region: str
    partition: str
    clock: Callable[[], int]
    knowledge: Callable[[], "AdvisoryDatabase"]
    sbom_components: int


@dataclass
class Call:
    """One authenticated request.

    `input` holds the members of the operation's input shape, parsed and validated; timestamps are
    epoch seconds (float) there and in what a handler returns. `now` and `at` are epoch
    milliseconds; `now` is when the request came, and once it writes, when its turn to write came.
    `at` is the past moment that a read is asked for, None for the present.
    """

    operation: str
    input: dict[str, Any]
    caller: Caller
    service: Service
    now: int
    at: int | None = None

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A connection for one transaction; what it writes is true from `now`, which moves here.

        A turn may be long in coming. What was dated before it would slip under the pages of lists
        that began meanwhile.
        """
        with self.service.store.write() as connection:
            self.now = max(self.now, self.service.clock())
            yield connection

    def settled(self) -> int:
        """The latest moment about which nothing is being written any more: what lists show."""
        return self.service.store.settled(self.now)


Handler = Callable[[Call], dict[str, Any]]
