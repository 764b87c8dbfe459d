"""A process that is killed in the middle of what it does."""

import os
import signal
import subprocess
import sys


def kill_when_half_done(script: str, place: str) -> None:
    """Run a script on a store, and kill it (SIGKILL) when it prints `half`."""
    process = subprocess.Popen([sys.executable, "-c", script, place], stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"half\n"
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
