"""A source tree or a root file system packed into a zip or tar archive, plain or compressed."""

from contextlib import ExitStack

from openinspector.inventory.limits import Limits
from openinspector.inventory.trees.blobs import Archive
from openinspector.inventory.trees.function import open_zip
from openinspector.inventory.trees.inflate import Budget
from openinspector.inventory.trees.layer import Layer
from openinspector.inventory.trees.readers import FileReader
from openinspector.inventory.trees.stack import StackTree
from openinspector.inventory.trees.tar import normal_path
from openinspector.inventory.trees.tree import Unread
from openinspector.inventory.trees.walking import ROOT_EVIDENCE
from openinspector.inventory.trees.zip_layer import ZipLayer
from openinspector.model import Target, TargetError

_EXPECTED = "a folder, a zip or tar archive of one, or a file such as a lock file, jar or program"


def source_archive_tree(name: str, limits: Limits) -> StackTree:
    """The tree of an archive; raises `TargetError` when it is none."""
    try:
        with open(name, "rb") as file:
            start = file.read(4)
    except OSError as error:
        raise TargetError(f"{name}: {error.strerror or error}; expected {_EXPECTED}") from None
    if start in (b"PK\x03\x04", b"PK\x05\x06"):
        return _zip_tree(name, limits)
    return _tar_tree(name, limits)


def _zip_tree(name: str, limits: Limits) -> StackTree:
    with ExitStack() as opened:
        archive, _ = open_zip(name, limits, opened, _EXPECTED)
        is_root = any(normal_path(entry.name) in ROOT_EVIDENCE for entry in archive.entries())
        target = Target("directory", name, is_root=is_root)
        layer = ZipLayer(archive, name, "", None, limits)
        return StackTree(target, [layer], limits, opened.pop_all().close)


def _tar_tree(name: str, limits: Limits) -> StackTree:
    archive = Archive(name, limits)
    if not len(archive):
        archive.close()
        raise TargetError(f"{name}: expected {_EXPECTED}")
    is_root = any(evidence in archive for evidence in ROOT_EVIDENCE)
    target = Target("directory", name, is_root=is_root)
    descriptor = archive.descriptor
    layer = Layer(lambda: FileReader(descriptor), name, None, Budget(limits), limits)
    unread = (Unread(f"{name} is {archive.damage}"),) if archive.cut else ()
    return StackTree(target, [layer], limits, archive.close, unread=unread)
