"""Which Dockerfile checks one build instruction fires (spec/sbom-generator.md 5.5)."""

import posixpath
import re
from collections.abc import Callable, Iterator, Sequence

import msgspec

from openinspector.inventory import shell_words
from openinspector.patterns import regex


class Instruction(msgspec.Struct, frozen=True):
    """One instruction of a Dockerfile: its keyword in capitals, the rest, its lines from 1.

    `attached` is text that belongs to it and is not run: the bodies of here-documents.
    """

    keyword: str
    text: str
    begin_line: int
    end_line: int
    attached: str = ""


_EXECUTED = frozenset({"RUN", "CMD", "ENTRYPOINT", "HEALTHCHECK"})

_SECRETS = (
    ("IN-DOCKER-007-001", regex(r"(?<![A-Z0-9])(?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Z0-9])")),
    ("IN-DOCKER-007-002", regex(r"dckr_pat_[A-Za-z0-9_-]{20}")),
    ("IN-DOCKER-007-003", regex(r"ghp_[A-Za-z0-9]{36}|github_pat_[A-Za-z0-9_]{22}")),
    ("IN-DOCKER-007-004", regex(r"glpat-[A-Za-z0-9_-]{20}")),
    (
        "IN-DOCKER-007-005",
        regex(
            r"aws_?secret_?(?:access_?)?key[\"']?\s{0,8}[=:\s]\s{0,8}[\"']?"
            r"[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=])",
            re.IGNORECASE,
        ),
    ),
)

_FALSE = frozenset({"false", "0", "no", "off"})

_INSTALLERS = frozenset(
    {"apt", "apt-get", "aptitude", "apk", "yum", "dnf", "microdnf", "tdnf", "zypper", "pacman"}
)

_APT_INSTALLS = frozenset(
    {"install", "upgrade", "dist-upgrade", "full-upgrade", "build-dep", "source", "download"}
)

_CURL_VALUES = frozenset("AbcCdDeEFhHKmoPQrtTuUwxXyYz")
"""Short options of curl that take a value, which may be written right behind them."""


def _curl_is_insecure(arguments: Sequence[str]) -> bool:
    takes_next = False
    for argument in arguments:
        if takes_next:
            takes_next = False
        elif argument == "--insecure":
            return True
        elif argument.startswith("-") and not argument.startswith("--"):
            for at, letter in enumerate(argument[1:], 2):
                if letter == "k":
                    return True
                if letter in _CURL_VALUES:
                    takes_next = at == len(argument)
                    break
    return False


def _has(*options: str) -> Callable[[Sequence[str]], bool]:
    """Whether any of these options is given, with a value behind `=` or none."""

    def found(arguments: Sequence[str]) -> bool:
        return any(argument.partition("=")[0] in options for argument in arguments)

    return found


def _npm_is_lax(arguments: Sequence[str]) -> bool:
    words = " ".join(arguments).lower()
    return re.search(r"(?<![\w-])(?:--)?strict-ssl[= ](?:false|0)\b", words) is not None


def _yum_is_lax(arguments: Sequence[str]) -> bool:
    words = " ".join(arguments).lower()
    return re.search(r"--setopt[= ]\S{0,200}?sslverify[= ](?:false|0|no)\b", words) is not None


_PIP = ("pip", "pip2", "pip3")

_FLAGS: tuple[tuple[str, tuple[str, ...], Callable[[Sequence[str]], bool]], ...] = (
    ("IN-DOCKER-005-001", ("npm",), _npm_is_lax),
    ("IN-DOCKER-005-002", ("apk",), _has("--allow-untrusted")),
    ("IN-DOCKER-005-003", ("apt-get", "apt"), _has("--allow-unauthenticated")),
    ("IN-DOCKER-005-004", _PIP, _has("--trusted-host")),
    (
        "IN-DOCKER-005-005",
        ("rpm",),
        _has("--nodigest", "--nosignature", "--noverify", "--nofiledigest"),
    ),
    ("IN-DOCKER-005-006", ("yum-config-manager", "dnf", "yum"), _yum_is_lax),
    ("IN-DOCKER-005-007", ("yum", "dnf", "microdnf", "tdnf"), _has("--nogpgcheck")),
    ("IN-DOCKER-005-008", ("curl",), _curl_is_insecure),
    ("IN-DOCKER-005-009", ("wget",), _has("--no-check-certificate")),
)
"""Check, commands, and what their arguments must show."""


