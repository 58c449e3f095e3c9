"""The door to components: a call goes through, or is told when to come back. Nobody waits at it for long.

What it can't ask, since the database is away, keeps nobody out: a call that could be made is made.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, nullcontext, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from db.errors import DATABASE_ERRORS
from db.session import Database
from services.components.definitions import ComponentDefinition
from services.connectors import Response
from services.connectors.errors import CallError, MaybeSent, NotSent
from services.health import hosts, turns
from services.health.hosts import KnownHost

logger = logging.getLogger("mudda.health")

HOST_CALLS = 64
"""Calls of one host at once in this process: half of the steps that it carries out, whatever hangs."""

PATIENCE_SECONDS = 0.5
"""For so long a step keeps its place while it waits for such a call to end; a host that answers needs less."""

KNOWN_SECONDS = 1.0
"""For so long what was read of a workspace's hosts is taken for what is so."""

AHEAD_SECONDS = 0.1
"""So long before that ends a call has it read anew, beside itself: the next one need not wait for it."""

AT_FIRST, AT_MOST = 1.0, 15.0
"""Seconds until a step comes back for which there was no place; longer each time."""

_FAILING = frozenset({500, 502, 503, 504})


@dataclass(frozen=True, slots=True)
class Held:
    """A call that is not made now: `by` "host" (it does not answer), "rate" or "busy"; `until` it comes back.

    `slot` is the moment that is the call's own by then; `times` counts how often there was no place.
    """

    by: str
    until: datetime
    host: str = ""
    slot: str = ""
    times: int = 0

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        return {"by": self.by, "host": self.host, "slot": self.slot, "times": self.times}


