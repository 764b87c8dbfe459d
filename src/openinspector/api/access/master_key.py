"""The master key: everything secret at rest is sealed under it.

It is read from the environment (`OPENINSPECTOR_MASTER_KEY`, base64 of 32 bytes) or from a file in
the service's folder, which is made on first use and readable by its owner only. With
`OPENINSPECTOR_MASTER_KEY=kms:KEY` that file holds it encrypted under a key of AWS KMS, by its ARN,
id or alias, and each start asks KMS to open it.
"""

import base64
import os
from pathlib import Path
from typing import TYPE_CHECKING

from openinspector.model import OpenInspectorError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

VARIABLE = "OPENINSPECTOR_MASTER_KEY"
FILE_NAME = "master.key"
SEALED_NAME = "master.key.kms"
_KMS = "kms:"
SIZE = 32
_NONCE = 12


class MasterKey:
    """Derives keys for single purposes, and seals small secrets."""

    def __init__(self, key: bytes) -> None:
        if len(key) != SIZE:
            raise OpenInspectorError(f"The master key must have {SIZE} bytes; it has {len(key)}.")
        self._key = key

    @classmethod
    def load(cls, folder: Path) -> "MasterKey":
        """The key of the environment, else of the folder's file, which is made if it is missing."""
        text = os.environ.get(VARIABLE, "")
        if text.startswith(_KMS):
            return cls(_of_kms(folder / SEALED_NAME, text.removeprefix(_KMS)))
        if text:
            return cls(_decode(text, VARIABLE))
        path = folder / FILE_NAME
        if not path.exists():
            _write_once(path, os.urandom(SIZE))
        return cls(_decode(path.read_text(), str(path)))

    def derive(self, purpose: str) -> bytes:
        """A key of 32 bytes for one purpose (HKDF-SHA256, RFC 5869)."""
        from cryptography.hazmat.primitives.hashes import SHA256
        from cryptography.hazmat.primitives.kdf.hkdf import HKDF

        return HKDF(SHA256(), SIZE, salt=None, info=purpose.encode()).derive(self._key)

    def seal(self, secret: bytes) -> bytes:
        """Encrypt and authenticate (AES-256-GCM)."""
        nonce = os.urandom(_NONCE)
        return nonce + self._cipher().encrypt(nonce, secret, None)

    def unseal(self, sealed: bytes) -> bytes:
        """The secret; raises `OpenInspectorError` when it was sealed under another key."""
        from cryptography.exceptions import InvalidTag

        try:
            if len(sealed) < _NONCE:
                raise InvalidTag
            return self._cipher().decrypt(sealed[:_NONCE], sealed[_NONCE:], None)
        except InvalidTag as error:
            raise OpenInspectorError(
                f"A stored secret was sealed under another master key: restore {FILE_NAME}"
                f" or {VARIABLE}."
            ) from error

    def _cipher(self) -> "AESGCM":
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        return AESGCM(self.derive("seal"))


def _decode(text: str, name: str) -> bytes:
    try:
        return base64.b64decode(text.strip(), validate=True)
    except ValueError as error:
        raise OpenInspectorError(f"{name}: not base64: {error}") from error


def _of_kms(path: Path, key: str) -> bytes:
    """The key that the file holds under a key of KMS; made on first use."""
    from openinspector.api.access.kms import new_data_key, open_data_key

    if not path.exists():
        _write_once(path, new_data_key(key, SIZE))
    return open_data_key(key, _decode(path.read_text(), str(path)))


def _write_once(path: Path, content: bytes) -> None:
    """Write a new key; of two processes that try at once, the first one's stays."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(base64.b64encode(content) + b"\n")
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(draft, path)
    except FileExistsError:
        return
    finally:
        draft.unlink()
