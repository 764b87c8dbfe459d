"""The life of findings: every transition of spec/findings.md 8, beside a simple model."""

from typing import Any

import msgspec
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from openinspector.ledger.reconcile import REOPENED_WITHIN, reconcile, unseen_parts
from openinspector.model import Coverage, Gap
from openinspector.model.finding import (
    Finding,
    PackageVulnerabilityDetails,
    Recommendation,
    Remediation,
    Resource,
    VulnerablePackage,
)
from openinspector.store.findings import StoredFinding

NAMES = ("a", "b", "c")
DAY = 86_400.0


def finding(name: str, description: str = "d", manager: Any = "NPM", path: str = "x") -> Finding:
    return Finding(
        finding_arn=name,
        aws_account_id="1" * 12,
        type="PACKAGE_VULNERABILITY",
        description=description,
        severity="HIGH",
        first_observed_at=0.0,
        last_observed_at=0.0,
        updated_at=0.0,
        status="ACTIVE",
        remediation=Remediation(Recommendation(text="None Provided")),
        resources=[Resource(type="AWS_EC2_INSTANCE", id="i", partition="aws", region="r")],
        package_vulnerability_details=PackageVulnerabilityDetails(
            vulnerability_id="CVE-2020-1",
            source="NVD",
            vulnerable_packages=[
                VulnerablePackage(name="p", version="1", package_manager=manager, file_path=path)
            ],
        ),
    )


class Life(RuleBasedStateMachine):
    """Scans at random times, with and without suppression, against what the spec says."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 1_700_000_000.0
        self.stored: dict[str, StoredFinding] = {}
        self.closed_at: dict[str, float] = {}
        self.hidden: set[str] = set()

    @rule(days=st.sampled_from((0.5, 3.0, 8.0)))
    def wait(self, days: float) -> None:
        self.now += days * DAY

    @rule(name=st.sampled_from(NAMES))
    def toggle_rule(self, name: str) -> None:
        self.hidden ^= {name}

    @rule(
        seen=st.dictionaries(st.sampled_from(NAMES), st.sampled_from(("d", "e"))),
        failed=st.booleans(),
    )
    def scan(self, seen: dict[str, str], failed: bool) -> None:
        self.now += 1
        before = {name: each.finding for name, each in self.stored.items()}
        transitions = reconcile(
            self.stored,
            [finding(name, text) for name, text in seen.items()],
            lambda each: each.finding_arn in self.hidden,
            lambda each: failed,
            self.now,
        )
        changed = {each.finding.finding_arn: each for each in transitions}
        assert len(changed) == len(transitions)
        for name in NAMES:
            self.check(name, before.get(name), seen.get(name), changed.get(name), failed)
        for name, each in changed.items():
            self.stored[name] = StoredFinding(0, each.finding, each.because, round(self.now * 1000))
            if each.kind == "CLOSED":
                self.closed_at[name] = self.now

    def check(
        self, name: str, before: Finding | None, text: str | None, change: Any, failed: bool
    ) -> None:
        state = "SUPPRESSED" if name in self.hidden else "ACTIVE"
        if text is None:
            closes = before is not None and before.status != "CLOSED" and not failed
            assert (change is not None) == closes
            if change is not None:
                assert before is not None
                assert change.kind == "CLOSED"
                assert change.finding.updated_at == self.now
                assert change.finding.last_observed_at == before.last_observed_at
            return
        if before is None:
            assert (change.kind, change.finding.status) == ("OPENED", state)
            assert change.finding.first_observed_at == self.now
        elif before.status == "CLOSED":
            soon = self.now - self.closed_at[name] <= REOPENED_WITHIN
            assert change.kind == ("REOPENED" if soon else "OPENED")
            first = before.first_observed_at if soon else self.now
            assert change.finding.first_observed_at == first
        elif before.status != state:
            assert change.kind == ("SUPPRESSED" if state == "SUPPRESSED" else "UNSUPPRESSED")
        elif before.description != text:
            assert change.kind == "UPDATED"
            assert change.finding.updated_at == change.finding.last_observed_at == self.now
            assert change.finding.first_observed_at == before.first_observed_at
        else:
            assert change is None

    @invariant()
    def first_is_never_after_last(self) -> None:
        for each in self.stored.values():
            assert each.finding.first_observed_at <= each.finding.last_observed_at


TestLife = Life.TestCase
TestLife.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)


def test_what_was_not_scanned_does_not_close() -> None:
    parts = [
        Coverage("os-packages", "not-scanned", (Gap("os-packages", "unreadable"),)),
        Coverage("language-packages", "partial", (Gap("language-packages", "broken", "app/lock"),)),
    ]
    unseen = unseen_parts(parts)
    assert unseen(finding("a", manager="OS"))
    assert unseen(finding("a", path="app/lock"))
    assert unseen(finding("a", path="app/lock/inner"))
    assert not unseen(finding("a", path="app/locker"))
    whole = [Coverage("language-packages", "scanned")]
    assert not unseen_parts(whole)(finding("a"))


def test_an_equal_scan_says_nothing() -> None:
    first = reconcile({}, [finding("a")], lambda _: False, lambda _: False, 5.0)
    stored = {"a": StoredFinding(1, first[0].finding, None, 5000)}
    again = msgspec.structs.replace(finding("a"), last_observed_at=9.0)
    assert reconcile(stored, [again], lambda _: False, lambda _: False, 9.0) == []
