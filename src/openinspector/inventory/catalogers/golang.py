"""Go modules from `go.mod` with `go.sum`, from the module cache, and the toolchain's own folder.

Formats: "Go Modules Reference" (go.dev/ref/mod): directives, minimal version selection, graph
pruning from Go 1.17, module cache layout.
"""

import re
from collections.abc import Iterator

import msgspec

from openinspector.inventory.cataloger import Cataloger, File, ReadError, Yield
from openinspector.inventory.documents import read_text
from openinspector.inventory.go_modules import GO, STANDARD_LIBRARY, GoModules
from openinspector.inventory.language_packages import PART, Origin
from openinspector.inventory.limits import Limits
from openinspector.model import Gap
from openinspector.patterns import regex

_ORIGIN = Origin(GO, "GOMOD", "go-gopkg", "goconst-package")
_CACHE_ORIGIN = Origin(GO, "GOMOD", "go-gopkg", "go-modcache")

_TOKEN = regex(r'"((?:[^"\\]|\\.)*+)"|`([^`]*+)`|([^\s"`]++)')
_IN_CACHE = regex(r"(?:^|/)pkg/mod/")
_CACHED = regex(r"(?:^|/)cache/download/(.+)/@v/([^/]+)\.ziphash$")
_ESCAPED = regex(r"!([a-z])")
_TOOLCHAIN_MODULE = "golang.org/toolchain"
_TOOLCHAIN_VERSION = regex(r"v0\.0\.1-(go[0-9][0-9a-z.]*?)\.[a-z0-9]+-[a-z0-9]+")
_TOOLCHAIN = "toolchain"
_LANGUAGE = regex(r"([0-9]{1,4})\.([0-9]{1,4})")
_PRUNED = (1, 17)
_OF_GO_ITSELF = ("std", "cmd")


class _Module(msgspec.Struct):
    """A `go.mod`; `requires` maps paths to (version, indirect)."""

    path: str = ""
    go: str = ""
    toolchain: str = ""
    requires: dict[str, tuple[str, bool]] = {}
    replaces: dict[tuple[str, str], tuple[str, str]] = {}
    excludes: set[tuple[str, str]] = set()

    @property
    def is_complete(self) -> bool:
        """Whether all modules that are built are listed, as from `go 1.17` on."""
        found = re.match(r"([0-9]{1,4})\.([0-9]{1,4})", self.go)
        return found is not None and (int(found[1]), int(found[2])) >= _PRUNED


def _go_line_binds(line: str) -> bool:
    """Whether a `go` line demands a toolchain of that version: from Go 1.21 on."""
    found = _LANGUAGE.match(line)
    return found is not None and (int(found[1]), int(found[2])) >= (1, 21)


def parse_go_mod(file: File, limits: Limits) -> Iterator[Yield]:
    """Yield the modules that a module is built from, and the standard library it asks for.

    Replacements count as what they are replaced by; by a folder of the project they are not
    modules that were published and are left out. Before Go 1.17 only direct requirements are
    listed: the others are taken from `go.sum`, the highest version of each whose content was
    downloaded, which may be higher than the one in use. The `toolchain` line, else the `go` line,
    gives the lowest version of the standard library that it can be built with; before Go 1.21 the
    `go` line names the language only (https://go.dev/doc/toolchain), and nothing is said of it.
    """
    if _IN_CACHE.search(file.path):
        return
    module = _parse(read_text(file, limits))
    if not module.path and not module.requires:
        raise ReadError("it is not a go.mod: it names no module")
    if module.path in _OF_GO_ITSELF:
        return
    modules = GoModules(file, _ORIGIN)
    toolchain = module.toolchain if module.toolchain not in ("", "default") else ""
    if not toolchain and _go_line_binds(module.go):
        toolchain = module.go
    if toolchain:
        modules.add_toolchain(toolchain)
    gap = None
    if not module.is_complete:
        gap = _complete(file, module, limits)
    for path, (version, indirect) in module.requires.items():
        if (path, version) not in module.excludes:
            _add(modules, module, path, version, indirect)
    yield from modules.results()
    if gap is not None:
        yield gap


def _add(modules: GoModules, module: _Module, path: str, version: str, indirect: bool) -> None:
    replaced = module.replaces.get((path, version)) or module.replaces.get((path, ""))
    if replaced is None:
        modules.add_module(path, version, transitive=indirect)
    elif replaced[1]:
        modules.add_module(*replaced, transitive=indirect)


