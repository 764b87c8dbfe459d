"""Store: tables and queries, on SQLite by default and on PostgreSQL when there are many of us.

Times are whole milliseconds since the epoch, UTC. What can change is kept in versions: a row is
true from `valid_from` until `valid_to`, and `FOREVER` marks the present one, so that any read can
be asked as of a past moment.
"""

from openinspector.store.engine import Store, open_store
from openinspector.store.schema import FOREVER, metadata

__all__ = ["FOREVER", "Store", "metadata", "open_store"]
