"""No page names a command, an option, a choice, a make target or a file that does not exist."""

import re
import shlex
from collections.abc import Iterator

import click
import pytest

from openinspector.cli.app import app
from tests.conftest import REPOSITORY
from tests.docs.pages import Page, commands, pages

PAGES = pages()
FOREIGN_OPTIONS = frozenset({"--runs", "--files", "--workers", "--held", "--growth", "--filled"})
"""Options of other programs that the text mentions: those of the benches."""

_VERBS = ("scan ", "sbom ", "db ", "explain ")
_STOPS = frozenset({"|", "||", "&&", ";", ">", ">>", "2>", "<", "&"})


def _every_command(command: click.Command) -> Iterator[click.Command]:
    yield command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            found = command.get_command(context, name)
            assert found is not None
            yield from _every_command(found)


OPTIONS = {
    option
    for command in _every_command(app)
    for parameter in command.params
    if isinstance(parameter, click.Option)
    for option in (*parameter.opts, *parameter.secondary_opts)
} | {"--help", "-h"}


def _mentions(page: Page) -> Iterator[str]:
    """Command lines of openinspector in blocks of any language and in the text."""
    for block in page.blocks:
        if block.language == "console":
            lines = [command.line for command in commands(block)]
        else:
            lines = re.sub(r"\\\n\s*", " ", block.text).splitlines()
        for line in lines:
            for found in re.finditer(
                r"(?:^|[\s'\"(/])openinspector ((?:scan|sbom|db|explain)\b.*)", line
            ):
                yield found[1].rstrip("'\"")
    for code in page.inline_code:
        if code.startswith("openinspector "):
            yield code.removeprefix("openinspector ")
        elif code.startswith(_VERBS):
            yield code


def _words(line: str) -> list[str]:
    try:
        words = shlex.split(line)
    except ValueError:
        words = line.split()
    for number, word in enumerate(words):
        if word in _STOPS:
            return words[:number]
        if word.endswith(";"):
            return [*words[:number], word[:-1]]
    return words


def _is_placeholder(word: str) -> bool:
    return word == "..." or word.isupper() or word.startswith(("$", "{"))


def problem(line: str) -> str | None:
    """What is wrong with a command line (without `openinspector`); None: nothing."""
    command: click.Command = app
    given = 0
    words = _words(line)
    while words:
        word = words.pop(0)
        if word.startswith("-"):
            option, equals, value = word.partition("=")
            if option in ("--help", "-h", "--version"):
                continue
            found = [
                each for each in command.params if option in (*each.opts, *each.secondary_opts)
            ]
            if not found:
                return f"{option} is no option of `{command.name}`"
            parameter = found[0]
            assert isinstance(parameter, click.Option)
            if parameter.is_flag:
                continue
            value = value if equals else (words.pop(0) if words else "")
            if isinstance(parameter.type, click.Choice) and not _is_placeholder(value):
                choices = value.split("|")
                wrong = [each for each in choices if each not in parameter.type.choices]
                if wrong:
                    return f"{option} takes no {wrong[0]!r}"
            continue
        wanted = sum(isinstance(each, click.Argument) for each in command.params)
        if given < wanted:
            given += 1
            continue
        if not isinstance(command, click.Group):
            return f"`{command.name}` takes no {word!r}"
        if word == "...":
            return None
        next_command = command.get_command(click.Context(command), word)
        if next_command is None:
            return f"`{command.name}` has no command {word!r}"
        command, given = next_command, 0
    return None


def test_the_check_finds_what_is_wrong() -> None:
    assert problem("scan image x.tar --db starter --format json -q") is None
    assert problem("explain CVE-2021-44228 image x.tar") is None
    assert problem("scan image x.tar --colour") is not None
    assert problem("scan picture x.tar") is not None
    assert problem("scan image x.tar --format yaml") is not None
    assert problem("scan image x.tar y.tar") is not None
    assert problem("db rebuild") is not None


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_and_options_exist(page: Page) -> None:
    for line in _mentions(page):
        wrong = problem(line)
        assert wrong is None, f"{page.name}: `openinspector {line}`: {wrong}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_options_in_the_text_exist(page: Page) -> None:
    for code in page.inline_code:
        found = re.match(r"(--?[a-z][a-z-]*)", code)
        if found:
            assert found[1] in OPTIONS | FOREIGN_OPTIONS, f"{page.name}: {code}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_make_targets_and_files_exist(page: Page) -> None:
    targets = set(re.findall(r"^([a-z][\w-]*):", (REPOSITORY / "Makefile").read_text(), re.M))
    made = {block.value for block in page.blocks if block.kind == "file"}
    for code in page.inline_code:
        if code.startswith("make "):
            assert code.split()[1] in targets, f"{page.name}: {code}"
        path = code.partition(" ")[0].rstrip("/")
        if re.match(r"(src|tests|docs|demo|bench)/[\w./-]+$", path) and path not in made:
            assert (REPOSITORY / path).exists(), f"{page.name}: {code}"
