"""How many requests a key may make: a bucket of tokens for each, refilled evenly."""

import math
import threading
import time
from collections.abc import Callable

from openinspector.model.refusal import Throttled

_MOST_BUCKETS = 10_000


class Limits:
    """Buckets by name (an access key, or an address whose signatures fail)."""

    def __init__(
        self, per_second: float, burst: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._rate = per_second
        self._burst = burst
        self._clock = clock
        self._buckets: dict[str, tuple[float, float]] = {}
        self._lock = threading.Lock()

    def take(self, name: str) -> None:
        """Count one request; raises `Throttled` with the seconds to wait."""
        with self._lock:
            now = self._clock()
            if name not in self._buckets and len(self._buckets) >= _MOST_BUCKETS:
                self._forget(now)
                if len(self._buckets) >= _MOST_BUCKETS:
                    # Memory is bounded: names that find no room share one bucket.
                    name = ""
            tokens, before = self._buckets.get(name, (self._burst, now))
            tokens = min(self._burst, tokens + (now - before) * self._rate)
            self._buckets[name] = (tokens - 1 if tokens >= 1 else tokens, now)
        if tokens < 1:
            wait = max(1, math.ceil((1 - tokens) / self._rate))
            raise Throttled("Rate exceeded.", wait)

    def _forget(self, now: float) -> None:
        """Drop the buckets that are full again: they say nothing."""
        full = self._burst / self._rate
        self._buckets = {
            name: (tokens, at) for name, (tokens, at) in self._buckets.items() if now - at < full
        }
