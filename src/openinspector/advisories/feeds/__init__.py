"""One file a publisher; every feed yields advisories in OSV schema."""

from openinspector.advisories.feeds.base import FeedError
from openinspector.advisories.feeds.table import BY_NAME, FEEDS, READERS, Feed

__all__ = ["BY_NAME", "FEEDS", "READERS", "Feed", "FeedError"]
