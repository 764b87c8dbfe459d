"""Figures for Prometheus, read from the store whenever they are asked for."""

import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from openinspector.store import Store

METRICS = click.option(
    "--metrics-port",
    type=click.IntRange(1, 65535),
    metavar="PORT",
    help="Tell Prometheus figures on this port of 127.0.0.1, to anyone who can reach it.",
)

_FIGURES: tuple[tuple[str, str, tuple[str, ...], str], ...] = (
    (
        "openinspector_findings",
        "Findings that stand, by severity and status.",
        ("severity", "status"),
        "SELECT severity, status, count(*) FROM finding WHERE valid_to = :forever"
        " GROUP BY severity, status",
    ),
    (
        "openinspector_covered_resources",
        "Resources, by type and why they are scanned or not.",
        ("type", "reason"),
        "SELECT resource_type, reason, count(*) FROM coverage WHERE valid_to = :forever"
        " GROUP BY resource_type, reason",
    ),
    (
        "openinspector_undelivered_transitions",
        "Changes of findings that no sink has taken.",
        (),
        "SELECT count(*) FROM transition WHERE delivered_at IS NULL",
    ),
)
"""Name, help, labels, and the query whose last column is the figure."""


def serve_metrics(store: "Store", port: int) -> Callable[[], None]:
    """Answer on a port of the loopback address until the function given back is called."""
    from prometheus_client import CollectorRegistry, start_http_server

    registry = CollectorRegistry()
    registry.register(_Figures(store))
    server, thread = start_http_server(port, "127.0.0.1", registry)

    def stop() -> None:
        server.shutdown()
        server.server_close()
        thread.join()

    return stop


class _Figures:
    """A collector (prometheus_client's word) that asks the store."""

    def __init__(self, store: "Store") -> None:
        self._store = store

    def collect(self) -> Iterator[Any]:
        """One metric after another."""
        from prometheus_client.core import GaugeMetricFamily
        from sqlalchemy import text

        from openinspector.store.schema import FOREVER
        from openinspector.store.tasks import counts

        with self._store.read() as connection:
            tasks = GaugeMetricFamily(
                "openinspector_tasks", "Tasks, by kind and state.", labels=("kind", "state")
            )
            for kind, state, count in counts(connection, time.time_ns() // 1_000_000):
                tasks.add_metric((kind, state), count)
            yield tasks
            for name, told, labels, query in _FIGURES:
                figure = GaugeMetricFamily(name, told, labels=labels)
                known = {"forever": FOREVER} if ":forever" in query else {}
                for row in connection.execute(text(query), known):
                    figure.add_metric(tuple(map(str, row[:-1])), row[-1])
                yield figure
