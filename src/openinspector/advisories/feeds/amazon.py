"""Amazon Linux: `updateinfo.xml` of each repository.

https://alas.aws.amazon.com; the format is that of `createrepo`'s updateinfo. A bulletin lists the
fixed builds of binary packages, one for each architecture:

    <update type="security"><id>ALAS2-2021-1590</id><issued date="2021-01-25 23:09"/>
     <severity>important</severity>
     <references><reference id="CVE-2021-3156" type="cve" href="..."/></references>
     <pkglist><collection><package name="sudo" epoch="0" version="1.8.23" release="4.amzn2.2.1"
      arch="x86_64"/></collection></pkglist></update>

The same facts one JSON object a line are read too:

    {"id": "ALAS2-2021-1590", "severity": "important", "issued": "...", "cves": ["CVE-2021-3156"],
     "packages": [{"name": "sudo", "epoch": "0", "version": "1.8.23", ...}]}
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from xml.etree.ElementTree import Element, ParseError

import msgspec

from openinspector.advisories.feeds.base import FeedError, chunks, head
from openinspector.advisories.identities import CVE
from openinspector.advisories.items import Item, of_advisory
from openinspector.advisories.osv import (
    Advisory,
    Affected,
    Claim,
    Event,
    PackageName,
    Range,
    Reference,
)
from openinspector.versions import key

_ID = re.compile(r"ALAS(2022|2023|2)?(?P<topic>[A-Z][\w.+-]*?)?-(\d{4}-\d+)", re.A)
_TOPIC_VERSION = re.compile(r".*?(\d+(?:\.\d+)*)", re.A)
_DEBUG = ("-debuginfo", "-debugsource")
_LONGEST_LINE = 16 << 20


class _Build(msgspec.Struct, frozen=True):
    """One fixed package."""

    name: str
    version: str
    release: str
    epoch: str | None = None
    arch: str | None = None

    @property
    def evr(self) -> str:
        """Epoch (if not zero), version and release."""
        start = f"{self.epoch}:" if self.epoch and self.epoch != "0" else ""
        return f"{start}{self.version}-{self.release}"


class _Bulletin(msgspec.Struct):
    """One update, in either form."""

    id: str
    cves: list[str]
    packages: list[_Build]
    severity: str | None = None
    issued: str | None = None
    updated: str | None = None
    title: str | None = None
    description: str | None = None


_bulletin = msgspec.json.Decoder(_Bulletin)


def read(path: Path) -> Iterator[Item]:
    """The bulletins of one repository's updateinfo, XML or lines of JSON."""
    bulletins = _lines(path) if head(path, 64).lstrip().startswith(b"{") else _updates(path)
    for bulletin in bulletins:
        advisory = _advisory(bulletin)
        if advisory is not None:
            yield of_advisory(advisory)


def _advisory(bulletin: _Bulletin) -> Advisory | None:
    """A bulletin in OSV's terms; None for one that is not Amazon's or fixes nothing."""
    found = _ID.fullmatch(bulletin.id)
    if found is None:
        return None
    release = found[1] or ("2" if found["topic"] else "1")
    return Advisory(
        id=bulletin.id,
        modified=bulletin.updated or bulletin.issued,
        published=bulletin.issued,
        upstream=[cve for cve in bulletin.cves if CVE.fullmatch(cve)],
        summary=bulletin.title,
        details=bulletin.description,
        affected=_affected(bulletin, f"Amazon Linux:{release}", found["topic"]),
        references=[Reference(url=_page(bulletin.id, release), type="ADVISORY")],
        database_specific={"severity": bulletin.severity} if bulletin.severity else None,
    )


def _affected(bulletin: _Bulletin, ecosystem: str, topic: str | None) -> list[Affected]:
    """One entry for each fixed build, with the architectures that got it."""
    arches: dict[tuple[str, str], list[str]] = {}
    for build in bulletin.packages:
        if build.arch == "src" or build.name.endswith(_DEBUG):
            continue
        held = arches.setdefault((build.name, build.evr), [])
        if build.arch and build.arch not in held:
            held.append(build.arch)
    return [
        Affected(
            package=PackageName(ecosystem, name),
            ranges=[Range("ECOSYSTEM", [Event(introduced=_since(topic, evr)), Event(fixed=evr)])],
            claim=Claim(arches=tuple(sorted(names))),
        )
        for (name, evr), names in arches.items()
    ]


def _since(topic: str | None, fixed: str) -> str:
    """Where a topic's stream begins.

    Extras of Amazon Linux 2 carry newer streams of packages that the core has too
    (`ALAS2KERNEL-5.10-2022-001`, `ALAS2PHP8.0-...`): such a bulletin says nothing of older streams.
    """
    found = _TOPIC_VERSION.fullmatch(topic or "")
    if found is None:
        return "0"
    epoch, colon, _ = fixed.rpartition(":")
    start = f"{epoch}{colon}{found[1]}"
    ecosystem = "Amazon Linux"
    return start if key(ecosystem, start) < key(ecosystem, fixed) else "0"


def _page(identifier: str, release: str) -> str:
    folder = {"1": "", "2": "AL2/", "2022": "AL2022/", "2023": "AL2023/"}[release]
    return f"https://alas.aws.amazon.com/{folder}{identifier}.html"


def _lines(path: Path) -> Iterator[_Bulletin]:
    rest = b""
    for part in chunks(path):
        *lines, rest = (rest + part).split(b"\n")
        if len(rest) > _LONGEST_LINE:
            raise FeedError("has an endless line")
        for line in lines:
            if line.strip():
                yield _line(line)
    if rest.strip():
        yield _line(rest)


def _line(line: bytes) -> _Bulletin:
    try:
        return _bulletin.decode(line)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise FeedError(f"has a line that is no bulletin: {error}") from None


def _updates(path: Path) -> Iterator[_Bulletin]:
    """Bulletins as the document streams by; entities and document types are refused."""
    from xml.etree.ElementTree import TreeBuilder

    from defusedxml.common import DefusedXmlException
    from defusedxml.ElementTree import DefusedXMLParser

    class Builder(TreeBuilder):
        """Lets go of each update once it is complete."""

        def __init__(self) -> None:
            super().__init__()
            self.complete: list[Element] = []

        def end(self, tag: str) -> Element:
            element = super().end(tag)
            if tag == "update":
                self.complete.append(element)
            return element

    builder = Builder()
    parser = DefusedXMLParser(target=builder, forbid_dtd=True)
    try:
        for part in chunks(path):
            parser.feed(part)
            for element in builder.complete:
                yield _update(element)
                element.clear()
            builder.complete.clear()
        parser.close()
    except (ParseError, DefusedXmlException, ValueError) as error:
        raise FeedError(f"is no whole updateinfo document: {error}") from None


def _update(element: Element) -> _Bulletin:
    return _Bulletin(
        id=element.findtext("id", ""),
        cves=[
            each.get("id", "")
            for each in element.iterfind("references/reference")
            if each.get("type") == "cve"
        ],
        packages=[
            _Build(
                each.get("name", ""),
                each.get("version", ""),
                each.get("release", ""),
                each.get("epoch"),
                each.get("arch"),
            )
            for each in element.iterfind("pkglist/collection/package")
        ],
        severity=element.findtext("severity"),
        issued=_date(element.find("issued")),
        updated=_date(element.find("updated")),
        title=element.findtext("title"),
        description=element.findtext("description"),
    )


def _date(element: Element | None) -> str | None:
    return None if element is None else element.get("date")
