"""Realistic and nasty versions for each scheme, in pairs that differ by little, from a seed."""

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass

NUMBERS = ["0", "0", "1", "1", "2", "3", "9", "10", "11", "99", "100", "2024", "20240517", "65536"]
PADDED = ["00", "01", "007", "0010"]
LONG = ["123456789", "1234567890", "999999999999999", "100000000000000"]
HUGE = ["99999999999999999999", "1" + "0" * 30, "1" + "0" * 31, "9" * 40]
LETTERS = ["a", "b", "c", "m", "p", "r", "z", "A", "Z"]
WORDS = [*LETTERS, "alpha", "beta", "rc", "RC", "pre", "dev", "post", "git", "foo", "patch", "pl"]
PRE_RELEASES = ["alpha", "beta", "rc", "x", "-", "a", "B", "alpha-1", "0a", "next", "canary"]

# Perl and JavaScript compare numbers as floats: what they say of longer ones is no truth.
SHORT_NUMBERS = r"(?!.*[0-9]{16})"
NUMBER = r"(0|[1-9][0-9]*)"
IDENTIFIER = rf"({NUMBER}|[0-9]*[a-zA-Z-][0-9a-zA-Z-]*)"
BUILD = r"(\+[0-9a-zA-Z-]+(\.[0-9a-zA-Z-]+)*)?"

Slot = list[str]


@dataclass(frozen=True)
class Grammar:
    """What may stand at each place of a version, and which of the results the oracle accepts."""

    slots: list[Slot]
    accepted: str


def optional(*pieces: str) -> Slot:
    """A slot that is as often empty as not."""
    return [*pieces, *[""] * len(pieces)]


def repeated(times: int, *slots: Slot) -> list[Slot]:
    return [slot for _ in range(times) for slot in slots]


DEBIAN = [*NUMBERS, *PADDED, *LONG, *WORDS, "ubuntu", "deb12u", "dfsg", "really", "nmu"]
RPM = [*NUMBERS, *PADDED, *HUGE, *WORDS, "el9", "fc40", "svn", ""]
PRE_RELEASE = [*PRE_RELEASES, *NUMBERS]
MAVEN_WORDS = [*WORDS, "final", "GA", "release", "sp", "cr", "SNAPSHOT", "milestone", "jre", "é"]

