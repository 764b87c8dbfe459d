"""VEX, ignore files and --only-fixed: what they take out, and that nothing is lost silently."""

import json
from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from openinspector.assess import (
    IgnoreError,
    Options,
    VexError,
    assess,
    parse_ignore,
    parse_vex,
)
from openinspector.assess.vex import same_package
from openinspector.model import ImageMetadata, Target, Vulnerability

from .memory import NOW, Memory, advisory, inventory, package

PURL = "pkg:npm/foo@1.0.0"
KNOWLEDGE = Memory(
    [
        advisory("GHSA-1", "npm", "foo", "0,2.0.0", cves=["CVE-2024-1000"]),
        advisory("GHSA-2", "npm", "foo", "0,", cves=["CVE-2024-2000"]),
        advisory("GHSA-1", "npm", "bar", "0,2.0.0", cves=["CVE-2024-1000"]),
    ],
    [Vulnerability("CVE-2024-1000", aliases=("GHSA-1",), advisories=("x_NSWG-7",))],
)
FOO = package(
    "npm", "foo", "1.0.0", purl=PURL, manager="NODEPKG", path="app/node_modules/foo/package.json"
)
BAR = package(
    "npm", "bar", "1.0.0", purl="pkg:npm/bar@1.0.0", manager="NODEPKG", path="lib/bar/package.json"
)
MADE = inventory(FOO, BAR)


def run(made=MADE, **options):
    return assess(made, KNOWLEDGE, Options(**options), NOW)


def left(result) -> set[tuple[str, str]]:
    return {
        (each.vulnerability.id, one.package.name)
        for each in result.observations
        for one in each.matches
    }


ALL = {("CVE-2024-1000", "foo"), ("CVE-2024-1000", "bar"), ("CVE-2024-2000", "foo")}


def openvex(*statements, **more) -> bytes:
    return json.dumps(
        {
            "@context": "https://openvex.dev/ns/v0.2.0",
            "timestamp": "2024-01-01T00:00:00Z",
            "statements": list(statements),
            **more,
        }
    ).encode()


def statement(status, product=PURL, name="CVE-2024-1000", **more) -> dict:
    return {
        "vulnerability": {"name": name},
        "products": [{"@id": product}],
        "status": status,
        **more,
    }


def test_nothing_is_filtered_by_default():
    assert left(run()) == ALL


@pytest.mark.parametrize("status", ["not_affected", "fixed"])
def test_openvex_rules_out(status):
    said = parse_vex(openvex(statement(status, justification="code_not_reachable")), "a.json")
    result = run(vex=said)
    assert left(result) == ALL - {("CVE-2024-1000", "foo")}
    (out,) = [each for each in result.ruled_out if each.reason == "vex"]
    assert out.detail == f"a.json says {status} (code_not_reachable)"
    (suppressed,) = result.suppressed
    assert suppressed.status == "SUPPRESSED"
    assert suppressed.title == "CVE-2024-1000 - foo"
    assert result.summary.suppressed == 1


@pytest.mark.parametrize("status", ["affected", "under_investigation"])
def test_openvex_keeps(status):
    assert left(run(vex=parse_vex(openvex(statement(status)), "a.json"))) == ALL


@pytest.mark.parametrize(
    ("product", "holds"),
    [
        (PURL, True),
        ("pkg:npm/foo", True),
        ("pkg:npm/foo@1.0.1", False),
        ("pkg:npm/fo", False),
        ("pkg:npm/foo@1.0.0?arch=x", True),
        ("example:1", True),
        ("pkg:oci/example?tag=1", True),
        ("pkg:oci/example?tag=2", False),
        ("pkg:oci/other", False),
        ("https://x.example/p", False),
    ],
)
def test_products(product, holds):
    result = run(vex=parse_vex(openvex(statement("not_affected", product)), "a.json"))
    assert (("CVE-2024-1000", "foo") not in left(result)) == holds


def test_products_by_digest():
    digest = "sha256:" + "d" * 64
    made = msgspec.structs.replace(
        MADE,
        target=Target(
            "image", "x.tar", True, ImageMetadata(id="sha256:" + "1" * 64, digest=digest)
        ),
    )
    said = parse_vex(openvex(statement("fixed", f"pkg:oci/x@{digest.replace(':', '%3A')}")), "a")
    assert left(run(made, vex=said)) == {("CVE-2024-2000", "foo")}


def test_subcomponents_narrow_a_product():
    entry = statement("not_affected", "pkg:oci/example")
    entry["products"][0]["subcomponents"] = [{"@id": "pkg:npm/bar"}]
    assert left(run(vex=parse_vex(openvex(entry), "a"))) == ALL - {("CVE-2024-1000", "bar")}


@pytest.mark.parametrize("name", ["GHSA-1", "x_NSWG-7", "cve-2024-1000"])
def test_any_identifier_of_the_vulnerability(name):
    result = run(vex=parse_vex(openvex(statement("fixed", name=name)), "a"))
    assert ("CVE-2024-1000", "foo") not in left(result)


