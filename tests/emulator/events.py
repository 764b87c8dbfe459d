"""EventBridge to SQS: events reach the queues of the rules that they match, as AWS writes them.

Moto matches patterns and keeps rules, but its messages lack the account and no service of its own
tells of anything. Source: EventBridge user guide, "Amazon SQS permissions" (a queue's policy has to
let events.amazonaws.com send) and "Sending and receiving events between accounts".
"""

import json
from collections.abc import Iterator
from typing import Any

from moto.events.models import events_backends
from moto.sqs.models import Queue, sqs_backends

from tests.emulator.event_shapes import Event
from tests.emulator.state import State

_FORWARDED = 1
"""An event goes from bus to bus once."""


class Events:
    """The default event buses of all accounts."""

    def __init__(self, state: State) -> None:
        self._state = state

    def put(self, event: Event) -> None:
        """A service tells the bus of its account and region what happened."""
        bus = f"arn:aws:events:{event['region']}:{event['account']}:event-bus/default"
        self._put(bus, event, _FORWARDED)

    def _put(self, bus: str, event: Event, forward: int) -> None:
        for target in _targets(bus, event):
            service = target.split(":")[2]
            if service == "sqs":
                self.deliver(target, event)
            elif service == "events" and forward:
                self._put(target, event, forward - 1)

    def deliver(self, queue: str, event: Event) -> None:
        """Put an event into a queue (its ARN), if the queue is there and lets EventBridge send."""
        _, _, _, region, account, name = queue.split(":")
        found = sqs_backends[account][region].queues.get(name)
        if found is None or not _lets_events_in(found):
            self._state.undelivered.append(event)
            return
        sqs_backends[account][region].send_message(name, json.dumps(event))

    @property
    def undelivered(self) -> list[Event]:
        """Events that a queue did not take: it is not there, or its policy forbids it."""
        return self._state.undelivered


def _targets(bus: str, event: Event) -> Iterator[str]:
    """ARNs of the targets of the rules on a bus that an event matches."""
    _, _, _, region, account, name = bus.split(":")
    buses = events_backends[account][region].event_buses
    found = buses.get(name.removeprefix("event-bus/"))
    for rule in list(found.rules.values()) if found else ():
        pattern: Any = rule.event_pattern
        if pattern.get_pattern() and rule.state == "ENABLED" and pattern.matches_event(event):
            yield from (each["Arn"] for each in rule.targets)


def _lets_events_in(queue: Queue) -> bool:
    """Whether a queue's policy lets EventBridge send messages."""
    policy: Any = queue.policy
    if not policy:
        return False
    document = json.loads(policy) if isinstance(policy, str) else policy
    return any(
        each["Effect"] == "Allow"
        and _is_events(each.get("Principal"))
        and {"sqs:SendMessage", "sqs:*", "SQS:SendMessage", "*"} & set(_many(each["Action"]))
        for each in _many(document["Statement"])
    )


def _is_events(principal: Any) -> bool:
    if isinstance(principal, dict):
        named = _many(principal.get("Service")) + _many(principal.get("AWS"))
        return "events.amazonaws.com" in named or "*" in named
    return bool(principal == "*")


def _many(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]
