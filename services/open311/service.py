"""Open311Service: the endpoints of a workspace, and the components that were made of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import Open311Endpoint
from db.session import ReadSession
from services import audit
from services.audit import Actor
from services.components.adding import wait_for_turn
from services.components.definitions import ComponentDefinition
from services.components.service import ComponentService
from services.open311.model import LeftOut, Open311Refused, Source, Town
from services.open311.pack import Pack, pack_of
from services.open311.uses import PlanUse, plans_that_use

_KEPT = frozenset({"approval", "timeout_seconds", "auth"})
"""Members of a component that stay as people set them when its endpoint is read again."""

_PASSING = frozenset({"vanished", "no_definition"})
"""Why a service may be left out today and be there tomorrow, with no other changeset."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An endpoint as it is remembered. `services` are the names of its services by their codes."""

    prefix: str
    source: Source
    changeset: str
    services: Mapping[str, str]
    refreshed_at: datetime


@dataclass(frozen=True, slots=True)
class Change:
    """What came of reading an endpoint: keys of components, and codes of services that came and went.

    `left_out` are services that are not offered, and `uses` the plans that use a code which went.
    """

    prefix: str
    services: int
    created: tuple[str, ...]
    updated: tuple[str, ...]
    unchanged: tuple[str, ...]
    removed: tuple[str, ...]
    came: tuple[str, ...] = ()
    went: tuple[str, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    uses: tuple[PlanUse, ...] = ()


class Open311Service:
    """Endpoints by workspace. Every method takes a session and leaves the commit to its caller."""

    def __init__(self, components: ComponentService) -> None:
        self._components = components

    async def endpoints(self, session: ReadSession, workspace_id: UUID) -> tuple[Endpoint, ...]:
        """All endpoints, by prefix."""
        rows = await session.scalars(
            select(Open311Endpoint)
            .where(Open311Endpoint.workspace_id == workspace_id)
            .order_by(Open311Endpoint.prefix)
        )
        return tuple(
            Endpoint(row.prefix, Source.from_dict(row.source), row.changeset, row.services, row.refreshed_at)
            for row in rows
        )

    async def add(
        self, session: AsyncSession, workspace_id: UUID, source: Source, town: Town, actor: Actor, now: datetime
    ) -> Change:
        """Make the components of a town, or bring them up to date, and remember the endpoint: all or nothing.

        What people set of a component stays, and one that they took out of use stays out of it. Components that
        the town has no use for any more are taken out of use. Raises Open311Refused where others begin like these.
        """
        pack = pack_of(town, source)
        prefix = source.key_prefix
        await wait_for_turn(session, workspace_id)
        row = await self._locked(session, workspace_id, prefix)
        keys = [definition.key for definition in pack.definitions]
        known = {} if row else await self._components.by_keys(session, workspace_id, keys)
        if known or (row is not None and row.base_url != town.base_url):
            raise Open311Refused("taken", town.base_url, detail=prefix)
        was = row or Open311Endpoint(
            workspace_id=workspace_id, prefix=prefix, services={}, codes={}, keys=[], changeset=""
        )
        kept = _KEPT if row and row.source.get("api_key") == source.api_key else _KEPT - {"auth"}
        wanted = await self._as_people_left_them(session, workspace_id, pack, was.keys, kept)
        loaded = await self._components.load(session, workspace_id, wanted)
        # What could not be read just now has not gone for that: it stays as it was, and is read again next time.
        unread = {each.name for each in pack.left_out if each.reason == "no_definition"} & {*was.services}
        spared = {key: code for key, code in was.codes.items() if code in unread}
        removed = sorted({*was.keys} - {*keys} - {*spared})
        active = await self._components.by_keys(session, workspace_id, removed)
        gone = [key for key in removed if key in active and active[key].active]
        for key in gone:
            await self._components.deactivate(session, workspace_id, key)
        services = {service.code: service.name for service in town.services}
        services |= {code: was.services[code] for code in unread}
        came = tuple(code for code in services if code not in was.services) if row else ()
        went = tuple(code for code in was.services if code not in services)
        uses = await plans_that_use(session, workspace_id, was.keys, was.codes, went)
        was.source, was.base_url, was.refreshed_at = source.to_dict(), town.base_url, now
        was.services, was.codes = services, {**spared, **pack.codes}
        was.changeset = "" if any(each.reason in _PASSING for each in pack.left_out) else town.changeset
        was.keys = [*keys, *spared]
        session.add(was)
        await session.flush()
        await audit.record(
            session,
            workspace_id,
            subject=was.id,
            actor=actor,
            action="open311.refreshed" if row else "open311.added",
            prefix=prefix,
            came=list(came),
            went=list(went),
            created=list(loaded.created),
            updated=list(loaded.updated),
            removed=gone,
        )
        return Change(
            prefix=prefix,
            services=len(services),
            created=loaded.created,
            updated=loaded.updated,
            unchanged=loaded.unchanged,
            removed=tuple(gone),
            came=came,
            went=went,
            left_out=pack.left_out,
            uses=uses,
        )

    async def note_unchanged(self, session: AsyncSession, workspace_id: UUID, prefix: str, now: datetime) -> None:
        """Remember that an endpoint was asked, and that nothing about it has changed."""
        row = await self._locked(session, workspace_id, prefix)
        if row is not None:
            row.refreshed_at = now

    async def _locked(self, session: AsyncSession, workspace_id: UUID, prefix: str) -> Open311Endpoint | None:
        return await session.scalar(
            select(Open311Endpoint)
            .where(Open311Endpoint.workspace_id == workspace_id, Open311Endpoint.prefix == prefix)
            .with_for_update()
        )

    async def _as_people_left_them(
        self, session: AsyncSession, workspace_id: UUID, pack: Pack, former: Sequence[str], kept: Collection[str]
    ) -> list[ComponentDefinition]:
        """The components to load: with what people set, and without those that they took out of use."""
        if not former:
            return list(pack.definitions)
        specs = await self._components.by_keys(session, workspace_id, former)
        stored = await self._components.definitions(session, workspace_id, former)
        wanted = []
        for definition in pack.definitions:
            if definition.key in specs and not specs[definition.key].active and definition.key in former:
                continue
            own = {name: stored[definition.key][name] for name in kept} if definition.key in stored else {}
            document = {**definition.model_dump(mode="json"), **own}
            wanted.append(ComponentDefinition.model_validate(document))
        return wanted