@dataclass(frozen=True, slots=True)
class Caller:
    """Who wants to make a call: with which `claim`, and what it was told before, if it was `held`.

    `is_wanted`: a person has just asked for this very call, so it is made to see, however the host has failed.
    """

    workspace_id: UUID
    claim: UUID
    held: dict[str, Any]
    is_wanted: bool = False


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Door:
    """One per process, in one event loop."""

    def __init__(
        self,
        database: Database,
        *,
        now: Callable[[], datetime] = _utc_now,
        clock: Callable[[], float] = time.monotonic,
        host_calls: int = HOST_CALLS,
        patience: float = PATIENCE_SECONDS,
    ) -> None:
        self._database = database
        self._now = now
        self._clock = clock
        self._host_calls = host_calls
        self._patience = patience
        self._places: dict[tuple[UUID, str], asyncio.Semaphore] = {}
        self._known: dict[UUID, tuple[float, dict[str, KnownHost]]] = {}
        self._reading: dict[UUID, asyncio.Task[dict[str, KnownHost]]] = {}

    @asynccontextmanager
    async def call(self, caller: Caller, definition: ComponentDefinition) -> AsyncIterator[Held | None]:
        """None inside of the block: the call may be made, and has its place until the block ends."""
        host = host_of(definition)
        if held := await self._closed(caller, host, definition):
            yield held
            return
        place = self._place(caller.workspace_id, host)
        try:
            async with asyncio.timeout(self._patience) if place.locked() else nullcontext():
                await place.acquire()
        except TimeoutError:
            yield self._busy(caller, host)
            return
        try:
            held = await self._turn(caller, host, definition)
            try:
                yield held
            finally:
                if held is None and definition.max_concurrent is not None:
                    await asyncio.shield(self._leave(caller, definition.key))
        finally:
            place.release()

    async def look(self, session: AsyncSession, workspace_id: UUID) -> None:
        """Read by a session that is open anyway what would be read as soon as a call comes."""
        if self._fresh(workspace_id) is None:
            self._known[workspace_id] = (self._clock(), dict(await hosts.known_hosts(session, workspace_id)))

    async def note(
        self, workspace_id: UUID, definition: ComponentDefinition, answer: Response | CallError
    ) -> None:
        """Remember how a call ended."""
        reason = fault_of(answer)
        host = host_of(definition)
        if reason is None or (not reason and host not in await self._hosts(workspace_id)):
            return
        try:
            async with self._database.of(workspace_id).transaction() as session:
                if reason:
                    await hosts.record_failure(session, workspace_id, host, reason, self._now())
                else:
                    await hosts.record_success(session, workspace_id, host)
        except DATABASE_ERRORS as error:
            logger.warning("How a host answers could not be noted: %s", type(error).__name__)
        self._known.pop(workspace_id, None)

    def _place(self, workspace_id: UUID, host: str) -> asyncio.Semaphore:
        """What counts the calls of a host."""
        if (workspace_id, host) not in self._places:
            self._places[workspace_id, host] = asyncio.Semaphore(self._host_calls)
        return self._places[workspace_id, host]

    async def _closed(self, caller: Caller, host: str, definition: ComponentDefinition) -> Held | None:
        known = (await self._hosts(caller.workspace_id)).get(host)
        if known is None or known.closed_until is None or caller.is_wanted:
            return None
        until = known.closed_until
        if until <= self._now():
            until = self._now() + timedelta(seconds=definition.timeout_seconds + 5)
            if await self._is_to_see(known, until):
                return None
        # Those that were told the same should not come back together.
        later = until + timedelta(seconds=random.random() * 3)  # noqa: S311 - no secret
        return Held("host", later, host, str(caller.held.get("slot") or ""))

    async def _is_to_see(self, known: KnownHost, until: datetime) -> bool:
        self._known.pop(known.workspace_id, None)
        try:
            async with self._database.of(known.workspace_id).transaction() as session:
                return await hosts.take_probe(session, known, until)
        except DATABASE_ERRORS:
            return False

    async def _turn(self, caller: Caller, host: str, definition: ComponentDefinition) -> Held | None:
        """None if it is the call's turn by the limits of its component."""
        if definition.max_concurrent is None and definition.per_minute is None:
            return None
        now = self._now()
        own = caller.held.get("slot")
        slot = datetime.fromisoformat(own) if own else None
        try:
            async with self._database.of(caller.workspace_id).transaction() as session:
                if definition.per_minute is not None and slot is None:
                    slot = await turns.take_slot(session, caller.workspace_id, definition, now)
                if slot is not None and slot > now:
                    return Held("rate", slot, host, slot.isoformat())
                if definition.max_concurrent is not None and not await turns.take_place(
                    session, caller.workspace_id, definition, caller.claim, now
                ):
                    return self._busy(caller, host, slot.isoformat() if slot else "")
        except DATABASE_ERRORS as error:
            logger.warning("Whose turn it is could not be read: %s", type(error).__name__)
        return None

    async def _leave(self, caller: Caller, component: str) -> None:
        # If it can't be written the place is free when the call's time is up.
        with suppress(*DATABASE_ERRORS):
            async with self._database.of(caller.workspace_id).transaction() as session:
                await turns.leave_place(session, caller.workspace_id, component, caller.claim)

    def _busy(self, caller: Caller, host: str, slot: str = "") -> Held:
        times = int(caller.held.get("times") or 0) + 1
        pause = min(AT_FIRST * 1.5 ** min(times - 1, 20), AT_MOST) * (0.5 + random.random())  # noqa: S311
        return Held("busy", self._now() + timedelta(seconds=pause), host, slot, times)

    async def _hosts(self, workspace_id: UUID) -> dict[str, KnownHost]:
        if (known := self._fresh(workspace_id)) is None:
            return await asyncio.shield(self._read(workspace_id))
        if self._fresh(workspace_id, KNOWN_SECONDS - AHEAD_SECONDS) is None:
            self._read(workspace_id)
        return known

    def _read(self, workspace_id: UUID) -> asyncio.Task[dict[str, KnownHost]]:
        """One asks for all that want to know at the same time: a hundred steps come to the door together."""
        if workspace_id not in self._reading:
            _, known = self._known.get(workspace_id, (0.0, {}))
            reading = asyncio.create_task(self._read_hosts(workspace_id, known))
            self._reading[workspace_id] = reading
            reading.add_done_callback(lambda _: self._reading.pop(workspace_id, None))
        return self._reading[workspace_id]

    def _fresh(self, workspace_id: UUID, seconds: float = KNOWN_SECONDS) -> dict[str, KnownHost] | None:
        """What is known of a workspace's hosts; None if nothing is, or if it was read as long ago as that."""
        read_at, known = self._known.get(workspace_id, (0.0, {}))
        is_old = self._clock() - read_at >= seconds
        return None if workspace_id not in self._known or is_old else known

    async def _read_hosts(self, workspace_id: UUID, known: dict[str, KnownHost]) -> dict[str, KnownHost]:
        read_at = self._clock()
        try:
            async with self._database.of(workspace_id).reading() as session:
                known = dict(await hosts.known_hosts(session, workspace_id))
        except DATABASE_ERRORS:
            return known
        self._known[workspace_id] = (read_at, known)
        return known


def host_of(definition: ComponentDefinition) -> str:
    """The host that a component is called at, with its port where it names one."""
    return urlsplit(definition.endpoint_url).netloc.lower()


def fault_of(answer: Response | CallError) -> str | None:
    """Why a host is to blame for how a call ended: empty where it answered, None where it was not asked at all."""
    if isinstance(answer, Response):
        return str(answer.status) if answer.status in _FAILING else ""
    if isinstance(answer, NotSent):
        return None if answer.reason in ("secret", "file") else answer.reason
    if isinstance(answer, MaybeSent):
        return "" if answer.reason == "unreadable" else answer.reason
    return None
