"""Judging what resources hold: each content once, however many hold it."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import msgspec

from openinspector.assess import Options, Place, assess
from openinspector.assess.packages import match
from openinspector.assess.score import Reachability
from openinspector.ledger.judgement import Judgement, Shared
from openinspector.model import Inventory
from openinspector.model.discovered import Discovered
from openinspector.model.finding import Resource
from openinspector.monitor.collect import by_volume, told_by
from openinspector.monitor.knowledge import identity, opened, reservations
from openinspector.monitor.monitor import Monitor


class Holding(NamedTuple):
    """What a judgement depends on besides the advisory database.

    `kind` is what AWS says the resource is; where AWS was not asked the `place` tells it apart,
    for then the inventory itself says what is judged.
    """

    digest: str
    reached: Reachability | None
    kind: str = ""
    place: Place = Place()

    @classmethod
    def of(
        cls, digest: str, found: Discovered | None, place: Place, reached: Reachability | None
    ) -> "Holding":
        """What a resource holds, `found` being what AWS told of it."""
        if found is None:
            return cls(digest, reached, place=place)
        return cls(digest, reached, kind=found.resource.type)


class Judged(msgspec.Struct, frozen=True):
    """A judgement, and what it rests on that may change while it is made.

    `inventory` is without its packages.
    """

    holding: Holding
    judgement: Judgement
    inventory: Inventory
    knowledge: str

    def judgement_of(self, found: Discovered | None) -> Judgement:
        """What is judged of a resource: its own volumes go by the names that AWS gave them."""
        volumes = (found.source.get("volumes") if found else None) or {}
        if found is None or volumes.keys().isdisjoint(_devices(self.judgement)):
            return self.judgement
        told = []
        for each in self.judgement.findings:
            (named,) = by_volume(found, (each.finding,))
            told.append(Shared.of(each.identity, named))
        return msgspec.structs.replace(self.judgement, findings=tuple(told))

    def resource(self, found: Discovered | None) -> Resource:
        """A resource that holds what was judged, as its findings show it."""
        return told_by(found.resource, self.inventory) if found else self.judgement.resource


def _devices(judgement: Judgement) -> Iterator[str]:
    """The devices that files of findings may lie on, as their paths say."""
    for each in judgement.findings:
        details = each.finding.package_vulnerability_details
        for package in (details.vulnerable_packages or ()) if details else ():
            device, colon, _ = (package.file_path or "").partition(":")
            if colon:
                yield device


def judge(
    monitor: Monitor,
    holding: Holding,
    found: Discovered | None,
    inventory: Callable[[], Inventory],
) -> Judged:
    """Judge an inventory, unless that was done lately; `found` is any resource that holds it."""
    with opened(monitor) as knowledge:
        known_by = identity(knowledge.path)
        # Whether a system is supported still depends on the day.
        key = (holding, known_by, monitor.now().date())

        def make() -> Judged:
            held = inventory()
            # From where it is reached moves scores, not what matches.
            matching = monitor.matchings.get(
                (holding.digest, known_by), lambda: match(held, knowledge)
            )
            options = Options(
                place=holding.place,
                resource=told_by(found.resource, held) if found else None,
                reachability=holding.reached,
                gaps=reservations(knowledge),
            )
            assessment = assess(held, knowledge, options, monitor.now(), matching)
            bare = msgspec.structs.replace(held, packages=())
            return Judged(holding, Judgement.of(assessment), bare, known_by)

        return monitor.judgements.get(key, make)
