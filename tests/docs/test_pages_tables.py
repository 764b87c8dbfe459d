"""Tables that repeat what the code says agree with it."""

import pytest

from tests.docs.pages import Page, pages
from tests.docs.tables import TABLES, UNWRITTEN, found, render

PAGES = pages()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_tables_agree_with_the_code(page: Page) -> None:
    for name, table in found(page.text).items():
        wanted = render(name, table)
        assert UNWRITTEN not in wanted, f"{page.name}: table {name}: describe the new row"
        assert table == wanted, f"{page.name}: table {name}: run `python -m tests.docs.refresh`"


def test_every_table_is_on_a_page() -> None:
    assert {name for page in PAGES for name in found(page.text)} == set(TABLES)
