"""Run by Alembic: migrate on the connection that `upgrade.py` gives, in its transaction."""

from alembic import context

from openinspector.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,
)
context.run_migrations()
