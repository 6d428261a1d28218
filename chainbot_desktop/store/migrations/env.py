"""Run by Alembic on the connection that `store.database` hands over."""

from __future__ import annotations

from alembic import context

from chainbot_desktop.store.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
