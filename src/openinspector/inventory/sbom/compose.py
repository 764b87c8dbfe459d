"""From an inventory to the components of an SBOM: the inverse of `assemble`, for every format.

Each package becomes a component; the reader's own derivation is run on it, and whatever that
would get wrong is stated in a property. So what is written reads back to the same inventory.
"""

from collections.abc import Iterable, Iterator

from openinspector.inventory.sbom import properties as p
from openinspector.inventory.sbom.checks import write_checks
from openinspector.inventory.sbom.distributions import Releases, by_name
from openinspector.inventory.sbom.document import Component, Document, Properties
from openinspector.inventory.sbom.ecosystems import OS_TYPES, part_of
from openinspector.inventory.sbom.interpret import FIELDS, derive
from openinspector.inventory.sbom.json_document import encode
from openinspector.inventory.sbom.purls import Purl, parse_purl
from openinspector.model import Distribution, ImageMetadata, Inventory, Kernel, Package, Target
from openinspector.model.purl import make_purl

_KINDS = {
    "image": "container",
    "directory": "file",
    "host": "device",
    "disk": "device",
    "function": "application",
    "sbom": "application",
}
_SourceKey = tuple[str, str, str, str]


def compose(inventory: Inventory) -> Document:
    """The document that says what an inventory holds."""
    components: list[Component] = []
    distribution = inventory.distribution
    if distribution is not None:
        components.append(_operating_system(distribution))
    _add_packages(inventory, components)
    for name, properties in write_checks(inventory.checks).items():
        components.append(Component(kind="file", name=name, properties=properties))
    subject = _subject(inventory.target)
    for number, component in enumerate([subject, *components], start=1):
        component.ref = f"comp-{number}"
    return Document(
        format="",
        components=components,
        subject=subject,
        properties=list(_document_properties(inventory)),
    )


def _operating_system(distribution: Distribution) -> Component:
    component = Component("operating-system", distribution.name, distribution.version)
    if by_name("", distribution.name, distribution.version) == distribution:
        return component
    component.properties = [(p.DISTRIBUTION_ID, distribution.id)]
    if by_name(distribution.id, distribution.name, distribution.version) != distribution:
        record = encode(distribution).decode()
        component.properties.append((p.DISTRIBUTION, record))
    return component


def _add_packages(inventory: Inventory, components: list[Component]) -> None:
    """Append every package, binary packages of Debian's kind beneath their source package."""
    releases = Releases(inventory.distribution)
    rooted = inventory.target.is_root or inventory.target.image is not None
    groups = _source_groups(inventory.packages)
    placed: set[int] = set()
    for index, package in enumerate(inventory.packages):
        if index in placed:
            continue
        key = _source_key(package)
        members = groups.get(key) if key is not None else None
        if not members:
            components.append(_component(package, rooted, releases, None))
            continue
        placed.update(members)
        head = next((i for i in members if _is_own_source(inventory.packages[i])), None)
        if head is None:
            source = _source_component(package, rooted)
        else:
            source = _component(inventory.packages[head], rooted, releases, None)
            source.properties.append((p.SOURCE_PACKAGE, "installed"))
        parent = len(components)
        components.append(source)
        for member in members:
            if member != head:
                binary = _component(inventory.packages[member], rooted, releases, source)
                binary.parent = parent
                components.append(binary)
    for package in inventory.subsumed:
        owned = _component(package, rooted, releases, None)
        if (p.DUPLICATE, "true") not in owned.properties:
            owned.properties += [(p.DUPLICATE, "true"), (p.SUBSUMED, "true")]
        components.append(owned)


def _source_key(package: Package) -> _SourceKey | None:
    """What binary packages of one source share; None for other packages than Debian's kind."""
    if not package.purl.startswith("pkg:deb/"):
        return None
    return (
        package.purl[: package.purl.rfind("/")],
        package.source_name or package.name,
        package.source_version or package.version,
        package.purl.partition("distro=")[2].partition("&")[0],
    )


def _is_own_source(package: Package) -> bool:
    return package.source_name is None and package.source_version is None


def _source_groups(packages: Iterable[Package]) -> dict[_SourceKey, list[int]]:
    """Indices by source, for sources that some package names."""
    groups: dict[_SourceKey, list[int]] = {}
    named: set[_SourceKey] = set()
    for index, package in enumerate(packages):
        key = _source_key(package)
        if key is not None and parse_purl(package.purl) is not None:
            groups.setdefault(key, []).append(index)
            if package.source_name is not None:
                named.add(key)
    return {key: members for key, members in groups.items() if key in named}


def _source_component(package: Package, rooted: bool) -> Component:
    """A component that stands for nothing but the source of a binary package."""
    purl = parse_purl(package.purl)
    assert purl is not None
    name = package.source_name or package.name
    epoch, colon, version = (package.source_version or package.version).partition(":")
    if not colon:
        epoch, version = "0", epoch
    qualifiers = {
        "arch": package.arch or "",
        "distro": purl.qualifiers.get("distro", ""),
        "epoch": epoch,
    }
    return Component(
        kind="application",
        name=name,
        version=version,
        purl=make_purl(purl.type, name, version, purl.namespace, qualifiers),
        properties=[*_evidence(package, rooted), (p.SOURCE_PACKAGE, "only")],
    )


