"""RegistryService: people change components, on record, and take a change back.

A change is an event of the audit trail with what was there before and after it. It is taken back only where what
came of it is still there: what a pack or an import brought since stays.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import ValidationError
from sqlalchemy import exists, select
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import AuditEvent, Component
from db.session import ReadSession
from services import audit
from services.audit import Actor
from services.components.definitions import ComponentDefinition
from services.components.service import stored_members
from services.components.specs import ComponentSpec
from services.errors import MuddaError, NotFound
from services.pages import Page

TEXTS = ("name", "description", "category", "owner_service")
NUMBERS = ("timeout_seconds", "attempts", "max_concurrent", "per_minute")
FIELDS = (*TEXTS, "approval", *NUMBERS)
"""What people may change; the rest of a component is for packs."""

ACTIVE = "is_active"
CHANGED = "component.changed"
"""The action of a change. Its facts are `before` and `after`: {member: value}."""


class EditRefused(MuddaError):
    """Some of the `fields` can't be what somebody typed into them."""

    def __init__(self, fields: frozenset[str]) -> None:
        super().__init__(", ".join(sorted(fields)))
        self.fields = fields


class ComponentChanged(MuddaError):
    """The component is not what it was when it was shown, or when it was changed."""


@dataclass(frozen=True, slots=True)
class RegistryEntry:
    """A component by its id. `stamp` is another one after each change."""

    id: UUID
    definition: ComponentDefinition
    active: bool
    stamp: str


@dataclass(frozen=True, slots=True)
class ComponentChange:
    """A change on record: who made it and when, and what was there `before` and `after` it."""

    id: UUID
    by: str
    at: datetime
    before: Mapping[str, Any]
    after: Mapping[str, Any]


def read_edit(definition: ComponentDefinition, texts: Mapping[str, str]) -> dict[str, Any]:
    """What somebody typed into the form of a component, as the values of its members. Raises EditRefused."""
    values: dict[str, Any] = {}
    refused = set()
    for name in FIELDS:
        if name in texts:
            try:
                values[name] = _number(name, texts[name]) if name in NUMBERS else texts[name].strip()
            except ValueError:
                refused.add(name)
    refused |= _refused(definition.model_dump(mode="json"), values)
    if refused:
        raise EditRefused(frozenset(refused))
    return values


class RegistryService:
    """Components as people look after them. Every method takes a session and leaves the commit to its caller."""

    async def get(
        self, session: AsyncSession | ReadSession, workspace_id: UUID, component_id: UUID
    ) -> RegistryEntry:
        """A component, in use or not. Raises NotFound."""
        return _entry(await _row(session, workspace_id, component_id))

    async def ids_of(
        self, session: AsyncSession | ReadSession, workspace_id: UUID, page: Page[ComponentSpec]
    ) -> dict[str, UUID]:
        """The ids of the components on a page, by key."""
        keys = [spec.key for spec in page.items]
        query = select(Component.key, Component.id).where(
            Component.workspace_id == workspace_id, Component.key.in_(keys)
        )
        return {row.key: row.id for row in await session.execute(query)}

    async def edit(
        self,
        session: AsyncSession,
        workspace_id: UUID,
        component_id: UUID,
        stamp: str,
        texts: Mapping[str, str],
        actor: Actor,
    ) -> ComponentChange | None:
        """Change what was typed anew; None if that is nothing. Raises NotFound, ComponentChanged, EditRefused."""
        row = await _locked(session, workspace_id, component_id)
        if (done := await self._done(session, workspace_id, component_id, actor)) is not None:
            return done
        entry = _entry(row)
        if entry.stamp != stamp:
            raise ComponentChanged
        return await self._changed(session, row, read_edit(entry.definition, texts), actor)

    async def switch(
        self, session: AsyncSession, workspace_id: UUID, component_id: UUID, *, is_active: bool, actor: Actor
    ) -> ComponentChange | None:
        """Take a component out of use, or into it; None if it is there already. Raises NotFound."""
        row = await _locked(session, workspace_id, component_id)
        if (done := await self._done(session, workspace_id, component_id, actor)) is not None:
            return done
        return await self._changed(session, row, {ACTIVE: is_active}, actor)

    async def undo(
        self, session: AsyncSession, workspace_id: UUID, component_id: UUID, change_id: str, actor: Actor
    ) -> ComponentChange | None:
        """Bring back what was before the last change. Raises NotFound; ComponentChanged if that is another."""
        row = await _locked(session, workspace_id, component_id)
        if (done := await self._done(session, workspace_id, component_id, actor)) is not None:
            return done
        last = await self.last_change(session, workspace_id, component_id)
        if last is None or str(last.id) != change_id or not can_undo(_values(row), last):
            raise ComponentChanged
        if _refused(stored_members(row), {name: value for name, value in last.before.items() if name != ACTIVE}):
            raise ComponentChanged
        return await self._changed(session, row, last.before, actor)

    async def last_change(
        self, session: AsyncSession | ReadSession, workspace_id: UUID, component_id: UUID
    ) -> ComponentChange | None:
        """The last change that a person made, if there is one."""
        event = await session.scalar(
            _events(workspace_id, component_id)
            .where(AuditEvent.action == CHANGED)
            .order_by(AuditEvent.created_at.desc())
            .limit(1)
        )
        return None if event is None else _change(event)

    async def was_done(
        self, session: AsyncSession | ReadSession, workspace_id: UUID, component_id: UUID, press: str
    ) -> bool:
        """Whether what a person submitted has been done about a component already."""
        found = _events(workspace_id, component_id).where(AuditEvent.facts["press"].as_string() == press)
        return bool(await session.scalar(select(exists(found))))

    async def _done(
        self, session: AsyncSession, workspace_id: UUID, component_id: UUID, actor: Actor
    ) -> ComponentChange | None:
        if actor.press is None:
            return None
        pressed = AuditEvent.facts["press"].as_string() == actor.press
        event = await session.scalar(
            _events(workspace_id, component_id).where(AuditEvent.action == CHANGED, pressed).limit(1)
        )
        return None if event is None else _change(event)

    async def _changed(
        self, session: AsyncSession, row: Component, wanted: Mapping[str, Any], actor: Actor
    ) -> ComponentChange | None:
        now = _values(row)
        after = {name: value for name, value in wanted.items() if now[name] != value}
        if not after:
            return None
        before = {name: now[name] for name in after}
        for name, value in after.items():
            setattr(row, name, value)
        await session.flush()
        await audit.record(
            session, row.workspace_id, subject=row.id, actor=actor, action=CHANGED, before=before, after=after
        )
        return await self.last_change(session, row.workspace_id, row.id)


