"""Facts of this machine that no file of it tells, for `scan host`."""

import os

import msgspec

from openinspector.model import Kernel


class Host(msgspec.Struct, frozen=True):
    """This machine: its name, the kernel that runs and the processor's architecture.

    `kernel_name` is the system's (`Linux`, `Darwin`), `architecture` as `uname -m` says.
    """

    name: str
    kernel: Kernel
    kernel_name: str
    architecture: str

    def properties(self) -> tuple[tuple[str, str], ...]:
        """The facts by their names of spec/sbom-generator.md 3.1, without the prefix."""
        return (
            ("metadata:host:hostname", self.name),
            ("metadata:host:kernel_name", self.kernel_name),
            ("metadata:host:kernel_version", self.kernel.release),
            ("metadata:host:cpu_architecture", self.architecture),
        )


def read_host() -> Host:
    """Ask the system call uname(2); nothing is started and nothing is sent.

    Inside a container the kernel is the host's: no package of the container installed it.
    """
    told = os.uname()
    return Host(
        name=told.nodename,
        kernel=Kernel(release=told.release, version=told.version or None),
        kernel_name=told.sysname,
        architecture=told.machine,
    )
