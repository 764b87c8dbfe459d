"""Every format: complete, honest about what was not scanned, and safe with hostile names."""

import base64
import csv
import hashlib
import io
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import msgspec
import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from openinspector.model.finding import Finding
from openinspector.reports import FORMATS, render
from openinspector.reports.csv_format import COLUMNS
from openinspector.reports.report import groups_of, headline
from openinspector.reports.sarif import uri
from openinspector.reports.text import cut, pad, safe, width, wrap

from .world import HOSTILE_NAME, HOSTILE_PATH, clean, real, small, unread

BIDI = "\u202e"
ESCAPE = "\x1b"


def text(name: str, report, **options: object) -> str:
    return render(name, report, **options).decode("utf-8")


# --- all formats ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", FORMATS)
def test_the_same_report_renders_to_the_same_bytes(name: str) -> None:
    assert text(name, small()) == text(name, small())


@pytest.mark.parametrize("name", FORMATS)
def test_every_finding_is_there(name: str) -> None:
    rendered = text(name, small())
    for identity in ("CVE-2024-0001", "CVE-2024-0002", "GHSA-aaaa-bbbb-cccc", "IN-CERTIFICATE-001"):
        assert identity in rendered


@pytest.mark.parametrize("name", FORMATS)
def test_what_was_not_scanned_is_there(name: str) -> None:
    assert "the rpm database is damaged" in text(name, unread())
    assert "the JSON breaks off" in text(name, small())


@pytest.mark.parametrize("name", ["table", "html"])
def test_nothing_found_in_nothing_scanned_does_not_look_clean(name: str) -> None:
    assert "No known vulnerabilities in what was scanned, but not everything was" in text(
        name, unread()
    )
    assert "Not everything was scanned" in text(name, unread())
    assert "Not everything was scanned" not in text(name, clean())


def test_headlines() -> None:
    assert headline(clean()) == "No known vulnerabilities"
    assert headline(small()) == "4 findings: 1 critical, 2 medium, 1 untriaged"


def test_an_unknown_format_is_refused() -> None:
    with pytest.raises(KeyError):
        text("docx", small())


# --- grouping ------------------------------------------------------------------------------------


def test_binary_packages_of_one_source_are_one_group() -> None:
    openssl, library = groups_of(small())
    assert (openssl.name, openssl.members) == ("openssl", ["libssl3", "openssl"])
    assert [issue.identity for issue in openssl.issues] == ["CVE-2024-0001", "CVE-2024-0002"]
    assert (openssl.upgrade, openssl.fixable) == ("3.0.13-1~deb12u1", 1)
    assert library.paths == [HOSTILE_PATH, "b/package.json"]


def test_upgrades_are_the_highest_fix_in_the_ecosystems_order(shared: Path) -> None:
    groups = {group.name: group for group in groups_of(real(shared, "alpine-3.18.2"))}
    fixes = {issue.fixed for issue in groups["openssl"].issues}
    assert {"3.1.4-r0", "3.1.4-r6", "3.1.5-r0"} <= fixes
    assert groups["openssl"].upgrade == "3.1.5-r0"
    amazon = {group.name: group for group in groups_of(real(shared, "amazonlinux-latest"))}
    assert amazon["glibc"].members == ["glibc", "glibc-common", "glibc-minimal-langpack"]
    assert amazon["glibc"].upgrade == "2.34-52.amzn2023.0.10"
    assert "glibc-common" not in amazon


# --- table ---------------------------------------------------------------------------------------

GOLDEN = """\
alpine-3.18.2
sbom · Alpine Linux 3.18.2 · 10 packages

busybox 1.36.1-r0                                                                        → 1.36.1-r6
  CRITICAL    9.8  CVE-2022-48174  fixed in 1.36.1-r1  exploit  There is a stack overflow vulnerabi…
  MEDIUM      5.5  CVE-2023-42366                               A heap-buffer-overflow was discover…
"""


def test_the_table_of_a_real_image(shared: Path) -> None:
    assert text("table", real(shared, "alpine-3.18.2")).startswith(GOLDEN)