def test_the_latest_statement_counts():
    early = statement("not_affected", timestamp="2024-01-01T00:00:00Z")
    late = statement("affected", timestamp="2024-02-01T00:00:00Z")
    assert left(run(vex=parse_vex(openvex(late, early), "a"))) == ALL


def test_the_latest_statement_counts_across_time_zones():
    early = statement("affected", timestamp="2024-02-01T01:00:00+05:00")
    late = statement("not_affected", timestamp="2024-01-31T22:00:00Z")
    assert left(run(vex=parse_vex(openvex(late, early), "a"))) == ALL - {("CVE-2024-1000", "foo")}


def cyclonedx(state, ref="foo") -> bytes:
    return json.dumps(
        {
            "bomFormat": "CycloneDX",
            "specVersion": "1.5",
            "components": [
                {"bom-ref": "outer", "name": "o", "components": [{"bom-ref": "foo", "purl": PURL}]}
            ],
            "vulnerabilities": [
                {"id": "CVE-2024-1000", "analysis": {"state": state}, "affects": [{"ref": ref}]},
                {"id": "CVE-2024-2000", "affects": [{"ref": ref}]},
            ],
        }
    ).encode()


@pytest.mark.parametrize(
    ("state", "out"),
    [
        ("not_affected", True),
        ("false_positive", True),
        ("resolved", True),
        ("resolved_with_pedigree", True),
        ("exploitable", False),
        ("in_triage", False),
    ],
)
def test_cyclonedx(state, out):
    result = run(vex=parse_vex(cyclonedx(state), "vex.json"))
    assert (("CVE-2024-1000", "foo") not in left(result)) == out
    assert ("CVE-2024-1000", "bar") in left(result)
    assert ("CVE-2024-2000", "foo") in left(result)


def test_cyclonedx_bom_links():
    link = "urn:cdx:3e671687-395b-41f5-a30f-a58921a69b79/1#pkg:npm/foo@1.0.0"
    assert ("CVE-2024-1000", "foo") not in left(
        run(vex=parse_vex(cyclonedx("resolved", link), "v"))
    )


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"{", "a.json is not JSON"),
        (b"[]", "its top level is no object"),
        (b"{}", "neither OpenVEX nor CycloneDX"),
        (openvex({"status": "fixed"}), "statement 1 names no vulnerability"),
        (openvex(statement("maybe")), "statement 1 has no status that OpenVEX knows: 'maybe'"),
        (openvex(statement(["x"])), "statement 1 has no status that OpenVEX knows"),
        (openvex("x"), "statements is not a list of objects"),
        (cyclonedx("gone"), "vulnerability 1 has an unknown state: 'gone'"),
        (b"[" * 100_000, "a.json is not JSON"),
        (b"\xff\xfe", "a.json is not JSON"),
    ],
)
def test_vex_errors_name_file_and_place(data, message):
    with pytest.raises(VexError) as caught:
        parse_vex(data, "a.json")
    assert str(caught.value).startswith("a.json")
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("pattern", "purl", "same"),
    [
        ("pkg:maven/a/b", "pkg:maven/a/b@1?type=jar", True),
        ("pkg:maven/a/b@1", "pkg:maven/a/b@2", False),
        ("pkg:npm/%40babel/core", "pkg:npm/%40babel/core@7.0.0", True),
        ("pkg:npm/@babel/core@7.0.0", "pkg:npm/%40babel/core@7.0.0", True),
        (
            "pkg:deb/debian/x@1?distro=bookworm",
            "pkg:deb/debian/x@1?arch=amd64&distro=bullseye",
            False,
        ),
        ("pkg:NPM/foo", "pkg:npm/foo@1", True),
        ("not a purl", "pkg:npm/foo@1", False),
    ],
)
def test_same_package(pattern, purl, same):
    assert same_package(pattern, purl) == same


