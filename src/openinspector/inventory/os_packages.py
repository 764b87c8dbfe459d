"""What the readers of OS package databases share."""


def is_name(text: str) -> bool:
    """Whether a text can name a package: no blank, no slash, and a letter or digit in it.

    Looser than any distribution's policy, and enough to tell damage from data; a package URL
    cannot be written for anything else.
    """
    return "/" not in text and text.split() == [text] and any(map(str.isalnum, text))
