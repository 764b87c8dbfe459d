"""How the readers tell of what they could not read."""

from openinspector.inventory.cataloger import ReadError

_MOST = 10_000
"""Damaged parts after which the rest of a database is not worth the time."""


class Damage:
    """Counts the parts that could not be read and keeps the first reason, for one gap."""

    def __init__(self) -> None:
        self.count = 0
        self.first = ""

    def note(self, sentence: str) -> None:
        """Remember one damaged part."""
        self.count += 1
        self.first = self.first or sentence

    def __call__(self, sentence: str) -> None:
        """Remember one damaged part; ReadError when there are too many to go on."""
        self.note(sentence)
        if self.count > _MOST:
            raise ReadError("too much is damaged to read on")

    def __str__(self) -> str:
        more = f" (and {self.count - 1} more)" if self.count > 1 else ""
        return f"{self.first}{more}"
