"""Go and Rust programs: what their linkers wrote into ELF, PE and Mach-O files.

A program that says nothing of its own version (`(devel)`) is not listed; its modules are.
"""

from collections.abc import Iterator

from openinspector.inventory import executables
from openinspector.inventory.cataloger import Cataloger, File, ReadError, Yield
from openinspector.inventory.catalogers.rust import CRATES
from openinspector.inventory.executables import (
    Executable,
    cargo_auditable,
    elf,
    go_build_info,
)
from openinspector.inventory.go_modules import GO, GoModules, compiled_in, main_module, main_version
from openinspector.inventory.language_packages import PART, Origin, Packages
from openinspector.inventory.limits import Limits
from openinspector.model import Gap

_SMALL = 16 * 1024
"""Bytes of a file that is read at once rather than in parts."""
_SECTIONS = (b".go.buildinfo", b".dep-v0")

_GO = Origin(GO, "GOBINARY", "binaries", "go-binary")
_RUST = Origin(CRATES, "CARGO", "binaries", "rust-binary")


def parse_binary(file: File, limits: Limits) -> Iterator[Yield]:
    """Yield the modules and the toolchain of a Go program, the crates of a Rust program."""
    if not _may_tell(file):
        return
    modules, crates = GoModules(file, _GO), Packages(file, _RUST)
    problems: dict[str, None] = {}
    for executable in executables.parse(file.data):
        for problem in (
            executable.damage,
            _read_go(executable, modules),
            _read_rust(executable, crates, limits),
        ):
            if problem:
                problems[problem] = None
    yield from modules.results()
    yield from crates.results()
    for problem in problems:
        yield Gap(PART, problem, file.path)


def _may_tell(file: File) -> bool:
    """False for an ELF file whose sections are all there, and none of them is one of ours."""
    if file.size < _SMALL:
        return True
    names = elf.section_names(file.size, file.part)
    return names is None or any(name in names for name in _SECTIONS)


def _read_go(executable: Executable, modules: GoModules) -> str:
    """Add what a Go program holds; returns what is missing, in words."""
    try:
        info = go_build_info.read(executable)
    except ReadError as error:
        return str(error)
    if info is None:
        return ""
    modules.add_toolchain(info.toolchain)
    version = main_version(info)
    if version is not None:
        modules.add_module(main_module(info), version)
    for path, compiled in compiled_in(info):
        modules.add_module(path, compiled)
    if not info.path:
        return "it is a Go program that does not list its modules"
    return ""


def _read_rust(executable: Executable, crates: Packages, limits: Limits) -> str:
    """Add the crates that were linked, not those that only ran during the build."""
    try:
        linked = cargo_auditable.read(executable, limits)
    except ReadError as error:
        return str(error)
    for crate in linked:
        if crate.kind == "runtime":
            crates.add(crate.name, crate.version)
    return ""


CATALOGERS: tuple[Cataloger, ...] = (
    Cataloger(
        name="binaries",
        version=1,
        part="language-packages",
        parse=parse_binary,
        magics=executables.MAGICS,
    ),
)