def test_the_whole_table() -> None:
    assert text("table", small()).splitlines() == [
        r"/srv/\x1b[2J\x1b]0;owned\x07app",
        "directory · Debian GNU/Linux 12 (bookworm) · 3 packages",
        "",
        "openssl 3.0.11-1~deb12u2" + " " * 43 + "→ 3.0.13-1~deb12u1 (fixes 1 of 2)",
        "  libssl3, openssl",
        "  CRITICAL    9.8  CVE-2024-0001                KEV EPSS 94%  "
        "Out-of-bounds read in the TLS handsha…",
        "  UNTRIAGED        CVE-2024-0002        no fix                A leak.",
        "",
        r"<script>alert(1)</script>\x1b[2J\x1b]0;owned\x07\u202egpj.exe 1.0.0"
        + " " * 26
        + "→ 1.0.1",
        r"""  a b/javascript:alert(1)/%2e%2e/é\udcff"'><img src=x onerror=alert(1)>.json, """
        "b/package.json",
        "  MEDIUM      5.3  GHSA-aaaa-bbbb-cccc  "
        r"""=HYPERLINK("http://evil") <b>\x1b[2J\x1b]0;owned\x07</b>""",
        "",
        "Configuration",
        "  MEDIUM     IN-CERTIFICATE-001  etc/ssl/old.pem:0  "
        "The certificate has expired: clients that check…",
        "",
        "4 findings: 1 critical, 2 medium, 1 untriaged",
        "2 can be fixed by upgrading 2 packages · 1 known to be exploited (KEV)",
        "4 advisories of 2024-05-22",
        "",
        "Not everything was scanned",
        "  language packages, scanned in part:",
        r"    the JSON breaks off \x1b[2J\x1b]0;owned\x07 (=cmd|' /C calc'!A0)",
        "",
        "Debian:12: 2 packages judged",
        "npm: 1 package judged",
    ]


@pytest.mark.parametrize("columns", [60, 80, 100, 160])
def test_lines_fit_the_terminal(shared: Path, columns: int) -> None:
    for report in (small(), real(shared, "dockerfile-checks", "answer-cyclonedx")):
        for line in text("table", report, width=columns).splitlines():
            assert width(line) <= columns, line


def test_nothing_of_a_target_acts_on_the_terminal() -> None:
    rendered = text("table", small())
    assert ESCAPE not in rendered
    assert BIDI not in rendered
    assert "\x07" not in rendered
    coloured = text("table", small(), colour=True)
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == rendered
    assert "\x1b[1;97;41mCRITICAL\x1b[0m" in coloured


def test_a_table_for_terminals_without_unicode(shared: Path) -> None:
    assert text("table", real(shared, "alpine-3.18.2"), unicode=False).isascii()


def test_visible_text() -> None:
    assert safe("plain") == "plain"
    assert safe("a\nb\tc\x00\x1b[1m") == r"a\x0ab\x09c\x00\x1b[1m"
    assert safe("\u202e\u200b\ufeff\udc80\U000e0001") == r"\u202e\u200b\ufeff\udc80\U000e0001"
    assert safe("été 漢字 😀") == "été 漢字 😀"
    assert width("漢字") == 4
    assert width("e\u0301") == 1
    assert cut("漢字漢字", 5) == "漢字…"
    assert cut("short", 5) == "short"
    assert pad("漢", 4) == "漢  "
    assert wrap("one two three", 8) == ["one two", "three"]
    assert wrap("x" * 25, 10) == ["x" * 10, "x" * 10, "x" * 5]
    assert wrap("a b", 4, "  ") == ["  a", "  b"]


# --- JSON ----------------------------------------------------------------------------------------


def test_json_holds_the_findings_of_the_api() -> None:
    report = small()
    document = json.loads(text("json", report))
    findings = msgspec.convert(document["findings"], list[Finding])
    assert tuple(findings) == report.assessment.findings
    assert document["findings"][0]["firstObservedAt"] == 1716390241.713
    assert document["coverage"]["complete"] is False
    assert [part["part"] for part in document["coverage"]["parts"]] == [
        "os-packages",
        "language-packages",
        "configuration",
    ]
    assert document["coverage"]["parts"][1]["state"] == "partial"
    assert document["target"]["kind"] == "directory"
    assert document["target"]["distribution"]["platform"] == "DEBIAN_12"
    assert json.loads(text("json", clean()))["coverage"]["complete"] is True
    assert json.loads(text("json", unread()))["coverage"]["parts"][0]["state"] == "not-scanned"


