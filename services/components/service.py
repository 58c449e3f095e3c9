"""ComponentService: the components of a workspace, and what they were when they were changed last."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    ScalarSelect,
    Select,
    String,
    any_,
    cast,
    desc,
    func,
    literal,
    literal_column,
    select,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import Component
from services.components.adding import wait_for_turn
from services.components.definitions import KEY, ComponentDefinition
from services.components.response_headers import schema_with_headers
from services.components.specs import ApprovalPolicy, ComponentSpec
from services.errors import MuddaError, NotFound
from services.formats.text import search_words
from services.formats.whole_bodies import as_object
from services.pages import Page


class ComponentExists(MuddaError):
    """The workspace has a component under this key already, perhaps an inactive one."""

    def __init__(self, key: str) -> None:
        super().__init__(f"component {key} exists")
        self.key = key


SEARCH_WORDS = 20

# Constants, and (below) queries in a subquery: else PostgreSQL parses the words again for each row.
_ENGLISH: ColumnElement[Any] = literal_column("'english'::regconfig")
_SIMPLE: ColumnElement[Any] = literal_column("'simple'::regconfig")


@dataclass(frozen=True, slots=True)
class ComponentSnapshot:
    """All of one component. Its `auth` names where secrets are, and holds none."""

    id: UUID
    definition: ComponentDefinition
    active: bool
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """How many components a workspace has in use, and the times at which any were changed, added up."""

    active: int
    changed: Decimal


@dataclass(frozen=True, slots=True)
class LoadResult:
    """The keys that a load created, changed and found as they were."""

    created: tuple[str, ...]
    updated: tuple[str, ...]
    unchanged: tuple[str, ...]


class ComponentService:
    """Components by workspace. Every method takes a session and leaves the commit to its caller."""

    async def create(self, session: AsyncSession, workspace_id: UUID, definition: ComponentDefinition) -> UUID:
        """Register a component. Raises ComponentExists if the key is taken, if only by an inactive one."""
        result = await session.execute(
            insert(Component)
            .values(workspace_id=workspace_id, **_columns(definition))
            .on_conflict_do_nothing(index_elements=["workspace_id", "key"])
            .returning(Component.id)
        )
        component_id = result.scalar_one_or_none()
        if component_id is None:
            raise ComponentExists(definition.key)
        return component_id

    async def get(self, session: AsyncSession, workspace_id: UUID, key: str) -> ComponentSnapshot:
        """One component, active or not. Raises NotFound."""
        row = await session.scalar(_named(workspace_id, [key]))
        if row is None:
            raise NotFound("component", key)
        return ComponentSnapshot(
            id=row.id,
            definition=ComponentDefinition.model_validate(stored_members(row)),
            active=row.is_active,
            created_at=row.created_at,
            updated_at=row.updated_at,
        )

    async def list(
        self, session: AsyncSession, workspace_id: UUID, *, search: str = "", page: int = 1, size: int = 10
    ) -> Page[ComponentSpec]:
        """One page of the components, active ones first, then by how well they fit `search`, then by key.

        Every word of `search` must be there, at least its first letters. A page past the end is the last one.
        """
        page = max(1, page)
        ids, total = await _found(session, workspace_id, search, page, size)
        if not ids and page > 1:
            _, total = await _found(session, workspace_id, search, 1, 1)
            page = max(1, -(-total // size))
            ids, total = await _found(session, workspace_id, search, page, size)
        rows = await session.scalars(_of(workspace_id).where(Component.id.in_(ids)))
        by_id = {row.id: row for row in rows}
        items = tuple(_spec(by_id[each]) for each in ids if each in by_id)
        return Page(items=items, page=page, size=size, total=total)

    async def deactivate(self, session: AsyncSession, workspace_id: UUID, key: str) -> None:
        """Take a component out of use; plans that name it keep its record. Raises NotFound."""
        row = await session.scalar(_named(workspace_id, [key]).with_for_update())
        if row is None:
            raise NotFound("component", key)
        row.is_active = False
        await session.flush()

    async def count_active(self, session: AsyncSession, workspace_id: UUID) -> int:
        """How many components are in use."""
        query = select(func.count()).where(Component.workspace_id == workspace_id, Component.is_active)
        return await session.scalar(query) or 0

    async def fingerprint(self, session: AsyncSession, workspace_id: UUID) -> Fingerprint:
        """What changes whenever a component does: to see that what is remembered of them still holds."""
        # The sum, too: what commits last may have begun first, and then its time is not the latest.
        times = func.coalesce(func.sum(func.extract("epoch", Component.updated_at)), 0)
        query = select(func.count().filter(Component.is_active), times).where(
            Component.workspace_id == workspace_id
        )
        active, changed = (await session.execute(query)).one()
        return Fingerprint(active, Decimal(changed))

    async def active_keys(self, session: AsyncSession, workspace_id: UUID) -> dict[str, datetime]:
        """The keys of the active components, with the time of their last change."""
        query = select(Component.key, Component.updated_at).where(
            Component.workspace_id == workspace_id, Component.is_active
        )
        rows = await session.execute(query)
        return {row.key: row.updated_at for row in rows}

    async def all_active(self, session: AsyncSession, workspace_id: UUID) -> tuple[ComponentSpec, ...]:
        """All active components, by key."""
        rows = await session.scalars(_of(workspace_id).where(Component.is_active).order_by(Component.key))
        return tuple(map(_spec, rows))

    async def by_keys(
        self, session: AsyncSession, workspace_id: UUID, keys: Collection[str]
    ) -> dict[str, ComponentSpec]:
        """Those of the keys that the workspace has, inactive ones too; the others are missing."""
        rows = await session.scalars(_named(workspace_id, keys))
        return {row.key: _spec(row) for row in rows}

    async def definitions(
        self, session: AsyncSession, workspace_id: UUID, keys: Collection[str]
    ) -> dict[str, dict[str, Any]]:
        """The whole definitions of the active components among the keys, as JSON; for a run to freeze."""
        active = _of(workspace_id).where(Component.key.in_(keys), Component.is_active)
        rows = await session.scalars(active)
        return {
            row.key: ComponentDefinition.model_validate(stored_members(row)).model_dump(mode="json")
            for row in rows
        }

    async def load(
        self, session: AsyncSession, workspace_id: UUID, definitions: Sequence[ComponentDefinition]
    ) -> LoadResult:
        """Bring components to what `definitions` say, by key; those that were inactive are in use again."""
        await wait_for_turn(session, workspace_id)
        wanted = {definition.key: _columns(definition) for definition in definitions}
        rows = await session.scalars(_named(workspace_id, wanted))
        stored = {row.key: row for row in rows}
        unchanged = {k for k, row in stored.items() if row.is_active and stored_members(row) == wanted[k]}
        # In the order of the keys: a load and people's changes then wait for each other, and not in a ring.
        changes = [
            {"workspace_id": workspace_id, "is_active": True, **wanted[key]}
            for key in sorted(wanted.keys() - unchanged)
        ]
        if changes:
            await upsert(session, changes)
        return LoadResult(
            created=tuple(sorted(wanted.keys() - stored.keys())),
            updated=tuple(sorted(stored.keys() - unchanged)),
            unchanged=tuple(sorted(unchanged)),
        )


async def upsert(session: AsyncSession, rows: Sequence[dict[str, Any]]) -> None:
    """Write rows of components, by workspace and key; all of them have the same members."""
    statement = insert(Component)
    kept = {"id", "workspace_id", "key"}
    changed = {name: statement.excluded[name] for name in rows[0] if name not in kept}
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=["workspace_id", "key"], set_={**changed, "updated_at": func.now()}
        ),
        rows,
    )


def _of(workspace_id: UUID) -> Select[Component]:
    # A row that was read before in this session may have been changed by a load since.
    return (
        select(Component).where(Component.workspace_id == workspace_id).execution_options(populate_existing=True)
    )


async def _found(
    session: AsyncSession, workspace_id: UUID, search: str, page: int, size: int
) -> tuple[list[UUID], int]:
    """The ids on a page, in order, and how many there are on all pages; one look at all rows tells both."""
    found = select(Component.id, func.count().over().label("total")).where(Component.workspace_id == workspace_id)
    fit: ColumnElement[Any] = literal(0)
    if search.strip():
        query = _search_query(search)
        found = found.where(Component.search.op("@@")(query))
        fit = func.ts_rank(Component.search, query)
    ordered = found.order_by(desc(Component.is_active), desc(fit), Component.key)
    rows = (await session.execute(ordered.limit(size).offset((page - 1) * size))).all()
    return [row.id for row in rows], rows[0].total if rows else 0


def _named(workspace_id: UUID, keys: Iterable[str]) -> Select[Component]:
    # One array and not a parameter each, of which there can be 32,767. What no component could be called, such
    # as a NUL that a model wrote, PostgreSQL can't even be asked about.
    possible = [key for key in keys if KEY.fullmatch(key)]
    return _of(workspace_id).where(Component.key == any_(cast(possible, ARRAY(String))))


def _search_query(text: str) -> ScalarSelect[Any]:
    """Every word, from its first letters, as a stem or as written. No word at all finds nothing."""
    terms = " & ".join(f"'{word}':*" for word in search_words(text)[:SEARCH_WORDS])
    stems, written = func.to_tsquery(_ENGLISH, terms), func.to_tsquery(_SIMPLE, terms)
    return select(stems.op("||")(written)).scalar_subquery()


def _columns(definition: ComponentDefinition) -> dict[str, Any]:
    return definition.model_dump(mode="json")


def stored_members(row: Component) -> dict[str, Any]:
    """The definition in a row, as JSON."""
    return {name: getattr(row, name) for name in ComponentDefinition.model_fields}


def _spec(row: Component) -> ComponentSpec:
    return ComponentSpec(
        key=row.key,
        name=row.name,
        description=row.description,
        category=row.category,
        type=row.type,
        http_method=row.http_method,
        path_params=row.path_params,
        query_params=row.query_params,
        headers=row.headers,
        request_schema=as_object(row.request_schema),
        response_schema=schema_with_headers(row.response_schema, row.response_headers),
        approval=ApprovalPolicy(row.approval),
        active=row.is_active,
    )
