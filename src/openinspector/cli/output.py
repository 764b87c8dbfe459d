"""Write a document to a file or to standard output, whole or not at all."""

import os
import sys
from collections.abc import Iterable
from pathlib import Path

import click

from openinspector.model import OpenInspectorError

OUTPUT = click.option(
    "-o",
    "--output",
    metavar="FILE",
    type=click.Path(dir_okay=False),
    help="Write to a file instead of standard output.",
)


def write_output(chunks: Iterable[bytes], output: str | None) -> None:
    """Write chunks; a file appears under its name only when it is complete."""
    if output is None or output == "-":
        for chunk in chunks:
            sys.stdout.buffer.write(chunk)
        sys.stdout.buffer.flush()
        return
    path = Path(output)
    if path.exists() and not path.is_file():
        # A device or pipe cannot be replaced.
        with path.open("wb") as device:
            device.writelines(chunks)
        return
    try:
        _replace(path, chunks)
    except OSError as error:
        raise OpenInspectorError(f"cannot write {output}: {error.strerror}") from error


def _replace(path: Path, chunks: Iterable[bytes]) -> None:
    import tempfile

    handle, partial = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.writelines(chunks)
        umask = os.umask(0)
        os.umask(umask)
        os.chmod(partial, 0o666 & ~umask)
        os.replace(partial, path)
    except BaseException:
        os.unlink(partial)
        raise