def _component(
    package: Package, rooted: bool, releases: Releases, source: Component | None
) -> Component:
    purl = parse_purl(package.purl)
    component = Component(
        kind="library" if part_of(package) == "language-packages" else "application",
        name=package.name,
        version=purl.version if purl is not None and purl.version else package.version,
        purl=package.purl,
        scope="excluded" if package.development else "",
        properties=_evidence(package, rooted),
        licenses=package.licenses,
    )
    component.properties += [(_fact_name(name), value) for name, value in package.properties]
    if purl is not None:
        component.properties += _corrections(package, component, purl, releases, source)
    return component


def _fact_name(name: str) -> str:
    known = name in p.PACKAGE_FACTS or name.startswith("host:process_id:")
    return (p.GENERATOR if known else p.PACKAGE_PROPERTY) + name


def _evidence(package: Package, rooted: bool) -> Properties:
    """Who found a package, and where; layers are written for all places or for none."""
    items = [
        (p.SOURCE_FILE_SCANNER, package.cataloger),
        (p.SOURCE_PACKAGE_COLLECTOR, package.collector),
    ]
    slash = "/" if rooted else ""
    items += [(p.SOURCE_PATH, slash + place.path) for place in package.locations]
    if any(place.layer for place in package.locations):
        items += [(p.LAYER_DIFF_ID, place.layer or "") for place in package.locations]
    return items


def _corrections(
    package: Package,
    component: Component,
    purl: Purl,
    releases: Releases,
    source: Component | None,
) -> Iterator[tuple[str, str]]:
    """Fields that the reader would not derive as they are."""
    ecosystem = releases.ecosystem(purl) if purl.type in OS_TYPES else None
    derived = derive(component, purl, ecosystem, source)
    for field in FIELDS:
        value = getattr(package, field)
        if value != getattr(derived, field):
            text = {None: "", True: "true", False: "false"}.get(value, value)
            yield p.PACKAGE_FIELD + field, text


def _subject(target: Target) -> Component:
    kind = "container" if target.image is not None else _KINDS[target.kind]
    subject = Component(kind=kind, name=target.name)
    if target.image is not None:
        subject.properties = list(_image_properties(target.image))
    return subject


def _image_properties(image: ImageMetadata) -> Iterator[tuple[str, str]]:
    """The image's metadata without environment, labels and history, which may hold secrets."""
    single = (
        (p.IMAGE_ID, image.id),
        (p.IMAGE_ARCH, image.architecture),
        (p.IMAGE_AUTHOR, image.author),
        (p.IMAGE_DOCKER_VERSION, image.docker_version),
        (p.IMAGE_WORKDIR, image.working_directory),
        (p.IMAGE_FIELD + "digest", image.digest),
        (p.IMAGE_FIELD + "os", image.os),
        (p.IMAGE_FIELD + "created", image.created),
        (p.IMAGE_FIELD + "user", image.user),
    )
    yield from ((name, value) for name, value in single if value)
    yield from ((p.LAYER_DIFF_ID, layer) for layer in image.layers)
    if image.base_layers is not None:
        yield from ((p.IMAGE_BASE_LAYER, layer) for layer in image.layers[: image.base_layers])
        yield p.IMAGE_FIELD + "base_layers", str(image.base_layers)
    yield from ((p.IMAGE_FIELD + "tag", tag) for tag in image.tags)
    yield from ((f"{p.IMAGE_COMMAND}{n}", word) for n, word in enumerate(image.command))
    yield from ((f"{p.IMAGE_ENTRYPOINT}{n}", word) for n, word in enumerate(image.entrypoint))


def _document_properties(inventory: Inventory) -> Iterator[tuple[str, str]]:
    """What the generator has no name for, and what an SBOM must not hide: its gaps."""
    target = inventory.target
    yield p.TARGET_FIELD + "kind", target.kind
    yield p.TARGET_FIELD + "is_root", "true" if target.is_root else "false"
    yield from ((p.TARGET_FIELD + "function_layer", layer) for layer in target.function_layers)
    if inventory.kernel is not None:
        yield from _kernel_properties(inventory.kernel)
    yield from ((p.EXAMINED, part) for part in inventory.examined)
    yield from ((p.GAP, encode(gap).decode()) for gap in inventory.gaps)
    yield from ((p.NOTE, note) for note in inventory.notes)


def _kernel_properties(kernel: Kernel) -> Iterator[tuple[str, str]]:
    yield p.KERNEL_NAME, "Linux"
    yield p.KERNEL_VERSION, kernel.release
    if kernel.version is not None:
        yield p.KERNEL_BUILD, kernel.version
