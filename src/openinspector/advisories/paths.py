"""Where databases and downloads are kept, as the XDG base directories say."""

from __future__ import annotations

import os
import sys
from pathlib import Path

_APPLICATION = "openinspector"
FILE_NAME = "advisories.db"


def _data_folder() -> Path:
    if sys.platform == "linux":
        return _folder("XDG_DATA_HOME", "~/.local/share")
    from platformdirs import user_data_path

    return user_data_path(_APPLICATION)


def _cache_folder() -> Path:
    if sys.platform == "linux":
        return _folder("XDG_CACHE_HOME", "~/.cache")
    from platformdirs import user_cache_path

    return user_cache_path(_APPLICATION)


def _folder(variable: str, usual: str) -> Path:
    """A base directory as the XDG specification has it, which ignores relative paths.

    Told here, for to import the library takes a tenth of a small scan's time.
    """
    told = os.environ.get(variable, "")
    return Path(told if os.path.isabs(told) else os.path.expanduser(usual)) / _APPLICATION


def default_path() -> Path:
    """The database in the user's data folder (`$XDG_DATA_HOME/openinspector/advisories.db`)."""
    return _data_folder() / FILE_NAME


def cache_folder() -> Path:
    """Where downloads rest until they are compiled (`$XDG_CACHE_HOME/openinspector/feeds`)."""
    return _cache_folder() / "feeds"


def starter_folder() -> Path:
    """Where the compiled starter set is kept (`$XDG_CACHE_HOME/openinspector`)."""
    return _cache_folder()


def layers_folder() -> Path:
    """Where read layers are remembered (`$XDG_CACHE_HOME/openinspector/layers`)."""
    return _cache_folder() / "layers"
