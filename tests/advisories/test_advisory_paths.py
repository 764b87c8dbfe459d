"""Where databases and caches are: as the XDG specification and platformdirs say."""

import sys
from pathlib import Path

import platformdirs
import pytest

from openinspector.advisories import paths


@pytest.mark.skipif(sys.platform != "linux", reason="the library itself is asked elsewhere")
@pytest.mark.parametrize("told", [None, "", "/somewhere"])
def test_folders_are_those_of_the_library(told: str | None, monkeypatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    for variable in ("XDG_DATA_HOME", "XDG_CACHE_HOME"):
        if told is None:
            monkeypatch.delenv(variable, raising=False)
        else:
            monkeypatch.setenv(variable, told)
    cache = platformdirs.user_cache_path("openinspector")
    assert paths.default_path().parent == platformdirs.user_data_path("openinspector")
    assert paths.starter_folder() == cache
    assert paths.cache_folder() == cache / "feeds"
    assert paths.layers_folder() == cache / "layers"


@pytest.mark.skipif(sys.platform != "linux", reason="the library itself is asked elsewhere")
def test_relative_folders_are_ignored(monkeypatch, tmp_path: Path) -> None:
    # "All paths set in these environment variables must be absolute. If an implementation
    # encounters a relative path ... it should consider the path invalid and ignore it."
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", "here")
    assert paths.starter_folder() == tmp_path / ".cache/openinspector"
