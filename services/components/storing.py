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
    case,
    cast,
    column,
    func,
    literal_column,
    select,
)
from sqlalchemy.dialects.postgresql import JSONB, Insert, insert
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import Component
from db.models.documents import ImportedForm
from db.session import ReadSession
from services.components.definitions import ComponentDefinition
from services.components.written import WrittenDefinition

PIECE = 500_000
"""So many characters of JSON go in one statement: to hand it over holds up nobody for long."""

_TABLE: Any = Component.__table__
_MEMBERS = tuple(ComponentDefinition.model_fields)
_STORED = ("id", "workspace_id", "is_active", *_MEMBERS, "imported")


def form_of(columns: Iterable[ColumnElement[object]]) -> ColumnElement[str]:
    """What tells whether any member of a component is another, as PostgreSQL finds it out by itself."""
    return func.md5(cast(func.row(*columns), Text))


_FORM = form_of(getattr(Component, name) for name in _MEMBERS)
"""That of a row as it is."""


async def outlines(session: AsyncSession | ReadSession, workspace_id: UUID, keys: Sequence[str]) -> Sequence[Any]:
    """What there is of components besides their schemas, in the order of their keys."""
    columns = (
        Component.key,
        Component.is_active,
        Component.http_method,
        Component.endpoint_url,
        Component.imported,
    )
    query = select(*columns, _FORM.label("form")).where(_are(workspace_id, keys)).order_by(Component.key)
    return (await session.execute(query)).all()


async def members_of(
    session: AsyncSession | ReadSession, workspace_id: UUID, keys: Sequence[str]
) -> Mapping[str, Mapping[str, Any]]:
    """All members of components, by their keys."""
    query = select(*(getattr(Component, name) for name in _MEMBERS)).where(_are(workspace_id, keys))
    return {row.key: dict(row._mapping) for row in await session.execute(query)}


def _are(workspace_id: UUID, keys: Sequence[str]) -> ColumnElement[bool]:
    return and_(Component.workspace_id == workspace_id, Component.key == any_(cast(keys, ARRAY(String))))


def row_text(workspace_id: UUID, definition: WrittenDefinition, imported: ImportedForm) -> str:
    """A component as `store` takes it. If it is noted to have a `form`, that is filled in as it is stored."""
    own = {"id": str(uuid4()), "workspace_id": str(workspace_id), "is_active": True, "imported": imported}
    texts = {**{name: json.dumps(value) for name, value in own.items()}, **definition.texts}
    return "{" + ", ".join(f'"{name}": {text}' for name, text in texts.items()) + "}"


async def store(session: AsyncSession, rows: Iterable[str]) -> None:
    """Write components, by workspace and key."""
    for piece in _pieces(rows):
        await session.execute(_STORE, {"rows": piece})


def _pieces(rows: Iterable[str]) -> Iterator[str]:
    """Rows as lists in JSON, each as long as may be."""
    held: list[str] = []
    size = 0
    for row in rows:
        held.append(row)
        size += len(row)
        if size >= PIECE:
            yield f"[{','.join(held)}]"
            held, size = [], 0
    if held:
        yield f"[{','.join(held)}]"


def _store() -> Insert:
    rows = cast(bindparam("rows", type_=Text), JSON)
    given = func.json_populate_recordset(literal_column("NULL::components"), rows).table_valued(
        *(column(name, _TABLE.c[name].type) for name in _STORED), name="given"
    )
    form = func.jsonb_build_object("form", form_of(given.c[name] for name in _MEMBERS), type_=JSONB)
    noted = case((given.c.imported.has_key("form"), given.c.imported.op("||")(form)), else_=given.c.imported)
    statement = insert(_TABLE).from_select(
        [*_STORED], select(*(noted if name == "imported" else given.c[name] for name in _STORED))
    )
    changed = {name: statement.excluded[name] for name in ("is_active", *_MEMBERS, "imported") if name != "key"}
    return statement.on_conflict_do_update(
        index_elements=["workspace_id", "key"], set_={**changed, "updated_at": func.now()}
    )


_STORE = _store()
