"""Addresses of archives in npm registries: which package and version they hold.

A lock file writes a dependency that was asked for by address under the name that the project gives
it. Registries all lay archives out as npm's own does: `NAME/-/BARE-NAME-VERSION.tgz`.
"""

from openinspector.patterns import regex

_PUBLISHED = regex(
    r"https?://[^/\s]+/(?:[^\s]*?/)??(?P<name>(?:@[^/\s]+/)?(?P<bare>[^/@\s]+))/-/"
    r"(?P=bare)-(?P<version>[0-9][^/\s#?]*)\.tgz(?:[#?]\S*)?"
)
_LONGEST = 2048


def published(address: str) -> tuple[str, str] | None:
    """The (name, version) of an archive in a registry; None for any other address."""
    if not address.startswith("http") or len(address) > _LONGEST:
        return None
    found = _PUBLISHED.fullmatch(address.replace("%2f", "/").replace("%2F", "/"))
    return (found["name"], found["version"]) if found else None
