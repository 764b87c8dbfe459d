"""Access keys: made, listed, revoked; and the proof that a request was signed with one."""

import base64
import secrets
import string
from urllib.parse import parse_qsl

import msgspec

from openinspector.api.access.master_key import MasterKey
from openinspector.api.access.policy import check_policy
from openinspector.api.access.refusals import InvalidSignature, UnknownKey
from openinspector.api.access.sigv4 import Request, Signature, verify
from openinspector.model import OpenInspectorError
from openinspector.store import Store
from openinspector.store.access import StoredKey, find_key, put_key

_ALPHABET = string.ascii_uppercase + "234567"
_PREFIX = "OIKA"
_ID_LENGTH = 20
_SECRET_BYTES = 30
_TOKEN = "x-amz-security-token"


class NewKey(msgspec.Struct, frozen=True, rename="camel"):
    """A key pair as it is shown, once."""

    access_key_id: str
    secret_access_key: str
    account: str
    name: str


def create_key(
    store: Store, master: MasterKey, account: str, name: str, policy: str | None, now: int
) -> NewKey:
    """Make a key of an account; raises when the account or the policy is malformed."""
    if not (len(account) == 12 and account.isascii() and account.isdigit()):
        raise OpenInspectorError(f"An account is 12 digits; {account!r} is not.")
    if policy is not None:
        check_policy(policy)
    length = _ID_LENGTH - len(_PREFIX)
    key_id = _PREFIX + "".join(secrets.choice(_ALPHABET) for _ in range(length))
    secret = base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()
    sealed = master.seal(secret.encode())
    with store.write() as connection:
        put_key(connection, StoredKey(key_id, account, name, sealed, policy, now, None))
    return NewKey(key_id, secret, account, name)


def authenticate(
    store: Store, master: MasterKey, request: Request, signature: Signature, region: str, now: float
) -> StoredKey:
    """The key that signed a request. `now` is in epoch seconds.

    Raises `UnknownKey` or `InvalidSignature`. The key is read at every request, so one that was
    revoked is refused at once.
    """
    query = {name.lower() for name, _ in parse_qsl(request.raw_query, keep_blank_values=True)}
    if request.header(_TOKEN) is not None or _TOKEN in query:
        raise UnknownKey(" Session tokens are not accepted: sign with a key of this service.")
    with store.read() as connection:
        key = find_key(connection, signature.key_id)
    if key is None or key.revoked_at is not None:
        raise UnknownKey
    if signature.region != region:
        raise InvalidSignature(
            f"Credential should be scoped to a valid Region, not '{signature.region}':"
            f" this service is '{region}'."
        )
    verify(request, signature, master.unseal(key.secret).decode(), now)
    return key
