"""A Lambda function as a tree: its code, and its layers below it, where they are when it runs.

https://docs.aws.amazon.com/lambda/latest/dg/chapter-layers.html: layers are unpacked into /opt
one over another in their order, the code into /var/task.
"""

import hashlib
import os
from collections.abc import Sequence
from contextlib import ExitStack

from openinspector.inventory.cataloger import ReadError
from openinspector.inventory.limits import Limits
from openinspector.inventory.trees.readers import FileReader
from openinspector.inventory.trees.stack import StackTree
from openinspector.inventory.trees.zip_entries import Zip
from openinspector.inventory.trees.zip_layer import ZipLayer
from openinspector.model import Target, TargetError

CODE = "var/task"
LAYERS = "opt"


def function_tree(name: str, layers: Sequence[str], limits: Limits) -> StackTree:
    """The tree of a deployment package and its layers, all zips.

    `Location.layer` of what a layer brings is the SHA-256 digest of its zip (`sha256:<hex>`, what
    Lambda shows in base64 as CodeSha256); the function's own files have none.
    """
    with ExitStack() as opened:
        stack = [_zip_layer(layer, LAYERS, True, limits, opened) for layer in layers]
        stack.append(_zip_layer(name, CODE, False, limits, opened))
        target = Target("function", name, function_layers=tuple(layers))
        return StackTree(target, stack, limits, opened.pop_all().close)


def open_zip(path: str, limits: Limits, opened: ExitStack, expected: str) -> tuple[Zip, int]:
    """Open a zip and its descriptor, which `opened` will close; raises `TargetError`."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        opened.callback(os.close, descriptor)
        return Zip(FileReader(descriptor), limits), descriptor
    except OSError as error:
        reason = error.strerror or str(error)
        raise TargetError(f"{path}: {reason}; expected {expected}") from None
    except ReadError as error:
        raise TargetError(f"{path}: {error}; expected {expected}") from None


def _zip_layer(
    path: str, below: str, digested: bool, limits: Limits, opened: ExitStack
) -> ZipLayer:
    expected = "the zip of a function's layer" if digested else "a function's deployment zip"
    archive, descriptor = open_zip(path, limits, opened, expected)
    digest = None
    if digested:
        with open(descriptor, "rb", closefd=False) as file:
            digest = f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"
    return ZipLayer(archive, path, below, digest, limits)
