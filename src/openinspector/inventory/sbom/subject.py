"""What an SBOM is about: image, kernel, distribution, and what its maker could not read."""

import msgspec

from openinspector.inventory.sbom import properties as p
from openinspector.inventory.sbom.distributions import by_name
from openinspector.inventory.sbom.document import Component, Document, Properties
from openinspector.model import Distribution, Gap, ImageMetadata, Kernel, Target

_DIGEST = "sha256:"


def _all(document: Document) -> Properties:
    return [*document.properties, *(document.subject.properties if document.subject else [])]


def _values(items: Properties, name: str) -> tuple[str, ...]:
    return tuple(value for key, value in items if key == name)


def _first(items: Properties, *names: str) -> str | None:
    return next((value for name in names for key, value in items if key == name and value), None)


def target_of(document: Document, name: str, is_root: bool) -> Target:
    """The target: an SBOM called `name`, with the image that it describes, if it is of one."""
    items = _all(document)
    stated = _first(items, p.TARGET_FIELD + "is_root")
    return Target(
        kind="sbom",
        name=name,
        is_root=stated == "true" if stated else is_root,
        image=_image(document, items),
        function_layers=_values(items, p.TARGET_FIELD + "function_layer"),
    )


def _image(document: Document, items: Properties) -> ImageMetadata | None:
    subject = document.subject
    image_id = _first(items, p.IMAGE_ID, p.TRIVY + "ImageID")
    if image_id is None and (subject is None or subject.kind != "container"):
        return None
    version = subject.version if subject else ""
    tag = subject.name if subject else ""
    base = set(_values(items, p.IMAGE_BASE_LAYER))
    layers = _values(items, p.LAYER_DIFF_ID) or _values(items, p.TRIVY + "DiffID")
    count = _first(items, p.IMAGE_FIELD + "base_layers") or ""
    counted = int(count) if count.isdecimal() and len(count) < 9 else None
    tags = _values(items, p.IMAGE_FIELD + "tag") or _values(items, p.TRIVY + "RepoTag")
    digest = _first(items, p.IMAGE_FIELD + "digest")
    return ImageMetadata(
        id=image_id or "",
        digest=digest or (version if version.startswith(_DIGEST) else None),
        tags=tags or ((tag,) if tag and _first(items, p.TARGET_FIELD + "kind") is None else ()),
        architecture=_first(items, p.IMAGE_ARCH, p.CPU_ARCHITECTURE),
        os=_first(items, p.IMAGE_FIELD + "os"),
        author=_first(items, p.IMAGE_AUTHOR),
        created=_first(items, p.IMAGE_FIELD + "created"),
        layers=layers,
        base_layers=sum(layer in base for layer in layers) if base and counted is None else counted,
        user=_first(items, p.IMAGE_FIELD + "user"),
        command=_numbered(items, p.IMAGE_COMMAND),
        entrypoint=_numbered(items, p.IMAGE_ENTRYPOINT),
        working_directory=_first(items, p.IMAGE_WORKDIR),
        docker_version=_first(items, p.IMAGE_DOCKER_VERSION),
    )


def _numbered(items: Properties, prefix: str) -> tuple[str, ...]:
    found = [(key[len(prefix) :], value) for key, value in items if key.startswith(prefix)]
    return tuple(value for number, value in sorted(found, key=lambda x: (len(x[0]), x[0])))


def kernel_of(document: Document) -> Kernel | None:
    """The running kernel, where the document says it."""
    items = _all(document)
    release = _first(items, p.HOST_KERNEL_VERSION, p.KERNEL_VERSION)
    return Kernel(release, _first(items, p.KERNEL_BUILD)) if release else None


def distribution_of(component: Component) -> Distribution | None:
    """The distribution that an operating-system component names; None when it is unknown."""
    items = component.properties
    stated = _first(items, p.DISTRIBUTION)
    if stated is not None:
        try:
            return msgspec.json.decode(stated, type=Distribution)
        except (msgspec.DecodeError, RecursionError):
            stated = None
    id_ = _first(items, p.DISTRIBUTION_ID, p.SYFT_DISTRIBUTION + "id", p.TRIVY + "Type") or ""
    version = _first(items, p.SYFT_DISTRIBUTION + "versionID") or component.version
    codename = _first(items, p.SYFT_DISTRIBUTION + "versionCodename") or ""
    return by_name(id_, component.name, version, codename)


def gaps_of(document: Document) -> list[Gap]:
    """Gaps that the maker of the document wrote into it: they are ours as well."""
    gaps = []
    for value in _values(document.properties, p.GAP):
        try:
            gaps.append(msgspec.json.decode(value, type=Gap))
        except (msgspec.DecodeError, RecursionError):
            gaps.append(Gap("os-packages", f"the document's maker noted: {value[:200]}"))
    return gaps


def notes_of(document: Document) -> tuple[str, ...]:
    """Notes that the maker of the document wrote into it."""
    return _values(document.properties, p.NOTE)


def examined_of(document: Document) -> tuple[str, ...]:
    """The parts that the maker of the document says it looked at; empty when it does not say."""
    return _values(document.properties, p.EXAMINED)
