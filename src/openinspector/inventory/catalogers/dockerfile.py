"""Dockerfile checks, on files of a source tree and on the history of an image."""

import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence

from openinspector.inventory.cataloger import Cataloger, File, ReadError, Yield
from openinspector.inventory.dockerfile_checks import CHECKS, Check
from openinspector.inventory.dockerfile_rules import Instruction, check, is_root
from openinspector.inventory.limits import MEBIBYTE, Limits
from openinspector.model import ConfigurationCheck
from openinspector.patterns import regex

__all__ = ["CATALOGERS", "CHECKS", "HISTORY_PATH", "Check", "from_history", "parse"]

HISTORY_PATH = "comp-1.Dockerfile"
"""What the SBOM generator calls the Dockerfile that it makes up from an image's history."""

_MOST = 4 * MEBIBYTE
"""Larger than any Dockerfile; a file of that name beyond it is not read."""

_INSTRUCTION = regex(
    r"\s*(ADD|ARG|CMD|COPY|ENTRYPOINT|ENV|EXPOSE|FROM|HEALTHCHECK|LABEL|MAINTAINER|ONBUILD|RUN"
    r"|SHELL|STOPSIGNAL|USER|VOLUME|WORKDIR)(?:\s+|$)",
    re.IGNORECASE,
)
_ESCAPE = regex(r"#\s*escape\s*=\s*([`\\])\s*$", re.IGNORECASE)
_HEREDOC = regex(r"<<-?\s*([\"']?)([A-Za-z_][A-Za-z0-9_.]{0,80})\1")


def read_instructions(text: str) -> list[Instruction]:
    """The instructions of a Dockerfile: continuation lines joined, comments dropped."""
    lines = text.replace("\r\n", "\n").split("\n")
    escape = _escape(lines)
    places: dict[str, list[int]] = {}
    for number, line in enumerate(lines):
        places.setdefault(line.strip(), []).append(number)
    instructions: list[Instruction] = []
    at = 0
    while at < len(lines):
        begin = at
        line = lines[at]
        at += 1
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        parts = []
        while line.rstrip().endswith(escape):
            parts.append(line.rstrip()[:-1])
            while at < len(lines) and (not lines[at].strip() or lines[at].lstrip()[:1] == "#"):
                at += 1
            if at >= len(lines):
                line = ""
                break
            line = lines[at]
            at += 1
        parts.append(line)
        joined = " ".join(parts)
        found = _INSTRUCTION.match(joined)
        if found is None:
            continue
        body = ""
        if found[1].upper() in ("RUN", "COPY", "ADD", "ONBUILD"):
            body, at = _heredocs(joined, lines, places, at)
        instructions.append(_instruction(joined, begin + 1, at, body))
    return instructions


def _escape(lines: Sequence[str]) -> str:
    """The escape character: a parser directive may change it, above everything else."""
    for line in lines:
        if not line.startswith("#"):
            break
        found = _ESCAPE.match(line)
        if found:
            return found[1]
    return "\\"


def _heredocs(
    joined: str, lines: Sequence[str], places: Mapping[str, Sequence[int]], at: int
) -> tuple[str, int]:
    """The bodies of here-documents that an instruction begins, and the line after them.

    `places` tells on which lines a text stands alone. A document that is never closed is none.
    """
    body: list[str] = []
    for _, name in _HEREDOC.findall(joined):
        ends = places.get(name, ())
        index = bisect_left(ends, at)
        if index == len(ends):
            break
        body.extend(lines[at : ends[index]])
        at = ends[index] + 1
    return "\n".join(body), at


_SCRIPT = regex(r"(?:\s*+--\w+=\S++)*+\s*+(?:(?:/\S{0,99}/)?(?:ba|da|a|z|k)?sh(?:\s+-\S+)*\s*)?<<")
"""A RUN whose here-document is what it runs, by the default shell or a named one."""


def _instruction(text: str, begin: int, end: int, body: str = "") -> Instruction:
    found = _INSTRUCTION.match(text)
    if found is not None and found[1].upper() == "ONBUILD":
        text = text[found.end() :]
        found = _INSTRUCTION.match(text)
    if found is None:
        return Instruction("", text, begin, end, body)
    keyword, rest = found[1].upper(), text[found.end() :].strip()
    if body and keyword == "RUN" and _SCRIPT.match(rest):
        return Instruction(keyword, f"{rest}\n{body}", begin, end)
    return Instruction(keyword, rest, begin, end, body)


