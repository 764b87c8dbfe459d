"""rpm packages: the three database formats, and the manifests of images without a database."""

from collections.abc import Iterator

from openinspector.inventory import rpmdb
from openinspector.inventory.cataloger import Cataloger, File, Owned, ReadError, Yield
from openinspector.inventory.limits import Limits
from openinspector.inventory.os_packages import is_name, is_version
from openinspector.inventory.rpmdb import header
from openinspector.inventory.rpmdb.damage import Damage
from openinspector.model import Gap, Location, Package

FOLDERS = ("var/lib/rpm", "usr/lib/sysimage/rpm", "usr/share/rpm")
"""Where distributions keep the database: of old, Fedora 36 and SUSE, ostree."""

FILES = ("rpmdb.sqlite", "Packages.db", "Packages")
"""The database in its three formats, the newest first."""


def split_source(source_rpm: str | None) -> tuple[str | None, str | None]:
    """Name and version-release of a source package's file name (`glibc-2.34-52.src.rpm`)."""
    for suffix in (".src.rpm", ".nosrc.rpm"):
        if source_rpm and source_rpm.endswith(suffix):
            parts = source_rpm.removesuffix(suffix).rsplit("-", 2)
            if len(parts) == 3 and all(parts):
                return parts[0], f"{parts[1]}-{parts[2]}"
    return None, None


def make_package(found: header.Header, location: tuple[Location, ...]) -> Package:
    """The package that a header describes, before it is stamped with its distribution."""
    version = f"{found.version}-{found.release}" if found.release else found.version
    source, source_version = split_source(found.source_rpm)
    return Package(
        ecosystem="",
        name=found.name,
        version=f"{found.epoch}:{version}" if found.epoch else version,
        purl="",
        manager="OS",
        cataloger="rhel-rpm",
        collector="rhel-rpm",
        locations=location,
        arch=found.arch,
        source_name=source if source != found.name else None,
        source_version=source_version if source_version != version else None,
        module=found.module,
        licenses=(found.license,) if found.license else (),
    )


def _newer(file: File) -> str | None:
    """A database of a newer format beside this one.

    rpm converts an old database into the format that it is built for and may leave the old file;
    the packages in it are those of the day of the conversion.
    """
    folder, _, name = file.path.rpartition("/")
    for newer in FILES[: FILES.index(name)] if name in FILES else ():
        beside = file.companion(f"{folder}/{newer}")
        if beside is not None and beside.size:
            return newer
    return None


def _journal(file: File) -> memoryview | None:
    beside = file.companion(f"{file.path}-wal") if file.path.endswith(".sqlite") else None
    return memoryview(beside.data) if beside is not None and beside.size else None


def parse(file: File, limits: Limits) -> Iterator[Yield]:
    """Yield every package of an rpm database with the files that it owns.

    Damaged pages and headers are one gap that counts them; the others are read.
    """
    if file.size > limits.file_bytes:
        raise ReadError(f"package database is over {limits.file_bytes} bytes")
    if _newer(file) is not None or not file.size:
        return
    location = (Location(file.path),)
    damage = Damage()
    try:
        for blob in rpmdb.blobs(memoryview(file.data), _journal(file), damage):
            try:
                found = header.parse(blob)
            except ReadError as error:
                damage(str(error))
                continue
            if found.name == "gpg-pubkey":  # rpm keeps its keys as packages
                continue
            yield make_package(found, location)
            if found.files:
                yield Owned(found.files)
            elif found.files is None:
                damage(f"list of files of {found.name} is damaged")
    except ReadError as error:
        damage.note(str(error))
    if damage.count:
        yield Gap("os-packages", f"rpm database is damaged: {damage}", file.path)


def parse_manifest(file: File, limits: Limits) -> Iterator[Yield]:
    """Yield the packages of a `container-manifest-2` of Azure Linux without a package manager.

    Each line is what `rpm -qa` printed when the image was made: name, version-release, install
    and build time, vendor, epoch, size, arch, epoch as number, source package; tab-separated.
    """
    if file.size > limits.manifest_bytes:
        raise ReadError(f"package manifest is over {limits.manifest_bytes} bytes")
    location = (Location(file.path),)
    broken = 0
    for line in bytes(file.data).decode("utf-8", "replace").split("\n"):
        fields = [("" if field == "(none)" else field) for field in line.strip("\r").split("\t")]
        if len(fields) >= 10 and is_version(fields[1]) and is_name(fields[0]):
            version, _, release = fields[1].rpartition("-")
            found = header.Header(
                name=fields[0],
                version=version or release,
                release=release if version else "",
                epoch=int(fields[8]) if fields[8].isdecimal() and len(fields[8]) < 10 else None,
                arch=fields[7] or None,
                source_rpm=fields[9] or None,
                module=None,
                license=None,
                vendor=fields[4] or None,
                files=frozenset(),
            )
            if found.name != "gpg-pubkey":
                yield make_package(found, location)
        elif line.strip():
            broken += 1
    if broken:
        yield Gap("os-packages", f"{broken} lines without name or version", file.path)


_DATABASES = tuple(f"{folder}/{name}" for folder in FOLDERS for name in FILES)

CATALOGERS = (
    Cataloger(
        name="rhel-rpm",
        version=1,
        part="os-packages",
        parse=parse,
        globs=_DATABASES,
        companions=_DATABASES + tuple(f"{folder}/rpmdb.sqlite-wal" for folder in FOLDERS),
        roots_only=True,
    ),
    Cataloger(
        name="rpm-manifest",
        version=1,
        part="os-packages",
        parse=parse_manifest,
        globs=("var/lib/rpmmanifest/container-manifest-2",),
        roots_only=True,
    ),
)
