"""Rust crates from `Cargo.lock` (versions 1 to 4; format: The Cargo Book, and cargo's own reader).

Crates without `source` are members of the project's workspace or folders beside it: they are not
what was published under their name.
"""

from collections.abc import Iterator

from openinspector.inventory.cataloger import Cataloger, File, ReadError, Yield
from openinspector.inventory.documents import load_toml, mapping, text
from openinspector.inventory.language_packages import Origin, Packages
from openinspector.inventory.language_purl import Ecosystem
from openinspector.inventory.limits import Limits

CRATES = Ecosystem("crates.io", "cargo")

_ORIGIN = Origin(CRATES, "CARGO", "rust-cargo", "cargo-lock")
_CRATES_IO = (
    "registry+https://github.com/rust-lang/crates.io-index",
    "sparse+https://index.crates.io",
)


def parse_lock(file: File, limits: Limits) -> Iterator[Yield]:
    """Yield every crate that comes from a registry or a repository.

    Those that do not come from crates.io say where from in the package URL's `vcs_url` or
    `repository_url`.
    """
    lock = load_toml(file, limits)
    entries = lock.get("package", [])
    if not isinstance(entries, list):
        raise ReadError("it is not a Cargo.lock: its packages are not a list")
    packages = Packages(file, _ORIGIN)
    for entry in entries:
        crate = mapping(entry)
        source = text(crate.get("source"))
        if source:
            packages.add(crate.get("name"), crate.get("version"), qualifiers=_origin(source))
        elif not crate:
            packages.unusable(entry)
    yield from packages.results()


def _origin(source: str) -> tuple[tuple[str, str], ...]:
    if source.startswith(_CRATES_IO):
        return ()
    kind, _, address = source.partition("+")
    if kind == "git":
        return (("vcs_url", "git+" + address.replace("#", "@")),)
    return (("repository_url", address),)


CATALOGERS: tuple[Cataloger, ...] = (
    Cataloger(
        name="rust-cargo",
        version=1,
        part="language-packages",
        parse=parse_lock,
        globs=("**/Cargo.lock",),
    ),
)
