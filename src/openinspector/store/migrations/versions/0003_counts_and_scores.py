"""Indexes that answer counts by themselves, and in which PostgreSQL finds the highest scores."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add the index of counts, and that of scores from the top where missing ones come first."""
    op.create_index(
        "ix_finding_counts",
        "finding",
        ["account", "type", "valid_to", "valid_from", "status", "severity", "exploit_available",
         "fix_available"],
    )  # fmt: skip
    op.drop_index("ix_finding_package_row", "finding_package")
    op.create_index("ix_finding_package_row", "finding_package", ["row_id", "name"])
    if op.get_bind().dialect.name == "postgresql":
        for name in ("inspector_score", "epss_score"):
            op.create_index(
                f"ix_finding_{name}_top", "finding", [sa.text(f"{name} DESC NULLS LAST"), "arn"]
            )
