"""The tests of the pages notice what is wrong with a page."""

import re
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY
from tests.docs.pages import Page, commands, pattern
from tests.docs.session import Ran, run_page
from tests.docs.tables import UNWRITTEN, found, render

TEXT = """\
<!-- file: names.txt -->
```text
ada
grace
```

<!-- not run: needs internet -->
```console
$ false
```

```console
$ sort -r names.txt
grace
ada
$ printf 'one\\n' | \\
>   cat
one
$ (exit 3)
$ echo $?
3
```

<!-- excerpt: names.txt -->
```text
gr...
```
"""


def run(text: str, folder: Path) -> list[Ran]:
    return list(run_page(Page(REPOSITORY / "docs" / "made-up.md", text), folder))


def test_a_page_is_run_from_top_to_bottom(tmp_path: Path) -> None:
    ran = run(TEXT, tmp_path)
    assert [each.command.line for each in ran] == [
        "sort -r names.txt",
        "printf 'one\\n' | cat",
        "(exit 3)",
        "echo $?",
    ]
    assert [each.output for each in ran] == [each.command.expected or "" for each in ran]
    assert [(each.code, each.code_shown) for each in ran] == [
        (0, False),
        (0, False),
        (3, True),
        (0, False),
    ]


def test_an_excerpt_that_is_not_there_fails(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="holds no such part"):
        run(TEXT.replace("gr...", "hop..."), tmp_path)


@pytest.mark.parametrize(
    ("shown", "printed", "fits"),
    [
        ("a ... c\n", "a b c\n", True),
        ("a ... c\n", "a b\nc\n", False),
        ("a\n...\nc\n", "a\nb\nb\nc\n", True),
        ("a\n...\nc\n", "a\nc\n", True),
        ("a\n...\nc\n", "a\nb\n", False),
        ("a.c\n", "abc\n", False),
    ],
)
def test_three_dots_stand_for_any_text(shown: str, printed: str, fits: bool) -> None:
    assert bool(re.fullmatch(pattern(shown), printed)) == fits


def test_output_with_dots_is_not_taken_for_exact() -> None:
    page = Page(REPOSITORY / "README.md", "```console\n$ a\n1...\n$ b\n1\n$ c\n```\n")
    assert [each.is_exact for each in commands(page.blocks[0])] == [False, True, False]


def test_a_table_keeps_what_was_written_and_shows_what_is_new() -> None:
    present = found("<!-- table: exit-codes -->\n| Code | Meaning |\n|---|---|\n| 0 | Done. |\n")
    lines = render("exit-codes", present["exit-codes"]).splitlines()
    assert lines[2] == "| 0 | Done. |"
    assert all(UNWRITTEN in line for line in lines[3:])
