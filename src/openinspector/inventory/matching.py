"""Which catalogers want a file: the table's globs and magics, compiled into a few look-ups.

An unwanted path costs some dictionary look-ups (about half a microsecond). Globs that the
dictionaries cannot decide alone are checked by regular expressions that match in linear time for
a given pattern: each `**` and `*` but the last takes the leftmost match and never gives it back
(the classic argument for globs; `(?>...)` is an atomic group).
"""

import re
from collections.abc import Callable, Iterable, Sequence
from re import Pattern

import msgspec

from openinspector.inventory.cataloger import Cataloger
from openinspector.patterns import regex

_SPECIAL = regex(r"[*?\[]")
_WILDCARD = regex(r"\[[!^]?[^\]]+\]|[*?]+|\[")
_TOKEN = regex(r"\*+|\[[!^]?[^\]]+\]|.", re.DOTALL)
_PROGRAM_ENDINGS = (".so", ".dll", ".dylib", ".exe", ".elf", ".bin", ".out")
"""Of shared libraries and programs that may have lost their execute bit, as downloads do."""
_OF_GIT = ".git/"
_PREFIX = 3
"""Characters by which names with a literal beginning (`python3*`) are looked up."""


# --- globs as regular expressions ----------------------------------------------------------------


def glob_regex(glob: str) -> str:
    """The regular expression of a glob, for a full match against a path without leading slash.

    `*` and `?` stay within a segment, `**` as a whole segment crosses any number of them (at the
    end: at least one), `[abc]`, `[a-z]` and `[!a]` match one character of a segment.
    """
    blocks: list[list[str]] = [[]]
    for segment in glob.split("/"):
        if segment != "**":
            blocks[-1].append(segment)
        elif len(blocks) == 1 or blocks[-1]:
            blocks.append([])
    *heads, last = ["/".join(map(_segment_regex, block)) for block in blocks]
    if not heads:
        return last
    parts = [f"{heads[0]}/" if heads[0] else ""]
    parts += [f"(?>(?:[^/]+/)*?{head}/)" for head in heads[1:]]
    parts.append(f"(?:[^/]+/)*{last}" if last else ".+")
    return "".join(parts)


def _segment_regex(segment: str) -> str:
    """One segment: between two stars the leftmost match is taken, atomically."""
    pieces = [""]
    for token in _TOKEN.findall(segment):
        if token[0] == "*":
            pieces.append("")
        else:
            pieces[-1] += _character_regex(token)
    if len(pieces) == 1:
        return pieces[0]
    middle = "".join(f"(?>[^/]*?{piece})" for piece in pieces[1:-1] if piece)
    return f"{pieces[0]}{middle}[^/]*{pieces[-1]}"


def _character_regex(token: str) -> str:
    if token == "?":
        return "[^/]"
    if len(token) == 1:
        return re.escape(token)
    negated = token[1] in "!^"
    members = re.sub(r"([\\\[^&~|])", r"\\\1", token[1 + negated : -1])
    return f"(?!/)[{'^' if negated else ''}{members}]"


def exclusion_regex(globs: Iterable[str]) -> Pattern[str] | None:
    """What `--exclude` leaves out: paths that match, and everything beneath a folder that does.

    A glob without slash matches a name at any depth, as in .gitignore files.
    """
    patterns = []
    for glob in globs:
        plain = glob.removeprefix("./").strip("/")
        if plain:
            anchored = plain if "/" in plain or glob.startswith(("/", "./")) else f"**/{plain}"
            patterns.append(glob_regex(anchored))
    if not patterns:
        return None
    return re.compile(f"(?:{'|'.join(patterns)})(?:/.*)?", re.DOTALL)


# --- what is wanted ------------------------------------------------------------------------------


class Takers(msgspec.Struct, frozen=True):
    """Who wants a file: catalogers to run at once, catalogers to run when the walk is over.

    `companion_of`: names of catalogers that may ask for it when they parse another file.
    """

    now: tuple[Cataloger, ...]
    deferred: tuple[Cataloger, ...]
    companion_of: frozenset[str]

    @property
    def all(self) -> tuple[Cataloger, ...]:
        """Every cataloger that is to parse the file."""
        return self.now + self.deferred

    @property
    def keep(self) -> bool:
        """Whether the content may be asked for when the walk is over."""
        return bool(self.deferred or self.companion_of)


