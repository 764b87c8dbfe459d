"""One file a publisher; every feed yields advisories in OSV schema."""

from openinspector.advisories.feeds.base import FeedError
from openinspector.advisories.feeds.table import READERS

__all__ = ["READERS", "FeedError"]
