"""The pages of the documentation, taken apart: blocks, inline code, links, headings.

A comment on the line before a fenced block says what the block is:

    <!-- not run: needs internet -->    a `console` block that the tests leave alone, and why
    <!-- file: NAME -->                 the content of a file that later commands of the page use
    <!-- excerpt: NAME -->              a part of a file that earlier commands of the page wrote

`console` blocks without a comment are run: lines after `$ ` are commands (continued after `> `),
the others are what they print. `...` stands for any text, alone on a line for any lines; a command
without output in the page may print what it likes.
"""

import re
from dataclasses import dataclass, field
from pathlib import Path

from tests.conftest import REPOSITORY

FOLDER = REPOSITORY / "docs"
_FENCE = re.compile(r"^(?P<fence>```+)(?P<language>\w*)\n(?P<text>.*?)^(?P=fence)$", re.M | re.S)
_REMARK = re.compile(r"<!-- (?P<kind>not run|file|excerpt): (?P<value>[^\n]+?) -->\n\Z")


@dataclass(frozen=True)
class Block:
    """A fenced block. `start` and `end` are where its text stands in the page."""

    language: str
    text: str
    kind: str
    value: str
    start: int
    end: int


@dataclass
class Command:
    """One command of a `console` block, its lines there, and what the page says it prints."""

    line: str
    shown: list[str]
    output: list[str] = field(default_factory=list)

    @property
    def expected(self) -> str | None:
        """The output of the page; None: it says nothing about it."""
        return "\n".join(self.output) + "\n" if self.output else None

    @property
    def is_exact(self) -> bool:
        """Whether the page shows every character."""
        return bool(self.output) and not any("..." in line for line in self.output)


@dataclass(frozen=True)
class Page:
    """A page by its path from the repository's root."""

    path: Path
    text: str

    @property
    def name(self) -> str:
        """What tests call it."""
        return self.path.relative_to(REPOSITORY).as_posix()

    @property
    def blocks(self) -> list[Block]:
        """Fenced blocks, in order."""
        found = []
        for match in _FENCE.finditer(self.text):
            remark = _REMARK.search(self.text, 0, match.start())
            kind, value = (remark["kind"], remark["value"]) if remark else ("", "")
            span = match.span("text")
            found.append(Block(match["language"], match["text"], kind, value, *span))
        return found

    @property
    def prose(self) -> str:
        """The text without fenced blocks."""
        return _FENCE.sub("", self.text)

    @property
    def inline_code(self) -> list[str]:
        """What stands between backticks in the text, ends of line as spaces."""
        prose = re.sub(r"<!--.*?-->", "", self.prose, flags=re.S)
        paragraphs = re.split(r"\n\s*\n", prose)
        found = [code for each in paragraphs for code in re.findall(r"`([^`]+)`", each)]
        return [" ".join(code.split()) for code in found]

    @property
    def links(self) -> list[str]:
        """Targets of links."""
        return re.findall(r"\]\(([^)\s]+)\)", self.prose)

    @property
    def anchors(self) -> set[str]:
        """What `#...` may name: headings as GitHub writes them."""
        headings = re.findall(r"^#+ +(.+)$", self.prose, re.M)
        return {
            re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-")
            for heading in headings
        }


def read(path: Path) -> Page:
    """Read one page."""
    return Page(path, path.read_text(encoding="utf-8"))


def pages() -> list[Page]:
    """The README and every page below docs/, but for the records of decisions and of truth."""
    found = [REPOSITORY / "README.md", *sorted(FOLDER.rglob("*.md"))]
    return [
        read(path) for path in found if path.relative_to(REPOSITORY).parts[1:2] != ("decisions",)
    ]


def commands(block: Block) -> list[Command]:
    """The commands of a `console` block, with the output that the page shows."""
    found: list[Command] = []
    for line in block.text.splitlines():
        if line.startswith("$ "):
            found.append(Command(line[2:], [line]))
        elif line.startswith("> ") and found and found[-1].line.endswith("\\"):
            found[-1].line = found[-1].line[:-1] + line[2:].lstrip()
            found[-1].shown.append(line)
        elif found:
            found[-1].output.append(line)
        else:
            raise AssertionError(f"a console block begins with output: {line}")
    return found


def pattern(expected: str) -> str:
    """The regular expression of shown output: `...` is any text, alone on a line any lines."""
    parts = []
    for line in expected.splitlines():
        if line.strip() == "...":
            parts.append(r"(?:[^\n]*\n)*?")
        else:
            parts.append(r"[^\n]*?".join(map(re.escape, line.split("..."))) + r"\n")
    return "".join(parts)
