"""Walk a Java archive and all archives in it, in memory and within limits."""

from openinspector.inventory.cataloger import ReadError
from openinspector.inventory.documents import parse_xml
from openinspector.inventory.jars.identity import Evidence, Identity, identify, is_part_of_java
from openinspector.inventory.jars.metadata import (
    Coordinates,
    is_artifact,
    is_group,
    is_version,
    parse_manifest,
    parse_pom_properties,
    pom_folder,
)
from openinspector.inventory.jars.zip_directory import Budget, Entry, Listing, list_entries
from openinspector.inventory.limits import MEBIBYTE, Limits

EXTENSIONS = ("jar", "war", "ear", "par", "sar", "kar", "jpi", "hpi", "lpkg", "nar", "rar")
"""Archives that hold Java classes (`rar` is a resource adapter)."""

HELD_BYTES = 512 * MEBIBYTE
"""All inflated archives that are held in memory at once, one within the other."""

_ENDINGS = tuple(f".{each}" for each in EXTENSIONS)
_ENDINGS_AS_BYTES = tuple(each.encode() for each in _ENDINGS)
_MANIFEST = b"META-INF/MANIFEST.MF"
_MANIFEST_BYTES = MEBIBYTE
_PROPERTIES_BYTES = MEBIBYTE
_POM_BYTES = 4 * MEBIBYTE


class Found:
    """What an archive was found to hold.

    - `libraries`: pairs of path and identity, in the order of reading.
    - `unnamed`: paths of archives of classes that say nothing of what they are.
    - `ungrouped`: paths of those whose Maven group is unknown.
    - `problems`: pairs of path and what could not be read there.
    """

    def __init__(self) -> None:
        self.libraries: list[tuple[str, Identity]] = []
        self.unnamed: list[str] = []
        self.ungrouped: list[str] = []
        self.problems: list[tuple[str, str]] = []


class _Contents:
    """Picks the entries that matter, and notes the folders of classes while it passes them."""

    def __init__(self) -> None:
        self.folders: set[bytes] = set()
        self.nested = 0

    def __call__(self, name: bytes) -> bool:
        if name.endswith(b".class"):
            self.folders.add(name[: name.rfind(b"/") + 1])
            return False
        if b"META-INF/" in name and (
            name.upper() == _MANIFEST
            or (b"META-INF/maven/" in name and name.endswith((b"/pom.properties", b"/pom.xml")))
        ):
            return True
        if name.lower().endswith(_ENDINGS_AS_BYTES):
            self.nested += 1
            return True
        return False

    def has_folder(self, folder: str) -> bool:
        """Whether classes lie in a folder or below it."""
        start = folder.encode() + b"/"
        return any(each.startswith(start) for each in self.folders)


def read_archive(path: str, data: bytes | memoryview, limits: Limits) -> Found:
    """Read an archive and those nested in it.

    Raises `ReadError` when the outermost is no archive at all; all other problems are noted.
    """
    found = Found()
    _read(path, memoryview(data), 1, 0, found, Budget(limits))
    return found


def read_manifest(data: bytes | memoryview, limits: Limits) -> dict[str, str]:
    """The main section of an archive's manifest, names in lower case; empty where it has none.

    Raises `ReadError` when it is no archive, or its manifest cannot be read.
    """
    view = memoryview(data)
    listing = list_entries(view, lambda name: name.upper() == _MANIFEST, limits)
    for entry in listing.entries:
        return parse_manifest(Budget(limits).read(view, entry, _MANIFEST_BYTES, prefix=True))
    return {}


def _read(path: str, view: memoryview, depth: int, held: int, found: Found, budget: Budget) -> None:
    """Read one archive; `held` is how many bytes the archives around it take in memory."""
    limits = budget.limits
    contents = _Contents()
    listing = list_entries(view, contents, limits)
    if listing.problem:
        found.problems.append((path, listing.problem))
    evidence = _evidence(path, view, listing, contents, found, budget)
    _note(evidence, contents, depth, found)
    for entry in listing.entries:
        if not entry.name.lower().endswith(_ENDINGS):
            continue
        inner = f"{path}!/{entry.name.lstrip('/')}"
        if len(inner) > limits.path_bytes:
            found.problems.append((path, "it holds archives with impossibly long names"))
        elif depth >= limits.archive_depth:
            found.problems.append((inner, f"archives are nested over {depth} levels deep"))
        elif entry.compressed:
            try:
                nested = budget.read(view, entry, min(limits.file_bytes, HELD_BYTES - held))
                taken = held + len(nested) if isinstance(nested, bytes) else held
                if nested:
                    _read(inner, memoryview(nested), depth + 1, taken, found, budget)
            except ReadError as error:
                found.problems.append((inner, str(error)))


def _evidence(
    path: str,
    view: memoryview,
    listing: Listing,
    contents: _Contents,
    found: Found,
    budget: Budget,
) -> Evidence:
    manifest: dict[str, str] = {}
    poms: dict[tuple[str, str], Coordinates] = {}
    models: dict[tuple[str, str], Entry] = {}
    for entry in listing.entries:
        name = entry.name
        try:
            if name.upper() == "META-INF/MANIFEST.MF":
                data = budget.read(view, entry, _MANIFEST_BYTES, prefix=True)
                manifest = manifest or parse_manifest(data)
            elif name.endswith("/pom.properties"):
                pom = parse_pom_properties(name, budget.read(view, entry, _PROPERTIES_BYTES))
                folder = pom_folder(name)
                if pom is not None and folder is not None:
                    poms[folder] = pom
            elif name.endswith("/pom.xml") and (folder := pom_folder(name)) is not None:
                models[folder] = entry
        except ReadError as error:
            found.problems.append((path, str(error)))
    for folder, entry in models.items():
        if folder not in poms:
            try:
                data = budget.read(view, entry, _POM_BYTES)
                poms[folder] = _model(folder, data, budget.limits)
            except ReadError as error:
                found.problems.append((f"{path}!/{entry.name}", str(error)))
    return Evidence(path, manifest, tuple(poms.values()), contents.has_folder)


def _model(folder: tuple[str, str], data: bytes | memoryview, limits: Limits) -> Coordinates:
    """The coordinates in a `pom.xml`, what it leaves to its parent taken from there."""
    root = parse_xml(data, limits)
    space = root.tag[: root.tag.rfind("}") + 1]

    def value(name: str) -> str:
        for place in (name, f"{space}parent/{space}{name}"):
            text = (root.findtext(place if "/" in place else space + name) or "").strip()
            if text:
                return text
        return ""

    group, artifact = value("groupId"), (root.findtext(f"{space}artifactId") or "").strip()
    version = value("version")
    return (
        group if is_group(group) else folder[0],
        artifact if is_artifact(artifact) else folder[1],
        version if is_version(version) else "",
    )


def _note(evidence: Evidence, contents: _Contents, depth: int, found: Found) -> None:
    """Keep what an archive is, or that it does not say.

    An outermost archive with others in it is an application: what it is called matters to nobody
    but its owner. Archives without classes are not software.
    """
    identities = identify(evidence)
    found.libraries.extend((evidence.path, each) for each in identities)
    if not contents.folders or (depth == 1 and contents.nested) or evidence.poms:
        return
    if is_part_of_java(evidence):
        return
    if not identities:
        found.unnamed.append(evidence.path)
    elif not identities[0].group:
        found.ungrouped.append(evidence.path)
