"""What holds for an account: its administrator's choice, without one its own; else the default.

Source: spec/accounts.md 3.1.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

from openinspector.organization.scope import administrator_of
from openinspector.store.records import get_record

CONFIGURATION = "configuration"
"""Kind of the records of what an account chose (owner: account; key: the part)."""

DEFAULTS: Mapping[str, dict[str, Any]] = {
    "ec2Configuration": {"scanMode": "EC2_HYBRID"},
    "ecrConfiguration": {
        "rescanDuration": "DAYS_14",
        "pullDateRescanDuration": "DAYS_14",
        "pullDateRescanMode": "LAST_IN_USE_AT",
    },
}


def setting(
    connection: Connection, account: str, part: str, at: int | None = None
) -> dict[str, Any]:
    """One part of an account's scan configuration, in the API's words."""
    ruler = administrator_of(connection, account, at) or account
    chosen = get_record(connection, CONFIGURATION, ruler, part, at)
    return chosen or dict(DEFAULTS.get(part, {}))
