"""The starter set that comes with the program, compiled on first use.

It holds some hundred of the best known vulnerabilities, so that a demonstration finds something
without any network. It covers nothing fully: `AdvisoryDatabase.info().starter` is True, and whoever
shows results must say so.
"""

from __future__ import annotations

import hashlib
from importlib.resources import files
from pathlib import Path

from openinspector.advisories import schema
from openinspector.advisories.build import Report, Source, build
from openinspector.advisories.paths import starter_folder
from openinspector.model import DatabaseError


def table() -> Path:
    """The table of facts."""
    return Path(str(files("openinspector.advisories") / "starter.tsv"))


def build_starter(path: Path) -> Report:
    """Compile the starter set into a database at `path`."""
    sources = [
        Source("starter", "starter set", table()),
        Source("starter-exploited", "starter set: known exploited", table()),
    ]
    report = build(sources, path, meta={"starter": 1})
    for tally in report.sources:
        if tally.failure or tally.unusable:
            raise DatabaseError(f"the starter set is damaged: {tally.failure or tally.problems}")
    return report


def starter_path() -> Path:
    """The compiled starter set in the user's cache, made now unless it is there.

    The name tells the content and the format, so another version of the program makes its own.
    """
    digest = hashlib.blake2b(table().read_bytes(), digest_size=6).hexdigest()
    path = starter_folder() / f"starter-{schema.SCHEMA_VERSION}-{digest}.db"
    if not path.is_file():
        build_starter(path)
    return path