GRAMMARS = {
    "dpkg": Grammar(
        [
            optional("0:", "1:", "10:", "007:"),
            NUMBERS,
            *repeated(4, [*".....~~++", ""], DEBIAN),
            *repeated(2, optional("-"), DEBIAN, optional(*".~+"), optional(*DEBIAN)),
        ],
        rf"{SHORT_NUMBERS}([0-9]+:)?[0-9][0-9A-Za-z.+~-]*(?<!-)",
    ),
    "rpm": Grammar(
        [
            optional("0:", "1:", "10:", "007:"),
            *repeated(4, RPM, [*"....__+~~^^", ""]),
            RPM,
            optional("-", "-", "-~", "-^"),
            *repeated(2, RPM, [*"....__+~~^^", ""]),
        ],
        r"([0-9]+:)?[0-9A-Za-z.+~^_]*[0-9A-Za-z][0-9A-Za-z.+~^_]*(-[0-9A-Za-z.+~^_]+)?",
    ),
    "apk": Grammar(
        [
            [*NUMBERS, *PADDED],
            *repeated(3, [".", ".", ""], [*NUMBERS, *PADDED, *LONG, ""]),
            optional("a", "b", "z"),
            *repeated(
                2,
                optional("_alpha", "_beta", "_pre", "_rc", "_cvs", "_svn", "_git", "_hg", "_p"),
                optional(*NUMBERS, *PADDED),
            ),
            ["", "", "", "~0f", "~a1", "~a"],
            optional("-r0", "-r1", "-r2", "-r10", "-r02"),
        ],
        r"[0-9]+(\.[0-9]+)*[a-z]?(_(alpha|beta|pre|rc|cvs|svn|git|hg|p)[0-9]*)*"
        r"(~[0-9a-f]+)?(-r[0-9]+)?",
    ),
    "pep440": Grammar(
        [
            ["", "", "", "", "v", "V"],
            ["", "", "", "", "0!", "1!"],
            [*NUMBERS, *PADDED],
            *repeated(3, [".", ""], [*NUMBERS, *PADDED, *HUGE, ""]),
            optional("", ".", "-", "_"),
            optional("a", "b", "rc", "c", "alpha", "beta", "pre", "PREVIEW", "RC"),
            optional("", ".", "-", "_"),
            optional(*NUMBERS),
            optional(".post", "-", "_post", "rev", "-r", "post", ".r."),
            optional(*NUMBERS),
            optional(".dev", "dev", "-dev", "_dev-"),
            optional(*NUMBERS),
            optional("+", "+a.", "+1.", "+Ubuntu-"),
            optional("1", "a", "01", "1a", "a.b", "a.1", "10"),
        ],
        r"(?i)v?([0-9]+!)?[0-9]+(\.[0-9]+)*([-_.]?(alpha|a|beta|b|preview|pre|c|rc)[-_.]?[0-9]*)?"
        r"(-[0-9]+|[-_.]?(post|rev|r)[-_.]?[0-9]*)?([-_.]?dev[-_.]?[0-9]*)?"
        r"(\+[a-z0-9]+([-_.][a-z0-9]+)*)?",
    ),
    "npm": Grammar(
        [
            ["", "", "", "", "v", "=", "=v"],
            *[[*NUMBERS, *PADDED, *LONG], ["."], [*NUMBERS, *PADDED], ["."], [*NUMBERS, *PADDED]],
            optional("-", "-", "--"),
            [*PRE_RELEASE, *PADDED, ""],
            *repeated(2, [".", ".", ""], [*PRE_RELEASE, *PADDED, ""]),
            optional("+1", "+a.b", "+001"),
        ],
        rf"{SHORT_NUMBERS}[v=]*[0-9]+\.[0-9]+\.[0-9]+"
        rf"((-|(?=[a-zA-Z]))[0-9a-zA-Z-]*(\.[0-9a-zA-Z-]+)*)?(?<!\.){BUILD}",
    ),
    "semver": Grammar(
        [
            ["", "", "", "", "v"],
            *[[*NUMBERS, *LONG], ["."], NUMBERS, ["."], NUMBERS],
            optional("-", "-", "--"),
            [*PRE_RELEASE, ""],
            *repeated(2, [".", ".", ""], [*PRE_RELEASE, ""]),
            optional("+1", "+a.b", "+001"),
        ],
        rf"{SHORT_NUMBERS}v?{NUMBER}\.{NUMBER}\.{NUMBER}(-{IDENTIFIER}(\.{IDENTIFIER})*)?{BUILD}",
    ),
    "maven": Grammar(
        [
            [*NUMBERS, *PADDED, *HUGE, *MAVEN_WORDS],
            *repeated(5, [*"......---_", ""], [*NUMBERS, *PADDED, *HUGE, *MAVEN_WORDS, ""]),
        ],
        r"[^\t\n]+",
    ),
    "gem": Grammar(
        [
            [*NUMBERS, *PADDED],
            *repeated(5, [*"......-", ""], [*NUMBERS, *"00", *PADDED, *HUGE, *WORDS, ""]),
        ],
        r"[0-9]+(\.[0-9a-zA-Z]+)*(-[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?",
    ),
    "composer": Grammar(
        [
            [*NUMBERS, *PADDED, *WORDS],
            *repeated(5, [*"......--_+", ""], [*NUMBERS, *PADDED, *LONG, *WORDS, "stable"]),
        ],
        rf"{SHORT_NUMBERS}[0-9a-zA-Z](.*[0-9a-zA-Z])?",
    ),
}


def pairs(scheme: str, count: int, seed: int) -> Iterator[tuple[str, str]]:
    """Pairs of versions that the oracle accepts; in most, one is a small change of the other."""
    chance = random.Random(f"{scheme} {seed}")
    grammar = GRAMMARS[scheme]
    accepted = re.compile(grammar.accepted).fullmatch
    while count:
        first = [chance.choice(slot) for slot in grammar.slots]
        for _ in range(4):
            second = changed(first, grammar.slots, chance)
            a, b = "".join(first), "".join(second)
            if accepted(a) and accepted(b) and count:
                count -= 1
                yield (a, b) if chance.random() < 0.5 else (b, a)


def changed(pieces: list[str], slots: list[Slot], chance: random.Random) -> list[str]:
    """Pieces with one drawn anew, one left out, one said twice, or all from one place on anew."""
    at = chance.randrange(len(pieces))
    anew = [chance.choice(slot) for slot in slots]
    return chance.choice(
        [
            [*pieces[:at], anew[at], *pieces[at + 1 :]],
            [*pieces[:at], *pieces[at + 1 :]],
            [*pieces[: at + 1], *pieces[at:]],
            [*pieces[:at], *anew[at:]],
        ]
    )
