"""Certificates that have expired (spec/sbom-generator.md 5.4); off unless asked for."""

from collections.abc import Iterable, Iterator

import msgspec

from openinspector.inventory.cataloger import Cataloger, File, ReadError, Yield
from openinspector.inventory.limits import Limits
from openinspector.inventory.x509_validity import expiries
from openinspector.model import ConfigurationCheck

EXPIRED = "IN-CERTIFICATE-001"

_EXTENSIONS = (".pem", ".crt", ".der", ".p7b", ".p7m", ".p7s", ".p12", ".pfx")


def parse(file: File, limits: Limits) -> Iterator[Yield]:
    """Yield the check of the certificate in a file that expires first, with that time as detail.

    Parsers have no clock: `expired` tells which of these checks fire. Files without certificates
    (keys in PEM) yield nothing; ReadError for what is damaged or encrypted.
    """
    if file.size > limits.manifest_bytes:
        raise ReadError(f"certificate file is over {limits.manifest_bytes} bytes")
    if file.path.lower().endswith((".p12", ".pfx")):
        raise ReadError("certificates in a password-protected PKCS #12 file are not read")
    found = expiries(bytes(file.data))
    if found:
        yield ConfigurationCheck(EXPIRED, file.path, 0, 0, min(found))


def expired(checks: Iterable[ConfigurationCheck], instant: str) -> list[ConfigurationCheck]:
    """Keep the checks that fire at an instant (RFC 3339, UTC, `2024-05-22T13:49:06Z`).

    A certificate's check fires when its expiry has passed, and says `expired:TIME` from then on;
    every other check is kept as it is.
    """
    kept = []
    for check in checks:
        if check.id != EXPIRED or check.detail.startswith("expired:"):
            kept.append(check)
        elif check.detail < instant:
            kept.append(msgspec.structs.replace(check, detail=f"expired:{check.detail}"))
    return kept


OPTIONAL_CATALOGERS = (
    Cataloger(
        name="certificates",
        version=1,
        part="configuration",
        parse=parse,
        globs=tuple(f"**/*{extension}" for extension in _EXTENSIONS),
        fold_case=True,
    ),
)
"""Not part of the default table: asked for by name."""

CATALOGERS: tuple[Cataloger, ...] = ()
