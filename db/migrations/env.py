"""Alembic's entry: the connection comes from db.migrate, or from DATABASE_URL when alembic is run by hand."""

from __future__ import annotations

import asyncio
import os

from alembic import context
from sqlalchemy import Connection

from db.engine import async_engine
from db.models import Base


def ours(name: str | None, kind: str, _parents: object) -> bool:
    """Leave the queue's tables alone: PgQueuer installs and upgrades them itself."""
    return not (kind == "table" and name is not None and name.startswith("pgqueuer"))


def run(connection: Connection) -> None:
    """Run the migrations in one transaction."""
    context.configure(connection=connection, target_metadata=Base.metadata, include_name=ours, compare_type=True)
    with context.begin_transaction():
        context.run_migrations()


async def run_by_hand() -> None:
    """For `alembic revision --autogenerate`."""
    engine = async_engine(os.environ["DATABASE_URL"])
    async with engine.connect() as connection:
        await connection.run_sync(run)
    await engine.dispose()


given = context.config.attributes.get("connection")
if given is not None:
    run(given)
else:
    asyncio.run(run_by_hand())
