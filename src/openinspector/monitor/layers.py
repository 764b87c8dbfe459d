"""Layers of images: each is read once, whichever images of whichever accounts share it."""

from collections.abc import Collection
from contextlib import ExitStack

from openinspector.inventory.limits import MEBIBYTE
from openinspector.inventory.table_version import table_version
from openinspector.monitor.monitor import Monitor
from openinspector.store.layers import get_layer, known_layers, put_layer


class StoredLayers:
    """The store's records of layers, for one image (`trees.registry.LayerRecords`).

    Whoever wants a layer that another one is reading for the first time waits for its record.
    """

    most_bytes = 64 * MEBIBYTE

    def __init__(self, monitor: Monitor) -> None:
        self._monitor = monitor
        self._version = table_version()
        self._held = ExitStack()

    def begin(self, digests: Collection[str]) -> frozenset[str]:
        """Which of some layers have records; the others are ours to read until `end`."""
        wanted = frozenset(digests)
        busy = self._monitor.layers_read
        while True:
            known = self._known(wanted)
            missing = wanted - known
            if not missing:
                return known
            busy.take(missing)
            self._held.callback(busy.give_back, missing)
            self._held.enter_context(
                self._monitor.store.turns([f"layer {each}" for each in missing])
            )
            # Somebody may have read some of them while we waited.
            known = self._known(wanted)
            if wanted - known == missing:
                return known
            self.end()

    def end(self) -> None:
        """Let those go on that wait for layers of ours."""
        self._held.close()

    def find(self, name: str) -> bytes | None:
        """The record of that name."""
        with self._monitor.store.read() as connection:
            return get_layer(connection, name, self._version)

    def keep(self, name: str, record: bytes) -> None:
        """Keep a record."""
        with self._monitor.store.write() as connection:
            put_layer(connection, name, self._version, record, self._monitor.clock())

    def _known(self, digests: frozenset[str]) -> frozenset[str]:
        with self._monitor.store.read() as connection:
            return known_layers(connection, list(digests), self._version)
