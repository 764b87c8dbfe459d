"""Open a target by what the user calls it: the right tree for each kind and form."""

import os
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from openinspector.inventory.limits import DEFAULT_LIMITS, Limits
from openinspector.inventory.trees.tree import FileTree
from openinspector.model import TargetError, TargetKind

if TYPE_CHECKING:
    from openinspector.inventory.trees.blobs import Blobs
    from openinspector.inventory.trees.registry import LayerRecords

_ARCHIVE_ENDINGS = (".tar", ".tar.gz", ".tgz", ".tar.zst", ".oci", ".zip")


def open_target(
    kind: TargetKind,
    name: str = "",
    platform: str | None = None,
    layers: Sequence[str] = (),
    limits: Limits = DEFAULT_LIMITS,
    records: "LayerRecords | None" = None,
) -> FileTree:
    """The tree of a target: `image` PATH or reference, `directory`, `host`, `disk`, `function` ZIP.

    `platform` chooses among images, `layers` are the zips of a function's layers, in order.
    `records`: where the answers of an image's layers are kept.
    Raises `TargetError` with one sentence that says what was expected.
    """
    if kind == "image":
        return _image(name, platform, limits, records)
    if kind == "directory":
        return _directory(name, limits)
    if kind == "host":
        from openinspector.inventory.trees.host import host_tree

        return host_tree(limits)
    if kind == "function":
        from openinspector.inventory.trees.function import function_tree

        return function_tree(name, layers, limits)
    if kind == "disk":
        from openinspector.inventory.trees.disk.disk_tree import disk_image_tree

        return disk_image_tree(name, limits)
    raise TargetError(f"{name}: a target of kind {kind} has no files")


def _directory(name: str, limits: Limits) -> FileTree:
    from openinspector.inventory.trees.directory import DirectoryTree

    if os.path.isfile(name):
        from openinspector.inventory.catalogers import table
        from openinspector.inventory.trees.one_file import OneFileTree, is_wanted
        from openinspector.inventory.trees.source_archive import source_archive_tree

        if is_wanted(name, table()):
            return OneFileTree(name, limits)

        return source_archive_tree(name, limits)
    return DirectoryTree(name, limits)


def _image(
    name: str, platform: str | None, limits: Limits, records: "LayerRecords | None"
) -> FileTree:
    from openinspector.inventory.trees.image import image_tree
    from openinspector.inventory.trees.platforms import parse_platform

    wanted = parse_platform(platform) if platform else None
    path, reference = split_reference(name)
    if path is None:
        from openinspector.inventory.trees.registry import registry_tree

        return registry_tree(name, wanted, limits, records=records)
    from openinspector.inventory.trees.blobs import Archive, Folder
    from openinspector.inventory.trees.docker_archive import read_docker_archive
    from openinspector.inventory.trees.oci_layout import read_oci_layout

    blobs: Blobs
    try:
        blobs = Folder(path) if os.path.isdir(path) else Archive(path, limits)
    except OSError as error:
        raise TargetError(f"{path}: {error.strerror or error}; expected an image") from None
    try:
        parts = read_docker_archive(blobs, wanted, reference)
        parts = parts or read_oci_layout(blobs, wanted, reference)
        if parts is None:
            raise TargetError(_no_image(path, blobs.damage))
        return image_tree(name, parts, limits, partial(_close, blobs, records), records)
    except BaseException:
        blobs.close()
        raise


def _close(blobs: "Blobs", records: "LayerRecords | None") -> None:
    blobs.close()
    if records is not None:
        records.end()


def _no_image(path: str, damage: str | None) -> str:
    if os.path.isdir(path):
        return (
            f"{path}: expected an OCI layout (index.json); scan it as a folder with `scan dir`"
            " if it is none"
        )
    reason = f" and is {damage}" if damage else ""
    return (
        f"{path}: expected a docker or OCI archive; it holds neither manifest.json nor index.json"
        f"{reason}"
    )


def split_reference(name: str) -> tuple[str | None, str | None]:
    """The path of an image on disk and which image of several; (None, None): not on disk.

    `PATH` or `PATH:REFERENCE`. What exists on disk is a path, all else that can be a reference
    is one; what looks like a path and does not exist raises `TargetError`.
    """
    if os.path.exists(name):
        return name, None
    cut = name.find(":", 2)
    while cut > 0:
        if os.path.exists(name[:cut]) and name[cut + 1 :]:
            return name[:cut], name[cut + 1 :]
        cut = name.find(":", cut + 1)
    if name.startswith(("/", "./", "../", "~")) or name.endswith(_ARCHIVE_ENDINGS):
        raise TargetError(f"{name}: no such file; expected an image archive or an OCI layout")
    return None, None
