"""A connection that a client cannot hold without sending requests.

uvicorn bounds how long a connection is idle between requests, not how long the head of a request
takes; and it reads what remains of a body that was refused, however long that is.
"""

import asyncio
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_SECONDS = 30.0
"""How long the first byte and the headers of a request may take together."""
REST_SECONDS = 5.0
"""How long the rest of a body is read after its answer, so that its sender sees the answer."""


class Connection(H11Protocol):
    """HTTP/1.1 with a time for the head of a request, and for what follows an early answer."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._timer: asyncio.TimerHandle | None = None
        self._allowed: float | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for a request; uvicorn narrows the argument in the same way."""
        super().connection_made(transport)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        self._wait(None)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Wait on for the same thing, so that a trickle gains no time, or for the next."""
        super().data_received(data)
        self._watch()

    def on_response_complete(self) -> None:
        """Wait for the next request, or not long for the rest of this one."""
        super().on_response_complete()
        self._watch()

    def _watch(self) -> None:
        """See what the client owes: a head, the rest of a body that was answered, or nothing.

        A body that is still wanted has its time in the gateway, which answers when it is over.
        """
        if self.conn.their_state is h11.IDLE:
            self._wait(HEAD_SECONDS)
        elif self.conn.their_state is h11.SEND_BODY and self.conn.our_state is h11.DONE:
            self._wait(REST_SECONDS)
        else:
            self._wait(None)

    def _wait(self, seconds: float | None) -> None:
        if seconds == self._allowed:
            return
        if self._timer is not None:
            self._timer.cancel()
        self._allowed = seconds
        self._timer = (
            None if seconds is None else self.loop.call_later(seconds, self.transport.abort)
        )
