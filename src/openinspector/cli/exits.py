"""Exit codes, and how every error becomes one clear sentence on stderr."""

import atexit
import os
import sys
import threading
from typing import NoReturn

import click

from openinspector.model import DatabaseError, OpenInspectorError

DONE = 0
FAIL_ON_REACHED = 1
UNUSABLE_TARGET = 2
UNUSABLE_DATABASE = 3
SCANNED_IN_PART = 4
DEFECT = 70
"""An error of ours (EX_SOFTWARE of sysexits.h)."""
INTERRUPTED = 130


EXTRAS: dict[str, tuple[str, frozenset[str]]] = {
    "server": (
        "the packages of the service",
        frozenset(
            {
                *("alembic", "boto3", "botocore", "cryptography", "psycopg", "regex"),
                *("prometheus_client", "sqlalchemy", "starlette", "uvicorn"),
            }
        ),
    ),
    "disk": (
        "the readers of disks",
        frozenset({"pyfsext", "pyfsntfs", "pyfsxfs", "pyvhdi", "pyvmdk"}),
    ),
}
"""Modules that not everybody needs, by the extra that installs them, with what that is."""


def run(command: click.Command) -> None:
    """Run the command line and leave with its exit code."""
    try:
        # Not standalone: click would turn an interrupt into "Aborted!" and exit code 1.
        result = command.main(standalone_mode=False, prog_name="openinspector")
        sys.stdout.flush()
        sys.exit(result if isinstance(result, int) else DONE)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except DatabaseError as error:
        leave(UNUSABLE_DATABASE, str(error))
    except OpenInspectorError as error:
        leave(UNUSABLE_TARGET, str(error))
    except BrokenPipeError:
        # The reader went away (`| head`); Python would complain once more when it flushes.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(DONE)
    except (KeyboardInterrupt, click.Abort):
        leave(INTERRUPTED, "interrupted; nothing was written")
    except OSError as error:
        leave(UNUSABLE_TARGET, _system_error(error))
    except Exception as error:
        missing = _missing_package(error)
        if missing:
            leave(UNUSABLE_TARGET, missing)
        if os.environ.get("OPENINSPECTOR_DEBUG"):
            import traceback

            traceback.print_exc()
        leave(
            DEFECT,
            f"internal error ({type(error).__name__}: {error}); this is a defect of openinspector:"
            " please report it with the output of the same command under OPENINSPECTOR_DEBUG=1",
        )


def _missing_package(error: Exception) -> str | None:
    """What to say if an error says that a package of an extra is not installed."""
    name = error.name or "" if isinstance(error, ModuleNotFoundError) else ""
    package = name.partition(".")[0]
    for extra, (what, packages) in EXTRAS.items():
        if package in packages:
            return f"this needs {what} ({package} is missing): pip install 'openinspector[{extra}]'"
    return None


def leave(code: int, sentence: str) -> None:
    """Say one sentence on stderr and exit."""
    click.echo(f"openinspector: {sentence}", err=True)
    sys.exit(code)


def end(code: str | int | None) -> NoReturn:
    """End the process with what `sys.exit` was given, without taking the interpreter apart.

    Freeing every object one by one takes as long as a tenth of a short scan; the operating system
    takes the memory back at once. Threads that still run, and messages, are left to Python.
    """
    if isinstance(code, str) or threading.active_count() > 1:
        sys.exit(code)
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code or DONE)


def _system_error(error: OSError) -> str:
    reason = error.strerror or str(error)
    return f"{error.filename}: {reason}" if error.filename else reason
