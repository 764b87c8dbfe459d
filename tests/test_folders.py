"""The user's folders: as the XDG specification and platformdirs say."""

from pathlib import Path

import platformdirs
import pytest

from openinspector import folders
from openinspector.advisories import paths


@pytest.mark.parametrize("told", [None, "", "/somewhere"])
def test_folders_are_those_of_the_library(told: str | None, monkeypatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    for variable in ("XDG_DATA_HOME", "XDG_CACHE_HOME"):
        if told is None:
            monkeypatch.delenv(variable, raising=False)
        else:
            monkeypatch.setenv(variable, told)
    assert folders.data_folder() == platformdirs.user_data_path("openinspector")
    assert folders.cache_folder() == platformdirs.user_cache_path("openinspector")
    assert paths.default_path().parent == folders.data_folder()
    assert paths.cache_folder() == folders.cache_folder() / "feeds"


def test_relative_folders_are_ignored(monkeypatch, tmp_path: Path) -> None:
    # "All paths set in these environment variables must be absolute. If an implementation
    # encounters a relative path ... it should consider the path invalid and ignore it."
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", "here")
    here = folders._folder("XDG_CACHE_HOME", "~/.cache")
    assert here == tmp_path / ".cache/openinspector"
