"""Models and skills of artificial intelligence, by where their tools keep them.

Layouts: Hugging Face's cache (`models--ORG--NAME/refs/BRANCH` holds a commit), Ollama's store
(`manifests/REGISTRY/NAMESPACE/MODEL/TAG`, as in the OCI image specification), and the folders of
skills of coding agents (`skills/NAME/SKILL.md`). None of them has versions: it is the content that
identifies them (spec/sbom-generator.md 2.1, 5.3).
"""

import hashlib
from collections.abc import Iterator

from openinspector.inventory.cataloger import Cataloger, File, Yield
from openinspector.inventory.documents import load_json, mapping, read, text
from openinspector.inventory.limits import Limits
from openinspector.model import Location, Package
from openinspector.model.purl import make_purl
from openinspector.patterns import regex

_CACHED = regex(r"(?:^|/)models--(?P<model>[^/]+?)/refs/[^/]+(?:/[^/]+)*\Z")
_COMMIT = regex(rb"\s*([0-9a-f]{40})\s*")
_MANIFEST = regex(r"(?:^|/)models/manifests/[^/]+/(?P<namespace>[^/]+)/(?P<model>[^/]+)/[^/]+\Z")
_DIGEST = regex(r"sha256:([0-9a-f]{64})")
_SKILL = regex(r"(?:^|/)(?:\.(?P<agent>[a-z][a-z0-9-]*)/)?skills/(?P<name>[^/]+)/SKILL\.md\Z")
_SHARED = "cross-client"
_SMALL = 4096


def parse_hugging_face(file: File, _: Limits) -> Iterator[Yield]:
    """Yield the model whose commit a reference of the cache names."""
    place = _CACHED.search(file.path)
    commit = _COMMIT.fullmatch(bytes(file.part(0, _SMALL)))
    if place is None or commit is None:
        return
    namespace, _dashes, name = place["model"].rpartition("--")
    yield _package("huggingface", "huggingface", namespace, name, commit[1].decode(), file.path)


def parse_ollama(file: File, limits: Limits) -> Iterator[Yield]:
    """Yield the model of a manifest, by the digest of its configuration."""
    place = _MANIFEST.search(file.path)
    if place is None or file.size > limits.manifest_bytes:
        return
    digest = _DIGEST.fullmatch(
        text(mapping(mapping(load_json(file, limits)).get("config")).get("digest"))
    )
    if digest is None:
        return
    namespace = "" if place["namespace"] == "library" else place["namespace"]
    yield _package("ollama", "ollama-models", namespace, place["model"], digest[1], file.path)


def parse_skill(file: File, limits: Limits) -> Iterator[Yield]:
    """Yield a skill of a coding agent, by the digest of its text."""
    place = _SKILL.search(file.path)
    if place is None:
        return
    agent = place["agent"] or _SHARED
    agent = _SHARED if agent == "agents" else agent
    digest = hashlib.sha256(read(file, limits)).hexdigest()
    namespace = f"agentskills/{agent}"
    yield _package("generic", "agent-skills", namespace, place["name"], digest, file.path)


def _package(
    type_: str, cataloger: str, namespace: str, name: str, version: str, path: str
) -> Package:
    whole = f"{namespace}/{name}" if namespace else name
    return Package(
        ecosystem=type_,
        name=whole,
        version=version,
        purl=make_purl(type_, name, version, namespace),
        manager=None,
        cataloger=cataloger,
        collector=cataloger,
        locations=(Location(path),),
    )


CATALOGERS: tuple[Cataloger, ...] = (
    Cataloger(
        name="huggingface",
        version=1,
        part="applications",
        parse=parse_hugging_face,
        globs=("**/models--*/refs/**",),
    ),
    Cataloger(
        name="ollama-models",
        version=1,
        part="applications",
        parse=parse_ollama,
        globs=("**/models/manifests/**",),
    ),
    Cataloger(
        name="agent-skills",
        version=1,
        part="applications",
        parse=parse_skill,
        globs=("**/skills/*/SKILL.md",),
    ),
)
