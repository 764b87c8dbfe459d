"""Package URLs, against the reference implementation."""

import gzip
import json
from pathlib import Path

import pytest
from packageurl import PackageURL

from openinspector.inventory.sbom.purls import LONGEST, parse_purl


@pytest.mark.parametrize(
    "text",
    [
        "pkg:npm/%40babel/core@7.0.0",
        "pkg:maven/org.apache.commons/commons-lang3@3.12.0?type=jar",
        "pkg:golang/github.com/a/b@v1.2.3#sub/path",
        "pkg:deb/debian/libstdc%2B%2B6@12.2.0-14?arch=amd64&distro=bookworm&epoch=1",
        "pkg:rpm/redhat/acl@2.3.1-4.el9?arch=x86_64&upstream=acl-2.3.1-4.el9.src.rpm",
        "pkg:generic/name",
    ],
)
def test_parts_are_the_reference_implementations(text: str) -> None:
    ours, theirs = parse_purl(text), PackageURL.from_string(text)
    assert ours is not None
    assert (ours.type, ours.name, ours.version) == (theirs.type, theirs.name, theirs.version or "")
    assert ours.namespace == (theirs.namespace or "")
    assert ours.qualifiers == theirs.qualifiers


def test_real_purls_are_read_as_by_the_reference_implementation(shared: Path) -> None:
    checked = 0
    for path in sorted((shared / "data/scansbom").glob("*.sbom.json.gz")):
        pending = json.loads(gzip.decompress(path.read_bytes()))["components"]
        while pending:
            node = pending.pop()
            pending += node.get("components", ())
            if "purl" not in node:
                continue
            ours, theirs = parse_purl(node["purl"]), PackageURL.from_string(node["purl"])
            assert ours is not None
            # purl-spec lowers PyPI names; we keep the name as written and normalise it later.
            assert ours.name.lower() == theirs.name.lower()
            assert (ours.namespace, ours.version) == (theirs.namespace or "", theirs.version)
            assert ours.qualifiers == theirs.qualifiers
            checked += 1
    assert checked > 1200


@pytest.mark.parametrize(
    ("text", "namespace", "name", "version"),
    [
        ("pkg:npm/@babel/core@7.0.0", "@babel", "core", "7.0.0"),
        ("pkg:npm/@babel/core", "@babel", "core", ""),
        ("pkg://pypi/django@4.2", "", "django", "4.2"),
        ("PKG:PyPI/django@4.2", "", "django", "4.2"),
        ("pkg:deb/debian/bsdutils@1:2.38.1-5", "debian", "bsdutils", "1:2.38.1-5"),
        ("pkg:deb/ubuntu/ca-certificates@2017~14.04", "ubuntu", "ca-certificates", "2017~14.04"),
    ],
)
def test_what_real_tools_write_is_tolerated(
    text: str, namespace: str, name: str, version: str
) -> None:
    purl = parse_purl(text)
    assert purl is not None
    assert (purl.namespace, purl.name, purl.version) == (namespace, name, version)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "pkg:",
        "pkg:npm",
        "pkg:npm/",
        "npm/lodash@1",
        "pkg:n pm/lodash@1",
        "pkg:npm/lod%0aash@1",
        "pkg:npm/lodash@1%1b[2J",
        "pkg:npm/" + "a" * LONGEST,
    ],
)
def test_what_is_no_package_url_is_refused(text: str) -> None:
    assert parse_purl(text) is None
