"""An index in the order of lists, so that deep pages begin where they should."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Replace the index on severities by one in the default order."""
    op.drop_index("ix_finding_severity", "finding")
    op.create_index(
        "ix_finding_worst",
        "finding",
        [sa.text("severity_rank DESC"), sa.text("last_observed_at DESC"), "arn"],
    )
