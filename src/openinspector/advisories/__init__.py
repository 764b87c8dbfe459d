"""Knowledge: feeds, all normalised to OSV, compiled into one advisory database.

feeds/      one file a publisher        ranges, identities, names, normalise: what records mean
compile     records to tables           affected, folded, describe: tables to answers
build       whole files, replaced       fetch, locations, store, starter: files from and to where
"""

from openinspector.advisories.database import AdvisoryDatabase
from openinspector.advisories.paths import cache_folder, default_path

__all__ = ["AdvisoryDatabase", "cache_folder", "default_path"]