class TestIgnore:
    def run(self, text, made=MADE):
        return run(made, ignore=parse_ignore(text.encode(), "ignore.yaml"))

    @pytest.mark.parametrize(
        ("text", "out"),
        [
            (
                "- vulnerability: CVE-2024-1000",
                {("CVE-2024-1000", "foo"), ("CVE-2024-1000", "bar")},
            ),
            ("- vulnerability: GHSA-1\n  package: foo", {("CVE-2024-1000", "foo")}),
            ("- package: pkg:npm/foo", {("CVE-2024-1000", "foo"), ("CVE-2024-2000", "foo")}),
            ("- path: app/**", {("CVE-2024-1000", "foo"), ("CVE-2024-2000", "foo")}),
            ("- path: /lib/*/package.json", {("CVE-2024-1000", "bar")}),
            ("- path: lib/*", set()),
            ("- path: '**/package.json'", ALL),
            ("ignore:\n- vulnerability: CVE-2024-2000\n  reason: ~", {("CVE-2024-2000", "foo")}),
            ("- vulnerability: CVE-2024-1000\n  package: baz", set()),
            ("", set()),
        ],
    )
    def test_entries(self, text, out):
        result = self.run(text)
        assert left(result) == ALL - out
        assert {(each.vulnerability, each.package.name) for each in result.ruled_out} == out

    def test_reason_and_expiry_are_told(self):
        result = self.run("- vulnerability: CVE-2024-2000\n  reason: SEC-1\n  expires: 2024-05-22")
        (out,) = result.ruled_out
        assert out.reason == "ignored"
        assert out.detail == "ignore.yaml, entry 1, line 1: SEC-1 until 2024-05-22"
        assert result.notes == ()

    def test_expired_entries_do_not_count_and_are_told(self):
        result = self.run("- vulnerability: CVE-2024-2000\n  expires: 2024-05-21")
        assert left(result) == ALL
        assert result.notes == (
            "ignore.yaml, entry 1, line 1 expired on 2024-05-21 and was not applied",
        )

    def test_the_last_day_counts_whole_in_utc(self):
        (entry,) = parse_ignore(b"- package: x\n  expires: 2024-05-22", "i")
        assert not entry.expired(datetime(2024, 5, 22, 23, 59, tzinfo=UTC))
        assert entry.expired(datetime(2024, 5, 23, 0, 0, tzinfo=UTC))

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("- vulnerability: x\n  expire: 2024-01-01", "entry 1, line 2: unknown key 'expire'"),
            (
                "- package: a\n- reason: x",
                "entry 2, line 2: names no vulnerability, package or path",
            ),
            ("- vulnerability: x\n  expires: soon", "expires is not a day like 2026-12-31: 'soon'"),
            ("- vulnerability: [x]", "entry 1, line 1: 'vulnerability' is not a text"),
            ("- vulnerability: x\n  vulnerability: y", "line 2: 'vulnerability' is given twice"),
            ("- x", "entry 1, line 1: expected keys and values"),
            ("ignored:\n- package: x", "expected a list of entries, or one key `ignore`"),
            ("just text", "expected a list of entries"),
            ("- &a {package: x}\n- *a", "aliases are not allowed"),
            ("{", "is not YAML"),
            ("- " * 50_000, "is not YAML"),
        ],
    )
    def test_errors_name_the_entry(self, text, message):
        with pytest.raises(IgnoreError) as caught:
            parse_ignore(text.encode(), "ignore.yaml")
        assert str(caught.value).startswith("ignore.yaml")
        assert message in str(caught.value)

    def test_bytes_that_are_no_text(self):
        with pytest.raises(IgnoreError, match=r"ignore\.yaml is not UTF-8"):
            parse_ignore(b"\xff", "ignore.yaml")


def test_only_fixed_drops_without_suppressing():
    result = run(only_fixed=True)
    assert left(result) == ALL - {("CVE-2024-2000", "foo")}
    assert result.suppressed == ()
    assert [each.reason for each in result.ruled_out] == ["no-fix"]


SCALARS = st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.just(PURL)
KEYS = st.sampled_from(
    [
        "@context",
        "statements",
        "vulnerability",
        "products",
        "status",
        "name",
        "@id",
        "aliases",
        "subcomponents",
        "identifiers",
        "purl",
        "timestamp",
        "bomFormat",
        "components",
        "bom-ref",
        "vulnerabilities",
        "analysis",
        "state",
        "affects",
        "ref",
        "references",
        "id",
        "metadata",
        "component",
    ]
)
DOCUMENTS = st.recursive(
    SCALARS | st.sampled_from(["https://openvex.dev/ns/v0.2.0", "CycloneDX", "fixed", "resolved"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=30,
)


@given(st.dictionaries(KEYS, DOCUMENTS), st.sampled_from(["openvex", "cyclonedx"]))
def test_hostile_vex_ends_in_statements_or_a_clear_error(document, kind):
    if kind == "openvex":
        document["@context"] = "https://openvex.dev/ns/v0.2.0"
    else:
        document["bomFormat"] = "CycloneDX"
        document.pop("@context", None)
    try:
        said = parse_vex(json.dumps(document).encode(), "v.json")
        message = "v.json"
    except VexError as error:
        said, message = (), str(error)
    assert message.startswith("v.json")
    run(vex=said)


@given(st.text(alphabet="-:{}[]&*!|>'\"# \n\tabexpirspackgvuln0123456789\x00\udc80", max_size=80))
def test_hostile_ignore_files_end_in_entries_or_a_clear_error(text):
    try:
        entries = parse_ignore(text.encode("utf-8", "surrogateescape"), "i.yaml")
        message = "i.yaml"
    except IgnoreError as error:
        entries, message = (), str(error)
    assert message.startswith("i.yaml")
    run(ignore=entries)
