"""References to images in registries: `[HOST[:PORT]/]REPOSITORY[:TAG][@DIGEST]`.

Grammar and defaults: https://pkg.go.dev/github.com/distribution/reference
"""

import msgspec

from openinspector.model import TargetError
from openinspector.patterns import regex

DOCKER_HUB = "docker.io"
_LONGEST = 4096
_LONGEST_REPOSITORY = 255
_LABEL = r"[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?"
_HOST = regex(rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[0-9a-fA-F:]+\])(?::[0-9]{{1,5}})?")
_SEGMENT = r"[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*"
_REPOSITORY = regex(rf"{_SEGMENT}(?:/{_SEGMENT})*")
_TAG = regex(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_DIGEST = regex(r"sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}")
_LOOPBACK = regex(r"(?:localhost|127\.[0-9]+\.[0-9]+\.[0-9]+|\[::1\])(?::[0-9]+)?")


class Reference(msgspec.Struct, frozen=True):
    """A repository of a registry, and which of its images is meant (the digest counts)."""

    host: str
    repository: str
    tag: str | None
    digest: str | None

    def __str__(self) -> str:
        """As people write it: without what is understood."""
        host = "" if self.host == DOCKER_HUB else f"{self.host}/"
        repository = self.repository.removeprefix("library/") if not host else self.repository
        tag = f":{self.tag}" if self.tag else ""
        return f"{host}{repository}{tag}" + (f"@{self.digest}" if self.digest else "")

    @property
    def identifier(self) -> str:
        """What to ask the registry for."""
        return self.digest or self.tag or "latest"

    @property
    def endpoint(self) -> str:
        """The host that answers for the registry."""
        return "registry-1.docker.io" if self.host == DOCKER_HUB else self.host

    @property
    def is_local(self) -> bool:
        """Whether the registry is on this machine, where plain HTTP is allowed."""
        return _LOOPBACK.fullmatch(self.host) is not None


def parse_reference(name: str) -> Reference:
    """Read a reference; raises `TargetError` that says what is wrong with it."""
    if len(name) > _LONGEST:
        raise TargetError(f"{name[:100]}...: expected a reference, not {len(name):,} characters")
    rest, at, digest = name.partition("@")
    if at and not _DIGEST.fullmatch(digest):
        raise TargetError(f"{name}: expected a digest after @, such as sha256:<64 hex digits>")
    tag = None
    if ":" in rest.rpartition("/")[2]:
        rest, _, tag = rest.rpartition(":")
        if not _TAG.fullmatch(tag):
            raise TargetError(f"{name}: {tag!r} is no tag")
    host, slash, repository = rest.partition("/")
    if not slash or not _is_host(host):
        host, repository = DOCKER_HUB, rest
    if host == "index.docker.io":
        host = DOCKER_HUB
    if host == DOCKER_HUB and "/" not in repository:
        repository = f"library/{repository}"
    if not _HOST.fullmatch(host):
        raise TargetError(f"{name}: {host!r} is no host")
    if len(repository) > _LONGEST_REPOSITORY or not _REPOSITORY.fullmatch(repository):
        raise TargetError(
            f"{name}: no such file, and no reference to an image either: expected"
            " [HOST/]REPOSITORY[:TAG][@DIGEST] in lower case, such as debian:12"
        )
    return Reference(host, repository, tag if tag or digest else "latest", digest or None)


def _is_host(part: str) -> bool:
    """A first segment is a host when it cannot be part of a repository's name."""
    return "." in part or ":" in part or part == "localhost" or part != part.lower()
