"""Measure the advisory database: compiling 300,000 advisories, the same again, a small update.

The advisories are those of the real data beside the repository, several times over: each copy has
identifiers, package names and texts of its own, so that nothing is shared that would not be in
reality. Prints seconds, processor seconds, peak memory and the size. Never asserts any of it.
"""

import argparse
import hashlib
import json
import os
import re
import sys
import tempfile
import zipfile
from pathlib import Path

from run import OURS, run_once

DATA = Path(os.environ.get("OPENINSPECTOR_SHARED") or Path(__file__).parents[2] / "shared") / "data"
_CVE = re.compile(r"\bCVE-(\d{4})-(\d+)")
_CHANGED = 100


def copied(text: str, number: int) -> dict[str, object]:
    """A record as another one: of other identifiers, packages and words."""
    record: dict[str, object] = json.loads(_CVE.sub(rf"CVE-\g<1>-9{number}000\g<2>", text))
    if not _CVE.fullmatch(str(record["id"])):
        record["id"] = f"{record['id']}-{number}"
    record["aliases"] = [
        alias if _CVE.fullmatch(alias) else f"{alias}-{number}"
        for alias in record.get("aliases") or ()
    ]
    for affected in record.get("affected") or ():
        if "package" in affected:
            affected["package"]["name"] += f"-{number}"
            affected["package"].pop("purl", None)
    for part in ("summary", "details"):
        if record.get(part):
            record[part] = f"({number}) {record[part]}"
    return record


def write_feeds(folder: Path, copies: int) -> int:
    """The real feeds several times over; returns how many records there are."""
    total = 0
    for source in sorted((DATA / "osv").glob("*.zip")):
        with zipfile.ZipFile(source) as real:
            texts = [real.read(name).decode() for name in real.namelist() if name.endswith(".json")]
        with zipfile.ZipFile(
            folder / source.name, "w", zipfile.ZIP_DEFLATED, compresslevel=1
        ) as to:
            for number in range(copies):
                for text in texts:
                    record = copied(text, number) if number else json.loads(text)
                    to.writestr(f"{record['id']}.json", json.dumps(record))
                    total += 1
    return total


def change_some(source: Path) -> None:
    """Another date of change for some records of one feed, as a day brings them."""
    changed = source.with_suffix(".changed")
    with (
        zipfile.ZipFile(source) as before,
        zipfile.ZipFile(changed, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as after,
    ):
        for number, name in enumerate(before.namelist()):
            record = json.loads(before.read(name))
            if number < _CHANGED:
                record["modified"] = "2026-11-30T00:00:00Z"
                record["summary"] = f"{record.get('summary', '')} changed"
            after.writestr(name, json.dumps(record))
    changed.replace(source)


def digest(database: Path) -> str:
    """The SHA-256 of a database."""
    return hashlib.sha256(database.read_bytes()).hexdigest()


_UPDATE = """
import sys
from pathlib import Path
from openinspector.advisories.build import update
from openinspector.advisories.store import sources_of
update(sources_of([Path(sys.argv[1])])[0], Path(sys.argv[2]))
"""


def measured(what: str, command: list[str]) -> None:
    """Run a command and print what it took."""
    seconds, processor, mebibytes, code = run_once(command, dict(os.environ))
    if code:
        sys.exit(f"bench: {' '.join(command)} ended with {code}")
    print(f"{what:28} {seconds:7.1f} s {processor:7.1f} s of processor {mebibytes:7.0f} MiB")


def main() -> None:
    """Write the feeds, compile them twice, change some records of one, compile that."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--copies", type=int, default=4)
    options = parser.parse_args()
    if not DATA.is_dir():
        print(f"advisories: left out, for there is no real data in {DATA}")
        return
    with tempfile.TemporaryDirectory() as place:
        feeds, first, second = Path(place) / "feeds", Path(place) / "1.db", Path(place) / "2.db"
        feeds.mkdir()
        print(f"{write_feeds(feeds, options.copies):,} advisories")
        build = [OURS, "db", "build", "--from", str(feeds), "--output"]
        measured("compiled", [*build, str(first)])
        print(f"{'size':28} {first.stat().st_size / 1e6:7.1f} MB")
        measured("compiled again", [*build, str(second)])
        print(f"{'the same bytes':28} {digest(second) == digest(first)}")
        update = [sys.executable, "-c", _UPDATE, str(feeds), str(first)]
        measured("updated, nothing changed", update)
        change_some(feeds / "npm.zip")
        measured(f"updated, {_CHANGED} changed", update)


if __name__ == "__main__":
    main()
