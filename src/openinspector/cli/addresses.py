"""Addresses that options take, held against what can be asked there, before anything is done."""

from urllib.parse import urlsplit

import click


def http_address(
    _context: click.Context, _option: click.Parameter, address: str | None
) -> str | None:
    """An address of a service. Raises `BadParameter` unless it is `http(s)://host[:port]...`."""
    if address is None:
        return None
    try:
        parts = urlsplit(address)
        usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise click.BadParameter(f"{address!r} is no address such as http://127.0.0.1:8400.")
    return address


def postgresql_address(
    _context: click.Context, _option: click.Parameter, address: str | None
) -> str | None:
    """The address of a database. Raises `BadParameter` unless it is one of PostgreSQL."""
    if address is not None and not address.startswith(("postgresql://", "postgresql+psycopg://")):
        # The password that an address may hold is not shown.
        scheme = address.partition("://")[0] if "://" in address else "no scheme"
        raise click.BadParameter(
            f"findings are kept in PostgreSQL (postgresql://...); this has {scheme}."
        )
    return address
