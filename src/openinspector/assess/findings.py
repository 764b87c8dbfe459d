"""Write observations as findings, in the shape and wording of the API (spec/findings.md 4)."""

from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec

from openinspector.assess import score as scoring
from openinspector.assess import sources
from openinspector.assess.ecosystems import is_operating_system
from openinspector.assess.observation import Observation, PackageMatch
from openinspector.assess.resources import Place, finding_arn
from openinspector.assess.times import epoch_seconds
from openinspector.model import SOURCE_MARK, Inventory, Package, Vulnerability
from openinspector.model.finding import (
    CvssScore,
    EpssDetails,
    ExploitabilityDetails,
    Finding,
    FixAvailable,
    PackageVulnerabilityDetails,
    Recommendation,
    Remediation,
    Resource,
    VulnerablePackage,
)

TEXT_LIMIT = 1024
"""Characters of a description, title, name, version or path (findings.md 9)."""

NONE_PROVIDED = Remediation(recommendation=Recommendation(text="None Provided"))
"""The finding's own remediation; useful advice stands with each package (findings.md 4.4)."""


class Context(msgspec.Struct, frozen=True):
    """What all findings of one assessment share: the resource and one instant."""

    resource: Resource
    place: Place
    instant: float
    platform: str = ""
    image: bool = False
    function: bool = False
    reachability: scoring.Reachability | None = None

    @classmethod
    def of(
        cls,
        inventory: Inventory,
        now: datetime,
        place: Place,
        resource: Resource,
        reachability: scoring.Reachability | None = None,
    ) -> "Context":
        """The context of a target's findings. `now` is cut to milliseconds."""
        distribution = inventory.distribution
        return cls(
            resource=resource,
            place=place,
            instant=int(now.timestamp() * 1000) / 1000,
            platform=distribution.platform if distribution else "",
            image=resource.type == "AWS_ECR_CONTAINER_IMAGE",
            function=resource.type == "AWS_LAMBDA_FUNCTION",
            reachability=reachability,
        )


def package_finding(observation: Observation, context: Context) -> Finding:
    """The finding of one vulnerability of the target, with every package that it affects."""
    observation = _without_sources(observation)
    vulnerability = observation.vulnerability
    matches = observation.matches
    vendor = sources.vendor_source([match.package for match in matches])
    base = scoring.choose_base(vulnerability.cvss, vendor)
    score = None if base is None else scoring.inspector_score(base, context.reachability)
    details = _details(observation, vendor, context)
    word = _vendor_word(vulnerability, matches, vendor)
    exploited = vulnerability.exploit is not None or vulnerability.known_exploited is not None
    return Finding(
        finding_arn=finding_arn(context.place, context.resource.id, vulnerability.id),
        aws_account_id=context.place.account,
        type="PACKAGE_VULNERABILITY",
        description=_description(vulnerability),
        severity=scoring.severity(score, vulnerability.cvss, word, vulnerability.malicious),
        first_observed_at=context.instant,
        last_observed_at=context.instant,
        updated_at=context.instant,
        status="ACTIVE",
        remediation=NONE_PROVIDED,
        resources=[context.resource],
        title=title(vulnerability.id, [match.package.name for match in matches]),
        inspector_score=None if score is None else score.value,
        inspector_score_details=None if score is None else scoring.details(score),
        package_vulnerability_details=details,
        fix_available=fix_available(matches),
        exploit_available="YES" if exploited else "NO",
        exploitability_details=_exploitability(vulnerability),
        epss=None if vulnerability.epss is None else EpssDetails(score=vulnerability.epss.score),
    )


def _without_sources(observation: Observation) -> Observation:
    """Leave out source packages whose binaries are listed: nothing of them is installed by itself.

    SBOMs of the generator list a source above its binaries (spec/sbom-generator.md 4.3.6).
    """
    built = {match.package.source_name for match in observation.matches}
    kept = tuple(
        match
        for match in observation.matches
        if SOURCE_MARK not in match.package.properties or match.package.name not in built
    )
    if len(kept) == len(observation.matches):
        return observation
    return msgspec.structs.replace(observation, matches=kept)


def title(identity: str, names: Sequence[str]) -> str:
    """`CVE - a`, `CVE - a, b`, `CVE - a, b and 3 more`: names as listed, not de-duplicated."""
    text = f"{identity} - {', '.join(names[:2])}"
    if len(names) > 2:
        text += f" and {len(names) - 2} more"
    return clean(text)


def fix_available(matches: Iterable[PackageMatch]) -> FixAvailable:
    """YES: every package has a fix; NO: none has; PARTIAL: some have."""
    fixed = {match.fixed_version is not None for match in matches}
    if len(fixed) == 2:
        return "PARTIAL"
    return "YES" if True in fixed else "NO"


def clean(text: str, limit: int = TEXT_LIMIT) -> str:
    """Text that can be written as UTF-8, within the API's limit."""
    cut = text[:limit]
    if cut.isascii():
        return cut
    return cut.encode("utf-8", "replace").decode("utf-8")


def _description(vulnerability: Vulnerability) -> str:
    """The publisher's words, cut without ellipsis; line breaks are kept."""
    text = vulnerability.description or vulnerability.summary
    return clean(text) or f"No description of {vulnerability.id} is published."


