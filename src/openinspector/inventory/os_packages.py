"""What the readers of OS package databases share."""

_LONGEST = 1024
"""Characters of a name or version that the API can carry (spec/findings.md 9)."""


def is_name(text: str) -> bool:
    """Whether a text can name a package: printable, no blank or slash, a letter or digit in it.

    Looser than any distribution's policy, and enough to tell damage from data; a package URL
    cannot be written for anything else.
    """
    return (
        "/" not in text
        and is_version(text)
        and text.split() == [text]
        and any(map(str.isalnum, text))
    )


def is_version(text: str) -> bool:
    """Whether a text can be a version: printable and not endless."""
    return 0 < len(text) <= _LONGEST and text.isprintable()
