"""Which feed a file belongs to, by its content; names only break ties."""

from __future__ import annotations

import os
import re
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from openinspector.advisories.feeds import nvd_tables
from openinspector.advisories.feeds.base import FeedError, head
from openinspector.advisories.feeds.documents import documents
from openinspector.advisories.osv import Malformed

_HEAD = 64 << 10
_SAMPLE = 8
"""Documents of an archive that are looked at."""


class Recognised(msgspec.Struct, frozen=True, order=True):
    """A file (or a folder of documents) and its feed."""

    path: Path
    feed: str


class Unrecognised(msgspec.Struct, frozen=True, order=True):
    """A file that no feed is known for, and why in a word."""

    path: Path
    reason: str


def recognise(path: Path) -> str | None:
    """The feed of one file; None when it is none that we read. Raises `OSError`."""
    start = head(path, _HEAD)
    if start.startswith(b"PK") or start[257:262] == b"ustar":
        return _of_archive(path)
    return of_content(start)


def of_content(start: bytes) -> str | None:
    """The feed of a document, by its first bytes (64 KB are enough)."""
    text = start.lstrip(b"\xef\xbb\xbf \t\r\n")
    return next((feed for feed, test in _TESTS if test(text)), None)


def survey(folder: Path) -> tuple[list[Recognised], list[Unrecognised]]:
    """Every feed file below a folder, and what was not recognised.

    Loose OSV and CSAF documents of one folder are one source: the folder. Hidden files, links and
    sidecars (`.sha256`, `.etag`) are passed over.
    """
    found: dict[Path, str] = {}
    strange: list[Unrecognised] = []
    for file in _files(folder):
        if any(parent in found for parent in file.parents):
            continue
        try:
            feed = recognise(file)
        except OSError as error:
            strange.append(Unrecognised(file, error.strerror or "cannot be read"))
            continue
        if feed is None:
            strange.append(Unrecognised(file, "is no feed that is known"))
        elif feed in _LOOSE and file.suffix == ".json" and file.parent != folder:
            found[_root_of_documents(file, folder)] = feed
        else:
            found[file] = feed
    return sorted(Recognised(path, feed) for path, feed in found.items()), sorted(strange)


_LOOSE = frozenset({"osv", "github", "redhat"})


def _root_of_documents(file: Path, folder: Path) -> Path:
    """The highest folder below `folder` on the way to a loose document."""
    return folder / file.relative_to(folder).parts[0]


def _files(folder: Path) -> Iterator[Path]:
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(each for each in folders if not each.startswith("."))
        for name in sorted(names):
            file = Path(place, name)
            hidden = name.startswith(".") or name.endswith((".sha256", ".etag", ".part"))
            if not hidden and not file.is_symlink():
                yield file


def _of_archive(path: Path) -> str | None:
    """The feed that the first documents of an archive agree on."""
    seen: list[str | None] = []
    try:
        for document in documents(path):
            seen.append(of_content(document.read()[:_HEAD]))
            if len(seen) >= _SAMPLE:
                break
    except (FeedError, Malformed, tarfile.TarError):
        return None
    feeds = set(seen)
    if len(feeds) != 1:
        return None
    feed = feeds.pop()
    return "github" if feed == "osv" and "advisory-database" in path.name else feed


def _matches(pattern: bytes) -> Callable[[bytes], bool]:
    compiled = re.compile(pattern, re.S)
    return lambda text: compiled.match(text) is not None


def _is_json_with(*members: bytes, starts: bytes = rb"\{") -> Callable[[bytes], bool]:
    """Whether a document is a JSON object whose start shows all these member names."""
    quoted = [b'"' + member + b'"' for member in members]
    start = re.compile(starts)
    return lambda text: start.match(text) is not None and all(each in text for each in quoted)


def _is_osv(text: bytes) -> bool:
    """An object or a list of objects with an identifier and OSV's members."""
    if not re.match(rb"\[?\s*\{", text):
        return False
    tells = b'"affected"' in text or b'"schema_version"' in text or b'"withdrawn"' in text
    return tells and b'"id"' in text and b'"modified"' in text


_TRACKER = re.compile(rb'\{\s*"[a-z0-9][a-z0-9+.\-]*":\s*\{\s*"(CVE|TEMP)-')


def _is_tracker(text: bytes) -> bool:
    """Debian's, by its releases: Echo lists packages and CVEs in the same way, without any."""
    return _TRACKER.match(text) is not None and b'"releases"' in text


def _is_table(header: str) -> Callable[[bytes], bool]:
    line = header.encode()
    return lambda text: text.replace(b" ", b"").startswith(line)


_TESTS: tuple[tuple[str, Callable[[bytes], bool]], ...] = (
    ("epss", _matches(rb"#model_version:|cve,\s*epss,\s*percentile")),
    ("nvd-tables", _is_table(nvd_tables.SCORES)),
    ("nvd-tables", _is_table(nvd_tables.WEAKNESSES)),
    ("amazon", _matches(rb"(<\?xml[^>]*>\s*)?<updates>.*<id>ALAS")),
    ("amazon", _matches(rb'\{"id":\s*"ALAS[^"]*".*"packages"')),
    ("kev", _is_json_with(b"catalogVersion", b"vulnerabilities", b"cveID")),
    ("nvd", _is_json_with(b"vulnerabilities", b"cve", b"sourceIdentifier")),
    ("nvd", _is_json_with(b"vulnerabilities", b"NVD_CVE")),
    ("redhat", _matches(rb'\{.*"category"\s*:\s*"csaf_vex"')),
    ("alpine", _is_json_with(b"packages", b"secfixes")),
    ("alpine", _is_json_with(b"apkurl", b"packages", b"urlprefix")),
    ("ubuntu", _is_json_with(b"statuses", b"release_codename", starts=rb"\[?\s*\{")),
    ("debian", _is_tracker),
    ("osv", _is_osv),
)
"""In this order: the more telling first."""
