"""Docker archives: what `docker save` writes, by its `manifest.json` or the older `repositories`.

Format: https://github.com/moby/docker-image-spec/blob/main/spec.md (combined image JSON)
"""

import msgspec

from openinspector.inventory.cataloger import ReadError
from openinspector.inventory.documents import decode_json_bytes, mapping, sequence, text
from openinspector.inventory.trees.blobs import Blobs, document
from openinspector.inventory.trees.image import ImageParts, layer_sources
from openinspector.inventory.trees.image_config import load_document, texts
from openinspector.inventory.trees.platforms import Platform, choose, of_config
from openinspector.model import TargetError

_ANY: "msgspec.json.Decoder[object]" = msgspec.json.Decoder(object)
_LONGEST_CHAIN = 1000
_SHOWN = 5


class _Image(msgspec.Struct):
    config: str
    tags: tuple[str, ...]
    layers: tuple[str, ...]


def read_docker_archive(
    blobs: Blobs, platform: Platform | None = None, reference: str | None = None
) -> ImageParts | None:
    """The image of a docker archive; None when it is no docker archive.

    Of several images: those that carry the tag `reference`, then those of the platform, then the
    first.
    """
    manifest = document(blobs, "manifest.json")
    if manifest is not None:
        return _by_manifest(blobs, manifest, platform, reference)
    repositories = document(blobs, "repositories")
    if repositories is not None:
        return _by_repositories(blobs, repositories, reference)
    return None


def _damage(blobs: Blobs) -> tuple[str, ...]:
    return (f"{blobs.name} is {blobs.damage}",) if blobs.damage else ()


def _by_manifest(
    blobs: Blobs, data: bytes, platform: Platform | None, reference: str | None
) -> ImageParts:
    images = _images(blobs.name, data)
    chosen, notes = _tagged(blobs.name, images, reference)
    configs = [_config(blobs, image.config) for image in chosen]
    if platform is not None:
        platforms = [of_config(load_document(c, f"{blobs.name}: configuration")) for c in configs]
        number, note = choose(platforms, platform, blobs.name)
        notes += (note,) if note else ()
    else:
        number = 0
    image = chosen[number]
    return ImageParts(
        config=configs[number],
        layers=layer_sources([blobs.find(layer) for layer in image.layers]),
        tags=image.tags,
        notes=notes,
        damage=_damage(blobs),
    )


def _images(name: str, data: bytes) -> list[_Image]:
    try:
        entries = [mapping(entry) for entry in sequence(decode_json_bytes(data, _ANY))]
    except ReadError as error:
        raise TargetError(f"{name}: manifest.json: {error}") from None
    images = [
        _Image(text(e.get("Config")), texts(e.get("RepoTags")), texts(e.get("Layers")))
        for e in entries
        if text(e.get("Config"))
    ]
    if not images:
        raise TargetError(f"{name}: manifest.json names no image")
    return images


def _tagged(
    name: str, images: list[_Image], reference: str | None
) -> tuple[list[_Image], tuple[str, ...]]:
    """The images that may be meant, the first one foremost, and a note on the others."""
    if reference is not None:
        tagged = [image for image in images if reference in image.tags]
        if not tagged:
            there = ", ".join(tag for image in images for tag in image.tags) or "no tags"
            raise TargetError(f"{name}: has no image {reference}; it holds {there}")
        return tagged, ()
    if len(images) == 1:
        return images, ()
    first, *others = [image.tags[0] if image.tags else image.config[:19] for image in images]
    more = ", ..." if len(others) > _SHOWN else ""
    note = f"{name} holds {len(images)} images: {first} was taken, not {', '.join(others[:_SHOWN])}"
    return images, (note + more,)


def _config(blobs: Blobs, name: str) -> bytes:
    config = document(blobs, name)
    if config is None:
        damage = f" (it is {blobs.damage})" if blobs.damage else ""
        raise TargetError(f"{blobs.name}: the image's configuration {name} is missing{damage}")
    return config


def _by_repositories(blobs: Blobs, data: bytes, reference: str | None) -> ImageParts:
    """Before Docker 1.10: a folder for each layer, whose `json` names the parent."""
    tags = {
        f"{repository}:{tag}": identifier
        for repository, named in load_document(data, f"{blobs.name}: repositories").items()
        for tag, identifier in mapping(named).items()
        if isinstance(identifier, str)
    }
    if not tags or (reference is not None and reference not in tags):
        there = ", ".join(tags) or "none"
        raise TargetError(f"{blobs.name}: has no image {reference or ''}; it holds {there}")
    chosen = reference or next(iter(tags))
    top = identifier = tags[chosen]
    chain: list[str] = []
    while identifier and identifier not in chain and len(chain) < _LONGEST_CHAIN:
        chain.append(identifier)
        own = document(blobs, f"{identifier}/json")
        if own is None:
            raise TargetError(f"{blobs.name}: {identifier}/json is missing")
        identifier = text(load_document(own, f"{blobs.name}: {identifier}/json").get("parent"))
    chain.reverse()
    several = len(set(tags.values())) > 1 and reference is None
    note = f"{blobs.name} holds {len(tags)} tagged images: {chosen} was taken"
    return ImageParts(
        config=_config(blobs, f"{top}/json"),
        layers=layer_sources([blobs.find(f"{layer}/layer.tar") for layer in chain]),
        tags=tuple(tag for tag, identifier in tags.items() if identifier == top),
        notes=(note,) if several else (),
        damage=_damage(blobs),
    )
