"""Match packages against advisories: inventory x knowledge -> observations.

Each package asks one or more questions (`ecosystems`, `name`, `version`), the most specific first:
a distribution's build of the binary, then of its source. What an earlier answer says about a
vulnerability, a later one does not change. Answers are shared by all packages that ask the same.
"""

from collections.abc import Iterable, Iterator, Sequence
from operator import itemgetter

import msgspec

from openinspector.advisories import names as spelling
from openinspector.assess import ecosystems, judge, kernel, releases
from openinspector.assess.observation import Observation, PackageMatch, Reason, RuledOut
from openinspector.model import (
    AffectedPackage,
    Inventory,
    Knowledge,
    Package,
    Vulnerability,
)
from openinspector.patterns import regex
from openinspector.versions import key as version_key
from openinspector.versions import parse as parse_version

NO_VERSION = frozenset({"", "*", "(devel)", "latest", "unknown", "UNKNOWN", "unspecified", "v"})
"""What stands where a version should: nothing that could be compared."""

_CPE_SEPARATOR = regex(r"(?<!\\):")

_Question = tuple[tuple[str, ...], str, str]
"""Ecosystems to ask together, the name to ask for, the version to compare."""


class Matching(msgspec.Struct, frozen=True):
    """What matching found.

    `ruled_out` is filled for the vulnerabilities that were asked about. `uncounted` says how many
    packages were not judged, by reason, whatever was asked.
    """

    observations: tuple[Observation, ...]
    ruled_out: tuple[RuledOut, ...] = ()
    uncounted: dict[Reason, int] = {}


def match(
    inventory: Inventory,
    knowledge: Knowledge,
    *,
    include_kernel: bool = False,
    explain: Iterable[str] = (),
) -> Matching:
    """Judge every package of an inventory.

    `explain` names vulnerabilities (by any identifier) for which every package that is not
    affected is reported in `ruled_out` with the step that ruled it out.
    """
    return _Matcher(inventory, knowledge, include_kernel, tuple(explain)).run()


