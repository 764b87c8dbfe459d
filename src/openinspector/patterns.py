"""Regular expressions that are compiled when they are first used.

A run of the program uses a few of the hundreds that its modules define; compiling all of them as
the modules are imported would take longer than a scan of an SBOM.
"""

import re
from typing import Generic, TypeVar, cast, overload

Text = TypeVar("Text", str, bytes)


class _Pattern(Generic[Text]):
    """Stands for a compiled pattern, and takes over its methods as they are asked for."""

    def __init__(self, text: Text, flags: int) -> None:
        self._source: tuple[Text, int] = text, flags

    def __getattr__(self, name: str) -> object:
        attribute: object = getattr(re.compile(*self._source), name)
        # From now on the attribute is found at once, without coming by here.
        setattr(self, name, attribute)
        return attribute


@overload
def regex(text: str, flags: int = 0) -> re.Pattern[str]: ...
@overload
def regex(text: bytes, flags: int = 0) -> re.Pattern[bytes]: ...
def regex(text: str | bytes, flags: int = 0) -> re.Pattern[str] | re.Pattern[bytes]:
    """As `re.compile`, later: for patterns of modules, used by their methods.

    What the functions of `re` are given must be compiled itself.
    """
    return cast(re.Pattern[str], _Pattern(text, flags))
