"""Go modules as packages: how versions are written, and what version a program has of itself."""

import re
from collections.abc import Iterable

from openinspector.inventory.executables.go_build_info import GoBuildInfo
from openinspector.inventory.language_packages import Packages, usable
from openinspector.inventory.language_purl import Ecosystem, language_purl
from openinspector.model import Location, Package
from openinspector.patterns import regex

GO = Ecosystem("Go", "golang")
"""Names keep their case: purl-spec asks for lower case, but advisories and peers do not fold."""

STANDARD_LIBRARY = "stdlib"
"""The name under which advisories (the Go vulnerability database) speak of the toolchain."""

_is_version = regex(r"v[0-9]+\.[0-9]+\.[0-9]+(?:[-+].*)?").fullmatch
_TOOLCHAIN = regex(r"(?:go)?([0-9]+\.[0-9]+)(\.[0-9]+)?(?:(beta|rc)([0-9]+))?(?![0-9a-z.])")

# -X importpath.name=value, the value of -ldflags (cmd/link)
_ASSIGNMENTS = regex(r"""(?:^|\s)-X[\s=]+(?:'([^']*+)'|"([^"]*+)"|(\S++))""")
_VERSION_NAMES = frozenset(
    {
        *("appversion", "binversion", "buildversion", "cliversion", "currentversion"),
        *("fullversion", "gittag", "gitversion", "productversion", "releaseversion", "semver"),
        *("tag", "ver", "version", "versionnumber", "versionstring"),
    }
)
_is_release = regex(
    r"v?[0-9]+\.[0-9]+(?:\.[0-9]+){0,2}(?:-(?:alpha|beta|rc|pre)[0-9A-Za-z.-]*)?"
    r"(?:\+[0-9A-Za-z.-]+)?"
).fullmatch
_DESCRIBED = regex(r"(.+?)-([0-9]+-g[0-9a-f]{7,40}(?:-dirty)?|dirty)")
_UNTAGGED = "v0.0.0-"


class GoModules(Packages):
    """The Go packages of one file; `results` yields them."""

    def add_module(self, path: str, version: str, *, transitive: bool = False) -> None:
        """Add a module by its path and its version with `v`, as Go writes it.

        Anything else (a branch name, nothing at all) counts as not pinned.
        """
        if not usable(path) or not usable(version) or not _is_version(version):
            self.unpinned(path)
            return
        facts = (("experimental:transitive_dependency", "true"),) if transitive else ()
        self._keep(path, version[1:], language_purl(GO, path, version), facts)

    def add_toolchain(self, version: str, name: str = STANDARD_LIBRARY) -> None:
        """Add the standard library, by the toolchain's version (`go1.22.3`, `1.22`)."""
        plain = toolchain_version(version)
        if plain is None:
            self.unpinned(f"{name} ({version})")
            return
        facts = (("go_toolchain", version),) if usable(version) else ()
        self._keep(name, plain, language_purl(GO, name, plain), facts)

    def _keep(
        self, name: str, version: str, purl: str, properties: tuple[tuple[str, str], ...]
    ) -> None:
        self._packages.setdefault(
            purl,
            Package(
                ecosystem=GO.name,
                name=name,
                version=version,
                purl=purl,
                manager=self.origin.manager,
                cataloger=self.origin.cataloger,
                collector=self.origin.collector,
                locations=(Location(self.path),),
                properties=properties,
            ),
        )


def toolchain_version(text: str) -> str | None:
    """The version of a toolchain as semantic versioning writes it; None for a development one.

    `go1.22.3 X:boringcrypto` is 1.22.3, `go1.22.5 (Red Hat 1.22.5-1.el9)` is 1.22.5, `go1.20` is
    1.20, and `go1.22rc1` is 1.22.0-rc.1 (as the Go vulnerability database writes it).
    """
    found = _TOOLCHAIN.match(text[:200])
    if found is None:
        return None
    release, patch, phase, number = found.groups()
    if phase:
        return f"{release}{patch or '.0'}-{phase}.{number}"
    return release + (patch or "")


def main_version(info: GoBuildInfo) -> str | None:
    """The version (with `v`) of the program's own module; None where it is not known.

    It is known when the module was built by its version (`go install path@version`), or when Go
    1.24 or later found a tag in the checkout. Else `-ldflags` may set a variable of the program
    that is called a version, which is taken as such. `(devel)` and `v0.0.0-<time>-<commit>` of a
    checkout without tags (a shallow clone) say nothing that an advisory could be compared with.
    """
    main = info.main
    if main is None or not main.path:
        module = main_module(info)
        known = "." in module.partition("/")[0]
        return linked_version(info.settings.get("-ldflags", ""), module) if known else None
    if _is_version(main.version) and (main.sum or not main.version.startswith(_UNTAGGED)):
        return main.version
    return linked_version(info.settings.get("-ldflags", ""), main.path)


def linked_version(flags: str, module: str) -> str | None:
    """The version (with `v`) that `-X` gives a variable of the main package or of the module.

    The main package counts most, then packages near the module's root; where two of the same rank
    disagree nothing is known. What `git describe` appends (`-5-g1a2b3c4`, `-dirty`) becomes build
    metadata, for it means commits after the tag and semantic versioning would order it before.
    """
    found: dict[int, set[str]] = {}
    for match in _ASSIGNMENTS.finditer(flags[:65_536]):
        variable, _, value = next(filter(None, match.groups()), "").partition("=")
        rank = _rank(variable, module)
        version = _release(value) if rank is not None else None
        if rank is not None and version is not None:
            found.setdefault(rank, set()).add(version)
    best = found[min(found)] if found else set()
    return best.pop() if len(best) == 1 else None


def _rank(variable: str, module: str) -> int | None:
    package, _, name = variable.rpartition(".")
    if name.lower() not in _VERSION_NAMES:
        return None
    if package == "main":
        return 0
    if package == module or package.startswith(module + "/"):
        return 1 + package.count("/")
    return None


def _release(value: str) -> str | None:
    described = _DESCRIBED.fullmatch(value)
    more = ""
    if described is not None:
        value, more = described[1], "+" + described[2].replace("-", ".")
    if len(value) > 100 or not _is_release(value):
        return None
    number, mark, rest = value.removeprefix("v").partition("-")
    numbers = number.partition("+")[0].count(".") + 1
    if numbers > 3:
        return None
    if numbers == 2:
        number = re.sub(r"^[0-9]+\.[0-9]+", r"\g<0>.0", number)
    version = f"v{number}{mark}{rest}"
    return version if not more or "+" in version else version + more


def main_module(info: GoBuildInfo) -> str:
    """The module of the program; by its import path where it was built without modules."""
    return info.main.path if info.main and info.main.path else info.path.partition("/cmd/")[0]


def compiled_in(info: GoBuildInfo) -> Iterable[tuple[str, str]]:
    """The (path, version) of every dependency, replacements honoured.

    One that is replaced by a local folder has no version that was published: it is part of the
    program's own source and left out.
    """
    for asked, module in info.dependencies:
        if module is asked or _is_version(module.version):
            yield module.path, module.version