class _Matcher:
    """One run of matching: the caches that packages share, and what was found so far."""

    def __init__(
        self, inventory: Inventory, knowledge: Knowledge, include_kernel: bool, asked: Sequence[str]
    ) -> None:
        self.inventory = inventory
        self.knowledge = knowledge
        self.include_kernel = include_kernel
        self.asked = self._identities(asked)
        self.pro = _has_pro(inventory)
        self.answers: dict[object, tuple[judge.Verdict, ...]] = {}
        self.records: dict[tuple[tuple[str, ...], str], Sequence[AffectedPackage]] = {}
        self.folded: dict[str, Vulnerability] = {}
        self.found: dict[str, dict[int, PackageMatch]] = {}
        self.ruled_out: list[RuledOut] = []
        self.uncounted: dict[Reason, int] = {}
        self.unreadable: dict[tuple[str, str], bool] = {}
        distribution = inventory.distribution
        self.own: tuple[str, ...] = ()
        self.fips: tuple[str, ...] = ()
        if distribution is not None:
            self.own = ecosystems.distribution_ecosystems(distribution)
            self.fips = ecosystems.fips_ecosystems(distribution)

    def run(self) -> Matching:
        """Judge all packages, fold by vulnerability, put in order."""
        for index, package in enumerate(self.inventory.packages):
            reason = self._uncounted(package)
            if reason is None:
                self._judge(index, package)
            else:
                self._leave_out(package, reason)
        for package in self.inventory.subsumed:
            self._leave_out(package, "owned-by-distribution")
        observations = tuple(
            Observation(self.folded[identity], _in_order(matches.values()))
            for identity, matches in sorted(self.found.items())
        )
        return Matching(observations, tuple(self.ruled_out), self.uncounted)

    def _identities(self, asked: Sequence[str]) -> frozenset[str]:
        """What was asked about, by every identifier that the database knows for it."""
        names = set(asked)
        for identity in asked:
            record = self.knowledge.vulnerability(identity)
            if record is not None:
                names.update((record.id, *record.aliases, *record.advisories))
        return frozenset(names)

    def _uncounted(self, package: Package) -> Reason | None:
        """Why a package is not judged at all; None: it is."""
        if package.version in NO_VERSION:
            return "no-version"
        if ecosystems.is_operating_system(package):
            return kernel.verdict(package, self.inventory, self.include_kernel)
        if package.properties and self.inventory.distribution is not None:
            facts = dict(package.properties)
            if facts.get("is_duplicate_package") == "true" or "replaced_by" in facts:
                return "owned-by-distribution"
        return None

    def _leave_out(self, package: Package, reason: Reason) -> None:
        """Count a package that is not judged, and say so if one of its advisories is asked for."""
        self._count(reason)
        if not self.asked:
            return
        detail = _UNCOUNTED.get(reason) or kernel.REASONS.get(reason, "")
        for vulnerability in sorted(self._mentioned(package) & self.asked):
            self.ruled_out.append(RuledOut(vulnerability, package, reason, detail))

    def _count(self, reason: Reason) -> None:
        self.uncounted[reason] = self.uncounted.get(reason, 0) + 1

    def _mentioned(self, package: Package) -> set[str]:
        return {
            vulnerability
            for names, name, _ in self._questions(package)
            for record in self._about(names, name)
            for vulnerability in record.vulnerabilities
        }

    def _questions(self, package: Package) -> tuple[_Question, ...]:
        """What to ask for a package; nothing where no advisory could speak of it."""
        if not ecosystems.is_operating_system(package):
            name = spelling.package(package.ecosystem, package.name)
            asked = ((package.ecosystem,), name, package.version)
            return (asked, *_platform_questions(package))
        distribution = self.inventory.distribution
        if distribution is None or distribution.ecosystem != package.ecosystem:
            return ()
        names = ecosystems.lookup_names(package)
        if kernel.is_kernel(package):
            source, signed = kernel.source_name(package), kernel.advisory_source(package)
            names = tuple(signed if each[0] == source else each for each in names)
        questions = [(self.own, name, version) for name, version in names]
        if self.fips and "fips" in package.version.lower():
            questions = [(self.fips, name, version) for name, version in names] + questions
        return tuple(questions)

    def _about(self, names: tuple[str, ...], name: str) -> Sequence[AffectedPackage]:
        """All records of one name over some ecosystems, asked for once."""
        held = self.records.get((names, name))
        if held is None:
            if len(names) == 1:
                held = self.knowledge.affected(names[0], name)
            else:
                held = [record for each in names for record in self.knowledge.affected(each, name)]
            self.records[names, name] = held
        return held

    def _judge(self, index: int, package: Package) -> None:
        """Ask a package's questions, and keep what affects it."""
        said: set[str] = set()
        unreadable = False
        questions = self._questions(package)
        for position, (names, name, version) in enumerate(questions):
            records = self._about(names, name)
            if not records:
                continue
            if self._unreadable(package, version):
                if not unreadable:
                    self._count("unreadable-version")
                unreadable = True
                records = self._naming(package, version, records)
            verdicts = self._answer(package, names, name, version, records)
            for verdict in verdicts:
                if verdict.vulnerability not in said:
                    self._keep(index, package, version, verdict)
            if self.asked:
                self._explain(package, version, records, said)
            if position + 1 < len(questions):
                said.update(each for record in records for each in record.vulnerabilities)
        if self.asked and questions and ecosystems.is_operating_system(package):
            asked_for = [name for _, name, _ in questions]
            wanted = self.asked - self._mentioned(package)
            own = (*self.own, *self.fips)
            self.ruled_out += releases.elsewhere(package, asked_for, own, self.knowledge, wanted)

    def _naming(
        self, package: Package, version: str, records: Sequence[AffectedPackage]
    ) -> Sequence[AffectedPackage]:
        """The records that enumerate a version: all that can be said of one that has no order."""
        key = version_key(package.ecosystem, version)
        naming = [record for record in records if key in record.versions]
        named = {each for record in naming for each in record.vulnerabilities}
        about = {each for record in records for each in record.vulnerabilities}
        for vulnerability in sorted((about & self.asked) - named):
            detail = f"{version!r} is no version of {package.ecosystem}, and no advisory lists it"
            self.ruled_out.append(
                RuledOut(vulnerability, package, "unreadable-version", detail[:200])
            )
        return naming

    def _unreadable(self, package: Package, version: str) -> bool:
        """Whether a version has no place in its ecosystem's order."""
        known = self.unreadable.get((package.ecosystem, version))
        if known is None:
            known = parse_version(package.ecosystem, version).warning is not None
            self.unreadable[package.ecosystem, version] = known
        return known

    def _subject(self, package: Package, version: str) -> judge.Subject:
        distribution = ecosystems.is_operating_system(package)
        return judge.Subject(
            version=version,
            key=version_key(package.ecosystem, version),
            arch=package.arch,
            module=package.module,
            distribution=distribution,
            rebuilds=distribution and ecosystems.keying(package.ecosystem) != "source",
            pro=self.pro,
        )

    def _answer(
        self,
        package: Package,
        names: tuple[str, ...],
        name: str,
        version: str,
        records: Sequence[AffectedPackage],
    ) -> tuple[judge.Verdict, ...]:
        """Judge, or take the answer that another package with the same question got."""
        asked = (names, name, version, package.arch, package.module)
        verdicts = self.answers.get(asked)
        if verdicts is None:
            verdicts = judge.judge(records, self._subject(package, version))
            self.answers[asked] = verdicts
        return verdicts

    def _fold(self, identity: str) -> Vulnerability:
        """The vulnerability that an identifier stands for, by its aliases."""
        folded = self.folded.get(identity)
        if folded is None:
            folded = self.knowledge.vulnerability(identity) or Vulnerability(identity)
            folded = self.folded.setdefault(folded.id, folded)
            self.folded[identity] = folded
        return folded

    def _keep(self, index: int, package: Package, version: str, verdict: judge.Verdict) -> None:
        """Add what affects a package to its vulnerability, unless the running kernel is patched."""
        folded = self._fold(verdict.vulnerability)
        if package.properties and folded.id in _live_patched(package):
            if folded.id in self.asked:
                detail = "the running kernel is live-patched against it"
                self.ruled_out.append(
                    RuledOut(folded.id, package, "kernel-live-patched", detail, verdict.record)
                )
            return
        key = version_key(package.ecosystem, version)
        new = PackageMatch(
            package=package,
            advisory=verdict.record,
            range=verdict.range,
            version=version,
            key=key,
            fixed_version=verdict.fixed_version,
            advisories=verdict.advisories,
        )
        matches = self.found.setdefault(folded.id, {})
        held = matches.get(index)
        matches[index] = new if held is None else _merge(held, new)

    def _explain(
        self, package: Package, version: str, records: Sequence[AffectedPackage], said: set[str]
    ) -> None:
        """Keep why records about the vulnerabilities that were asked for do not apply."""
        about = {each for record in records for each in record.vulnerabilities} & self.asked
        if not about:
            return
        for dismissal in judge.explain(records, self._subject(package, version), sorted(about)):
            reason, detail = dismissal.reason, dismissal.detail
            if dismissal.vulnerability in said:
                reason, detail = "superseded", "a record of the binary package counts for more"
            self.ruled_out.append(
                RuledOut(dismissal.vulnerability, package, reason, detail, dismissal.record)
            )