# --- CSV -----------------------------------------------------------------------------------------


def test_the_columns_are_those_of_a_real_export() -> None:
    assert len(COLUMNS) == 55
    assert COLUMNS[0] == "AWS Account Id"
    assert COLUMNS[45:48] == ("Port Range", "Epss Score", "Exploit Available")
    assert COLUMNS[-2:] == ("Detector Name", "Package Manager")


def test_csv_has_a_line_for_each_finding_and_each_gap() -> None:
    rendered = text("csv", small())
    assert rendered.count("\r\n") >= 6
    lines = list(csv.DictReader(io.StringIO(rendered, newline="")))
    assert [line["Finding Type"] for line in lines] == [
        "PACKAGE_VULNERABILITY",
        "PACKAGE_VULNERABILITY",
        "CODE_VULNERABILITY",
        "PACKAGE_VULNERABILITY",
        "COVERAGE_GAP",
    ]
    first = lines[0]
    assert first["First Seen"] == "2024-05-22T15:04:01.713Z"
    assert first["Affected Packages"] == "libssl3, openssl"
    assert first["Fixed in Version"] == "0:3.0.13-1~deb12u1, 0:3.0.13-1~deb12u1"
    assert (first["NVD CVSS3 Score"], first["Epss Score"]) == ("9.8", "0.9412")
    assert first["Age (Days)"] == "0"
    gap = lines[-1]
    assert gap["Title"] == "language packages: scanned in part"
    assert gap["Severity"] == ""


def test_csv_holds_nothing_that_a_terminal_obeys() -> None:
    rendered = text("csv", small())
    assert ESCAPE not in rendered
    assert r"\x1b[2J\x1b]0;owned\x07" in rendered
    assert "\u202e" not in rendered


def test_no_cell_of_csv_is_a_formula() -> None:
    lines = list(csv.reader(io.StringIO(text("csv", small()), newline="")))
    hostile = [cell for line in lines for cell in line if "HYPERLINK" in cell]
    assert hostile
    assert all(cell.startswith("'=") for cell in hostile)
    for line in lines:
        for cell in line:
            assert not cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))


# --- SARIF ---------------------------------------------------------------------------------------


def test_sarif_has_the_structure_that_the_standard_demands() -> None:
    document = json.loads(text("sarif", small()))
    assert document["version"] == "2.1.0"
    (run,) = document["runs"]
    driver = run["tool"]["driver"]
    assert driver["name"] == "OpenInspector"
    identities = [rule["id"] for rule in driver["rules"]]
    assert len(set(identities)) == len(identities)
    for rule in driver["rules"]:
        assert rule["shortDescription"]["text"]
        assert rule["help"]["text"]
        assert rule["defaultConfiguration"]["level"] in {"error", "warning", "note"}
        severity = rule["properties"].get("security-severity", "1.0")
        assert 0 < float(severity) <= 10
    for result in run["results"]:
        assert identities[result["ruleIndex"]] == result["ruleId"]
        assert result["message"]["text"]
        assert result["locations"]
        assert re.fullmatch(r"[0-9a-f]{32}", result["partialFingerprints"]["findingArn/v1"])
        for place in result["locations"]:
            physical = place["physicalLocation"]
            assert physical["region"]["startLine"] >= 1
            assert re.fullmatch(r"[A-Za-z0-9._~!%/-]+", physical["artifactLocation"]["uri"])
    (invocation,) = run["invocations"]
    assert invocation["executionSuccessful"] is True
    (notification,) = invocation["toolExecutionNotifications"]
    assert notification["level"] == "warning"


def test_sarif_says_that_a_scan_failed() -> None:
    (run,) = json.loads(text("sarif", unread()))["runs"]
    assert run["results"] == []
    assert run["invocations"][0]["executionSuccessful"] is False
    assert run["invocations"][0]["toolExecutionNotifications"][0]["level"] == "error"


