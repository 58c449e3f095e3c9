"""The tables that the migrations make are the tables that the models declare."""

from __future__ import annotations

import warnings
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Column, Computed, Connection, DateTime, MetaData, Table, Text

from db.migrate import alembic_config
from db.models import Base
from db.session import Database


def ours(name: str | None, kind: str, _: object) -> bool:
    """The queue's tables are PgQueuer's to make."""
    return kind != "table" or not str(name).startswith("pgqueuer")


async def differences(database: Database, declared: MetaData) -> list[Any]:
    """What alembic would have to do to bring the migrated database to what is declared, and what it can't."""

    def compare(connection: Connection) -> list[Any]:
        options = {"include_name": ours, "compare_type": True, "compare_server_default": True}
        with warnings.catch_warnings(record=True, action="always", category=UserWarning) as said:
            found = compare_metadata(MigrationContext.configure(connection, opts=options), declared)
        return [*found, *(str(warning.message) for warning in said)]

    async with database.engine.connect() as connection:
        return await connection.run_sync(compare)


def declared_tables() -> MetaData:
    """A copy of what the models declare, to be changed."""
    copy = MetaData(naming_convention=Base.metadata.naming_convention)
    for table in Base.metadata.sorted_tables:
        table.to_metadata(copy)
    return copy


async def test_the_migrated_schema_is_the_declared_one(database: Database) -> None:
    assert await differences(database, Base.metadata) == []


async def test_a_forgotten_table_is_noticed(database: Database) -> None:
    declared = declared_tables()
    Table("forgotten", declared, Column("id", Text, primary_key=True))
    assert [difference[0] for difference in await differences(database, declared)] == ["add_table"]


@pytest.mark.parametrize("change", ["nullable", "type"])
async def test_a_changed_column_is_noticed(database: Database, change: str) -> None:
    declared = declared_tables()
    column = declared.tables["workflow_plans"].c.issue_text
    if change == "nullable":
        column.nullable = True
    else:
        column.type = DateTime()
    [[difference]] = await differences(database, declared)
    assert difference[0] == f"modify_{change}"


async def test_another_computed_column_is_noticed(database: Database) -> None:
    declared = declared_tables()
    column = declared.tables["components"].c.search
    column.server_default = Computed("to_tsvector('simple', name)", persisted=True)
    assert "components.search" in str(await differences(database, declared))


def test_the_migrations_are_one_line() -> None:
    assert len(ScriptDirectory.from_config(alembic_config()).get_heads()) == 1


def test_no_relationship_is_loaded_behind_our_back() -> None:
    relationships = [each for mapper in Base.registry.mappers for each in mapper.relationships]
    assert relationships
    assert [str(each) for each in relationships if each.lazy != "raise"] == []


def test_every_time_has_a_zone() -> None:
    times = [
        column
        for table in Base.metadata.sorted_tables
        for column in table.columns
        if isinstance(column.type, DateTime)
    ]
    assert times
    assert [str(column) for column in times if not column.type.timezone] == []  # type: ignore[attr-defined]
