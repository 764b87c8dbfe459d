"""Run every cataloger over inputs while sockets, programs and files are shut.

Started by `test_every_cataloger.py` in a process of its own: an audit hook cannot be taken out.
Reads lines `number of the row\\0path\\0content in base64`; prints one line for each.
"""

import base64
import sys
from pathlib import Path

from openinspector.inventory.cataloger import ReadError, run
from openinspector.inventory.catalogers import table
from openinspector.inventory.catalogers.certificates import OPTIONAL_CATALOGERS

FORBIDDEN = (
    "socket.",
    "subprocess.",
    "os.exec",
    "os.fork",
    "os.posix_spawn",
    "os.spawn",
    "os.system",
    "os.listdir",
    "os.scandir",
    "os.remove",
    "os.rename",
    "os.mkdir",
    "shutil.",
    "ctypes.dlopen",
    "urllib.",
    "http.",
    "ftplib.",
    "smtplib.",
    "pty.",
)
CODE = tuple(str(Path(path).resolve()) for path in sys.path if path)
"""Where modules that parsers import late lie; nothing else may be opened."""


def watch(event: str, arguments: tuple[object, ...]) -> None:
    """Refuse everything that a parser has no business with."""
    if event == "open":
        path, mode = str(arguments[0]), str(arguments[1] or "r")
        if not path.startswith(CODE) or set(mode) & set("wax+"):
            raise PermissionError(f"a parser opened {path} ({mode})")
    elif event.startswith(FORBIDDEN) and not _is_import(event, arguments):
        raise PermissionError(f"a parser caused {event} {arguments!r}")


def _is_import(event: str, arguments: tuple[object, ...]) -> bool:
    """Python lists folders of modules when it imports."""
    return event in ("os.listdir", "os.scandir") and str(arguments[0]).startswith(CODE)


def main() -> None:
    """Answer each line of input with what the parser did."""
    rows = (*table(), *OPTIONAL_CATALOGERS)
    lines = sys.stdin.read().splitlines()
    sys.addaudithook(watch)
    for line in lines:
        number, path, content = line.split("\0")
        row = rows[int(number)]
        try:
            outcome = f"{len(run(row, path, base64.b64decode(content)))} items"
        except ReadError:
            outcome = "unreadable"
        print(f"{row.name}\t{path}\t{outcome}", flush=True)


if __name__ == "__main__":
    main()