def test_sarif_holds_no_links_of_hostile_names() -> None:
    rendered = text("sarif", small())
    assert "](" not in rendered
    assert BIDI not in rendered


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("a/b c.json", "a/b%20c.json"),
        ("/etc/passwd", "etc/passwd"),
        ("../../etc/passwd", "%2E%2E/%2E%2E/etc/passwd"),
        ("javascript:alert(1)", "javascript%3Aalert%281%29"),
        ("//evil.example/a", "evil.example/a"),
        ("a?b#c", "a%3Fb%23c"),
        ("app.war!/WEB-INF/é", "app.war!/WEB-INF/%C3%A9"),
        ("bad-\udcff", "bad-%FF"),
    ],
)
def test_sarif_paths_are_relative_references(path: str, expected: str) -> None:
    assert uri(path) == expected


# --- CycloneDX -----------------------------------------------------------------------------------


@pytest.mark.parametrize("make", [small, clean, unread])
def test_cyclonedx_is_valid_and_says_what_is_missing(make) -> None:
    rendered = text("cyclonedx", make())
    assert JsonStrictValidator(SchemaVersion.V1_5).validate_str(rendered) is None
    document = json.loads(rendered)
    complete = make is clean
    assert document["compositions"][0]["aggregate"] == ("unknown" if complete else "incomplete")


def test_cyclonedx_affects_source_and_binary_components() -> None:
    document = json.loads(text("cyclonedx", small()))
    refs = {}
    for node in document["components"]:
        for each in (node, *node.get("components", ())):
            refs[each["bom-ref"]] = each["name"]
    entry = next(x for x in document["vulnerabilities"] if x["id"] == "CVE-2024-0001")
    assert {refs[x["ref"]] for x in entry["affects"]} == {"openssl", "libssl3"}
    facts = {x["name"].split(":", 3)[3]: x["value"] for x in entry["properties"]}
    assert facts["cisa_kev_date_added"] == "2024-01-10T00:00:00Z"
    assert sum(name.startswith("fixed_version:") for name in facts) == 2


# --- HTML ----------------------------------------------------------------------------------------


class Page(HTMLParser):
    """Elements with their attributes, and the text of scripts and styles."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.inline: dict[str, list[str]] = {"script": [], "style": []}
        self._open = ""
        self.feed(source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self._open = tag

    def handle_endtag(self, tag: str) -> None:
        self._open = ""

    def handle_data(self, data: str) -> None:
        if self._open in self.inline:
            self.inline[self._open].append(data)


def test_html_runs_nothing_of_the_target() -> None:
    source = text("html", small())
    page = Page(source)
    tags = [tag for tag, _ in page.elements]
    assert tags.count("script") == 1
    assert tags.count("style") == 1
    assert not {"img", "iframe", "object", "link", "base", "svg"} & set(tags)
    for tag, attributes in page.elements:
        assert not [name for name in attributes if name.startswith("on") or name == "style"]
        assert "src" not in attributes
        if "href" in attributes:
            assert tag == "a"
            assert (attributes["href"] or "").startswith(("https://", "http://"))
    policy = next(
        attributes["content"] or ""
        for tag, attributes in page.elements
        if attributes.get("http-equiv") == "Content-Security-Policy"
    )
    assert "default-src 'none'" in policy
    for kind in ("script", "style"):
        inline = "".join(page.inline[kind])
        digest = base64.b64encode(hashlib.sha256(inline.encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in policy
    assert BIDI not in source
    assert ESCAPE not in source
    assert HOSTILE_NAME not in source
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in source


def test_html_says_severity_in_words_and_gaps_first() -> None:
    source = text("html", small())
    assert '<span class="severity critical">Critical</span>' in source
    assert source.index("Not everything was scanned") < source.index("CVE-2024-0001")
    assert 'lang="en"' in source


def test_html_of_a_big_report(shared: Path) -> None:
    source = text("html", real(shared, "dockerfile-checks", "answer-cyclonedx"))
    assert source.count('<details class="issue"') >= 370
    assert "IN-DISCONTINUED-001" in source