_UNCOUNTED: dict[Reason, str] = {
    "no-version": "names no version that could be compared",
    "owned-by-distribution": "its files belong to a package of the distribution",
}


def _merge(held: PackageMatch, new: PackageMatch) -> PackageMatch:
    """Of two verdicts under two identifiers of one vulnerability the one that asks for more."""

    def weight(match: PackageMatch) -> bytes:
        if match.fixed_version is None:
            return b""
        return version_key(match.package.ecosystem, match.fixed_version)

    chosen, other = (new, held) if weight(new) > weight(held) else (held, new)
    more = tuple(each for each in other.advisories if each not in chosen.advisories)
    return msgspec.structs.replace(chosen, advisories=chosen.advisories + more)


def _in_order(matches: Iterable[PackageMatch]) -> tuple[PackageMatch, ...]:
    """By name (byte order), version, then path (spec/findings.md 4.1)."""
    keyed = [
        (
            match.package.name.encode("utf-8", "surrogatepass"),
            match.package.version,
            match.package.locations[0].path if match.package.locations else "",
            position,
            match,
        )
        for position, match in enumerate(matches)
    ]
    return tuple(each[-1] for each in sorted(keyed, key=itemgetter(0, 1, 2, 3)))


def _has_pro(inventory: Inventory) -> bool:
    """Whether a machine has Ubuntu Pro: an ESM build is installed, or its subscription is on."""
    distribution = inventory.distribution
    if distribution is None or distribution.ecosystem != "Ubuntu":
        return False
    return any(
        "esm" in package.version or ("subscription:enabled", "true") in package.properties
        for package in inventory.packages
        if package.ecosystem == "Ubuntu"
    )


def _live_patched(package: Package) -> frozenset[str]:
    """The CVEs that live patches closed in the running kernel (spec/sbom-generator.md 3.1)."""
    for name, value in package.properties:
        if name == "live_patched_cves":
            return frozenset(value.replace(",", " ").split())
    return frozenset()


def _platform_questions(package: Package) -> Iterator[_Question]:
    """NVD speaks of applications by the vendor and product of their CPE names.

    CPE 2.3 formatted strings (NISTIR 7695, 6.2): `cpe:2.3:a:vendor:product:version:...`.
    """
    for name, value in package.properties:
        if name != "cpe":
            continue
        parts = _CPE_SEPARATOR.split(value)
        if len(parts) > 5:
            vendor, product = parts[3].replace("\\", ""), parts[4].replace("\\", "")
            yield ("generic",), spelling.package("generic", f"{vendor}/{product}"), package.version
