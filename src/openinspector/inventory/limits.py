"""Limits on hostile input. Passing one becomes a gap or a clear error, never a hang."""

import msgspec

MEBIBYTE = 1024 * 1024


class Limits(msgspec.Struct, frozen=True):
    """Bounds on what one scan reads. Sizes are bytes, depths are levels of nesting."""

    manifest_bytes: int = 64 * MEBIBYTE
    """One manifest, lock file or text database."""
    file_bytes: int = 1024 * MEBIBYTE
    """One binary, archive or binary package database."""
    archive_depth: int = 8
    """Archives within archives (jar in war in ear)."""
    archive_entries: int = 1_000_000
    """Entries of one nested archive."""
    archive_inflated_bytes: int = 4096 * MEBIBYTE
    """All that one nested archive may inflate to."""
    inflate_ratio: int = 1_100
    """Inflated size over compressed size, beyond the first MiB (DEFLATE's own limit is 1032)."""
    image_bytes: int = 256 * 1024 * MEBIBYTE
    """All layers of an image, inflated."""
    entries: int = 50_000_000
    """Files and folders of one target."""
    path_bytes: int = 4096
    """One path within a target."""
    link_depth: int = 40
    """Symbolic links followed one after another (as Linux's ELOOP)."""
    manifest_depth: int = 64
    """Nesting of JSON, YAML and XML documents."""
    packages: int = 2_000_000
    """Packages of one target."""


DEFAULT_LIMITS = Limits()
