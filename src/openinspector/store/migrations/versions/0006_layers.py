"""What was found in the layers of images."""

import sqlalchemy as sa
from alembic import op

from openinspector.store.schema import Words

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "layer_record",
        sa.Column("digest", Words, nullable=False),
        sa.Column("version", Words, nullable=False),
        sa.Column("kept_at", sa.BigInteger, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("digest", "version", name="pk_layer_record"),
    )
    op.create_index("ix_layer_record_kept_at", "layer_record", ["kept_at"])
