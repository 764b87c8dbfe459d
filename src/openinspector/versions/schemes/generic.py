"""A natural order for upstream applications that follow no published scheme.

nginx 1.25.3, openssl 1.0.2k and 3.0.1, OpenSSH 9.9p2, PostgreSQL 16rc1, JDK 1.8.0_292 and
17.0.1+12, 22.04, 2024-05-17: numbers between dots, without a leading `v` and without trailing
zeros, then what follows them. At one place come, in order:

    ~                                as in Debian, before everything
    dev, snapshot, alpha ... rc      before the release; a number after them tells them apart
    the end                          final, ga, release, stable and lts say the same
    _292, +12, -1                    a number that follows a number without a dot: an update
    k, p2, patch, any other word     letters and patch levels
    .1                               a further number

Right before a digit the letters a, b, c and m mean alpha, beta, rc and milestone (3.0b2); elsewhere
a letter is a later release (1.0.2k). Case does not count. A version that does not begin with a
number is unreadable; such versions order among themselves by the same rules.
"""

from __future__ import annotations

from itertools import pairwise

from openinspector.patterns import regex
from openinspector.versions.encoding import NUMBERS, Memo, Unreadable, text

_NUMBERS = regex(r"\s*+v?+([0-9]++(?:\.[0-9]++)*+)").match
_TOKENS = regex(r"[0-9]++|[a-z]++|[^\x00-\x7f]++|~|[^0-9a-z~\x80-\U0010ffff]++").findall

_TILDE, _END, _UPDATE, _WORD = "\x01", "\x10", "\x11", "\x12"
_PHASES = (
    ("dev", "devel"),
    ("snapshot", "nightly", "canary"),
    ("ea",),
    ("alpha",),
    ("beta",),
    ("milestone",),
    ("preview", "pre"),
    ("rc", "cr"),
)
_PHASE = {word: chr(2 + place) for place, words in enumerate(_PHASES) for word in words}
_SAME_AS_RELEASE = dict.fromkeys(("final", "ga", "release", "stable", "lts"), "")
_BEFORE_DIGITS = {"a": "alpha", "b": "beta", "c": "rc", "m": "milestone"}


def encode(version: str) -> bytes:
    """Key of an application's version."""
    lowered = version.lower()
    found = _NUMBERS(lowered)
    if found is None:
        raise Unreadable("it does not begin with a number")
    return (_numbers(found[1]) + _rest(lowered[found.end() :], after="0")).encode("latin-1")


def encode_unreadable(version: str) -> bytes:
    """Order what a scheme cannot read among its like."""
    return _rest(version.lower(), after="").encode("latin-1")


def _numbers(dotted: str) -> str:
    numbers = dotted.split(".")
    while numbers and not numbers[-1].strip("0"):
        numbers.pop()
    return "".join([NUMBERS[digits] for digits in numbers])


def _rest(rest: str, after: str) -> str:
    """Encode what comes after a number, or after nothing."""
    encoded = []
    separator, last = "", after
    for token, following in pairwise([*_TOKENS(rest), ""]):
        if _is_number(token):
            update = _is_number(last) and not separator.endswith(".")
            encoded.append(_UPDATE + NUMBERS[token] if update else NUMBERS[token])
        elif token == "~" or token[0].isalpha() or not token.isascii():
            word = _BEFORE_DIGITS.get(token, token) if _is_number(following) else token
            encoded.append(_WORDS[word])
        else:
            separator = token
            continue
        separator, last = "", token
    return "".join(encoded) + _END


def _is_number(token: str) -> bool:
    return token.isascii() and token.isdigit()


def _word(word: str) -> str:
    return _WORD + text(word)


_WORDS = Memo(_word)
_WORDS.update(_PHASE | _SAME_AS_RELEASE | {"~": _TILDE})
