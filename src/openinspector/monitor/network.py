"""Reachability of all instances of an account and region: findings, and where scores stand."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from sqlalchemy import Connection

from openinspector.assess import Place
from openinspector.assess.network import Network, Opening
from openinspector.assess.network.findings import network_finding
from openinspector.assess.network.incremental import Results
from openinspector.assess.score import Reachability
from openinspector.aws.network import describe_network
from openinspector.ledger.record import record_network
from openinspector.ledger.suppression import rules_for
from openinspector.monitor.coverage import NETWORK, SUCCESSFUL, tell_all
from openinspector.monitor.listing import ASSESS
from openinspector.monitor.monitor import Monitor
from openinspector.organization.scope import ruler_of
from openinspector.store.listeners import listeners_of
from openinspector.store.reachability import put_reachability
from openinspector.store.resources import KnownResource, known_resources
from openinspector.store.schema import in_batches
from openinspector.store.tasks import TaskKey, enqueue

_BATCH = 100
_UNREACHED = frozenset({"RESOURCE_TERMINATED", "EXCLUDED_BY_TAG"})
"""Reasons of instances without a network of interest."""
_PAUSED = "EC2_INSTANCE_STOPPED"


def analyse(monitor: Monitor, account: str, region: str) -> None:
    """Describe the network, and record what is open. Raises `AwsTrouble`.

    What was decided of the same network before is decided anew only where a change touches it.
    """
    described = describe_network(monitor.sessions, account, region, monitor.origins)
    results = monitor.networks.compute((account, region), described, monitor.origins)
    found = _by_instance(results)
    reached = reachability(results.network, found)
    place = Place(account, region, monitor.partition)
    with monitor.store.read() as connection:
        known = known_resources(connection, account, region, ("AWS_EC2_INSTANCE",))
    for batch in in_batches(known.values(), _BATCH):
        with monitor.store.write() as connection:
            _take(connection, monitor.clock(), place, batch, found, reached)


def _by_instance(results: Results) -> dict[str, list[Opening]]:
    found: dict[str, list[Opening]] = defaultdict(list)
    for interface in results.network.interfaces.values():
        if interface.instance is not None:
            found[interface.instance].extend(results.openings[interface.id])
    return found


def reachability(
    network: Network, found: Mapping[str, Sequence[Opening]]
) -> dict[str, Reachability]:
    """From where each instance can be reached, as scores count it (spec/scoring.md 5).

    Nothing open to the internet is `adjacent`: other machines of its networks may still reach it,
    unless no security group of it lets anything in.
    """
    inward: dict[str, bool] = {}
    for each in network.interfaces.values():
        if each.instance is not None:
            lets_in = any(
                group not in network.groups or network.groups[group].inbound
                for group in each.groups
            )
            inward[each.instance] = inward.get(each.instance, False) or lets_in
    public = {
        name for name, all_ in found.items() if any(each.origin == "internet" for each in all_)
    }
    return {
        instance: "internet" if instance in public else "adjacent" if lets_in else "none"
        for instance, lets_in in inward.items()
    }


def _take(
    connection: Connection,
    now: int,
    place: Place,
    several: Sequence[KnownResource],
    found: Mapping[str, Sequence[Opening]],
    reached: Mapping[str, Reachability],
) -> None:
    account = place.account
    interesting = [each.found for each in several if each.found.reason not in _UNREACHED]
    # They lost their public addresses for the time being; their findings and scores stay.
    paused = [(each, _PAUSED) for each in interesting if each.reason == _PAUSED]
    tell_all(connection, paused, now, scan_type=NETWORK)
    looked_at = {each.resource.id: each for each in interesting if each.reason != _PAUSED}
    findings = {}
    for name, each in looked_at.items():
        listeners = listeners_of(connection, account, name) or ()
        findings[name] = [
            network_finding(opening, each.resource, place, now / 1000, listeners)
            for opening in found.get(name, ())
        ]
    rules = rules_for(connection, ruler_of(connection, account), now)
    record_network(connection, account, findings, rules, now)
    told = [(each, SUCCESSFUL) for each in looked_at.values()]
    tell_all(connection, told, now, scanned=True, scan_type=NETWORK)
    moved = [
        TaskKey(ASSESS, account, place.region, name)
        for name in looked_at
        if put_reachability(connection, account, name, reached.get(name), now)
    ]
    enqueue(connection, moved, now, now)
