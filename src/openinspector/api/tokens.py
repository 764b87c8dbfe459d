"""Pagination tokens: opaque, bound to one caller and one request, impossible to forge.

A token is the position after a page, sealed with AES-GCM; the operation, the caller and the
arguments are authenticated with it, so a token dies when any of them changes.
"""

import base64
import hashlib
import os
from collections.abc import Mapping
from typing import Any

import msgspec

from openinspector.model.refusal import Invalid

_NONCE = 12
_FORM = 2
"""Goes up when positions change their form: tokens of an earlier version are then refused."""
_PAGING = frozenset({"nextToken", "maxResults"})


class Tokens:
    """Seals and opens positions under one key of 32 bytes."""

    def __init__(self, key: bytes) -> None:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        self._cipher = AESGCM(key)

    def seal(
        self, operation: str, account: str, arguments: Mapping[str, Any], position: Any
    ) -> str:
        """The token of the page after `position` (any JSON value)."""
        nonce = os.urandom(_NONCE)
        bound = _bound(operation, account, arguments)
        sealed = self._cipher.encrypt(nonce, msgspec.json.encode(position), bound)
        return base64.urlsafe_b64encode(nonce + sealed).decode().rstrip("=")

    def open(self, operation: str, account: str, arguments: Mapping[str, Any], token: str) -> Any:
        """The position in a token; raises `Invalid` unless it was made for this request."""
        from cryptography.exceptions import InvalidTag

        try:
            raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
            bound = _bound(operation, account, arguments)
            return msgspec.json.decode(self._cipher.decrypt(raw[:_NONCE], raw[_NONCE:], bound))
        except (ValueError, InvalidTag) as error:
            message = "The token is not valid for this request: start again without nextToken."
            raise Invalid(message, [("nextToken", message)]) from error


def _bound(operation: str, account: str, arguments: Mapping[str, Any]) -> bytes:
    kept = {name: value for name, value in arguments.items() if name not in _PAGING}
    text = msgspec.json.encode([_FORM, operation, account, kept], order="deterministic")
    return hashlib.sha256(text).digest()
