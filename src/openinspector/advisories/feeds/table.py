"""All feeds: what they are called, where they are published, how they are read.

To add one: a file beside this with `read(path)`, a row here, a line in `recognise`, a test with an
example of its format.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec

from openinspector.advisories.feeds import (
    amazon,
    debian,
    epss,
    kev,
    nvd,
    nvd_tables,
    osv_dev,
    redhat,
    secdb,
    starter_table,
    ubuntu,
)
from openinspector.advisories.items import Content

_OSV = "https://osv-vulnerabilities.storage.googleapis.com"
_AMAZON = "https://cdn.amazonlinux.com"
_EXTRAS = f"{_AMAZON}/2/extras"
_TOPICS = (
    *("ansible2", "corretto8", "docker", "dnsmasq2.85", "ecs", "firefox", "haproxy2"),
    *("httpd_modules", "java-openjdk11", "kernel-5.4", "kernel-5.10", "kernel-5.15"),
    *("libreoffice", "livepatch", "mariadb10.5", "nginx1", "php8.1", "php8.2", "postgresql13"),
    *("postgresql14", "python3.8", "redis6", "ruby3.0", "selinux-ng", "squid4", "tomcat8.5"),
    *("tomcat9", "unbound1.17"),
)
"""Amazon Linux 2's extras for which bulletins are published; the whole catalogue is served to
machines inside AWS only."""

_SECDB = "https://secdb.alpinelinux.org"
_NVD = "https://nvd.nist.gov/feeds/json/cve/2.0"


class Feed(msgspec.Struct, frozen=True):
    """One publisher's feed.

    `source` is Inspector's word for the publisher. `urls` are fetched by `db update` when the feed
    is chosen, which it is without asking where `default` is set; `locations` says what addresses
    may stand for. `format` is for people.
    """

    name: str
    source: str
    format: str
    read: Callable[[Path], Content]
    urls: tuple[str, ...] = ()
    default: bool = True


FEEDS: tuple[Feed, ...] = (
    Feed(
        "osv",
        "OSV",
        "OSV documents in a zip, tar or folder",
        osv_dev.read,
        (f"{_OSV}/ecosystems.txt",),
    ),
    Feed(
        "amazon",
        "AMAZON_CVE",
        "updateinfo.xml of yum repositories",
        amazon.read,
        (
            f"{_AMAZON}/2/core/latest/x86_64/mirror.list",
            f"{_AMAZON}/al2023/core/mirrors/latest/x86_64/mirror.list",
            f"{_AMAZON}/al2023/kernel-livepatch/mirrors/latest/x86_64/mirror.list",
            *(f"{_EXTRAS}/{topic}/latest/x86_64/mirror.list" for topic in _TOPICS),
        ),
    ),
    Feed(
        "kev",
        "CISA",
        "CISA's catalogue of known exploited vulnerabilities, JSON",
        kev.read,
        ("https://www.cisa.gov/sites/default/files/feeds/known_exploited_vulnerabilities.json",),
    ),
    Feed(
        "epss",
        "FIRST",
        "EPSS scores of the day, CSV",
        epss.read,
        ("https://epss.empiricalsecurity.com/epss_scores-current.csv.gz",),
    ),
    Feed(
        "nvd",
        "NVD",
        "NVD's API 2.0, as pages or yearly files",
        nvd.read,
        (f"{_NVD}/nvdcve-2.0-{{year}}.json.gz", f"{_NVD}/nvdcve-2.0-modified.json.gz"),
    ),
    Feed(
        "nvd-tables",
        "NVD",
        "tables of CVSS vectors or weaknesses by CVE, CSV",
        nvd_tables.read,
        default=False,
    ),
    Feed(
        "debian",
        "DEBIAN_CVE",
        "Debian's security tracker, JSON",
        debian.read,
        ("https://security-tracker.debian.org/tracker/data/json",),
    ),
    Feed(
        "alpine",
        "ALPINE_CVE",
        "security database of an apk repository, JSON",
        secdb.read,
        tuple(
            f"{_SECDB}/{release}/{repository}.json"
            for release in ("edge", *(f"v3.{minor}" for minor in range(24, 14, -1)))
            for repository in ("main", "community")
        ),
        default=False,
    ),
    Feed(
        "wolfi",
        "WOLFI_CVE",
        "security database of Wolfi, JSON",
        secdb.read,
        ("https://packages.wolfi.dev/os/security.json",),
    ),
    Feed(
        "chainguard",
        "CHAINGUARD_CVE",
        "security database of Chainguard, JSON",
        secdb.read,
        ("https://packages.cgr.dev/chainguard/security.json",),
    ),
    Feed(
        "ubuntu",
        "UBUNTU_CVE",
        "Ubuntu's CVE statuses, JSON",
        ubuntu.read,
        default=False,
    ),
    Feed(
        "github",
        "GITHUB",
        "GitHub's advisory database, OSV documents",
        osv_dev.read,
        ("https://codeload.github.com/github/advisory-database/zip/refs/heads/main",),
        default=False,
    ),
    Feed(
        "redhat",
        "REDHAT_CVE",
        "Red Hat's CSAF VEX documents",
        redhat.read,
        ("https://security.access.redhat.com/data/csaf/v2/vex/archive_latest.txt",),
        default=False,
    ),
)
"""Feeds that are not fetched by default repeat what another brings, or are very large."""

BY_NAME = {feed.name: feed for feed in FEEDS}

READERS: dict[str, Callable[[Path], Content]] = {
    **{feed.name: feed.read for feed in FEEDS},
    "starter": starter_table.read,
    "starter-exploited": starter_table.read_exploited,
}
