"""Progress of long work: a bar on a terminal, silence elsewhere."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Report = Callable[[str, int, int | None], None]
"""`report(what, done, total)`: what is being done, bytes or items done, of how many (None:
unknown)."""


@contextmanager
def progress(quiet: bool) -> Iterator[Report | None]:
    """A function to report progress to; None where nobody would see it."""
    if quiet or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f}%"),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
    )
    with bar:
        task = bar.add_task("", total=None)

        def report(what: str, done: int, total: int | None) -> None:
            # Names come from the target: markup in them must stay text.
            bar.update(task, description=what.replace("[", "\\["), completed=done, total=total)

        yield report
