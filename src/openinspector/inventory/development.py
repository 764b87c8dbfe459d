"""Tell dependencies for development from the others, where a lock file says so only in part."""

from collections.abc import Callable, Iterable

from openinspector.patterns import regex

_DEVELOPMENT = regex(
    r"(?<![a-z])(?:ci|dev|devel|develop|development|docs?|lint|linting|mypy|tests?|testing|typing)"
    r"(?![a-z])"
)


def names_development(label: str) -> bool:
    """Tell whether a group's or a file's name says that it is for development or tests."""
    return _DEVELOPMENT.search(label.lower()) is not None


def only_for_development(
    development: Iterable[str],
    production: Iterable[str],
    dependencies: Callable[[str], Iterable[str]],
) -> frozenset[str]:
    """Return what is reached from the roots for development but not from those for production.

    What is reached from neither is not in the answer: without proof a package counts as used.
    """
    used = _reached(production, dependencies)
    return frozenset(_reached(development, dependencies) - used)


def _reached(roots: Iterable[str], dependencies: Callable[[str], Iterable[str]]) -> set[str]:
    seen: set[str] = set()
    pending = list(roots)
    while pending:
        node = pending.pop()
        if node not in seen:
            seen.add(node)
            pending.extend(dependencies(node))
    return seen
