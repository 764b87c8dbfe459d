"""Run a page: its files written, its commands run in order, in a folder of its own."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.conftest import REPOSITORY
from tests.docs.pages import Block, Command, Page, commands, pattern

_END = "<end of a command of the page>"
_SECONDS = 120


@dataclass(frozen=True)
class Ran:
    """A command of a page with what it printed (both streams) and its exit code."""

    block: Block
    command: Command
    output: str
    code: int
    code_shown: bool
    """Whether the page goes on to show the exit code, so that it need not be 0."""


def prepare(folder: Path) -> None:
    """What a reader has who ran `make demo` and copied its image: build/demo, and the copy."""
    sys.path.insert(0, str(REPOSITORY / "demo"))
    try:
        from sample_image import write_sample_image
    finally:
        sys.path.pop(0)
    image = write_sample_image(folder / "build" / "demo" / "sample-image.tar")
    (folder / "sample-image.tar").write_bytes(image.read_bytes())


def environment(folder: Path) -> dict[str, str]:
    """A user's environment with an empty home, and this interpreter's programs first on PATH."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("XDG_", "OPENINSPECTOR_", "DOCKER_")) and name != "COLUMNS"
    }
    programs = f"{Path(sys.executable).parent}{os.pathsep}{kept.get('PATH', os.defpath)}"
    return kept | {"HOME": str(folder / ".home"), "PATH": programs, "LC_ALL": "C.UTF-8"}


def run_page(page: Page, folder: Path) -> Iterator[Ran]:
    """Yield every command that was run; excerpts are checked on the way.

    `folder` should be empty; the page's files are found there afterwards.
    """
    (folder / ".home").mkdir(parents=True, exist_ok=True)
    prepare(folder)
    for block in page.blocks:
        if block.kind == "file":
            path = folder / block.value
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.text, encoding="utf-8")
        elif block.kind == "excerpt":
            check_excerpt(page, block, folder)
        elif block.language == "console" and block.kind != "not run":
            yield from _run_block(block, folder)


def check_excerpt(page: Page, block: Block, folder: Path) -> None:
    """Hold a part that the page shows against the file."""
    text = (folder / block.value).read_text(encoding="utf-8").replace("\r\n", "\n")
    found = re.search("^" + pattern(block.text), text, re.M)
    assert found, f"{page.name}: {block.value} holds no such part:\n{block.text}"


def _run_block(block: Block, folder: Path) -> Iterator[Ran]:
    listed = commands(block)
    mark = f"{{ code=$?; printf '%s %s\\n' '{_END}' $code; (exit $code); }}"
    script = "\n".join(f"{command.line}\n{mark}" for command in listed)
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=folder,
        env=environment(folder),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
        timeout=_SECONDS,
        check=False,
    )
    pieces = re.split(rf"{re.escape(_END)} (\d+)\n", done.stdout)
    for number, command in enumerate(listed):
        output, code = pieces[2 * number], int(pieces[2 * number + 1])
        following = listed[number + 1].line if number + 1 < len(listed) else ""
        yield Ran(block, command, output, code, code_shown="$?" in following)
