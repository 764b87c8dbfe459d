"""Lists page by page: the position after a page travels in a sealed token."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from openinspector.api.call import Call

_T = TypeVar("_T")


def moment_and_key(call: Call) -> tuple[int, list[Any] | None]:
    """The moment that a list reads, the same on all its pages, and the last key seen.

    It lies before whatever is being written just now: pages to come must not see it either.
    """
    token = call.input.get("nextToken")
    if not token:
        return (call.settled() if call.at is None else call.at), None
    moment, *key = call.service.tokens.open(call.operation, call.caller.account, call.input, token)
    return moment, key


def then(call: Call, moment: int) -> int | None:
    """The moment that a list reads, as reads of the store take it: None while it is the present.

    Who may see what is asked as of it too: a token carries its reader no further back than the
    header of the moment would.
    """
    return None if moment == call.now else moment


def next_token(call: Call, moment: int, key: Sequence[Any] | None) -> str | None:
    """The token of the page after a key; None when there is none."""
    if key is None:
        return None
    return call.service.tokens.seal(call.operation, call.caller.account, call.input, [moment, *key])


def page_of(
    call: Call, rows: Sequence[_T], key: Callable[[_T], str], size: int
) -> tuple[list[_T], str | None]:
    """One page of rows that are known whole and sorted by a key, and the token of the next.

    For short lists (what people configure); the caller reads them as of `moment_and_key`'s moment.
    """
    moment, after = moment_and_key(call)
    left = [row for row in rows if after is None or key(row) > after[0]]
    page = left[:size]
    position = [key(page[-1])] if len(left) > size else None
    return page, next_token(call, moment, position)
