"""The user's folders that are this program's, as the XDG base directories say."""

from __future__ import annotations

import os
import sys
from pathlib import Path

_APPLICATION = "openinspector"


def data_folder() -> Path:
    """Where what must not be lost is kept (`$XDG_DATA_HOME/openinspector`)."""
    if sys.platform == "linux":
        return _folder("XDG_DATA_HOME", "~/.local/share")
    from platformdirs import user_data_path

    return user_data_path(_APPLICATION)


def cache_folder() -> Path:
    """Where what can be had again is kept (`$XDG_CACHE_HOME/openinspector`)."""
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