def can_undo(now: Mapping[str, Any], change: ComponentChange) -> bool:
    """Whether what came of a change is still there; `now` are the members as they are."""
    return all(now.get(name) == value for name, value in change.after.items())


def values_of(entry: RegistryEntry) -> dict[str, Any]:
    """What people may change of a component, as it is now."""
    members = entry.definition.model_dump(mode="json")
    return {**{name: members[name] for name in FIELDS}, ACTIVE: entry.active}


def _values(row: Component) -> dict[str, Any]:
    return {name: getattr(row, name) for name in (*FIELDS, ACTIVE)}


def _number(name: str, text: str) -> float | int | None:
    """A number as it was typed; None for none where there need be none. Raises ValueError."""
    if not text.strip() and name in ("max_concurrent", "per_minute"):
        return None
    return float(text) if name == "timeout_seconds" else int(text)


def _refused(members: Mapping[str, Any], values: Mapping[str, Any]) -> set[str]:
    """Those of the values that a component can't have."""
    try:
        ComponentDefinition.model_validate({**members, **values})
    except ValidationError as error:
        return {
            str(each["loc"][0]) for each in error.errors(include_url=False, include_input=False) if each["loc"]
        }
    return set()


def _events(workspace_id: UUID, component_id: UUID) -> Any:
    return select(AuditEvent).where(AuditEvent.workspace_id == workspace_id, AuditEvent.subject_id == component_id)


def _change(event: AuditEvent) -> ComponentChange:
    return ComponentChange(
        event.id, event.actor, event.created_at, event.facts.get("before", {}), event.facts.get("after", {})
    )


def _entry(row: Component) -> RegistryEntry:
    definition = ComponentDefinition.model_validate(stored_members(row))
    return RegistryEntry(row.id, definition, row.is_active, row.updated_at.isoformat())


async def _row(session: AsyncSession | ReadSession, workspace_id: UUID, component_id: UUID) -> Component:
    query = select(Component).where(Component.workspace_id == workspace_id, Component.id == component_id)
    row: Component | None = await session.scalar(query)
    if row is None:
        raise NotFound("component", component_id)
    return row


async def _locked(session: AsyncSession, workspace_id: UUID, component_id: UUID) -> Component:
    row: Component | None = await session.scalar(
        select(Component)
        .where(Component.workspace_id == workspace_id, Component.id == component_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if row is None:
        raise NotFound("component", component_id)
    return row
