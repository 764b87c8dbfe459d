"""All feeds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from openinspector.advisories.feeds import osv_dev
from openinspector.advisories.items import Content

READERS: dict[str, Callable[[Path], Content]] = {
    "osv": osv_dev.read,
}
