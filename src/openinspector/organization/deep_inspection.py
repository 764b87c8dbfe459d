"""Deep inspection: whether language packages of instances are looked for, and where.

Source: spec/ec2-scanning.md 7, spec/accounts.md 3.2.
"""

from typing import Any

import msgspec
from sqlalchemy import Connection

from openinspector.organization.scope import administrator_of
from openinspector.store.records import get_record

DEEP = "deep-inspection"
"""Kind of the records of deep inspection (owner: account; key: own, organization)."""

DEFAULT_PATHS = ("/usr/lib", "/usr/lib64", "/usr/local/lib", "/usr/local/lib64")
"""Always searched, and never listed by the API."""


class DeepInspection(msgspec.Struct, frozen=True):
    """What an account and its administrator chose: five paths each at most."""

    active: bool = True
    own: tuple[str, ...] = ()
    shared: tuple[str, ...] = ()

    @property
    def paths(self) -> tuple[str, ...]:
        """Every folder that is searched, as `DEFAULT_PATHS`."""
        return tuple(dict.fromkeys((*DEFAULT_PATHS, *self.own, *self.shared)))


def own_choice(connection: Connection, account: str, at: int | None = None) -> dict[str, Any]:
    """What an account itself chose."""
    return get_record(connection, DEEP, account, "own", at) or {"paths": [], "active": True}


def deep_inspection(connection: Connection, account: str, at: int | None = None) -> DeepInspection:
    """What holds for an account."""
    own = own_choice(connection, account, at)
    ruler = administrator_of(connection, account, at) or account
    shared = get_record(connection, DEEP, ruler, "organization", at) or {"paths": []}
    return DeepInspection(own["active"], tuple(own["paths"]), tuple(shared["paths"]))
