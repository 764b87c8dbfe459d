"""What was found in the layers of images, by the verified digests of their blobs."""

from sqlalchemy import BigInteger, Column, Connection, Index, LargeBinary, Table, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from openinspector.store.schema import Words, metadata

layer_record = Table(
    "layer_record",
    metadata,
    Column("digest", Words, primary_key=True),
    Column("version", Words, primary_key=True),
    Column("kept_at", BigInteger, nullable=False),
    Column("body", LargeBinary, nullable=False),
)
Index("ix_layer_record_kept_at", layer_record.c.kept_at)

KEPT = 90 * 86_400_000
"""Milliseconds after which a record is let go: whoever needs the layer then reads it again."""


def get_layer(connection: Connection, digest: str, version: str) -> bytes | None:
    """The record of a layer by one version of the catalogers, if it is kept."""
    r = layer_record.c
    body: bytes | None = connection.execute(
        select(r.body).where(r.digest == digest, r.version == version)
    ).scalar()
    return body


def known_layers(connection: Connection, digests: list[str], version: str) -> frozenset[str]:
    """Which of some layers have records."""
    r = layer_record.c
    rows = connection.execute(select(r.digest).where(r.digest.in_(digests), r.version == version))
    return frozenset(rows.scalars())


def put_layer(connection: Connection, digest: str, version: str, body: bytes, at: int) -> None:
    """Keep a record; those of other versions and old ones go."""
    r = layer_record.c
    connection.execute(
        delete(layer_record).where(
            ((r.digest == digest) & (r.version != version)) | (r.kept_at < at - KEPT)
        )
    )
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    adding = dialect.insert(layer_record).values(
        digest=digest, version=version, kept_at=at, body=body
    )
    connection.execute(
        adding.on_conflict_do_update(
            index_elements=[r.digest, r.version], set_={"body": body, "kept_at": at}
        )
    )
