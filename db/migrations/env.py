"""Alembic's entry: it runs inside the connection that `db.schema.migrate` hands it."""

from alembic import context

from newsgate.db.all_tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
