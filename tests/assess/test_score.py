"""Scores and severities, held against the numbers of spec/scoring.md."""

import itertools

import pytest
from cvss import CVSS3

from openinspector.advisories.publishers import BY_PREFIX
from openinspector.assess import score
from openinspector.model import CvssEntry

BASES = [
    # spec/scoring.md 5.1: base vector, base, AV:A, AV:L
    ("AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", 9.8, 8.8, 8.4),
    ("AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H", 10.0, 9.6, 9.3),
    ("AV:N/AC:L/PR:L/UI:N/S:U/C:H/I:H/A:H", 8.8, 8.0, 7.8),
    ("AV:N/AC:L/PR:N/UI:R/S:U/C:H/I:H/A:H", 8.8, 8.0, 7.8),
    ("AV:N/AC:H/PR:N/UI:N/S:U/C:H/I:H/A:H", 8.1, 7.5, 7.4),
    ("AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H", 7.5, 6.5, 6.2),
    ("AV:N/AC:H/PR:N/UI:N/S:U/C:L/I:H/A:N", 6.5, 5.9, 5.7),
    ("AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N", 6.1, 5.2, 5.0),
    ("AV:N/AC:L/PR:N/UI:N/S:U/C:L/I:N/A:N", 5.3, 4.3, 4.0),
]


def entry(value: float, source: str = "NVD", version: str = "3.1", metrics: str = "AV:N/AC:L"):
    prefix = "" if version == "2.0" else f"CVSS:{version}/"
    return CvssEntry(version, prefix + metrics, value, source)


@pytest.mark.parametrize(("metrics", "base", "adjacent", "local"), BASES)
def test_reachability_lowers_the_attack_vector(metrics, base, adjacent, local):
    start = entry(base, metrics=metrics)
    untouched = score.inspector_score(start)
    assert (untouched.value, untouched.vector, untouched.adjustments) == (base, start.vector, ())
    assert score.inspector_score(start, "internet") == untouched
    near = score.inspector_score(start, "adjacent")
    assert near.value == adjacent
    assert near.vector == start.vector.replace("AV:N", "AV:A")
    assert [each.metric for each in near.adjustments] == ["Attack Vector"]
    assert score.inspector_score(start, "none").value == local


def test_only_network_vectors_are_adjusted():
    start = entry(7.8, metrics="AV:L/AC:L/PR:L/UI:N/S:U/C:H/I:H/A:H")
    assert score.inspector_score(start, "none").adjustments == ()


@pytest.mark.parametrize(
    ("vendor", "entries", "chosen"),
    [
        # spec/scoring.md 5.2
        ("AMAZON_CVE", [("NVD", 5.6), ("AMAZON_CVE", 6.5)], 6.5),
        ("AMAZON_CVE", [("NVD", 9.1), ("AMAZON_CVE", 7.5)], 7.5),
        ("AMAZON_CVE", [("NVD", 7.5), ("AMAZON_CVE", 2.9)], 2.9),
        (None, [("AMAZON_CVE", 6.5), ("NVD", 5.6)], 5.6),
        ("DEBIAN_CVE", [("NVD", 5.5)], 5.5),
        ("UBUNTU_CVE", [("UBUNTU_CVE", 4.8), ("NVD", 7.3)], 7.3),
        (None, [("GITHUB", 8.1), ("NVD", 7.3)], 7.3),
        (None, [("UBUNTU_CVE", 4.8), ("GITHUB", 8.1)], 8.1),
        ("UBUNTU_CVE", [("UBUNTU_CVE", 4.8)], 4.8),
    ],
)
def test_base(vendor, entries, chosen):
    found = score.choose_base([entry(value, source) for source, value in entries], vendor)
    assert found is not None
    assert found.score == chosen


def test_version_3_1_before_3_0_and_never_4_or_2():
    entries = [
        entry(9.0, version="4.0"),
        entry(7.0, version="3.0"),
        entry(6.0),
        entry(2.6, version="2.0"),
    ]
    found = score.choose_base(entries, None)
    assert found is not None
    assert found.version == "3.1"
    assert score.choose_base([entries[0], entries[3]], None) is None
    red_hat = [entry(8.1, "NVD", "3.1"), entry(6.5, "REDHAT_CVE", "3.0")]
    found = score.choose_base(red_hat, "REDHAT_CVE")
    assert found is not None
    assert found.score == 6.5


@pytest.mark.parametrize(
    ("value", "label"),
    [
        (0.0, "INFORMATIONAL"),
        (0.1, "LOW"),
        (3.9, "LOW"),
        (4.0, "MEDIUM"),
        (6.9, "MEDIUM"),
        (7.0, "HIGH"),
        (8.9, "HIGH"),
        (9.0, "CRITICAL"),
        (10.0, "CRITICAL"),
    ],
)
def test_ranges(value, label):
    assert score.severity_of_score(value) == label


