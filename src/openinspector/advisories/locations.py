"""From the address of a feed to the files that hold it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import NamedTuple
from urllib.parse import quote

from openinspector.advisories.fetch import Fetcher, FetchError

FIRST_YEAR = 2002
"""NVD's files begin here; older records are in the first."""

UNUSED_ECOSYSTEMS = frozenset(
    {"Android", "DWF", "GIT", "GSD", "Linux", "OSS-Fuzz", "UVI", "[EMPTY]"}
)
"""What osv.dev publishes by commit or device only, so that no package can be compared with it, and
the folder of what names no ecosystem."""


class Location(NamedTuple):
    """One file: `name` is its address as the feed knows it, for ever; `place` where it is today."""

    name: str
    place: str
    sha256: str | None = None


def locations(fetcher: Fetcher, url: str) -> Iterator[Location]:
    """The files that an address of a feed leads to.

    `{year}` stands for every year since NVD's first; `ecosystems.txt` lists folders that hold an
    `all.zip` each; a yum repository's `mirror.list` leads over `repomd.xml` to its updateinfo; an
    `archive_latest.txt` names the newest archive beside it. Raises `FetchError`.
    """
    base, _, name = url.rpartition("/")
    if "{year}" in name:
        for year in range(FIRST_YEAR, datetime.now(UTC).year + 1):
            yield _plain(url.replace("{year}", str(year)))
    elif name == "ecosystems.txt":
        for ecosystem in fetcher.text(url).decode("utf-8", "replace").splitlines():
            if ecosystem.strip() and ":" not in ecosystem and ecosystem not in UNUSED_ECOSYSTEMS:
                yield _plain(f"{base}/{quote(ecosystem.strip())}/all.zip")
    elif name == "mirror.list":
        yield _of_repository(fetcher, url)
    elif name == "archive_latest.txt":
        latest = fetcher.text(url).decode("ascii", "replace").strip()
        if not re.fullmatch(r"[\w-][\w.-]*", latest):
            raise FetchError(f"{url} does not name an archive")
        yield Location(url, f"{base}/{latest}")
    else:
        yield _plain(url)


def _plain(url: str) -> Location:
    return Location(url, url)


def _of_repository(fetcher: Fetcher, url: str) -> Location:
    from xml.etree.ElementTree import ParseError

    from defusedxml.common import DefusedXmlException
    from defusedxml.ElementTree import fromstring

    base = fetcher.text(url).decode("utf-8", "replace").split()
    if not base or not re.match(r"(https?|file)://", base[0]):
        raise FetchError(f"{url} lists no mirror")
    root = base[0].rstrip("/")
    try:
        document = fromstring(fetcher.text(f"{root}/repodata/repomd.xml"), forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError) as error:
        raise FetchError(f"{root}/repodata/repomd.xml is not readable: {error}") from None
    space = "{http://linux.duke.edu/metadata/repo}"
    for data in document.iterfind(f"{space}data[@type='updateinfo']"):
        location = data.find(f"{space}location")
        checksum = data.find(f"{space}checksum[@type='sha256']")
        href = "" if location is None else location.get("href", "")
        if not re.fullmatch(r"[\w./-]+", href) or ".." in href:
            raise FetchError(f"{root}/repodata/repomd.xml does not say where updateinfo is")
        sha256 = None if checksum is None else (checksum.text or "").strip()
        return Location(url, f"{root}/{href}", sha256)
    raise FetchError(f"{root} publishes no updateinfo")
