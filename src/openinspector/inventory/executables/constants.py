"""Where an executable keeps its constant texts, and searching them without copying."""

from collections.abc import Iterator

from openinspector.inventory import executables
from openinspector.inventory.cataloger import ReadError
from openinspector.inventory.limits import MEBIBYTE

WHOLE_FILE_BYTES = 64 * MEBIBYTE
"""How much of an executable is searched whose sections tell nothing."""

_SECTIONS = {
    "elf": (".rodata", ".rodata.str", ".data.rel.ro", ".data"),
    "pe": (".rdata", ".data"),
    "mach-o": ("__cstring", "__const", "__data"),
}


def constants(data: bytes | memoryview) -> Iterator[memoryview]:
    """Yield the parts of a file that may hold constant texts, the likeliest first.

    Sections of constants and data; the beginning of the file where they cannot be told. Nothing
    where it is no executable.
    """
    view = memoryview(data)
    try:
        found = executables.parse(view)
    except ReadError:
        yield view[:WHOLE_FILE_BYTES]
        return
    for executable in found:
        told = False
        for name in _SECTIONS[executable.format]:
            for section in executable.sections:
                # LLVM's BOLT leaves constants where they were, under a longer name.
                given = section.name.removeprefix(".bolt.org")
                exact = given == name or (name == ".rodata.str" and given.startswith(".rodata."))
                if exact and section.size:
                    told = True
                    yield executable.bytes_of(section)
        if not told:
            yield executable.view[:WHOLE_FILE_BYTES]
