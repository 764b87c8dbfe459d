"""The simple commands of a shell script, as far as checks need them.

Not a shell: it splits at operators, takes quotes off and looks into `sh -c`, command substitution
and the usual wrappers (sudo, env, exec). Everything else is taken as it stands; no variable is
expanded and nothing is run. Time is linear in the text; nesting is followed a few levels deep.
"""

import re
from collections.abc import Iterator

from openinspector.patterns import regex

_DEPTH = 4

_TOKEN = regex(
    r"""(?P<space>[ \t]++)
    | (?P<comment>(?:(?<=[\s;&|()])|\A)\#[^\n]*+)
    | (?P<operator>[;&|()\n`]++|\$\()
    | '(?P<single>[^']*+)'
    | "(?P<double>(?:[^"\\]|\\.)*+)"
    | \\(?P<escaped>.)
    | (?P<plain>[^\s;&|()`'"\\\#$]++|.)""",
    re.VERBOSE | re.DOTALL,
)

_ASSIGNMENT = regex(r"[A-Za-z_]\w*\+?=")

_SHELLS = frozenset({"sh", "bash", "ash", "dash", "zsh", "ksh"})

_PREFIXES = frozenset({"!", "{", "}", "if", "then", "else", "elif", "do", "while", "until", "fi"})

_WRAPPERS = frozenset(
    {"sudo", "env", "exec", "command", "nohup", "time", "nice", "eval", "xargs", "doas", "gosu"}
)
"""Commands whose arguments are a command; options and assignments may stand between."""


_WORD = regex(r"""(?:[^\s"'\\]|\\.|"(?:[^"\\]|\\.)*+"|'[^']*+'|["'\\])++""", re.DOTALL)
_QUOTED = regex(r"""\\(.)|"((?:[^"\\]|\\.)*+)"|'([^']*+)'""", re.DOTALL)


def words_of(text: str) -> list[str]:
    """The words of a text in which only quotes and blanks mean anything, quotes removed."""
    return [
        _QUOTED.sub(lambda found: found[1] or found[2] or found[3] or "", word)
        for word in _WORD.findall(text)
    ]


def _split(text: str, depth: int) -> Iterator[list[str]]:
    words: list[str] = []
    word: list[str] | None = None
    nested: list[str] = []
    for match in _TOKEN.finditer(text):
        kind = match.lastgroup
        if kind in ("space", "operator", "comment"):
            if word is not None:
                words.append("".join(word))
                word = None
            if kind == "operator":
                if words:
                    yield words
                words = []
            continue
        if match[0] == "\\\n":
            continue
        word = [] if word is None else word
        if kind == "double" and ("$(" in match[0] or "`" in match[0]):
            nested.append(match["double"])
        word.append(match[kind] if kind else match[0])
    if word is not None:
        words.append("".join(word))
    if words:
        yield words
    if depth < _DEPTH:
        for inner in nested:
            for start in re.finditer(r"\$\(|`", inner):
                yield from _split(inner[start.end() :], _DEPTH)
                break


def commands(text: str) -> Iterator[list[str]]:
    """The simple commands of a script with wrappers and `sh -c` taken off.

    Each is a list of words without quotes. A wrapper is yielded as a command of its own first, so
    that `sudo apt-get` is a use of sudo and one of apt-get. Assignments before a command stay in
    front of its words.
    """
    for words in _split(text, 0):
        yield from unwrap(words)


def unwrap(words: list[str], depth: int = 0) -> Iterator[list[str]]:
    """One simple command, and those that it runs as its arguments."""
    yield words
    at = _command_at(words)
    if at is None or depth >= _DEPTH:
        return
    name = words[at].rpartition("/")[2]
    if name in _SHELLS:
        yield from _script(words[at + 1 :], depth)
    elif name in _WRAPPERS:
        for start in range(at + 1, len(words)):
            if not words[start].startswith("-") and not _ASSIGNMENT.match(words[start]):
                yield from unwrap(words[start:], depth + 1)
                return


def _script(arguments: list[str], depth: int) -> Iterator[list[str]]:
    """What `sh -c` runs: one argument is a script, more are the command itself (image history)."""
    for at, argument in enumerate(arguments):
        if re.fullmatch(r"-[a-z]*c", argument):
            rest = arguments[at + 1 :]
            if len(rest) == 1:
                for words in _split(rest[0], depth + 1):
                    yield from unwrap(words, depth + 1)
            elif rest:
                yield from unwrap(rest, depth + 1)
            return


def _command_at(words: list[str]) -> int | None:
    """Where the command stands, after keywords and assignments."""
    for at, word in enumerate(words):
        if word not in _PREFIXES and not _ASSIGNMENT.match(word):
            return at
    return None


def name_of(words: list[str]) -> tuple[str, list[str]]:
    """The name of the command without its folder, and its arguments; empty for assignments."""
    at = _command_at(words)
    return ("", []) if at is None else (words[at].rpartition("/")[2], words[at + 1 :])


def assignments(words: list[str]) -> Iterator[tuple[str, str]]:
    """Variables that a command sets: before itself, or by export."""
    name, arguments = name_of(words)
    at = _command_at(words)
    before = words if at is None else words[:at]
    for word in [*before, *(arguments if name in ("export", "env") else [])]:
        if _ASSIGNMENT.match(word):
            variable, _, value = word.partition("=")
            yield variable.rstrip("+"), value
