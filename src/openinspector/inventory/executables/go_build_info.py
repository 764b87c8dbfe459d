"""Go's build information: toolchain, modules and settings inside an executable.

Formats: the Go standard library's `debug/buildinfo` and `runtime/debug`. From Go 1.18 the two
strings stand behind the header, each after its length; before, the header holds two pointers to Go
string headers.
"""

import re
from collections.abc import Iterator
from struct import Struct

import msgspec

from openinspector.inventory.cataloger import ReadError
from openinspector.inventory.executables.image import Executable, Region
from openinspector.patterns import regex

_find_magic = regex(rb"\xff Go buildinf:").finditer
_SECTIONS = (".go.buildinfo", "__go_buildinfo")
_ALIGNMENT = 16
_HEADER = 32
_INLINE, _BIG_ENDIAN = 2, 1
_MODULE_INFO_FRAME = 16
_MAX_TEXT = 64 * 1024 * 1024
_ESCAPE = regex(r'\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|([abfnrtv\\"\']))')
_ESCAPED = dict(zip("abfnrtv\\\"'", "\a\b\f\n\r\t\v\\\"'", strict=True))


class Module(msgspec.Struct, frozen=True):
    """A module that was compiled in. `sum` is its hash, empty for one built from a checkout."""

    path: str
    version: str
    sum: str = ""


class GoBuildInfo(msgspec.Struct, frozen=True):
    """What the Go linker wrote.

    - `toolchain`: as `runtime.Version()` says (`go1.22.3`, `go1.22rc1`, `go1.20.4 X:boringcrypto`,
      `devel go1.23-...`).
    - `path`: the import path of the main package.
    - `main`: the module of the main package.
    - `dependencies`: pairs of the module that was asked for and the one that is compiled in, the
      second different where a `replace` directive applied (a local folder has no version).
    - `settings`: of the build, such as `-ldflags`, `GOOS`, `vcs.revision`.
    """

    toolchain: str
    path: str = ""
    main: Module | None = None
    dependencies: tuple[tuple[Module, Module], ...] = ()
    settings: dict[str, str] = {}


def read(executable: Executable) -> GoBuildInfo | None:
    """Return the build information of an executable; None when it is none of Go's.

    Raises `ReadError` when there is some and it is broken.
    """
    for region in _places(executable):
        view = executable.bytes_of(region)
        for match in _find_magic(view):
            if (region.address + match.start()) % _ALIGNMENT == 0:
                # The strings may run beyond their section, but not beyond the file.
                start = region.offset + match.start()
                return _decode(executable, executable.view[start:])
    return None


def _places(executable: Executable) -> Iterator[Region]:
    """Where the information may lie: its own section, else writable data."""
    for name in _SECTIONS:
        region = executable.region(name)
        if region is not None:
            yield region
            return
    if executable.format == "elf" and executable.sections:
        # Since Go 1.13 it has a section of its own, which stripping does not remove.
        return
    yield from executable.writable()


def _decode(executable: Executable, blob: memoryview) -> GoBuildInfo:
    if len(blob) < _HEADER:
        raise ReadError("its Go build information is cut off")
    pointer, flags = blob[14], blob[15]
    if flags & _INLINE:
        toolchain, end = _inline(blob, _HEADER)
        modules, _ = _inline(blob, end)
    else:
        order = ">" if flags & _BIG_ENDIAN else "<"
        if pointer not in (4, 8):
            raise ReadError("its Go build information has pointers of an impossible size")
        word = Struct(f"{order}{'Q' if pointer == 8 else 'I'}")
        toolchain = _pointed(executable, word.unpack_from(blob, 16)[0], word)
        modules = _pointed(executable, word.unpack_from(blob, 16 + pointer)[0], word)
    return parse_modules(_text(toolchain).strip(), _unframed(modules))


def _inline(blob: memoryview, at: int) -> tuple[memoryview, int]:
    """A string after its length (an unsigned varint), and where the next one begins."""
    length = 0
    for place, byte in enumerate(blob[at : at + 10]):
        length |= (byte & 0x7F) << (7 * place)
        if byte < 0x80:
            start = at + place + 1
            end = start + length
            if end <= len(blob) and length <= _MAX_TEXT:
                return blob[start:end], end
            break
    raise ReadError("its Go build information is cut off")


def _pointed(executable: Executable, address: int, word: Struct) -> memoryview:
    """The string whose header (address, length) stands at an address; empty for none."""
    if address == 0:
        return executable.view[:0]
    head = executable.at(address, 2 * word.size)
    if head is None:
        raise ReadError("its Go build information points outside of it")
    start, length = word.unpack_from(head)[0], word.unpack_from(head, word.size)[0]
    if length == 0:
        return executable.view[:0]
    found = executable.at(start, length) if length <= _MAX_TEXT else None
    if found is None:
        raise ReadError("its Go build information points outside of it")
    return found


def _unframed(modules: memoryview) -> str:
    """The module list without the 16 random bytes that mark its beginning and its end."""
    frame = _MODULE_INFO_FRAME
    if len(modules) >= 2 * frame + 1 and modules[-frame - 1] == 0x0A:
        return _text(modules[frame:-frame])
    return ""


def _text(view: memoryview) -> str:
    return str(view, "utf-8", "replace")


def parse_modules(toolchain: str, text: str) -> GoBuildInfo:
    """Read the lines of `runtime/debug.BuildInfo`: `path`, `mod`, `dep`, `=>` and `build`."""
    path = ""
    main: Module | None = None
    dependencies: list[tuple[Module, Module]] = []
    settings: dict[str, str] = {}
    last_is_main = False
    for line in text.split("\n"):
        kind, _, rest = line.partition("\t")
        if kind == "path":
            path = rest
        elif kind == "mod":
            main, last_is_main = _module(rest), True
        elif kind == "dep":
            module, last_is_main = _module(rest), False
            dependencies.append((module, module))
        elif kind == "=>" and last_is_main:
            main = _module(rest)
        elif kind == "=>" and dependencies:
            dependencies[-1] = (dependencies[-1][0], _module(rest))
        elif kind == "build":
            key, _, value = rest.partition("=")
            settings[_unquoted(key)] = _unquoted(value)
    return GoBuildInfo(toolchain, path, main, tuple(dependencies), settings)


def _module(rest: str) -> Module:
    fields = [*rest.split("\t"), "", ""]
    return Module(fields[0], fields[1], fields[2])


def _unquoted(value: str) -> str:
    """A setting as it was, where Go's `strconv.Quote` wrote it in quotes."""
    if len(value) < 2 or value[0] != value[-1] or value[0] not in '"`':
        return value
    inner = value[1:-1]
    return _ESCAPE.sub(_unescaped, inner) if value[0] == '"' else inner


def _unescaped(match: re.Match[str]) -> str:
    number = match[1] or match[2]
    return chr(int(number, 16)) if number else _ESCAPED[match[3]]
