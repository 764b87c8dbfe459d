"""What a change opens that was closed before."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from openinspector.assess.network.intervals import difference, holds
from openinspector.assess.network.parts import Part, sources
from openinspector.assess.network.reach import Opening


def widened(before: Iterable[Opening], after: Iterable[Opening]) -> list[Opening]:
    """The later openings through which some address reaches some port that it did not before.

    Another path to what was open anyway is nothing new.
    """
    known: dict[tuple[object, ...], list[Part]] = defaultdict(list)
    for opening in before:
        for part in opening.parts:
            known[_place(opening, part)].append(part)
    return [
        opening
        for opening in after
        if any(_is_new(part, known[_place(opening, part)]) for part in opening.parts)
    ]


def _place(opening: Opening, part: Part) -> tuple[object, ...]:
    return opening.interface, opening.protocol, opening.origin, part.version


def _is_new(part: Part, known: Sequence[Part]) -> bool:
    """Between two cuts the known sources are the same, so one port stands for all there."""
    edges = (cut for each in known for cut in (each.ports[0], each.ports[1] + 1))
    cuts = {part.ports[0], *(cut for cut in edges if holds(part.ports, cut))}
    return any(difference(part.sources, sources(tuple(known), cut)) for cut in cuts)
