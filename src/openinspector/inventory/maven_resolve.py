"""The dependencies of a Maven project's dependencies, by the poms of a local repository.

As Maven mediates: the nearest declaration decides, the project's own `dependencyManagement` before
it; optional ones and those in other scopes than compile and runtime are not handed on, exclusions
hold for all that is below.
"""

from collections import deque

import msgspec

from openinspector.inventory.maven_project import Dependency, Excluded, Poms, Project

_MOST = 20_000
"""Dependencies that are followed for one project."""
_HANDED_ON = frozenset({"compile", "runtime"})

_Name = tuple[str, str]
"""Group and artifact."""


class Resolved(msgspec.Struct):
    """Dependencies, nearest first, and the names of those whose own are not known."""

    dependencies: list[Dependency]
    missing: list[str]


def resolve(project: Project, poms: Poms) -> Resolved:
    """What a project declares and all that follows from it."""
    roots = project.declared()
    found = list(roots)
    missing: list[str] = []
    below: dict[_Name, list[_Name]] = {}
    known = {_name(each) for each in found}
    queue: deque[tuple[Dependency, Excluded]] = deque((each, each.exclusions) for each in found)
    while queue and len(found) < _MOST:
        dependency, excluded = queue.popleft()
        published = poms.published((dependency.group, dependency.artifact, dependency.version))
        if published is None:
            # Modules of the same project speak for themselves.
            if dependency.version and dependency.group != project.chain[0].own("groupId"):
                missing.append(":".join(_name(dependency)))
            continue
        for each in _handed_on(published, project, excluded):
            below.setdefault(_name(dependency), []).append(_name(each))
            if _name(each) not in known:
                known.add(_name(each))
                found.append(each)
                queue.append((each, excluded | each.exclusions))
    missing += [":".join(_name(each)) for each, _ in queue]
    needed = _needed(roots, below)
    return Resolved(
        [
            each if _name(each) in needed else msgspec.structs.replace(each, scope="test")
            for each in found
        ],
        missing,
    )


def _name(dependency: Dependency) -> _Name:
    return dependency.group, dependency.artifact


def _needed(roots: list[Dependency], below: dict[_Name, list[_Name]]) -> set[_Name]:
    """What more than tests leads to."""
    needed: set[_Name] = set()
    pending = [_name(each) for each in roots if each.scope != "test"]
    while pending:
        name = pending.pop()
        if name not in needed:
            needed.add(name)
            pending += below.get(name, ())
    return needed


def _handed_on(below: Project, project: Project, excluded: Excluded) -> list[Dependency]:
    """What a dependency brings along, as the project has it.

    Whether it is handed on its own scope decides; in which scope it is then used, the project's.
    """
    found = []
    for each in below.effective():
        if each.optional or each.scope not in _HANDED_ON or _is_excluded(each, excluded):
            continue
        managed = project.managed.get(each.key)
        if managed is not None:
            each = msgspec.structs.replace(
                each,
                version=managed.version or each.version,
                scope=managed.scope or each.scope,
                exclusions=each.exclusions | managed.exclusions,
            )
        found.append(each)
    return found


def _is_excluded(dependency: Dependency, excluded: Excluded) -> bool:
    return any(
        group in ("*", dependency.group) and artifact in ("*", dependency.artifact)
        for group, artifact in excluded
    )