def last_user(instructions: Sequence[Instruction]) -> Instruction | None:
    """The USER instruction that the last stage ends with, its own or one of a stage below it."""
    stages: dict[str, Instruction | None] = {}
    current: Instruction | None = None
    name, number = "", -1
    for instruction in instructions:
        if instruction.keyword == "FROM":
            number += 1
            words = [word for word in instruction.text.split() if not word.startswith("--")]
            base = words[0].lower() if words else ""
            current = stages.get(base)
            name = words[2].lower() if len(words) > 2 and words[1].lower() == "as" else ""
        elif instruction.keyword == "USER":
            current = instruction
        stages[name or str(number)] = current
        stages[str(number)] = current
    return current


def judge(instructions: Sequence[Instruction], path: str) -> list[ConfigurationCheck]:
    """Every check that a sequence of instructions, in the order in which they run, fires."""
    checks = [
        ConfigurationCheck(identifier, path, instruction.begin_line, instruction.end_line)
        for instruction in instructions
        for identifier in check(instruction)
    ]
    user = last_user(instructions)
    if user is not None and is_root(user.text):
        checks.append(ConfigurationCheck("IN-DOCKER-003", path, user.begin_line, user.end_line))
    return sorted(checks, key=lambda one: (one.begin_line, one.id))


_NOP = regex(r"^(?:\S*/)?\w*sh -c #\(nop\)\s*", re.IGNORECASE)
_ARGUMENTS = regex(r"^\|\d+ ")
_BUILDKIT = regex(r"(?:^|\s)# buildkit\s*$")
_SHELL = regex(r"/[\w./-]{0,99}sh (?:-\S+ (?:pipefail )?)*?-\w*c ")


def _history_text(created_by: str) -> str:
    """One entry of a history as the instruction that made it.

    Of old, metadata is `/bin/sh -c #(nop) ENV A=b` and a RUN is its command line, with build
    arguments in front (`|1 A=b /bin/sh -c ...`); BuildKit writes the instruction and `# buildkit`.
    """
    text = _NOP.sub("", _BUILDKIT.sub("", created_by.strip()).strip())
    run = re.match(r"RUN\s+", text)
    command = text[run.end() :] if run else text
    if not run and not _ARGUMENTS.match(text) and not text.startswith("/"):
        return text
    if _ARGUMENTS.match(command):
        command = _ARGUMENTS.sub("", command)
        shell = _SHELL.search(command)
        if shell:  # values of arguments stand unquoted: only what is surely one is kept
            words = command[: shell.start()].split()
            values = [word for word in words if re.match(r"[A-Za-z_]\w*=", word)]
            command = " ".join([*values, command[shell.start() :]])
    return f"RUN {command}"


def from_history(history: Sequence[str], user: str | None) -> list[ConfigurationCheck]:
    """Check an image by its history (`created_by` texts, oldest first).

    The Dockerfile that is made up has the newest instruction on line 1, as the SBOM generator
    numbers it. `user` is that of the image's configuration: where a squashed history has lost the
    USER instruction it is added below the oldest line. An image without any is not reported,
    as the generator does not.
    """
    instructions: list[Instruction] = []
    line = 1
    for created_by in reversed(history):
        height = created_by.strip().count("\n") + 1
        text = _history_text(created_by)
        instructions.append(_instruction(text, line, line + height - 1, created_by))
        line += height
    instructions.reverse()
    if user and not any(one.keyword == "USER" for one in instructions):
        instructions.append(Instruction("USER", user, line, line))
    return judge(instructions, HISTORY_PATH)


def parse(file: File, limits: Limits) -> Iterator[Yield]:
    """Yield the checks that a Dockerfile fires; secrets are never kept."""
    if file.size > _MOST:
        raise ReadError(f"Dockerfile is over {_MOST} bytes")
    text = bytes(file.data).decode("utf-8", "replace").lstrip("\ufeff")
    yield from judge(read_instructions(text), file.path)


CATALOGERS = (
    Cataloger(
        name="dockerfile",
        version=1,
        part="configuration",
        parse=parse,
        globs=("**/dockerfile", "**/*.dockerfile", "**/containerfile", "**/*.containerfile"),
        fold_case=True,
        sources_only=True,
    ),
)
"""Images are judged by their history (spec/sbom-generator.md 1.3), hosts and disks not at all."""
