"""Text for terminals: hostile characters made visible, columns counted as they are shown."""

import unicodedata


def safe(text: str) -> str:
    r"""Text on one line in which nothing acts on a terminal or hides.

    Control characters, escape sequences, bidirectional overrides, zero-width and private
    characters, lone surrogates and line breaks are shown as `\x1b`, `\u202e`.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(char if char.isprintable() else _escaped(char) for char in text)


def _escaped(char: str) -> str:
    code = ord(char)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def width(text: str) -> int:
    """Columns that safe text takes: wide characters two, combining ones none."""
    if text.isascii():
        return len(text)
    return sum(_columns(char) for char in text)


def _columns(char: str) -> int:
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def cut(text: str, columns: int, ellipsis: str = "…") -> str:
    """Text in at most so many columns; an ellipsis stands for what is left out."""
    if width(text) <= columns:
        return text
    room = max(columns - width(ellipsis), 0)
    kept: list[str] = []
    for char in text:
        room -= _columns(char)
        if room < 0:
            break
        kept.append(char)
    return "".join(kept).rstrip() + ellipsis[: max(columns, 0)]


def pad(text: str, columns: int) -> str:
    """Text followed by blanks up to so many columns."""
    return text + " " * max(columns - width(text), 0)


def wrap(text: str, columns: int, indent: str = "") -> list[str]:
    """Text in lines of at most so many columns, broken at blanks, else anywhere."""
    lines: list[str] = []
    line = ""
    for word in text.split(" "):
        while width(word) > columns - len(indent):
            head = cut(word, columns - len(indent), "")
            if line:
                lines.append(line)
                line = ""
            lines.append(head)
            word = word[len(head) :] if head else ""
        candidate = f"{line} {word}" if line else word
        if width(candidate) > columns - len(indent):
            lines.append(line)
            line = word
        else:
            line = candidate
    return [indent + each for each in [*lines, line] if each]
