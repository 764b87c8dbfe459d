"""What to do first: findings grouped by the action that ends them, by the risk that it removes.

Pure. The risk of a finding is its score times 1 + 9 x likelihood: the likelihood is 1 where it is
known to be exploited, else EPSS's (0 where FIRST says nothing). So a 9.8 that is exploited weighs
ten times one of which nobody expects that. A finding without a score counts by its severity.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial

import msgspec

from openinspector.model.finding import Finding, VulnerablePackage
from openinspector.versions.keys import key

_BY_SEVERITY: Mapping[str, float] = {
    "CRITICAL": 9.0,
    "HIGH": 7.0,
    "MEDIUM": 5.0,
    "LOW": 3.0,
    "INFORMATIONAL": 0.5,
    "UNTRIAGED": 4.0,
}
_EXPLOITED = 9.0

_ECOSYSTEMS: Mapping[str, str] = {
    **dict.fromkeys(("PIP", "PIPENV", "POETRY", "PYTHONPKG"), "PyPI"),
    **dict.fromkeys(("NPM", "YARN", "NODEPKG"), "npm"),
    **dict.fromkeys(("JAR", "POM"), "Maven"),
    **dict.fromkeys(("GOBINARY", "GOMOD"), "Go"),
    **dict.fromkeys(("BUNDLER", "GEMSPEC"), "RubyGems"),
    **dict.fromkeys(("NUGET", "DOTNET_CORE"), "NuGet"),
    "CARGO": "crates.io",
    "COMPOSER": "Packagist",
}
"""The API's word for a package manager, and whose order its versions have."""

_VERBS = {
    "upgrade": "upgrade",
    "rebuild": "rebuild from a newer",
    "close": "close",
    "change": "change",
}

_DEBIAN = ("DEBIAN", "UBUNTU")
_ALPINE = ("ALPINE", "WOLFI", "CHAINGUARD")


class Base(msgspec.Struct, frozen=True):
    """The image that another one was built from: how people call it, and its layers' digests."""

    name: str
    layers: frozenset[str]


Sufficient = Callable[[str, str, str, frozenset[str]], str | None]
"""`sufficient(ecosystem, name, version, vulnerabilities)`: the lowest version from `version` on
that has none of the vulnerabilities; None where no published one is known."""


class Action(msgspec.Struct, frozen=True, rename="camel"):
    """Something to do, and what it ends.

    `kind`: `upgrade`, `rebuild` (from a newer base image), `close` (a port) or `change` (a
    configuration or code). `where` is the security group of a port, the ecosystem of libraries, the
    platform of a system's packages, or the file. `upgrades` are the packages and the least versions
    that end every finding which is counted; `risk` is what is removed.
    """

    kind: str
    what: str
    where: str
    risk: float
    findings: int
    critical: int
    exploited: int
    resources: tuple[str, ...]
    vulnerabilities: tuple[str, ...]
    upgrades: tuple[str, ...] = ()


class Plan(msgspec.Struct, frozen=True, rename="camel"):
    """Actions, the most risk removed first, and what no action is known for yet.

    `total` counts all actions, where only the first ones are told.
    """

    actions: tuple[Action, ...]
    without_fix: int
    risk_without_fix: float
    total: int = 0


class _Doing(msgspec.Struct, frozen=True):
    """What findings are grouped by: the action, what it is done to (package names), and where."""

    kind: str
    subjects: tuple[str, ...]
    where: str
    ecosystem: str = ""


def risk_of(finding: Finding) -> float:
    """The risk that a finding stands for."""
    score = finding.inspector_score
    if score is None:
        score = _BY_SEVERITY[finding.severity]
    likelihood = (finding.epss.score or 0.0) if finding.epss else 0.0
    if finding.exploit_available == "YES":
        likelihood = 1.0
    return score * (1.0 + _EXPLOITED * likelihood)


