"""Julia: `Manifest.toml` (formats 1 and 2) and its variants for versions of Julia."""

from collections.abc import Iterator

from openinspector.inventory.cataloger import Cataloger, File, Yield
from openinspector.inventory.documents import load_toml, mapping, sequence, text
from openinspector.inventory.language_packages import Origin, Packages
from openinspector.inventory.language_purl import JULIA
from openinspector.inventory.limits import Limits

_ORIGIN = Origin(JULIA, None, "julia-manifest", "julia-manifest")


def parse_manifest(file: File, limits: Limits) -> Iterator[Yield]:
    """Yield the packages with a version and a `uuid`.

    What has no version comes with Julia itself; what has a `path` is the project's own. A
    `Manifest.toml` of another tool has no such entries, and nothing is said of it.
    """
    document = load_toml(file, limits)
    entries = mapping(document.get("deps")) if "manifest_format" in document else document
    packages = Packages(file, _ORIGIN)
    for name, values in entries.items():
        for value in sequence(values):
            entry = mapping(value)
            uuid = text(entry.get("uuid"))
            if uuid and entry.get("version") is not None and "path" not in entry:
                packages.add(name, entry["version"], qualifiers=(("uuid", uuid),))
    yield from packages.results()


CATALOGERS: tuple[Cataloger, ...] = (
    Cataloger(
        name="julia-manifest",
        version=1,
        part="language-packages",
        parse=parse_manifest,
        globs=("**/Manifest.toml", "**/JuliaManifest.toml", "**/Manifest-v*.toml"),
    ),
)
