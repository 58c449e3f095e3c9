"""What is known of hosts that fail, shared by all workers through PostgreSQL: a breaker for each.

After FAILURES in a row a host is left alone for a while, each time for longer; then one call is sent to see, and
the others wait for what comes of it. Of a host that answers there is no row, so that nothing is written for it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import HostFault

FAILURES = 8
"""In a row, of any components: then the host is left alone."""

FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=15), timedelta(minutes=4)
"""How long a host is left alone: at first, and at most. Each call that was to see and failed doubles it."""


@dataclass(frozen=True, slots=True)
class KnownHost:
    """A host that has failed: how often in a row, since when, and until when it is left alone, if it is."""

    workspace_id: UUID
    host: str
    failures: int
    since: datetime
    reason: str
    closed_until: datetime | None


def pause_after(failures: int) -> timedelta | None:
    """For how long a host is left alone after so many failures in a row; None: it is not."""
    if failures < FAILURES:
        return None
    times: int = 2 ** min(failures - FAILURES, 10)
    return min(FIRST_PAUSE * times, LONGEST_PAUSE)


async def known_hosts(session: AsyncSession, workspace_id: UUID) -> Mapping[str, KnownHost]:
    """The hosts of a workspace's components that have failed, by name."""
    rows = await session.scalars(select(HostFault).where(HostFault.workspace_id == workspace_id))
    return {row.host: _known(row) for row in rows}


async def closed_hosts(session: AsyncSession) -> Sequence[KnownHost]:
    """All hosts that are left alone, of all workspaces that the session may see."""
    rows = await session.scalars(
        select(HostFault).where(HostFault.closed_until.is_not(None)).order_by(HostFault.host, HostFault.since)
    )
    return [_known(row) for row in rows]


async def take_probe(session: AsyncSession, seen: KnownHost, until: datetime) -> bool:
    """Whether this worker is the one to see whether the host answers again; the others wait `until` then."""
    taken = await session.scalar(
        update(HostFault)
        .where(_is(seen.workspace_id, seen.host), HostFault.closed_until == seen.closed_until)
        .values(closed_until=until)
        .returning(HostFault.id)
    )
    return taken is not None


async def record_failure(session: AsyncSession, workspace_id: UUID, host: str, reason: str, now: datetime) -> None:
    """A call failed by the host's fault."""
    first = {"failures": 1, "since": now, "reason": reason, "updated_at": now}
    failures = await session.scalar(
        insert(HostFault)
        .values(workspace_id=workspace_id, host=host, **first)
        .on_conflict_do_update(
            index_elements=["workspace_id", "host"],
            set_={"failures": HostFault.failures + 1, "reason": reason, "updated_at": now},
        )
        .returning(HostFault.failures)
    )
    pause = pause_after(failures or 1)
    if pause is not None:
        await session.execute(update(HostFault).where(_is(workspace_id, host)).values(closed_until=now + pause))


async def record_success(session: AsyncSession, workspace_id: UUID, host: str) -> None:
    """A host has answered: nothing is known against it any more."""
    await session.execute(delete(HostFault).where(_is(workspace_id, host)))


def _is(workspace_id: UUID, host: str) -> ColumnElement[bool]:
    return (HostFault.workspace_id == workspace_id) & (HostFault.host == host)


def _known(row: HostFault) -> KnownHost:
    return KnownHost(row.workspace_id, row.host, row.failures, row.since, row.reason, row.closed_until)
