"""What to do first: findings grouped by the action that ends them, by the risk that it removes.

Pure. The risk of a finding is its score times 1 + 9 x likelihood: the likelihood is 1 where it is
known to be exploited, else EPSS's (0 where FIRST says nothing). So a 9.8 that is exploited weighs
ten times one of which nobody expects that. A finding without a score counts by its severity.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

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

_DEBIAN = ("DEBIAN", "UBUNTU")
_ALPINE = ("ALPINE", "WOLFI", "CHAINGUARD")


class Action(msgspec.Struct, frozen=True, rename="camel"):
    """Something to do, and what it ends.

    `kind`: `upgrade`, `close` (a port) or `change` (a configuration or code). `where` is the
    security group of a port, the packages' manager, or the file. `risk` is what is removed.
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


class Plan(msgspec.Struct, frozen=True, rename="camel"):
    """Actions, the most risk removed first, and what no action is known for yet."""

    actions: tuple[Action, ...]
    without_fix: int
    risk_without_fix: float


def risk_of(finding: Finding) -> float:
    """The risk that a finding stands for."""
    score = finding.inspector_score
    if score is None:
        score = _BY_SEVERITY[finding.severity]
    likelihood = (finding.epss.score or 0.0) if finding.epss else 0.0
    if finding.exploit_available == "YES":
        likelihood = 1.0
    return score * (1.0 + _EXPLOITED * likelihood)


def make_plan(findings: Iterable[Finding], top: int | None = None) -> Plan:
    """The plan for some findings; `top`: no more actions than these."""
    groups: dict[tuple[str, str, str], list[Finding]] = defaultdict(list)
    targets: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    stuck: list[Finding] = []
    for finding in findings:
        found = _action(finding)
        if found is None:
            stuck.append(finding)
            continue
        group, fixes = found
        groups[group].append(finding)
        targets[group].extend(fixes)
    actions = [_told(group, each, targets[group]) for group, each in groups.items()]
    actions.sort(key=lambda each: (-each.risk, each.kind, each.what, each.where))
    return Plan(tuple(actions[:top]), len(stuck), round(sum(risk_of(each) for each in stuck), 1))


def _action(finding: Finding) -> tuple[tuple[str, str, str], list[str]] | None:
    """What ends a finding: kind, subject and place; and the versions that an upgrade must reach."""
    if finding.network_reachability_details is not None:
        return _closing(finding), []
    if finding.code_vulnerability_details is not None:
        place = finding.code_vulnerability_details.file_path
        return ("change", finding.title or finding.type, place.file_path), []
    details = finding.package_vulnerability_details
    packages = (details.vulnerable_packages or []) if details else []
    fixed = [each for each in packages if _is_fixed(each)]
    if not fixed or len(fixed) < len(packages):
        return None
    names = ", ".join(sorted({each.name for each in fixed}))
    ecosystem = _ecosystem(finding, fixed[0])
    return ("upgrade", names, ecosystem), [str(each.fixed_in_version) for each in fixed]


def _is_fixed(package: VulnerablePackage) -> bool:
    return (package.fixed_in_version or "NotAvailable") != "NotAvailable"


def _closing(finding: Finding) -> tuple[str, str, str]:
    details = finding.network_reachability_details
    assert details is not None
    ports = details.open_port_range
    span = f"{ports.begin}" if ports.begin == ports.end else f"{ports.begin}-{ports.end}"
    steps = details.network_path.steps or []
    groups = [each.component_id for each in steps if each.component_type.endswith("SecurityGroup")]
    return "close", f"{details.protocol} {span}", groups[-1] if groups else ""


def _ecosystem(finding: Finding, package: VulnerablePackage) -> str:
    """Whose order the versions have; of systems, by the platform that the finding names."""
    if package.package_manager != "OS":
        return _ECOSYSTEMS.get(package.package_manager or "", "generic")
    details = finding.resources[0].details
    instance = details.aws_ec2_instance if details else None
    image = details.aws_ecr_container_image if details else None
    platform = (instance and instance.platform) or (image and image.platform) or ""
    if platform.startswith(_DEBIAN):
        return "Debian"
    return "Alpine" if platform.startswith(_ALPINE) else "Red Hat"


def _told(group: tuple[str, str, str], found: Sequence[Finding], fixes: Sequence[str]) -> Action:
    kind, what, where = group
    if fixes:
        what = f"{what} to {max(fixes, key=lambda each: key(where, each))}"
    return Action(
        kind=kind,
        what=what,
        where=where,
        risk=round(sum(risk_of(each) for each in found), 1),
        findings=len(found),
        critical=sum(each.severity == "CRITICAL" for each in found),
        exploited=sum(each.exploit_available == "YES" for each in found),
        resources=tuple(sorted({each.resources[0].id for each in found})),
        vulnerabilities=tuple(sorted(_names(found))),
    )


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
            f"  {len(each.resources):>5}  {each.kind} {cut(safe(each.what), 80)}{safe(where)}"
        )
    if plan.without_fix:
        yield f"{plan.risk_without_fix:>8.1f}  {plan.without_fix:>8}  have no fix yet"