@pytest.mark.parametrize(
    ("word", "label"),
    [
        ("Critical", "CRITICAL"),
        ("Important", "HIGH"),
        ("high", "HIGH"),
        ("Moderate", "MEDIUM"),
        ("medium", "MEDIUM"),
        ("low", "LOW"),
        ("negligible", "INFORMATIONAL"),
        ("unimportant", "INFORMATIONAL"),
        ("not yet assigned", "UNTRIAGED"),
        (None, "UNTRIAGED"),
    ],
)
def test_words(word, label):
    assert score.severity(None, [], word) == label


def test_what_decides_without_a_v3_score():
    four, two = entry(8.7, version="4.0"), entry(2.6, version="2.0")
    assert score.severity(None, [two, four], "low") == "HIGH"
    assert score.severity(None, [two], "high") == "LOW"
    assert score.severity(None, [], None, malicious=True) == "CRITICAL"


def test_vectors_as_shown():
    two = CvssEntry("2.0", "CVSS:2.0/AV:L/AC:H/Au:N/C:P/I:P/A:N", 2.6, "NVD")
    assert score.display_vector(two) == "AV:L/AC:H/Au:N/C:P/I:P/A:N"
    four = CvssEntry(
        "4.0", "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:N/VA:N/SC:N/SI:N/SA:N/E:P", 8.7, "NVD"
    )
    shown = score.display_vector(four)
    assert shown == four.vector + (
        "/CR:X/IR:X/AR:X/MAV:X/MAC:X/MAT:X/MPR:X/MUI:X/MVC:X/MVI:X/MVA:X/MSC:X/MSI:X/MSA:X"
        "/S:X/AU:X/R:X/V:X/RE:X/U:X"
    )
    from cvss import CVSS4

    assert CVSS4(shown).base_score == CVSS4(four.vector).base_score


def test_order_shown():
    entries = [entry(1, "GITHUB"), entry(2, "NVD"), entry(3, "UBUNTU_CVE"), entry(4, "AMAZON_CVE")]
    shown = score.in_display_order(entries, "AMAZON_CVE")
    assert [each.source for each in shown] == ["AMAZON_CVE", "NVD", "GITHUB"]
    assert [each.source for each in score.in_display_order(entries[2:3], None)] == ["UBUNTU_CVE"]


def test_every_distribution_that_publishes_is_a_distribution():
    """Bitnami names applications by upstream's versions, so its scores are of the applications."""
    sources = {each.source for each in BY_PREFIX.values() if each.source.endswith("_CVE")}
    assert sources - {"BITNAMI_CVE"} == score.DISTRIBUTION_SOURCES


METRICS = {
    "AV": "NALP",
    "AC": "LH",
    "PR": "NLH",
    "UI": "NR",
    "S": "UC",
    "C": "HLN",
    "I": "HLN",
    "A": "HLN",
}


@pytest.mark.parametrize("version", ["3.0", "3.1"])
def test_no_adjustment_of_any_vector_raises_a_score(version: str) -> None:
    """Every base vector that there is: 2,592 of each version."""
    for values in itertools.product(*METRICS.values()):
        metrics = "/".join(f"{name}:{value}" for name, value in zip(METRICS, values, strict=True))
        base = entry(float(CVSS3(f"CVSS:{version}/{metrics}").base_score), "NVD", version, metrics)
        near, shut = (score.inspector_score(base, each) for each in ("adjacent", "none"))
        assert shut.value <= near.value <= base.score
        assert (near.vector != base.vector) is (values[0] == "N") is bool(near.adjustments)


@pytest.mark.parametrize("metrics", ["AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H/AV:N", BASES[0][0] + "/E:U"])
def test_the_order_of_metrics_does_not_matter(metrics: str) -> None:
    near = score.inspector_score(entry(9.8, metrics=metrics), "adjacent")
    assert (near.value, "AV:A" in near.vector.split("/")) == (8.8, True)


def test_reasons_name_the_fact_and_no_moment() -> None:
    """The same network gives the same text, so an analysis that changes nothing is no update."""
    for reached in ("adjacent", "none"):
        (first,) = score.inspector_score(entry(9.8, metrics=BASES[0][0]), reached).adjustments
        (again,) = score.inspector_score(entry(9.8, metrics=BASES[0][0]), reached).adjustments
        assert first == again
        assert not any(letter.isdigit() for letter in first.reason)
