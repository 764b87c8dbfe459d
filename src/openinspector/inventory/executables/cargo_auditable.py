"""The dependency list that `cargo auditable` puts into executables: zlib-compressed JSON.

Format: the cargo-auditable project's `PARSING.md` (section `.dep-v0`, schema version 0).
"""

import zlib

import msgspec

from openinspector.inventory.cataloger import ReadError
from openinspector.inventory.executables.image import Executable
from openinspector.inventory.limits import Limits

_SECTION = ".dep-v0"


class Crate(msgspec.Struct, frozen=True):
    """One crate. `source`: `crates.io`, `git`, `local`, `registry` or another word.

    `kind` is `runtime` for what is compiled in, `build` for what only ran during the build.
    """

    name: str
    version: str
    source: str
    kind: str = "runtime"
    root: bool = False


class _List(msgspec.Struct):
    packages: list[Crate]


_DECODER = msgspec.json.Decoder(_List)


def read(executable: Executable, limits: Limits) -> tuple[Crate, ...]:
    """Return the crates that were linked; nothing where the executable has no list.

    Raises `ReadError` when the list is broken or inflates beyond `manifest_bytes`.
    """
    section = executable.section(_SECTION)
    if section is None:
        return ()
    try:
        inflater = zlib.decompressobj()
        data = inflater.decompress(section, limits.manifest_bytes)
        if not inflater.eof and inflater.unconsumed_tail:
            raise ReadError(f"its list of crates inflates to over {limits.manifest_bytes:,} bytes")
        if not inflater.eof:
            raise ReadError("its list of crates is cut off")
        return tuple(_DECODER.decode(data).packages)
    except zlib.error as problem:
        raise ReadError(f"its list of crates cannot be inflated: {problem}") from None
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as problem:
        raise ReadError(
            f"its list of crates is not the JSON that was expected: {problem}"
        ) from None
