"""What executables tell: sections of ELF, PE and Mach-O files, and what compilers put there.

That is Go's build information, cargo-auditable's dependency lists, Windows' version resources.
"""

from openinspector.inventory.executables import elf, macho, pe
from openinspector.inventory.executables.image import Executable, Region

MAGICS: tuple[bytes, ...] = (elf.MAGIC, pe.MAGIC, *macho.MAGICS)
"""First bytes of the files that `parse` may understand."""


def parse(data: bytes | memoryview) -> tuple[Executable, ...]:
    """Return the executables in a file: one, or one for each architecture of a universal file.

    Nothing where the first bytes only look like an executable's (Java classes, DOS programs).
    Raises `ReadError` where the headers are broken or the file was cut off.
    """
    view = memoryview(data)
    magic = bytes(view[:4])
    if magic == elf.MAGIC:
        return (elf.parse(view),)
    if magic[:2] == pe.MAGIC:
        return (pe.parse(view),) if pe.is_pe(view) else ()
    if macho.is_universal(view):
        return tuple(
            macho.parse(part)
            for part in macho.architectures(view)
            if bytes(part[:4]) in macho.MAGICS
        )
    if magic in macho.MAGICS and magic not in (b"\xca\xfe\xba\xbe", b"\xca\xfe\xba\xbf"):
        return (macho.parse(view),)
    return ()


__all__ = ["MAGICS", "Executable", "Region", "parse"]
