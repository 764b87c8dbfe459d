"""Where databases and downloads are kept."""

from __future__ import annotations

from pathlib import Path

from openinspector import folders

FILE_NAME = "advisories.db"


def default_path() -> Path:
    """The database in the user's data folder (`$XDG_DATA_HOME/openinspector/advisories.db`)."""
    return folders.data_folder() / FILE_NAME


def cache_folder() -> Path:
    """Where downloads rest until they are compiled (`$XDG_CACHE_HOME/openinspector/feeds`)."""
    return folders.cache_folder() / "feeds"


def starter_folder() -> Path:
    """Where the compiled starter set is kept (`$XDG_CACHE_HOME/openinspector`)."""
    return folders.cache_folder()
