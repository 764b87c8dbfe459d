"""Conda's order, from `conda.models.version.VersionOrder`.

Epoch, then components between dots, underscores or hyphens, each cut into numbers and words, then
the local version after `+`. What is missing is zero, among components and inside them. Words order
below numbers, `dev` below the other words, `post` above every number.
"""

from __future__ import annotations

from openinspector.patterns import regex
from openinspector.versions.encoding import NUMBERS, Memo, Unreadable, text

_VERSION = regex(
    r"(?:([0-9]++)!)?+([*0-9a-z]++(?:[._][*0-9a-z]++)*+_?+)(?:\+([*0-9a-z]++(?:[._][*0-9a-z]++)*+))?+"
).fullmatch
_PIECES = regex(r"[0-9]++|[*]++|[a-z_]++").findall

# Inside a component: a word, zeros before a word, the end, a number, post.
_WORD, _LOW_ZERO, _END, _POST = "\x01", "\x02", "\x03", "\x40"
# Among components: one that orders below zero, the end, one that orders above zero.
_LOW, _END_OF_COMPONENTS, _HIGH = "\x01", "\x02", "\x03"


def encode(version: str) -> bytes:
    """Key of a Conda package's version."""
    lowered = version.strip().lower()
    if "_" not in lowered:
        lowered = lowered.replace("-", "_")
    found = _VERSION(lowered)
    if found is None:
        raise Unreadable("it is not made of numbers and words between dots")
    epoch, public, local = found.groups()
    encoded = NUMBERS[epoch or ""] + _components(_split(public))
    return (encoded + _components(local.replace("_", ".").split(".") if local else [])).encode(
        "latin-1"
    )


def _split(public: str) -> list[str]:
    """Split into components; an underscore at the end belongs to the last (openssl's `1.0.1_`)."""
    components = public[:-1].replace("_", ".").split(".")
    components[-1] += public[-1]
    return components


def _components(components: list[str]) -> str:
    """Encode from the end: what equals zero stands on the side of what follows it, if any does."""
    encoded = [_END_OF_COMPONENTS]
    below = None
    for component in reversed(components):
        # A component that begins with a word has a zero before it, so that words meet words.
        pieces = [*(["0"] if not component[0].isdigit() else []), *_PIECES(component)]
        own = _side(pieces)
        below = below if own is None else own
        if below is not None:
            encoded.append((_LOW if below else _HIGH) + _component(pieces))
    return "".join(reversed(encoded))


def _side(pieces: list[str]) -> bool | None:
    """Whether a component orders below zero, or None when it equals zero."""
    return next((_is_word(piece) for piece in pieces if piece.strip("0")), None)


def _component(pieces: list[str]) -> str:
    encoded = [_END]
    below = None
    for piece in reversed(pieces):
        below = _is_word(piece) if piece.strip("0") else below
        if below is not None:
            encoded.append(_PIECE[piece] if piece.strip("0") or not below else _LOW_ZERO)
    return "".join(reversed(encoded))


def _is_word(piece: str) -> bool:
    return not piece.isdigit() and piece != "post"


def _piece(piece: str) -> str:
    if piece.isdigit():
        return NUMBERS[piece]
    return _POST if piece == "post" else _WORD + text("DEV" if piece == "dev" else piece)


_PIECE = Memo(_piece)
