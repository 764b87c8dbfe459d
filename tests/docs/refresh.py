"""Bring the pages up to date: `python -m tests.docs.refresh`.

Tables are made anew, and so is the output of commands that a page shows whole. What it shows with
`...` is left to its author. Look at the difference before keeping it.
"""

import tempfile
from pathlib import Path

from tests.docs.pages import Page, pages, read
from tests.docs.session import Ran, run_page
from tests.docs.tables import refreshed


def with_output(page: Page, folder: Path) -> str:
    """The page's text with what its commands print now."""
    blocks: dict[int, list[Ran]] = {}
    for ran in run_page(page, folder):
        blocks.setdefault(ran.block.start, []).append(ran)
    text = page.text
    for _, listed in sorted(blocks.items(), reverse=True):
        block = listed[0].block
        shown = ""
        for ran in listed:
            output = ran.output if ran.command.is_exact else ran.command.expected or ""
            shown += "\n".join(ran.command.shown) + "\n" + output
        text = text[: block.start] + shown + text[block.end :]
    return text


def main() -> None:
    """Refresh every page, telling which ones changed."""
    for page in pages():
        page.path.write_text(refreshed(page.text), encoding="utf-8")
        with tempfile.TemporaryDirectory() as folder:
            text = with_output(read(page.path), Path(folder))
        page.path.write_text(text, encoding="utf-8")
        print(f"{page.name}: {'unchanged' if text == page.text else 'refreshed'}")


if __name__ == "__main__":
    main()
