"""Resources that discovery found, and the work that is to be done with them."""

import sqlalchemy as sa
from alembic import op

from openinspector.store.schema import Identity, Words

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add both tables."""
    op.create_table(
        "resource",
        sa.Column("account", Words, nullable=False),
        sa.Column("resource_id", Words, nullable=False),
        sa.Column("region", Words, nullable=False),
        sa.Column("type", Words, nullable=False),
        sa.Column("fingerprint", Words, nullable=False),
        sa.Column("scanned", Words),
        sa.Column("scanned_at", sa.BigInteger),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("account", "resource_id", name="pk_resource"),
    )
    op.create_index("ix_resource_listed", "resource", ["account", "region", "type"])
    op.create_index("ix_resource_scanned", "resource", ["type", "scanned"])
    op.create_table(
        "task",
        sa.Column("row_id", Identity, primary_key=True, autoincrement=True),
        sa.Column("kind", Words, nullable=False),
        sa.Column("account", Words, nullable=False),
        sa.Column("region", Words, nullable=False),
        sa.Column("subject", Words, nullable=False),
        sa.Column("due_at", sa.BigInteger, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("worker", Words),
        sa.Column("lease_until", sa.BigInteger),
        sa.Column("again_at", sa.BigInteger),
        sa.Column("trouble", Words),
        sa.Column("changed_at", sa.BigInteger, nullable=False),
    )
    op.create_index("uq_task", "task", ["kind", "account", "region", "subject"], unique=True)
    op.create_index("ix_task_due", "task", ["due_at"])
    op.create_index("ix_task_worker", "task", ["worker", "account"])
