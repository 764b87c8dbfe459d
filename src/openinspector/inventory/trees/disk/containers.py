"""Disk images: raw, qcow2, vmdk, vhd and vhdx, each as the bytes of the disk within.

QEMU docs/interop/qcow2.rst, VMware "Virtual Disk Format 5.0", Microsoft "Virtual Hard Disk Image
Format" and [MS-VHDX].
"""

from collections.abc import Callable
from typing import Any, BinaryIO

from openinspector.inventory.limits import MEBIBYTE
from openinspector.inventory.trees.disk.extent import DAMAGE, Extent, plain, whole
from openinspector.inventory.trees.disk.qcow2 import Unsupported, open_qcow2
from openinspector.model import TargetError

Beside = Callable[[str], BinaryIO]
"""Open another file of the same folder by its name. Raises `OSError`."""

_OPENING = 256 * MEBIBYTE
"""Bytes that the tables of a container may take."""


def open_container(source: BinaryIO, name: str, beside: Beside | None = None) -> Extent:
    """The bytes of the disk in an image. Raises `TargetError` if they cannot be had."""
    try:
        image = whole(source)
        image.allowance.allow(_OPENING)
        start = image.read_at(0, 1024)
        end = image.read_at(max(image.size - 512, 0), 512)
        if start.startswith(b"QFI\xfb"):
            return open_qcow2(image)
        if start.startswith((b"KDMV", b"COWD", b"# Disk DescriptorFile")):
            return _vmdk(image, beside)
        if start.startswith(b"vhdxfile") or end.startswith(b"conectix"):
            return _vhd(image)
    except DAMAGE as error:
        raise TargetError(f"{name}: the disk image is damaged: {plain(error)}") from None
    except Unsupported as error:
        raise TargetError(f"{name}: {error}{_FLATTEN}") from None
    return image


_FLATTEN = "; write the whole disk into one image first (`qemu-img convert`)"


def _vhd(image: Extent) -> Extent:
    import pyvhdi

    file = pyvhdi.file()
    file.open_file_object(image)
    if file.parent_identifier:
        parent = file.parent_filename or "another disk image"
        raise Unsupported(f"it only holds changes to {parent}")
    return _content(file, image)


def _vmdk(image: Extent, beside: Beside | None) -> Extent:
    import pyvmdk

    handle = pyvmdk.handle()
    handle.open_file_object(image)
    if handle.parent_filename:
        raise Unsupported(f"it only holds changes to {handle.parent_filename}")
    extents = [handle.get_extent_descriptor(n) for n in range(handle.number_of_extents)]
    embedded = image.read_at(0, 4) != b"# Di"
    files = [image] if embedded else [_extent(each.filename, image, beside) for each in extents]
    if embedded and len(extents) > 1:
        raise Unsupported(f"it is one of {len(extents)} files")
    handle.open_extent_data_files_as_file_objects(files)
    return _content(handle, image)


def _extent(name: str, image: Extent, beside: Beside | None) -> Extent:
    """A file of data that a descriptor names; only one that lies beside it."""
    if beside is None or not name or "/" in name or "\\" in name or name.startswith("."):
        raise Unsupported(f"its data lies in {name}, which is not beside it")
    try:
        return whole(beside(name), image.allowance)
    except OSError as error:
        raise Unsupported(f"its data lies in {name}: {error.strerror or error}") from None


def _content(file: Any, image: Extent) -> Extent:
    """The disk within: what one of the readers gives at an offset."""

    def read_at(offset: int, size: int) -> bytes:
        data: bytes = file.read_buffer_at_offset(size, offset)
        return data

    return Extent(read_at, file.media_size, image.allowance)