def make_plan(
    findings: Iterable[Finding],
    top: int | None = None,
    bases: Mapping[str, Base] | None = None,
    sufficient: Sufficient | None = None,
) -> Plan:
    """The plan for some findings; `top`: no more actions than these.

    `bases`: the base images of images, by resource. `sufficient` looks a version up among the
    advisories; without it the highest fix that findings name is told.
    """
    groups: dict[_Doing, list[Finding]] = defaultdict(list)
    stuck: list[Finding] = []
    for finding in findings:
        doing = _action(finding, bases or {})
        if doing is None:
            stuck.append(finding)
        else:
            groups[doing].append(finding)
    actions = []
    for doing, found in _widened(groups).items():
        action = _told(doing, found, sufficient)
        if action is None:
            stuck += found
        else:
            actions.append(action)
    actions.sort(key=lambda each: (-each.risk, each.kind, each.what, each.where))
    risk = round(sum(risk_of(each) for each in stuck), 1)
    return Plan(tuple(actions[:top]), len(stuck), risk, len(actions))


def _widened(groups: Mapping[_Doing, list[Finding]]) -> dict[_Doing, list[Finding]]:
    """Upgrades of some packages go with the smallest upgrade that holds them all.

    Whoever upgrades `a` and `b` ends the findings of `a` alone, too.
    """
    merged = {doing: list(found) for doing, found in groups.items()}
    for doing in sorted(groups, key=lambda each: len(each.subjects)):
        wider = [
            each
            for each in merged
            if (each.kind, each.where) == (doing.kind, doing.where) == ("upgrade", doing.where)
            and set(each.subjects) > set(doing.subjects)
        ]
        if wider:
            least = min(wider, key=lambda each: (len(each.subjects), each.subjects))
            merged[least] += merged.pop(doing)
    return merged


def _action(finding: Finding, bases: Mapping[str, Base]) -> _Doing | None:
    """What ends a finding; None where nothing is known to."""
    if finding.network_reachability_details is not None:
        return _closing(finding)
    if finding.code_vulnerability_details is not None:
        place = finding.code_vulnerability_details.file_path
        return _Doing("change", (finding.title or finding.type,), place.file_path)
    packages = _packages(finding)
    if not packages or not all(_is_fixed(each) for each in packages):
        return None
    base = bases.get(finding.resources[0].id)
    if base is not None and all(each.source_layer_hash in base.layers for each in packages):
        return _Doing("rebuild", (base.name,), "")
    names = tuple(sorted({each.name for each in packages}))
    ecosystem = _ecosystem(finding, packages[0])
    of_system = packages[0].package_manager == "OS"
    return _Doing("upgrade", names, _platform(finding) if of_system else ecosystem, ecosystem)


def _packages(finding: Finding) -> list[VulnerablePackage]:
    details = finding.package_vulnerability_details
    return list(details.vulnerable_packages or []) if details else []


def _is_fixed(package: VulnerablePackage) -> bool:
    return (package.fixed_in_version or "NotAvailable") != "NotAvailable"


def _closing(finding: Finding) -> _Doing:
    details = finding.network_reachability_details
    assert details is not None
    ports = details.open_port_range
    span = f"{ports.begin}" if ports.begin == ports.end else f"{ports.begin}-{ports.end}"
    steps = details.network_path.steps or []
    groups = [each.component_id for each in steps if each.component_type.endswith("SecurityGroup")]
    return _Doing("close", (f"{details.protocol} {span}",), groups[-1] if groups else "")


def _platform(finding: Finding) -> str:
    """The release of the system: fixes of one say nothing of another's."""
    details = finding.resources[0].details
    instance = details.aws_ec2_instance if details else None
    image = details.aws_ecr_container_image if details else None
    return (instance and instance.platform) or (image and image.platform) or ""


def _ecosystem(finding: Finding, package: VulnerablePackage) -> str:
    """Whose order the versions have; of systems, by the platform that the finding names."""
    if package.package_manager != "OS":
        return _ECOSYSTEMS.get(package.package_manager or "", "generic")
    platform = _platform(finding)
    if platform.startswith(_DEBIAN):
        return "Debian"
    return "Alpine" if platform.startswith(_ALPINE) else "Red Hat"


