"""What is due, by kind: many tasks of one kind must not stand in the way of the others."""

from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Put the kind before the moment, and find what concerns a resource."""
    op.drop_index("ix_task_due", "task")
    op.create_index("ix_task_due", "task", ["kind", "due_at", "row_id"])
    op.create_index("ix_task_subject", "task", ["account", "subject"])