def _variable_checks(name: str, value: str) -> Iterator[str]:
    name = name.upper()
    if name == "NPM_CONFIG_STRICT_SSL" and value.lower() in _FALSE:
        yield "IN-DOCKER-006-001"
    if name == "GIT_SSL_NO_VERIFY":
        yield "IN-DOCKER-006-002"
    if name == "PIP_TRUSTED_HOST" and value:
        yield "IN-DOCKER-006-003"
    if name == "NODE_TLS_REJECT_UNAUTHORIZED" and value == "0":
        yield "IN-DOCKER-006-004"


_DATABASES = (
    ("IN-DOCKER-008-001", "/lib/apk", ("", "db", "db/*", "db/installed", "*")),
    ("IN-DOCKER-008-001", "/usr/lib/apk", ("", "db", "db/*", "db/installed", "*")),
    ("IN-DOCKER-008-002", "/var/lib/dpkg", ("", "*", "status", "status*", "status.d")),
    (
        "IN-DOCKER-008-003",
        "/var/lib/rpm",
        ("", "*", "Packages", "Packages.db", "rpmdb.sqlite", "rpmdb.sqlite*"),
    ),
    ("IN-DOCKER-008-003", "/usr/lib/sysimage/rpm", ("", "*", "rpmdb.sqlite", "Packages.db")),
)


def _removals(arguments: Sequence[str]) -> Iterator[str]:
    for argument in arguments:
        path = posixpath.normpath(argument) if argument.startswith("/") else ""
        for check, folder, entries in _DATABASES:
            inside = path == folder or path.startswith(f"{folder}/")
            if inside and path[len(folder) + 1 :] in entries:
                yield check


def _command_checks(words: list[str]) -> Iterator[str]:
    for name, value in shell_words.assignments(words):
        yield from _variable_checks(name, value)
    name, arguments = shell_words.name_of(words)
    if re.fullmatch(r"python[\d.]*", name) and arguments[:1] == ["-m"] and arguments[1:]:
        name, arguments = arguments[1], arguments[2:]
    if name == "sudo" or (name in _INSTALLERS and "sudo" in arguments):
        yield "IN-DOCKER-002"
    if name == "apt":
        yield "IN-DOCKER-004"
    for check, commands, found in _FLAGS:
        if name in commands and found(arguments):
            yield check
    if name in ("rm", "unlink"):
        yield from _removals(arguments)


def _updates_alone(commands: Sequence[list[str]]) -> bool:
    """Whether package lists are refreshed and nothing is installed from them."""
    updates = False
    for words in commands:
        name, arguments = shell_words.name_of(words)
        if name in ("apt-get", "apt", "aptitude"):
            if not _APT_INSTALLS.isdisjoint(arguments):
                return False
            updates = updates or (name == "apt-get" and "update" in arguments)
    return updates


def commands_of(instruction: Instruction) -> list[list[str]]:
    """The commands that an instruction runs, of the shell form or the exec form."""
    text = instruction.text
    if instruction.keyword == "HEALTHCHECK":
        text = text.partition("CMD")[2]
    text = re.sub(r"^(?:\s*+--(?:mount|network|security)=\S++)+", "", text).strip()
    if text.startswith("["):
        try:
            return list(shell_words.unwrap(msgspec.json.decode(text, type=list[str])))
        except (msgspec.DecodeError, RecursionError, UnicodeError):
            pass  # Docker too takes what is no JSON as shell form
    return list(shell_words.commands(text))


def variables_of(instruction: Instruction) -> Iterator[tuple[str, str]]:
    """The variables that ENV or ARG sets: `A=b C=d`, or `A b` of old."""
    words = shell_words.words_of(instruction.text)
    if words and "=" not in words[0]:
        yield words[0], " ".join(words[1:])
        return
    for word in words:
        name, separator, value = word.partition("=")
        if separator:
            yield name, value


def is_root(user: str) -> bool:
    """Whether a USER instruction's argument (`name[:group]` or `id[:group]`) is the superuser."""
    name = user.strip().strip("\"'").partition(":")[0]
    return name == "root" or (name != "" and name.strip("0") == "")


def check(instruction: Instruction) -> list[str]:
    """The checks that one instruction fires by itself, each once (USER is judged by the last)."""
    found: dict[str, None] = {}
    if instruction.keyword in _EXECUTED:
        commands = commands_of(instruction)
        if instruction.keyword == "RUN" and _updates_alone(commands):
            found["IN-DOCKER-001"] = None
        for words in commands:
            found.update(dict.fromkeys(_command_checks(words)))
    elif instruction.keyword in ("ENV", "ARG"):
        for name, value in variables_of(instruction):
            found.update(dict.fromkeys(_variable_checks(name, value)))
    for identifier, shape in _SECRETS:
        if shape.search(instruction.text) or shape.search(instruction.attached):
            found[identifier] = None
    return sorted(found)
