"""apk's comparison of two versions, token by token as apk-version(8) tells it; no keys involved.

Only for versions that apk reads to the end.
"""

import re

TOKENS = re.compile(
    r"(?P<number>\.[0-9]+)|(?P<letter>[a-z])|_(?P<suffix>[a-z]+)(?P<count>[0-9]*)"
    r"|~(?P<hash>[0-9a-f]+)|-r(?P<revision>[0-9]+)"
)
BEFORE_RELEASE = ["alpha", "beta", "pre", "rc"]
AFTER_RELEASE = ["cvs", "svn", "git", "hg", "p"]
SUFFIXES = BEFORE_RELEASE + AFTER_RELEASE

# The later a kind may come in a version, the lower a version in which it comes first.
KINDS = ["number", "letter", "suffix", "count", "hash", "revision", "end"]


def tokens(version: str) -> list[tuple[str, str]]:
    first = re.match("[0-9]+", version)
    assert first is not None
    found = [("first", first[0])]
    for match in TOKENS.finditer(version, first.end()):
        found += [(kind, value) for kind, value in match.groupdict().items() if value]
    return [*found, ("end", "")]


def compare(a: str, b: str) -> int:
    for left, right in zip(tokens(a), tokens(b), strict=False):
        if left == right:
            continue
        if left[0] == right[0]:
            order = of_same_kind(left[0], left[1], right[1])
        else:
            order = of_different_kinds(left, right)
        if order:
            return order
    return 0


def of_same_kind(kind: str, a: str, b: str) -> int:
    if kind == "suffix":
        return sign(SUFFIXES.index(a) - SUFFIXES.index(b))
    if kind in ("letter", "hash") or (kind == "number" and ".0" in (a[:2], b[:2])):
        return (a > b) - (a < b)
    return sign(int(a.strip(".")) - int(b.strip(".")))


def of_different_kinds(a: tuple[str, str], b: tuple[str, str]) -> int:
    for token, order in ((a, -1), (b, 1)):
        if token[0] == "suffix" and token[1] in BEFORE_RELEASE:
            return order
    return sign(KINDS.index(b[0]) - KINDS.index(a[0]))


def sign(difference: int) -> int:
    return (difference > 0) - (difference < 0)
