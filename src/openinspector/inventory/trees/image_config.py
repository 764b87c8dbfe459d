"""What an image's configuration says, and which of its layers the base image brought.

Format: https://github.com/opencontainers/image-spec/blob/main/config.md
"""

from collections.abc import Sequence

import msgspec

from openinspector.inventory.cataloger import ReadError
from openinspector.inventory.documents import decode_json_bytes, mapping, sequence, text
from openinspector.model import ImageMetadata, TargetError
from openinspector.patterns import regex

_ANY: "msgspec.json.Decoder[object]" = msgspec.json.Decoder(object)
_DIGEST = regex(r"sha256:[0-9a-f]{64}")
_START_COMMAND = regex(r"(?:/bin/sh -c #\(nop\)\s+)?(?:CMD|ENTRYPOINT)[ \t\[]")
_BASE_NAME = "org.opencontainers.image.base.name"


class Step(msgspec.Struct, frozen=True):
    """One entry of an image's history; `empty` steps brought no layer."""

    created_by: str
    empty: bool


def load_document(data: bytes, what: str) -> dict[str, object]:
    """A JSON object of an image; raises `TargetError` naming `what` when it is none."""
    try:
        document = decode_json_bytes(data, _ANY)
    except ReadError as error:
        raise TargetError(f"{what}: {error}") from None
    if not isinstance(document, dict):
        raise TargetError(f"{what}: expected a JSON object")
    return document


def is_digest(value: str) -> bool:
    """Whether a text is a SHA-256 digest as OCI writes it."""
    return _DIGEST.fullmatch(value) is not None


def texts(value: object) -> tuple[str, ...]:
    """The texts of a list, without what is none."""
    return tuple(item for item in sequence(value) if isinstance(item, str))


def history(config: dict[str, object]) -> tuple[Step, ...]:
    """The steps by which the image was built, oldest first, as far as it tells."""
    steps = map(mapping, sequence(config.get("history")))
    return tuple(Step(text(s.get("created_by")), s.get("empty_layer") is True) for s in steps)


def base_layers(
    steps: Sequence[Step], layers: int, labels: Sequence[tuple[str, str]] = ()
) -> int | None:
    """How many layers the base image brought; None where that cannot be told.

    A heuristic: images end with a start command (CMD, ENTRYPOINT), which is a step without layer.
    The last such step that layers follow ended the image that this one was built from. A label
    that names `scratch` as base means that there was none. Squashed images, histories that do not
    fit the layers, and bases without start command give None. A build file that goes on after its
    own start command is taken for two images.
    """
    if dict(labels).get(_BASE_NAME, "").rpartition("/")[2] == "scratch":
        return 0
    if sum(not step.empty for step in steps) != layers:
        return None
    below = 0
    answer = None
    for position, step in enumerate(steps):
        below += not step.empty
        starts = step.empty and _START_COMMAND.match(step.created_by) is not None
        if starts and below and any(not later.empty for later in steps[position + 1 :]):
            answer = below
    return answer


def metadata(
    config: dict[str, object],
    config_digest: str,
    layers: int,
    manifest_digest: str | None,
    tags: tuple[str, ...],
) -> ImageMetadata:
    """The metadata of an image of so many layers.

    Diff ids count only when there is one for each layer: which is whose cannot be told otherwise.
    """
    settings = mapping(config.get("config")) or mapping(config.get("container_config"))
    labels = tuple(
        sorted(
            (key, value)
            for key, value in mapping(settings.get("Labels")).items()
            if isinstance(value, str)
        )
    )
    diff_ids = texts(mapping(config.get("rootfs")).get("diff_ids"))
    fitting = len(diff_ids) == layers and all(map(is_digest, diff_ids))
    steps = history(config)
    return ImageMetadata(
        id=config_digest,
        digest=manifest_digest,
        tags=tags,
        architecture=text(config.get("architecture")) or None,
        os=text(config.get("os")) or None,
        author=text(config.get("author")) or None,
        created=text(config.get("created")) or None,
        layers=diff_ids if fitting else (),
        base_layers=base_layers(steps, layers, labels),
        user=text(settings.get("User")) or None,
        command=texts(settings.get("Cmd")),
        entrypoint=texts(settings.get("Entrypoint")),
        working_directory=text(settings.get("WorkingDir")) or None,
        environment=texts(settings.get("Env")),
        labels=labels,
        docker_version=text(config.get("docker_version")) or None,
        history=tuple(step.created_by for step in steps),
    )
