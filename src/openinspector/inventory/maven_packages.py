"""Maven artifacts as packages: names are `group:artifact`, package URLs divide them by a slash."""

from openinspector.inventory.language_packages import Origin, usable
from openinspector.inventory.language_purl import Ecosystem, language_purl
from openinspector.model import Location, Package

MAVEN = Ecosystem("Maven", "maven")


def maven_package(
    origin: Origin,
    path: str,
    group: str,
    artifact: str,
    version: str,
    *,
    development: bool = False,
    properties: tuple[tuple[str, str], ...] = (),
) -> Package | None:
    """Make the package of an artifact seen at a path; None where a field cannot be one.

    An artifact whose group is unknown (`""`) is named by itself.
    """
    if not (usable(artifact) and usable(version) and (not group or usable(group))):
        return None
    return Package(
        ecosystem=MAVEN.name,
        name=f"{group}:{artifact}" if group else artifact,
        version=version,
        purl=language_purl(MAVEN, f"{group}/{artifact}" if group else artifact, version),
        manager=origin.manager,
        cataloger=origin.cataloger,
        collector=origin.collector,
        locations=(Location(path),),
        development=development,
        properties=properties,
    )
