"""Components as an import finds and stores them: PostgreSQL reads their JSON, and nobody else need do so."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import (
    ARRAY,
    JSON,
    ColumnElement,
    String,
    Text,
    and_,
    any_,
    bindparam,
    cast,
    column,
    func,
    literal_column,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import JSONB, Insert, insert
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import Component
from db.models.documents import ImportedForm
from db.session import ReadSession
from services.components.definitions import ComponentDefinition
from services.components.written import LARGE, WrittenDefinition

PIECE = 500_000
"""So many characters of JSON go in one statement: to hand it over holds up nobody for long."""

_TABLE: Any = Component.__table__
_MEMBERS = tuple(ComponentDefinition.model_fields)
_SMALL = ("id", "workspace_id", "is_active", *(name for name in _MEMBERS if name not in LARGE), "imported")
_REST = "rest"
"""What each row has besides its large members, as one object."""


async def outlines(session: AsyncSession | ReadSession, workspace_id: UUID, keys: Sequence[str]) -> Sequence[Any]:
    """What there is of components besides their schemas, in the order of their keys."""
    columns = (
        Component.key,
        Component.is_active,
        Component.http_method,
        Component.endpoint_url,
        Component.imported,
    )
    query = select(*columns).where(_are(workspace_id, keys)).order_by(Component.key)
    return (await session.execute(query)).all()


async def members_of(
    session: AsyncSession | ReadSession, workspace_id: UUID, keys: Sequence[str]
) -> Mapping[str, Mapping[str, Any]]:
    """All members of components, by their keys."""
    query = select(*(getattr(Component, name) for name in _MEMBERS)).where(_are(workspace_id, keys))
    return {row.key: dict(row._mapping) for row in await session.execute(query)}


def _are(workspace_id: UUID, keys: Sequence[str]) -> ColumnElement[bool]:
    return and_(Component.workspace_id == workspace_id, Component.key == any_(cast(keys, ARRAY(String))))


def texts_of(workspace_id: UUID, definition: WrittenDefinition, imported: ImportedForm) -> tuple[str, ...]:
    """A component as `store` takes it: the large members as JSON, each for itself, after all others in one."""
    own = {"id": str(uuid4()), "workspace_id": str(workspace_id), "is_active": True, "imported": imported}
    small = {name: text for name, text in definition.texts.items() if name not in LARGE}
    texts = {**{name: json.dumps(value) for name, value in own.items()}, **small}
    rest = "{" + ", ".join(f'"{name}": {text}' for name, text in texts.items()) + "}"
    return (rest, *(definition.texts[name] for name in LARGE))


async def store(session: AsyncSession, rows: Iterable[tuple[str, ...]]) -> None:
    """Write components, by workspace and key."""
    for piece in _pieces(rows):
        columns = map(list, zip(*piece, strict=True))
        await session.execute(_STORE, dict(zip((_REST, *LARGE), columns, strict=True)))


def _pieces(rows: Iterable[tuple[str, ...]]) -> Iterator[Sequence[tuple[str, ...]]]:
    """As many rows at once as have so much text."""
    held: list[tuple[str, ...]] = []
    size = 0
    for row in rows:
        held.append(row)
        size += sum(map(len, row))
        if size >= PIECE:
            yield held
            held, size = [], 0
    if held:
        yield held


def _store() -> Insert:
    names = (_REST, *LARGE)
    texts = func.unnest(*(bindparam(name, type_=ARRAY(Text)) for name in names))
    given = texts.table_valued(*(column(name, Text) for name in names), name="given").render_derived()
    # Each large text is read once. As members of an object they would be looked through for their ends before.
    record = func.json_populate_record(literal_column("NULL::components"), cast(given.c[_REST], JSON))
    small = record.table_valued(*(column(name, _TABLE.c[name].type) for name in _SMALL), name="small").lateral()
    columns = {name: small.c[name] for name in _SMALL} | {name: cast(given.c[name], JSONB) for name in LARGE}
    rows = select(*columns.values()).select_from(given.join(small, true()))
    statement = insert(_TABLE).from_select([*columns], rows)
    changed = {name: statement.excluded[name] for name in columns if name not in ("id", "workspace_id", "key")}
    return statement.on_conflict_do_update(
        index_elements=["workspace_id", "key"], set_={**changed, "updated_at": func.now()}
    )


_STORE = _store()
