"""ComponentService: the components of a workspace, and which of them an issue may need."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    ScalarSelect,
    Select,
    SmallInteger,
    String,
    any_,
    cast,
    column,
    desc,
    func,
    literal,
    literal_column,
    select,
)
from sqlalchemy.dialects.postgresql import TSQUERY, insert
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import Component
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


log = logging.getLogger("mudda.components")

SELECTION_LIMIT = 200
"""How many components the selector is shown at most."""

# Ranking takes time for each word and component: 30 words in 5,000 components are some 20 ms.
ISSUE_WORDS = 30
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
class Offer:
    """What the selector may choose from, out of `total` active components."""

    specs: tuple[ComponentSpec, ...]
    total: int


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
            definition=ComponentDefinition.model_validate(_stored(row)),
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
        found = _of(workspace_id)
        fit: ColumnElement[Any] = literal(0)
        if search.strip():
            query = _search_query(search)
            found = found.where(Component.search.op("@@")(query))
            fit = func.ts_rank(Component.search, query)
        total = await session.scalar(select(func.count()).select_from(found.subquery())) or 0
        page = max(1, min(page, -(-total // size)))
        ordered = found.order_by(desc(Component.is_active), desc(fit), Component.key)
        rows = await session.scalars(ordered.limit(size).offset((page - 1) * size))
        return Page(items=tuple(_spec(row) for row in rows), page=page, size=size, total=total)

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

    async def for_selection(
        self, session: AsyncSession, workspace_id: UUID, issue_text: str, *, limit: int = SELECTION_LIMIT
    ) -> Offer:
        """The active components to choose from for an issue: all of them, or the `limit` that fit it best."""
        total = await self.count_active(session, workspace_id)
        active = _of(workspace_id).where(Component.is_active)
        if total <= limit:
            rows = (await session.scalars(active.order_by(Component.key))).all()
            return Offer(tuple(_spec(row) for row in rows), total)
        query = issue_query(issue_text)
        best = (
            await session.scalars(
                active.where(Component.search.op("@@")(query))
                .order_by(desc(func.ts_rank(Component.search, query)), Component.key)
                .limit(limit)
            )
        ).all()
        others: Sequence[Component] = ()
        if len(best) < limit:
            unmatched = active.where(Component.key.not_in([row.key for row in best]))
            others = (await session.scalars(unmatched.order_by(Component.key).limit(limit - len(best)))).all()
        log.info(
            "The selector is shown %d of %d active components; %d of them share a word with the issue.",
            limit,
            total,
            len(best),
            extra={"action": "components_cut", "workspace": str(workspace_id)},
        )
        return Offer(tuple(_spec(row) for row in (*best, *others)), total)

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
        return {row.key: ComponentDefinition.model_validate(_stored(row)).model_dump(mode="json") for row in rows}

    async def load(
        self, session: AsyncSession, workspace_id: UUID, definitions: Sequence[ComponentDefinition]
    ) -> LoadResult:
        """Bring components to what `definitions` say, by key; those that were inactive are in use again."""
        wanted = {definition.key: _columns(definition) for definition in definitions}
        rows = await session.scalars(_named(workspace_id, wanted))
        stored = {row.key: row for row in rows}
        unchanged = {k for k, row in stored.items() if row.is_active and _stored(row) == wanted[k]}
        # In the order of the keys: two loads at once then wait for each other, and not in a ring.
        changes = [
            {"workspace_id": workspace_id, "is_active": True, **wanted[key]}
            for key in sorted(wanted.keys() - unchanged)
        ]
        if changes:
            await _upsert(session, changes)
        return LoadResult(
            created=tuple(sorted(wanted.keys() - stored.keys())),
            updated=tuple(sorted(stored.keys() - unchanged)),
            unchanged=tuple(sorted(unchanged)),
        )


async def _upsert(session: AsyncSession, rows: Sequence[dict[str, Any]]) -> None:
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


def _named(workspace_id: UUID, keys: Iterable[str]) -> Select[Component]:
    # One array and not a parameter each, of which there can be 32,767. What no component could be called, such
    # as a NUL that a model wrote, PostgreSQL can't even be asked about.
    possible = [key for key in keys if KEY.fullmatch(key)]
    return _of(workspace_id).where(Component.key == any_(cast(possible, ARRAY(String))))


def issue_query(text: str) -> ScalarSelect[Any]:
    """Any of the words that the issue uses most, without their endings and without "the" and "of".

    Any and not all: whoever reports a flood doesn't know what the works department calls it.
    """
    plain = " ".join(search_words(text))
    used = func.unnest(func.to_tsvector(_ENGLISH, plain)).table_valued(
        "lexeme", column("positions", ARRAY(SmallInteger)), "weights"
    )
    most_used = (
        select(used.c.lexeme)
        .order_by(func.cardinality(used.c.positions).desc(), used.c.positions[1])
        .limit(ISSUE_WORDS)
        .subquery()
    )
    # Words are letters and digits only, so quoting them takes no more than quotes.
    terms = func.string_agg(func.concat("'", most_used.c.lexeme, "'"), " | ")
    return select(cast(terms, TSQUERY)).scalar_subquery()


def _search_query(text: str) -> ScalarSelect[Any]:
    """Every word, from its first letters, as a stem or as written. No word at all finds nothing."""
    terms = " & ".join(f"'{word}':*" for word in search_words(text)[:SEARCH_WORDS])
    stems, written = func.to_tsquery(_ENGLISH, terms), func.to_tsquery(_SIMPLE, terms)
    return select(stems.op("||")(written)).scalar_subquery()


def _columns(definition: ComponentDefinition) -> dict[str, Any]:
    return definition.model_dump(mode="json")


def _stored(row: Component) -> dict[str, Any]:
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
