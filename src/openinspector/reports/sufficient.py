"""Which version of a package has none of some vulnerabilities, by the advisories."""

from openinspector.assess.judge import containing
from openinspector.model import Knowledge
from openinspector.versions.keys import key

_UNAFFECTED = ("not-affected", "under-investigation")


def sufficient(
    knowledge: Knowledge, ecosystem: str, name: str, version: str, vulnerabilities: frozenset[str]
) -> str | None:
    """The lowest published fix from `version` on that none of the vulnerabilities affects.

    Fixes of several branches are told apart: 1.2.9 may have what 1.2.9 fixed in 2.0.3 only. None
    where every fix that is known is affected by another of them. Where nothing is published of the
    package, `version` is taken at its word.
    """
    records = [
        each
        for each in knowledge.affected(ecosystem, name)
        if each.state not in _UNAFFECTED and not vulnerabilities.isdisjoint(each.vulnerabilities)
    ]
    ends = {
        each.end_version
        for record in records
        for each in record.ranges
        if each.fixed is not None and each.end_version
    }
    least = key(ecosystem, version)
    for candidate in sorted({version, *ends}, key=lambda each: key(ecosystem, each)):
        at = key(ecosystem, candidate)
        if at >= least and not any(containing(record, at)[0] for record in records):
            return candidate
    return None
