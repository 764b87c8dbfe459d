"""Every page does what it says: commands are run, output compared, files and links checked."""

import re
from pathlib import Path

import pytest

from tests.docs.pages import FOLDER, Page, pages, pattern
from tests.docs.session import run_page

PAGES = pages()
BY_NAME = {page.path.resolve(): page for page in PAGES}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_print_what_the_page_shows(page: Page, tmp_path: Path) -> None:
    for ran in run_page(page, tmp_path):
        told = f"{page.name}: $ {ran.command.line}\n(exit code {ran.code})\n{ran.output}"
        assert ran.code == 0 or ran.code_shown, told
        expected = ran.command.expected
        if expected is None:
            continue
        if ran.command.is_exact:
            assert ran.output == expected, told
        else:
            assert re.fullmatch(pattern(expected), ran.output), told


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_what_is_not_run_says_why_in_the_text(page: Page) -> None:
    for block in page.blocks:
        if block.kind != "not run":
            continue
        reason = block.value.removeprefix("needs ")
        before = page.text[: block.start].rpartition("<!--")[0][-600:]
        assert reason in before, f"{page.name}: the text does not say: {block.value}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Page) -> None:
    for link in page.links:
        if re.match(r"https?://", link):
            assert re.fullmatch(r"https://[\w.-]+(/[^\s]*)?", link), link
            continue
        place, _, anchor = link.partition("#")
        target = (page.path.parent / place).resolve() if place else page.path.resolve()
        assert target.exists(), f"{page.name}: {link}"
        if anchor:
            assert anchor in BY_NAME[target].anchors, f"{page.name}: {link}"


def test_every_page_is_on_the_map() -> None:
    start = BY_NAME[(FOLDER / "README.md").resolve()]
    linked = {(start.path.parent / link.partition("#")[0]).resolve() for link in start.links}
    missing = {path for path in BY_NAME if path not in linked and path != start.path.resolve()}
    assert not {path for path in missing if FOLDER.resolve() in path.parents}
