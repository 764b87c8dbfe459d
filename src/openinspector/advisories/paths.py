"""Where databases and downloads are kept, as the XDG base directories say."""

from __future__ import annotations

from pathlib import Path

_APPLICATION = "openinspector"
FILE_NAME = "advisories.db"


def default_path() -> Path:
    """The database in the user's data folder (`$XDG_DATA_HOME/openinspector/advisories.db`)."""
    from platformdirs import user_data_path

    return user_data_path(_APPLICATION) / FILE_NAME


def cache_folder() -> Path:
    """Where downloads rest until they are compiled (`$XDG_CACHE_HOME/openinspector/feeds`)."""
    from platformdirs import user_cache_path

    return user_cache_path(_APPLICATION) / "feeds"


def starter_folder() -> Path:
    """Where the compiled starter set is kept (`$XDG_CACHE_HOME/openinspector`)."""
    from platformdirs import user_cache_path

    return user_cache_path(_APPLICATION)