def _vendor_word(
    vulnerability: Vulnerability, matches: Sequence[PackageMatch], vendor: str | None
) -> str | None:
    """How the publisher rates it: the distribution of the packages, else whoever else does.

    Other distributions speak of their own builds: of their words the worst counts, and only where
    there is no other.
    """
    words = dict(vulnerability.vendor)
    if vendor is not None and words.get(vendor):
        return words[vendor]
    own = next((each for match in matches if (each := match.advisory.vendor_severity)), None)
    if own is not None:
        return own
    others = [word for source, word in vulnerability.vendor if word]
    neutral = [
        word
        for source, word in vulnerability.vendor
        if word and source not in scoring.DISTRIBUTION_SOURCES
    ]
    return min(neutral or others, key=scoring.rank_of_word, default=None)


def _own_word(
    vulnerability: Vulnerability, matches: Sequence[PackageMatch], source: str
) -> str | None:
    """The word of the very publisher that the finding names; None where it has not rated."""
    own = next((each for match in matches if (each := match.advisory.vendor_severity)), None)
    return dict(vulnerability.vendor).get(source) or own


def _details(
    observation: Observation, vendor: str | None, context: Context
) -> PackageVulnerabilityDetails:
    vulnerability, matches = observation.vulnerability, observation.matches
    source, url = sources.describe(vulnerability.id, vendor)
    shown = scoring.in_display_order(vulnerability.cvss, vendor)
    if source == "NVD":
        word = _nvd_word(vulnerability)
        created, updated = vulnerability.published, vulnerability.modified
    else:
        word = _own_word(vulnerability, matches, source)
        created, updated = matches[0].advisory.published, matches[0].advisory.modified
    return PackageVulnerabilityDetails(
        vulnerability_id=clean(vulnerability.id, 128),
        source=source,
        source_url=url,
        cvss=[
            CvssScore(
                base_score=entry.score,
                scoring_vector=scoring.display_vector(entry),
                version=entry.version,
                source=entry.source,
            )
            for entry in shown
        ],
        related_vulnerabilities=[] if source == "NVD" else _related(vulnerability, matches),
        vendor_severity=word,
        vendor_created_at=epoch_seconds(created),
        vendor_updated_at=epoch_seconds(updated),
        reference_urls=_references(vulnerability, matches, url),
        vulnerable_packages=[_package(match, context) for match in matches],
    )


def _nvd_word(vulnerability: Vulnerability) -> str | None:
    """NVD's rating word of its preferred score (`HIGH`); None where NVD has not scored it."""
    for version in ("3.1", "3.0", "4.0", "2.0"):
        for entry in vulnerability.cvss:
            if entry.version == version and entry.source == "NVD":
                word = scoring.severity_of_score(entry.score)
                return "NONE" if word == "INFORMATIONAL" else word
    return None


def _related(vulnerability: Vulnerability, matches: Sequence[PackageMatch]) -> list[str]:
    """Other identifiers: bulletins of the distribution, and CVE aliases of another id."""
    bulletins = {each for match in matches for each in match.advisories}
    known = (*vulnerability.aliases, *sorted(bulletins))
    unique = dict.fromkeys(
        each for each in known if each != vulnerability.id and not each.endswith(vulnerability.id)
    )
    return [clean(each, 128) for each in unique]


def _references(
    vulnerability: Vulnerability, matches: Sequence[PackageMatch], page: str
) -> list[str]:
    """Where to read on: the publisher's references, then the pages of the bulletins."""
    pages = (match.advisory.url for match in matches)
    unique = dict.fromkeys(each for each in (*vulnerability.references, *pages) if each)
    return [clean(each, 4096) for each in unique if each != page]


def _package(match: PackageMatch, context: Context) -> VulnerablePackage:
    """One affected package (findings.md 4.3)."""
    package = match.package
    epoch, version, release = sources.split_version(package)
    system = is_operating_system(package)
    fixed = match.fixed_version
    shown_fix = sources.shown_fix(package, fixed)
    image_2023 = context.image and context.platform == "AMAZON_LINUX_2023"
    advice = sources.update_advice(package, None if fixed is None else shown_fix, image_2023)
    return VulnerablePackage(
        name=clean(package.name) or "?",
        version=clean(version),
        source_layer_hash=_layer(package) if context.image else None,
        epoch=epoch,
        release=clean(release) if release else None,
        arch=clean(package.arch.upper(), 64) if system and package.arch else None,
        package_manager=package.manager,
        file_path=None if system else _path(package),
        fixed_in_version=clean(shown_fix),
        remediation=None if context.function and not system else advice,
        source_lambda_layer_arn=_layer_arn(package) if context.function else None,
    )


def _path(package: Package) -> str | None:
    path = package.locations[0].path if package.locations else ""
    return clean(path) or None


def _layer(package: Package) -> str | None:
    layer = package.locations[0].layer if package.locations else None
    return layer if layer and len(layer) == 71 else None


def _layer_arn(package: Package) -> str | None:
    """The layer version of a function, where AWS told which it is."""
    layer = package.locations[0].layer if package.locations else None
    return layer if layer and layer.startswith("arn:") else None


def _exploitability(vulnerability: Vulnerability) -> ExploitabilityDetails | None:
    """When an exploit was last reported: by intelligence, else CISA's date of listing."""
    seen = vulnerability.exploit.last_seen if vulnerability.exploit else None
    if seen is None and vulnerability.known_exploited is not None:
        seen = vulnerability.known_exploited.added
    at = epoch_seconds(seen)
    return None if at is None else ExploitabilityDetails(last_known_exploit_at=at)
