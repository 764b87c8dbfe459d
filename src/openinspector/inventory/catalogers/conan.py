"""C and C++ by Conan: `conan.lock` (Conan 1 and 2) and `conanfile.txt`."""

from collections.abc import Iterator

from openinspector.inventory.cataloger import Cataloger, File, ReadError, Yield
from openinspector.inventory.documents import load_json, mapping, read_lines, sequence, text
from openinspector.inventory.language_packages import Origin, Packages
from openinspector.inventory.language_purl import CONAN
from openinspector.inventory.limits import Limits
from openinspector.patterns import regex

_ORIGIN = Origin(CONAN, None, "conan", "conan")
_REFERENCE = regex(
    r"(?P<name>[A-Za-z0-9_+.-]+)/(?P<version>[^@#%:\s]+)"
    r"(?:@(?P<user>[^/#%:\s]*)(?:/(?P<channel>[^#%:\s]*))?)?(?:[#%:].*)?"
)
_LOCKED = {
    "requires": False,
    "python_requires": False,
    "config_requires": False,
    "build_requires": True,
}
"""Kinds of requirements in a lock file, and whether they only build or test the software."""
_DECLARED = {
    "[requires]": False,
    "[build_requires]": True,
    "[tool_requires]": True,
    "[test_requires]": True,
}


def parse_lock(file: File, limits: Limits) -> Iterator[Yield]:
    """Yield every locked reference; the node with a `path` is the project itself."""
    lock = mapping(load_json(file, limits))
    nodes = mapping(lock.get("graph_lock")).get("nodes")
    packages = Packages(file, _ORIGIN)
    if isinstance(nodes, dict):
        for value in nodes.values():
            node = mapping(value)
            reference = text(node.get("ref")) or text(node.get("pref"))
            if reference and "path" not in node:
                _add(packages, reference, node.get("context") == "build")
    elif lock.keys() & _LOCKED.keys():
        for kind, development in _LOCKED.items():
            for locked in sequence(lock.get(kind)):
                _add(packages, text(locked), development)
    else:
        raise ReadError("it is not a conan.lock: it has neither nodes nor requirements")
    yield from packages.results()


def parse_conanfile(file: File, limits: Limits) -> Iterator[Yield]:
    """Yield the references with exact versions of a `conanfile.txt`."""
    packages = Packages(file, _ORIGIN)
    development: bool | None = None
    for line in read_lines(file, limits):
        line = line.partition(" #")[0].strip()
        if line.startswith("["):
            development = _DECLARED.get(line)
        elif line and not line.startswith("#") and development is not None:
            _add(packages, line, development)
    yield from packages.results()


def _add(packages: Packages, reference: str, development: bool) -> None:
    match = _REFERENCE.fullmatch(reference)
    if match is None or match["version"].startswith("["):
        packages.unpinned(reference)
        return
    owner = (("user", match["user"] or ""), ("channel", match["channel"] or ""))
    packages.add(
        match["name"],
        match["version"],
        development=development,
        qualifiers=() if match["user"] in (None, "", "_") else owner,
    )


def parse(file: File, limits: Limits) -> Iterator[Yield]:
    """Parse a lock file or a `conanfile.txt`, told apart by the name."""
    is_lock = file.path.endswith("conan.lock")
    return parse_lock(file, limits) if is_lock else parse_conanfile(file, limits)


CATALOGERS: tuple[Cataloger, ...] = (
    Cataloger(
        name="conan",
        version=1,
        part="language-packages",
        parse=parse,
        globs=("**/conan.lock", "**/conanfile.txt"),
    ),
)
