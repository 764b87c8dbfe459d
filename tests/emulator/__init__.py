"""An AWS for tests and the demo: moto over HTTP, and what it lacks, in one process.

moto keeps accounts, roles, instances, repositories and functions. Added here, each in a file: the
software inventory of SSM, images that can be pulled, code that can be downloaded, snapshots with
bytes in them, faults, and a list of the calls that were made. Never shipped.
"""

from tests.emulator.server import Emulator

__all__ = ["Emulator"]
