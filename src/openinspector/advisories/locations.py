"""From the address of a feed to the files that hold it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from openinspector.advisories.fetch import Fetcher, FetchError


def locations(fetcher: Fetcher, url: str) -> Iterator[tuple[str, str | None]]:
    """The files that an address of a feed leads to, each with its checksum where it is known.

    A yum repository's `mirror.list` leads over `repomd.xml` to its updateinfo; an
    `archive_latest.txt` names the newest archive beside it.
    """
    if url.endswith("/mirror.list"):
        yield from _of_repository(fetcher, url)
    elif url.endswith("/archive_latest.txt"):
        name = fetcher.text(url).decode("ascii", "replace").strip()
        if not re.fullmatch(r"[\w.-]+", name):
            raise FetchError(f"{url} does not name an archive")
        yield url.rpartition("/")[0] + "/" + name, None
    else:
        yield url, None


def _of_repository(fetcher: Fetcher, url: str) -> Iterator[tuple[str, str | None]]:
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
        yield f"{root}/{href}", None if checksum is None else (checksum.text or "").strip()
        return
    raise FetchError(f"{root} publishes no updateinfo")
