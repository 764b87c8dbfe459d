"""The image that an image was built from, as plans call it."""

from openinspector.model import ImageMetadata
from openinspector.reports.plan import Base

_NAME = "org.opencontainers.image.base.name"
_DIGEST_CHARACTERS = len("sha256:") + 12


def base_of(image: ImageMetadata) -> Base | None:
    """The base of an image; None where it has none, or that cannot be told.

    Images that do not name theirs (OCI annotation `base.name`) are known by its uppermost layer,
    which images of the same base share.
    """
    if not image.base_layers:
        return None
    layers = image.layers[: image.base_layers]
    named = dict(image.labels).get(_NAME)
    return Base(named or f"image of layer {layers[-1][:_DIGEST_CHARACTERS]}", frozenset(layers))
