"""What an account has switched on, since when, and its trials (spec/accounts.md 1)."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection

from openinspector.store.records import get_record, put_record

ACCOUNT = "account"
"""Kind of the record of an account's scan types (owner: the account)."""
KEY = "scan-types"

TYPES: dict[str, str] = {
    "EC2": "ec2",
    "ECR": "ecr",
    "LAMBDA": "lambda",
    "LAMBDA_CODE": "lambdaCode",
    "CODE_REPOSITORY": "codeRepository",
}
"""Scan types that can be switched, and their members in answers."""

TRIAL_SECONDS = 15 * 86_400


def enabled_types(connection: Connection, account: str, at: int | None = None) -> dict[str, float]:
    """The scan types that are on, and since when (epoch seconds)."""
    body = _body(connection, account, at)
    return dict(body["types"])


def trials(connection: Connection, account: str, at: int | None = None) -> dict[str, float]:
    """When the trial of each type that was ever on began (epoch seconds)."""
    return dict(_body(connection, account, at)["trials"])


def _body(connection: Connection, account: str, at: int | None = None) -> dict[str, Any]:
    return get_record(connection, ACCOUNT, account, KEY, at) or {"types": {}, "trials": {}}


def enable(connection: Connection, account: str, wanted: Iterable[str], now: int) -> None:
    """Switch scan types on; those that are on stay as they are. The first time starts a trial."""
    body = _body(connection, account)
    types = {**dict.fromkeys(wanted, now / 1000), **body["types"]}
    started = {**dict.fromkeys(types, now / 1000), **body["trials"]}
    if types != body["types"]:
        put_record(connection, ACCOUNT, account, KEY, {"types": types, "trials": started}, now)


def disable(connection: Connection, account: str, unwanted: Iterable[str], now: int) -> None:
    """Switch scan types off; code scanning of functions goes with their standard scanning."""
    off = set(unwanted)
    if "LAMBDA" in off:
        off.add("LAMBDA_CODE")
    body = _body(connection, account)
    types = {each: since for each, since in body["types"].items() if each not in off}
    if types != body["types"]:
        kept = {"types": types, "trials": body["trials"]}
        put_record(connection, ACCOUNT, account, KEY, kept, now)


def statuses(types: Iterable[str], suspended: bool) -> dict[str, str]:
    """The status of each scan type, by its member in answers.

    What is on in an account that AWS suspended is suspended with it.
    """
    on = set(types)
    running = "SUSPENDED" if suspended else "ENABLED"
    return {member: running if each in on else "DISABLED" for each, member in TYPES.items()}


def status_of(types: Iterable[str], suspended: bool) -> str:
    """The account's status: on when any type is."""
    if suspended:
        return "SUSPENDED"
    return "ENABLED" if set(types) else "DISABLED"