def _told(doing: _Doing, found: Sequence[Finding], sufficient: Sufficient | None) -> Action | None:
    """The action with what it ends; None where no version that ends it all is known."""
    upgrades: dict[tuple[str, str], str] = {}
    if doing.kind in ("upgrade", "rebuild"):
        needed = _needed(found, sufficient)
        if needed is None:
            return None
        upgrades = needed
    what = ", ".join(doing.subjects)
    if doing.kind == "upgrade":
        what = _in_words({name: version for (name, _), version in upgrades.items()})
    return Action(
        kind=doing.kind,
        what=what,
        where=doing.where,
        risk=round(sum(risk_of(each) for each in found), 1),
        findings=len(found),
        critical=sum(each.severity == "CRITICAL" for each in found),
        exploited=sum(each.exploit_available == "YES" for each in found),
        resources=tuple(sorted({each.resources[0].id for each in found})),
        vulnerabilities=tuple(sorted(_names(found))),
        upgrades=tuple(f"{name} {version}" for (name, _), version in sorted(upgrades.items())),
    )


def _needed(
    found: Sequence[Finding], sufficient: Sufficient | None
) -> dict[tuple[str, str], str] | None:
    """By package and ecosystem, the least version at which every finding ends."""
    fixes: dict[tuple[str, str], set[str]] = defaultdict(set)
    ends: dict[tuple[str, str], set[str]] = defaultdict(set)
    of_system: set[tuple[str, str]] = set()
    for finding in found:
        for package in _packages(finding):
            subject = package.name, _ecosystem(finding, package)
            fixes[subject].add(str(package.fixed_in_version))
            ends[subject] |= _names([finding])
            if package.package_manager == "OS":
                of_system.add(subject)
    needed = {}
    for (name, ecosystem), versions in fixes.items():
        version: str | None = max(versions, key=partial(key, ecosystem))
        if sufficient is not None and (name, ecosystem) not in of_system and version is not None:
            # A fix of one branch may be flawed in another: the advisories say which one is not.
            version = sufficient(ecosystem, name, version, frozenset(ends[name, ecosystem]))
        if version is None:
            return None
        needed[name, ecosystem] = version
    return needed


def _in_words(needed: Mapping[str, str]) -> str:
    """`a, b to 2, c to 3`: packages of one version stand together."""
    by_version: dict[str, list[str]] = defaultdict(list)
    for name, version in sorted(needed.items()):
        by_version[version].append(name)
    return ", ".join(f"{', '.join(names)} to {version}" for version, names in by_version.items())


def _names(found: Sequence[Finding]) -> set[str]:
    details = (each.package_vulnerability_details for each in found)
    return {each.vulnerability_id for each in details if each is not None}


def plan_lines(plan: Plan) -> Iterator[str]:
    """The plan as a table for people."""
    from openinspector.reports.text import cut, safe

    if not plan.actions:
        yield "Nothing to do."
    else:
        yield f"{'risk':>8}  {'findings':>8}  {'critical':>8}  {'exploited':>9}  {'in':>5}  do"
    for each in plan.actions:
        where = f" ({each.where})" if each.where else ""
        yield (
            f"{each.risk:>8.1f}  {each.findings:>8}  {each.critical:>8}  {each.exploited:>9}"
            f"  {len(each.resources):>5}  {_VERBS[each.kind]} {cut(safe(each.what), 80)}"
            f"{safe(where)}"
        )
        if each.kind == "rebuild":
            yield f"{'':>43}  with {cut(safe(', '.join(each.upgrades)), 100)}"
    if plan.total > len(plan.actions):
        yield f"... and {plan.total - len(plan.actions)} more actions; --top shows more."
    if plan.without_fix:
        yield f"{plan.risk_without_fix:>8.1f}  {plan.without_fix:>8}  have no fix yet"
