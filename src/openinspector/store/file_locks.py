"""Locks of an embedded database's processes: files that the system unlocks when a holder dies."""

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def file_lock(folder: Path, name: str, *, wait: bool = True) -> Iterator[bool]:
    """Hold what goes by a name, among all threads and processes that use a folder.

    Whether it is held: without `wait` it is not where somebody else holds it. The file of a holder
    that was killed is unlocked, and goes with the next one.
    """
    folder.mkdir(exist_ok=True)
    path = folder / hashlib.sha256(name.encode()).hexdigest()
    descriptor = _locked(path, wait)
    try:
        yield descriptor is not None
    finally:
        if descriptor is not None:
            path.unlink()
            os.close(descriptor)


def _locked(path: Path, wait: bool) -> int | None:
    """The descriptor of the file, locked; None: another one has it."""
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return None
        # Who held it meanwhile may have removed the file: others would lock another one.
        with suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(descriptor), os.stat(path)):
                return descriptor
        os.close(descriptor)
