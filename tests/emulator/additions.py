"""Which operations are answered by the emulator, and what else happens when moto answered."""

from collections.abc import Callable
from typing import Any, TypeVar

from tests.emulator.wire import Call, Output

Answering = Callable[[Call], Output]
Watching = Callable[[Call, dict[str, Any]], None]
Made = TypeVar("Made", bound=Callable[..., Any])

ANSWERS: dict[tuple[str, str], Answering] = {}
"""By service and operation: the function that answers instead of moto (or after asking it)."""

WATCHERS: dict[tuple[str, str], list[Watching]] = {}
"""By service and operation: what is told of calls that worked, with their output."""


def answers(service: str, operation: str) -> Callable[[Made], Made]:
    """The function answers this operation."""

    def register(function: Made) -> Made:
        ANSWERS[service, operation] = function
        return function

    return register


def watches(service: str, *operations: str) -> Callable[[Made], Made]:
    """The function is told of calls of these operations that worked."""

    def register(function: Made) -> Made:
        for operation in operations:
            WATCHERS.setdefault((service, operation), []).append(function)
        return function

    return register
