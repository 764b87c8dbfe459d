"""Properties of judging: what holds for any advisories, versions and order of records."""

from hypothesis import given
from hypothesis import strategies as st

from openinspector.assess import judge
from openinspector.model import AffectedPackage, AffectedRange
from openinspector.versions import key

NUMBERS = st.integers(0, 12)


def version(number: int) -> str:
    return f"1.{number}.0"


def keyed(number: int) -> bytes:
    return key("npm", version(number))


@st.composite
def spans(draw):
    start = draw(NUMBERS)
    kind = draw(st.sampled_from(["fixed", "last", "open"]))
    end = draw(st.integers(start + (kind == "fixed"), 14))
    begin = b"" if start == 0 else keyed(start)
    if kind == "fixed":
        return AffectedRange(begin, fixed=keyed(end), end_version=version(end))
    if kind == "last":
        return AffectedRange(begin, last_affected=keyed(end), end_version=version(end))
    return AffectedRange(begin)


RECORDS = st.lists(
    st.builds(
        AffectedPackage,
        advisory=st.sampled_from(["GHSA-1", "GHSA-2", "PYSEC-3"]),
        feed=st.just("osv"),
        ecosystem=st.just("npm"),
        name=st.just("x"),
        vulnerabilities=st.sampled_from(
            [("CVE-2024-1",), ("CVE-2024-2",), ("CVE-2024-1", "CVE-2024-2")]
        ),
        state=st.sampled_from(["fixed", "fixed", "not-affected", "under-investigation"]),
        ranges=st.lists(spans(), min_size=1, max_size=3).map(tuple),
    ),
    max_size=6,
)


def subject(number: int, **more) -> judge.Subject:
    return judge.Subject(version(number), keyed(number), **more)


@given(RECORDS, NUMBERS)
def test_the_fix_clears_the_vulnerability_and_is_the_smallest_that_does(records, number):
    for verdict in judge.judge(records, subject(number)):
        clear = [
            later
            for later in range(number + 1, 15)
            if verdict.vulnerability
            not in {each.vulnerability for each in judge.judge(records, subject(later))}
        ]
        if verdict.fixed_version is not None:
            fixed = int(verdict.fixed_version.split(".")[1])
            assert fixed in clear
            named = {
                range_.end_version
                for record in records
                if record.state == "fixed"
                for range_ in record.ranges
                if range_.fixed is not None and verdict.vulnerability in record.vulnerabilities
            }
            assert not [each for each in clear if each < fixed and version(each) in named]


@given(RECORDS, NUMBERS, st.randoms())
def test_the_order_of_records_does_not_matter(records, number, random):
    def facts(given_records):
        return {
            (each.vulnerability, each.fixed_version, frozenset(each.advisories))
            for each in judge.judge(given_records, subject(number))
        }

    shuffled = list(records)
    random.shuffle(shuffled)
    assert facts(records) == facts(shuffled)


@given(RECORDS, NUMBERS)
def test_every_record_is_either_part_of_a_verdict_or_explained(records, number):
    verdicts = {each.vulnerability: each for each in judge.judge(records, subject(number))}
    for vulnerability in ("CVE-2024-1", "CVE-2024-2"):
        about = [each for each in records if vulnerability in each.vulnerabilities]
        dismissed = judge.explain(records, subject(number), [vulnerability])
        agreeing = verdicts[vulnerability].advisories if vulnerability in verdicts else ()
        for record in about:
            explained = any(each.record is record or each.record == record for each in dismissed)
            assert explained or record.advisory in agreeing


@given(RECORDS, NUMBERS)
def test_a_verdict_names_a_range_that_holds_the_version(records, number):
    for verdict in judge.judge(records, subject(number)):
        assert verdict.range in verdict.record.ranges
        assert judge.containing(verdict.record, keyed(number))[0]
        assert verdict.vulnerability in verdict.record.vulnerabilities
        assert verdict.record.state == "fixed"


@given(RECORDS, NUMBERS)
def test_rebuilds_ask_for_no_more_than_the_lowest_of_each_bulletin(records, number):
    for verdict in judge.judge(records, subject(number, distribution=True, rebuilds=True)):
        if verdict.fixed_version is not None:
            assert key("npm", verdict.fixed_version) > keyed(number)