def _parse(text: str) -> _Module:
    module = _Module(requires={}, replaces={}, excludes=set())
    block = ""
    for line in text.splitlines():
        code, _, comment = line.partition("//")
        words = [a or b or c for a, b, c in _TOKEN.findall(code)]
        if not words:
            continue
        if words == [")"]:
            block = ""
        elif len(words) == 2 and words[1] == "(":
            block = words[0]
        elif block:
            _directive(module, block, words, comment)
        else:
            _directive(module, words[0].rstrip("("), words[1:], comment)
    return module


def _directive(module: _Module, name: str, words: list[str], comment: str) -> None:
    """Take in one directive; those that say nothing of what is built are passed over."""
    if not words:
        return
    if name == "module":
        module.path = words[0]
    elif name == "go":
        module.go = words[0]
    elif name == "toolchain":
        module.toolchain = words[0]
    elif name == "require" and len(words) == 2:
        module.requires[words[0]] = (words[1], comment.strip().startswith("indirect"))
    elif name == "exclude" and len(words) == 2:
        module.excludes.add((words[0], words[1]))
    elif name == "replace" and "=>" in words:
        arrow = words.index("=>")
        old, new = words[:arrow], words[arrow + 1 :]
        if old and new:
            module.replaces[old[0], old[1] if len(old) > 1 else ""] = (
                new[0],
                new[1] if len(new) > 1 else "",
            )


def _complete(file: File, module: _Module, limits: Limits) -> Gap | None:
    """Add to the requirements what `go.sum` knows beyond them; a gap where that is not there."""
    folder, slash, _ = file.path.rpartition("/")
    sums = file.companion(f"{folder}{slash}go.sum")
    if sums is None:
        if not module.requires:
            return None
        reason = (
            "its go.mod is of a Go before 1.17 and there is no go.sum: indirect modules unknown"
        )
        return Gap(PART, reason, file.path)
    try:
        found = _highest(read_text(sums, limits))
    except ReadError as error:
        return Gap(PART, str(error), sums.path)
    for path, version in found.items():
        if path not in module.requires and path != module.path:
            module.requires[path] = (version, True)
    return None


def _highest(text: str) -> dict[str, str]:
    """The highest version of each module in `go.sum` whose content was needed, not just go.mod."""
    from openinspector.versions import key

    highest: dict[str, tuple[bytes, str]] = {}
    for line in text.splitlines():
        words = line.split()
        if len(words) != 3 or words[1].endswith("/go.mod"):
            continue
        path, version = words[0], words[1]
        candidate = (key("Go", version), version)
        if path not in highest or candidate > highest[path]:
            highest[path] = candidate
    return {path: version for path, (_, version) in highest.items()}


def parse_cached(file: File, _: Limits) -> Iterator[Yield]:
    """Yield the module whose source was downloaded into a module cache, by the file's path."""
    place = _CACHED.search(file.path)
    if place is None:
        return
    modules = GoModules(file, _CACHE_ORIGIN)
    path, version = (_ESCAPED.sub(lambda match: match[1].upper(), part) for part in place.groups())
    toolchain = _TOOLCHAIN_VERSION.fullmatch(version) if path == _TOOLCHAIN_MODULE else None
    if toolchain is not None:
        modules.add_toolchain(toolchain[1])
        modules.add_toolchain(toolchain[1], name=_TOOLCHAIN)
    else:
        modules.add_module(path, version)
    yield from modules.results()


def parse_version_file(file: File, limits: Limits) -> Iterator[Yield]:
    """Yield the standard library and the tools of an installed Go (`VERSION` in its folder).

    Advisories speak of them as `stdlib` and `toolchain`.
    """
    text = read_text(file, limits)
    first = text.partition("\n")[0].strip()
    if not first.startswith("go") or not first[2:3].isdigit():
        return
    modules = GoModules(file, _ORIGIN)
    modules.add_toolchain(first, name=STANDARD_LIBRARY)
    modules.add_toolchain(first, name=_TOOLCHAIN)
    yield from modules.results()


CATALOGERS: tuple[Cataloger, ...] = (
    Cataloger(
        name="go-gopkg",
        version=1,
        part="language-packages",
        parse=parse_go_mod,
        globs=("**/go.mod",),
        companions=("**/go.sum",),
    ),
    Cataloger(
        name="go-modcache",
        version=1,
        part="language-packages",
        parse=parse_cached,
        globs=("**/cache/download/**/@v/*.ziphash",),
    ),
    Cataloger(
        name="go-toolchain",
        version=1,
        part="language-packages",
        parse=parse_version_file,
        globs=("**/go/VERSION", "**/golang/VERSION", "**/go-1.*/VERSION", "**/go1.*/VERSION"),
    ),
)
