"""The first tables."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TEXT

revision = "0001"
down_revision = None

WORDS = sa.Text().with_variant(TEXT(collation="C"), "postgresql")
IDENTITY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create every table and index."""
    op.create_table(
        "access_key",
        sa.Column("id", WORDS, nullable=False),
        sa.Column("account", WORDS, nullable=False),
        sa.Column("name", WORDS, nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("policy", WORDS, nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_access_key")),
    )
    op.create_index(op.f("ix_access_key_account"), "access_key", ["account"], unique=False)
    op.create_table(
        "audit",
        sa.Column("row_id", IDENTITY, autoincrement=True, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("account", WORDS, nullable=False),
        sa.Column("key_id", WORDS, nullable=False),
        sa.Column("operation", WORDS, nullable=False),
        sa.Column("resource", WORDS, nullable=False),
        sa.Column("source", WORDS, nullable=False),
        sa.Column("outcome", WORDS, nullable=False),
        sa.Column("request_id", WORDS, nullable=False),
        sa.PrimaryKeyConstraint("row_id", name=op.f("pk_audit")),
    )
    op.create_index(op.f("ix_audit_account"), "audit", ["account"], unique=False)
    op.create_index(op.f("ix_audit_at"), "audit", ["at"], unique=False)
    op.create_table(
        "coverage",
        sa.Column("row_id", IDENTITY, autoincrement=True, nullable=False),
        sa.Column("account", WORDS, nullable=False),
        sa.Column("resource_id", WORDS, nullable=False),
        sa.Column("resource_type", WORDS, nullable=False),
        sa.Column("scan_type", WORDS, nullable=False),
        sa.Column("status_code", WORDS, nullable=False),
        sa.Column("reason", WORDS, nullable=False),
        sa.Column("scan_mode", WORDS, nullable=True),
        sa.Column("region", WORDS, nullable=True),
        sa.Column("last_scanned_at", sa.BigInteger(), nullable=True),
        sa.Column("image_pulled_at", sa.BigInteger(), nullable=True),
        sa.Column("in_use_at", sa.BigInteger(), nullable=True),
        sa.Column("in_use_count", sa.BigInteger(), nullable=True),
        sa.Column("repository", WORDS, nullable=True),
        sa.Column("function_name", WORDS, nullable=True),
        sa.Column("function_runtime", WORDS, nullable=True),
        sa.Column("project_name", WORDS, nullable=True),
        sa.Column("project_provider", WORDS, nullable=True),
        sa.Column("project_visibility", WORDS, nullable=True),
        sa.Column("commit_id", WORDS, nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("valid_from", sa.BigInteger(), nullable=False),
        sa.Column("valid_to", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("row_id", name=op.f("pk_coverage")),
    )
    op.create_index(
        "ix_coverage_identity",
        "coverage",
        ["account", "resource_id", "scan_type", "valid_from"],
        unique=False,
    )
    op.create_index(
        "uq_coverage_present",
        "coverage",
        ["account", "resource_id", "scan_type"],
        unique=True,
        sqlite_where=sa.text("valid_to = 4611686018427387904"),
        postgresql_where=sa.text("valid_to = 4611686018427387904"),
    )
    op.create_table(
        "coverage_value",
        sa.Column("row_id", IDENTITY, nullable=False),
        sa.Column("field", WORDS, nullable=False),
        sa.Column("key", WORDS, nullable=False),
        sa.Column("value", WORDS, nullable=False),
    )
    op.create_index("ix_coverage_value_row", "coverage_value", ["row_id", "field"], unique=False)
    op.create_table(
        "finding",
        sa.Column("row_id", IDENTITY, autoincrement=True, nullable=False),
        sa.Column("arn", WORDS, nullable=False),
        sa.Column("account", WORDS, nullable=False),
        sa.Column("region", WORDS, nullable=True),
        sa.Column("status", WORDS, nullable=False),
        sa.Column("closed_because", WORDS, nullable=True),
        sa.Column("type", WORDS, nullable=False),
        sa.Column("severity", WORDS, nullable=False),
        sa.Column("severity_rank", sa.SmallInteger(), nullable=False),
        sa.Column("title", WORDS, nullable=True),
        sa.Column("first_observed_at", sa.BigInteger(), nullable=False),
        sa.Column("last_observed_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=True),
        sa.Column("inspector_score", sa.Float(), nullable=True),
        sa.Column("epss_score", sa.Float(), nullable=True),
        sa.Column("exploit_available", WORDS, nullable=True),
        sa.Column("fix_available", WORDS, nullable=True),
        sa.Column("resource_type", WORDS, nullable=True),
        sa.Column("resource_id", WORDS, nullable=False),
        sa.Column("vulnerability_id", WORDS, nullable=True),
        sa.Column("vulnerability_source", WORDS, nullable=True),
        sa.Column("vendor_severity", WORDS, nullable=True),
        sa.Column("ec2_image_id", WORDS, nullable=True),
        sa.Column("ec2_vpc_id", WORDS, nullable=True),
        sa.Column("ec2_subnet_id", WORDS, nullable=True),
        sa.Column("ec2_platform", WORDS, nullable=True),
        sa.Column("ecr_pushed_at", sa.BigInteger(), nullable=True),
        sa.Column("ecr_architecture", WORDS, nullable=True),
        sa.Column("ecr_registry", WORDS, nullable=True),
        sa.Column("ecr_repository", WORDS, nullable=True),
        sa.Column("ecr_hash", WORDS, nullable=True),
        sa.Column("ecr_last_in_use_at", sa.BigInteger(), nullable=True),
        sa.Column("ecr_in_use_count", sa.BigInteger(), nullable=True),
        sa.Column("lambda_name", WORDS, nullable=True),
        sa.Column("lambda_runtime", WORDS, nullable=True),
        sa.Column("lambda_modified_at", sa.BigInteger(), nullable=True),
        sa.Column("lambda_role", WORDS, nullable=True),
        sa.Column("project_name", WORDS, nullable=True),
        sa.Column("project_provider", WORDS, nullable=True),
        sa.Column("port_begin", sa.Integer(), nullable=True),
        sa.Column("port_end", sa.Integer(), nullable=True),
        sa.Column("protocol", WORDS, nullable=True),
        sa.Column("component_type", WORDS, nullable=True),
        sa.Column("detector_name", WORDS, nullable=True),
        sa.Column("code_path", WORDS, nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("valid_from", sa.BigInteger(), nullable=False),
        sa.Column("valid_to", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("row_id", name=op.f("pk_finding")),
    )
    op.create_index(
        "ix_finding_account",
        "finding",
        ["account", "severity_rank", "last_observed_at", "arn"],
        unique=False,
    )
    op.create_index("ix_finding_arn", "finding", ["arn", "valid_to"], unique=False)
    op.create_index("ix_finding_ecr_hash", "finding", ["ecr_hash", "valid_to"], unique=False)
    op.create_index(
        "ix_finding_ecr_repository", "finding", ["ecr_repository", "valid_to"], unique=False
    )
    op.create_index("ix_finding_epss_score", "finding", ["epss_score", "arn"], unique=False)
    op.create_index(
        "ix_finding_first_observed_at", "finding", ["first_observed_at", "arn"], unique=False
    )
    op.create_index(
        "ix_finding_inspector_score", "finding", ["inspector_score", "arn"], unique=False
    )
    op.create_index("ix_finding_lambda_name", "finding", ["lambda_name", "valid_to"], unique=False)
    op.create_index(
        "ix_finding_last_observed_at", "finding", ["last_observed_at", "arn"], unique=False
    )
    op.create_index(
        "ix_finding_resource", "finding", ["account", "resource_id", "valid_to"], unique=False
    )
    op.create_index(
        "ix_finding_severity", "finding", ["severity_rank", "last_observed_at", "arn"], unique=False
    )
    op.create_index("ix_finding_title", "finding", ["title", "valid_to"], unique=False)
    op.create_index("ix_finding_updated_at", "finding", ["updated_at", "arn"], unique=False)
    op.create_index(
        "ix_finding_vulnerability_id", "finding", ["vulnerability_id", "valid_to"], unique=False
    )
    op.create_index(
        "uq_finding_present",
        "finding",
        ["arn"],
        unique=True,
        sqlite_where=sa.text("valid_to = 4611686018427387904"),
        postgresql_where=sa.text("valid_to = 4611686018427387904"),
    )
    op.create_table(
        "finding_package",
        sa.Column("row_id", IDENTITY, nullable=False),
        sa.Column("name", WORDS, nullable=False),
        sa.Column("version", WORDS, nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=True),
        sa.Column("release", WORDS, nullable=True),
        sa.Column("architecture", WORDS, nullable=True),
        sa.Column("layer_hash", WORDS, nullable=True),
        sa.Column("lambda_layer_arn", WORDS, nullable=True),
        sa.Column("file_path", WORDS, nullable=True),
    )
    op.create_index("ix_finding_package_name", "finding_package", ["name", "row_id"], unique=False)
    op.create_index("ix_finding_package_row", "finding_package", ["row_id"], unique=False)
    op.create_table(
        "finding_value",
        sa.Column("row_id", IDENTITY, nullable=False),
        sa.Column("field", WORDS, nullable=False),
        sa.Column("key", WORDS, nullable=False),
        sa.Column("value", WORDS, nullable=False),
    )
    op.create_index("ix_finding_value", "finding_value", ["field", "value", "row_id"], unique=False)
    op.create_index("ix_finding_value_row", "finding_value", ["row_id", "field"], unique=False)
    op.create_table(
        "inventory",
        sa.Column("digest", WORDS, nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_inventory")),
    )
    op.create_table(
        "inventory_package",
        sa.Column("package", IDENTITY, autoincrement=False, nullable=False),
        sa.Column("inventory", WORDS, nullable=False),
        sa.PrimaryKeyConstraint("package", "inventory", name=op.f("pk_inventory_package")),
    )
    op.create_table(
        "package_version",
        sa.Column("row_id", IDENTITY, autoincrement=True, nullable=False),
        sa.Column("ecosystem", WORDS, nullable=False),
        sa.Column("release", WORDS, nullable=False),
        sa.Column("name", WORDS, nullable=False),
        sa.Column("version", WORDS, nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("row_id", name=op.f("pk_package_version")),
        sa.UniqueConstraint(
            "ecosystem",
            "release",
            "name",
            "version",
            name=op.f("uq_package_version_ecosystem_release_name_version"),
        ),
    )
    op.create_table(
        "record",
        sa.Column("row_id", IDENTITY, autoincrement=True, nullable=False),
        sa.Column("kind", WORDS, nullable=False),
        sa.Column("owner", WORDS, nullable=False),
        sa.Column("key", WORDS, nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("valid_from", sa.BigInteger(), nullable=False),
        sa.Column("valid_to", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("row_id", name=op.f("pk_record")),
    )
    op.create_index(
        "ix_record_identity", "record", ["kind", "owner", "key", "valid_from"], unique=False
    )
    op.create_index(
        "uq_record_present",
        "record",
        ["kind", "owner", "key"],
        unique=True,
        sqlite_where=sa.text("valid_to = 4611686018427387904"),
        postgresql_where=sa.text("valid_to = 4611686018427387904"),
    )
    op.create_table(
        "resource_inventory",
        sa.Column("row_id", IDENTITY, autoincrement=True, nullable=False),
        sa.Column("account", WORDS, nullable=False),
        sa.Column("resource_id", WORDS, nullable=False),
        sa.Column("inventory", WORDS, nullable=False),
        sa.Column("valid_from", sa.BigInteger(), nullable=False),
        sa.Column("valid_to", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("row_id", name=op.f("pk_resource_inventory")),
    )
    op.create_index(
        "ix_resource_inventory_inventory", "resource_inventory", ["inventory"], unique=False
    )
    op.create_index(
        "uq_resource_inventory_present",
        "resource_inventory",
        ["account", "resource_id"],
        unique=True,
        sqlite_where=sa.text("valid_to = 4611686018427387904"),
        postgresql_where=sa.text("valid_to = 4611686018427387904"),
    )
    op.create_table(
        "transition",
        sa.Column("row_id", IDENTITY, autoincrement=True, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("account", WORDS, nullable=False),
        sa.Column("arn", WORDS, nullable=False),
        sa.Column("kind", WORDS, nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("delivered_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("row_id", name=op.f("pk_transition")),
    )
    op.create_index(op.f("ix_transition_arn"), "transition", ["arn"], unique=False)
    op.create_index(
        op.f("ix_transition_delivered_at"), "transition", ["delivered_at"], unique=False
    )
