"""SBOMs that came with installed software: of Bitnami's components, and of wheels (PEP 770).

What was compiled into a wheel (crates, OpenSSL) leaves no other trace. Packages of an operating
system are counted but not judged: a library copied out of one is no longer kept by it. What only
ran during the build (scope `excluded`) and folders of the project itself are left out.
"""

from collections.abc import Callable, Iterator

import msgspec

from openinspector.inventory.cataloger import Cataloger, File, Part, ReadError, Yield
from openinspector.inventory.limits import Limits
from openinspector.model import Gap, Location, TargetError

_OF_THE_PROJECT = "download_url=file:"
"""How cargo-cyclonedx marks the crates of a workspace, which are on no registry."""


def _parser(name: str, part: Part) -> Callable[[File, Limits], Iterator[Yield]]:
    def parse(file: File, limits: Limits) -> Iterator[Yield]:
        """Yield the libraries and applications that an SBOM names; raises `ReadError`."""
        from openinspector.inventory.sbom.read import read_sbom

        try:
            listed = read_sbom(bytes(file.data), file.path, limits)
        except TargetError as error:
            raise ReadError(str(error).removeprefix(f"{file.path}: ")) from None
        place = (Location(file.path),)
        bundled = 0
        for package in listed.packages:
            if package.manager == "OS":
                bundled += 1
            elif not package.development and _OF_THE_PROJECT not in package.purl:
                yield msgspec.structs.replace(
                    package, cataloger=name, collector="sbom", locations=place, properties=()
                )
        for gap in listed.gaps:
            if gap.part != "os-packages":
                yield Gap(part, gap.reason, file.path)
        if bundled:
            noun = "package" if bundled == 1 else "packages"
            reason = f"{bundled} {noun} of an operating system, bundled in it, not judged"
            yield Gap(part, reason, file.path)

    return parse


def _row(name: str, part: Part, *globs: str) -> Cataloger:
    return Cataloger(name=name, version=1, part=part, parse=_parser(name, part), globs=globs)


CATALOGERS: tuple[Cataloger, ...] = (
    _row("bitnami-sbom", "applications", "opt/bitnami/**/.spdx-*.spdx"),
    _row("python-sbom", "language-packages", "**/*.dist-info/sboms/*.json"),
)
