"""Indexes in every order of lists, each read from either end, those without a value included.

Among equals the end of the ARN decides, a digest: it is short, and tells nothing of the account.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TEXT

revision = "0008"
down_revision = "0007"

WORDS = sa.Text().with_variant(TEXT(collation="C"), "postgresql")

_ORDERS = (
    *("type", "first_observed_at", "last_observed_at", "status", "resource_type"),
    *("ecr_pushed_at", "ecr_repository", "ecr_registry", "protocol", "vulnerability_source"),
    *("inspector_score", "vendor_severity", "epss_score"),
)
"""Columns that had an index already, in some other order."""


def upgrade() -> None:
    """Name the ends of ARNs, and build the indexes anew."""
    for name in (*_ORDERS, "worst", "account", "updated_at"):
        op.drop_index(f"ix_finding_{name}", "finding")
    postgresql = op.get_bind().dialect.name == "postgresql"
    if postgresql:
        for name in ("inspector_score", "epss_score"):
            op.drop_index(f"ix_finding_{name}_top", "finding")
    # SQLite needs no room for it, PostgreSQL before 18 does.
    end = sa.Computed("substr(arn, length(arn) - 15)", persisted=postgresql)
    op.add_column("finding", sa.Column("tie", WORDS, end, nullable=False))
    for name in (*_ORDERS, "component_type"):
        op.create_index(f"ix_finding_{name}", "finding", [name, "tie"])
    op.create_index("ix_finding_vulnerability_order", "finding", ["vulnerability_id", "tie"])
    worst = ["severity_rank", "last_observed_at", "tie"]
    op.create_index("ix_finding_worst", "finding", worst)
    op.create_index("ix_finding_account", "finding", ["account", *worst])
    # Nothing is sorted by it.
    known = sa.text("updated_at IS NOT NULL")
    op.create_index(
        *("ix_finding_updated_at", "finding", ["updated_at"]),
        sqlite_where=known,
        postgresql_where=known,
    )
