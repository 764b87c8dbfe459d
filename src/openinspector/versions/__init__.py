"""One total order per ecosystem, as bytes that compare as the versions do.

    key("Debian:12", "1.2.3~rc1-1") < key("Debian:12", "1.2.3-1")

A range check is then `introduced <= key < fixed` on byte strings: the same in Python, in SQLite
and in PostgreSQL, which compare them as memory. `LOWEST` stands for OSV's `introduced: "0"`.
"""

from openinspector.versions.keys import LOWEST, Key, compare, key, parse, scheme

__all__ = ["LOWEST", "Key", "compare", "key", "parse", "scheme"]