class _Glob:
    """A glob to check a whole path against, compiled when the first path asks for it.

    `needle` stands in every path that matches: to look for it costs a tenth of the whole check.
    """

    __slots__ = ("_fold", "_glob", "_matches", "needle")

    def __init__(self, glob: str, fold: bool) -> None:
        self.needle = "" if fold else _longest_literal(glob)
        self._glob = glob
        self._fold = fold
        self._matches: Callable[[str], object] | None = None

    def matches(self, path: str) -> bool:
        """Whether the path matches."""
        if self._matches is None:
            flags = re.DOTALL | (re.IGNORECASE if self._fold else 0)
            self._matches = re.compile(glob_regex(self._glob), flags).fullmatch
        return self._matches(path) is not None


_Rule = tuple[_Glob | None, int]
"""A check of the whole path (None: the look-up has decided) and the bits of who wants it."""


class Matcher:
    """Compiled patterns. What wants a path is an integer of bits (0: nobody), see `takers`.

    `is_root` tells whether the target is a root file system; catalogers that are only meaningful
    there want nothing elsewhere.
    """

    def __init__(
        self, catalogers: Sequence[Cataloger], is_root: bool, exclude: Iterable[str] = ()
    ) -> None:
        self.catalogers = tuple(
            c for c in catalogers if not (c.sources_only if is_root else c.roots_only)
        )
        self._exclusion = exclusion_regex(exclude)
        self._fold = any(cataloger.fold_case for cataloger in self.catalogers)
        self._names: dict[str, list[_Rule]] = {}
        self._endings: dict[str, list[_Rule]] = {}
        self._prefixes: dict[str, list[_Rule]] = {}
        self._others: list[tuple[_Glob, int]] = []
        """Rules of files that only their folders tell, and of those that nothing tells."""
        self._magics: dict[int, dict[bytes, int]] = {}
        self._combinations: dict[int, Takers] = {}
        self.anchors: set[str] = set()
        """Folders that a pattern names from the root, with all folders above them."""
        self._places: set[str] = set()
        for number, cataloger in enumerate(self.catalogers):
            self._compile(cataloger, 1 << (2 * number), 2 << (2 * number))
        self.head = max(self._magics, default=0)
        """How many first bytes `by_magic` needs; 0 when no cataloger looks at them."""

    def _compile(self, cataloger: Cataloger, parse: int, keep: int) -> None:
        for glob in cataloger.globs:
            self._add(glob, parse, cataloger.fold_case)
        for glob in cataloger.companions:
            self._add(glob, keep, cataloger.fold_case)
        for magic in cataloger.magics:
            bits = self._magics.setdefault(len(magic), {})
            bits[magic] = bits.get(magic, 0) | parse

    def _add(self, glob: str, bits: int, fold: bool) -> None:
        *folders, name = glob.split("/")
        anywhere = folders == ["**"]
        literal_folders = not any(map(_SPECIAL.search, folders))
        check = _Glob(glob, fold)
        # Dictionaries are keyed by lower case as soon as one cataloger folds: they only preselect.
        exact_case = self._fold and not fold
        name = self._lower(name)
        if literal_folders:
            for depth in range(1, len(folders) + 1):
                self.anchors.add("/".join(folders[:depth]))
        if not _SPECIAL.search(glob):
            self._places.add(glob)
        if not _SPECIAL.search(name):
            decided = anywhere and not exact_case
            self._names.setdefault(name, []).append((None if decided else check, bits))
        elif literal_ending := _literal_ending(name):
            simple = anywhere and not exact_case and name == f"*.{literal_ending}"
            self._endings.setdefault(literal_ending, []).append((None if simple else check, bits))
        elif not _SPECIAL.search(name[:_PREFIX]) and len(name) > _PREFIX:
            self._prefixes.setdefault(name[:_PREFIX], []).append((check, bits))
        else:
            self._others.append((check, bits))

    def _lower(self, text: str) -> str:
        return text.lower() if self._fold else text

    def by_path(self, path: str) -> int:
        """Who wants the path, whatever the file holds."""
        name = path[path.rfind("/") + 1 :]
        if self._fold:
            name = name.lower()
        bits = 0
        if name in self._names:
            bits = _decide(self._names[name], path)
        ending = name[name.rfind(".") + 1 :]
        if ending in self._endings and ending != name:
            bits |= _decide(self._endings[ending], path)
        if name[:_PREFIX] in self._prefixes:
            bits |= _decide(self._prefixes[name[:_PREFIX]], path)
        for check, wanted in self._others:
            if check.needle in path and check.matches(path):
                bits |= wanted
        if bits and self._exclusion is not None and self._exclusion.fullmatch(path):
            return 0
        return bits

    def beyond(self, bits: int, target: str) -> int:
        """Who of `bits` wants a link although it would not want its target by its own name."""
        return bits & ~self.by_path(target)

    def places_below(self, folder: str) -> list[str]:
        """The paths below a folder that patterns without wildcards name."""
        return sorted(place for place in self._places if place.startswith(f"{folder}/"))

    def peeks(self, path: str, mode: int | None) -> bool:
        """Whether `by_magic` is to look at the first bytes: programs and shared libraries.

        They have an execute bit, or a name as they have: none of Git's own files, and no other
        ending than theirs.
        """
        if not self.head:
            return False
        if mode is not None and not mode & 0o111:
            name = path[path.rfind("/") + 1 :]
            if "." in name:
                if not name.endswith(_PROGRAM_ENDINGS) and ".so." not in name:
                    return False
            elif _OF_GIT in path:
                return False
        return self._exclusion is None or self._exclusion.fullmatch(path) is None

    def by_magic(self, start: bytes) -> int:
        """Who wants a file of these first bytes (`head` of them, fewer if the file is shorter)."""
        bits = 0
        for length, magics in self._magics.items():
            bits |= magics.get(start[:length], 0)
        return bits

    def excluded(self, folder: str) -> bool:
        """Whether the user excluded a folder with everything beneath it."""
        return self._exclusion is not None and self._exclusion.fullmatch(folder) is not None

    def takers(self, bits: int) -> Takers:
        """The catalogers that bits of `by_path` and `by_magic` stand for."""
        known = self._combinations.get(bits)
        if known is None:
            parsing = [c for n, c in enumerate(self.catalogers) if bits >> (2 * n) & 1]
            companion_of = frozenset(
                c.name for n, c in enumerate(self.catalogers) if bits >> (2 * n + 1) & 1
            )
            known = self._combinations[bits] = Takers(
                now=tuple(c for c in parsing if not c.companions),
                deferred=tuple(c for c in parsing if c.companions),
                companion_of=companion_of,
            )
        return known

    def parts_below(self, folder: str | None) -> set[str]:
        """The parts of a target that files in a folder (None: anywhere) may belong to."""
        return {
            cataloger.part
            for cataloger in self.catalogers
            if folder is None
            or cataloger.magics
            or any(_reaches(g, folder) for g in cataloger.globs)
        }


def _longest_literal(glob: str) -> str:
    """The longest text without wildcards in a glob: a part of every path that matches it."""
    runs = [run for part in glob.split("**/") for run in _WILDCARD.split(part)]
    return max(runs, key=len)


def _literal_ending(name: str) -> str:
    """What comes after the last dot of a pattern's name, if nothing special does; else ""."""
    special = max(name.rfind("*"), name.rfind("?"), name.rfind("]"))
    dot = name.rfind(".")
    return name[dot + 1 :] if dot > special else ""


def _reaches(glob: str, folder: str) -> bool:
    """Whether a glob may match beneath a folder."""
    *folders, _ = glob.split("/")
    for wanted, own in zip(folders, folder.split("/"), strict=False):
        if _SPECIAL.search(wanted):
            return True
        if wanted != own:
            return False
    return len(folders) >= folder.count("/") + 1


def _decide(rules: list[_Rule], path: str) -> int:
    bits = 0
    for check, wanted in rules:
        if check is None or (check.needle in path and check.matches(path)):
            bits |= wanted
    return bits
