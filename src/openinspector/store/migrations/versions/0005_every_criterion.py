"""Indexes behind every criterion, so that what few findings have is found without reading all."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

_ALWAYS = ("status", "type")
_SOMETIMES = (
    *("resource_type", "fix_available", "exploit_available", "vulnerability_source"),
    *("vendor_severity", "ec2_image_id", "ec2_vpc_id", "ec2_subnet_id", "ecr_pushed_at"),
    *("ecr_architecture", "ecr_registry", "ecr_last_in_use_at", "ecr_in_use_count"),
    *("lambda_runtime", "lambda_modified_at", "lambda_role", "project_name", "project_provider"),
    *("protocol", "detector_name", "code_path", "region"),
)


def upgrade() -> None:
    """Add them, and put first in two of them what is always named."""
    op.drop_index("ix_finding_resource", "finding")
    op.create_index("ix_finding_resource", "finding", ["resource_id", "account", "valid_to"])
    op.drop_index("ix_finding_value", "finding_value")
    op.create_index("ix_finding_value", "finding_value", ["field", "key", "value", "row_id"])
    for name in _ALWAYS:
        op.create_index(f"ix_finding_{name}", "finding", [name])
    for name in _SOMETIMES:
        _partial(f"ix_finding_{name}", name)
    _partial("ix_finding_ports", "port_begin", "port_end")


def _partial(index: str, *columns: str) -> None:
    known = sa.text(f"{columns[0]} IS NOT NULL")
    op.create_index(index, "finding", [*columns], sqlite_where=known, postgresql_where=known)
