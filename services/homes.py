"""Homes: who has opened theirs, and the redraws that keep them up to date.

A Home stays as it is until it is published anew, so every change of a plan asks for redraws of the Homes that
were opened lately. That is a job of its own (RefreshHomes): rows that all runs of a workspace have in common must
not be held by a transaction that does more. It asks for each redraw under the key `home:<id>:<generation>`, and
whoever redraws takes the next generation before reading: a Home has at most one redraw waiting, a storm of
changes is a few of them, and none is lost. Two redraws at once are told apart by Slack, to which each says what it
means to replace (`view_hash`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, Text, cast, exists, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from db.models import Home
from db.queue import NewJob, enqueue_all, enqueue_new, pending_keys
from services.jobs import DrawHome, HomeList, JobDeferral, RefreshHomes

OPENED_WITHIN = timedelta(days=1)
"""Who has opened their Home within this time is shown what changes; who opens it later sees it anew anyway."""

MAX_LIVE = 50
"""So many Homes of a workspace at most are kept up to date, those opened last: Slack takes about 100 a minute."""

MIN_INTERVAL = timedelta(seconds=1)
"""At most one redraw of a Home in this time; the first after a pause comes at once."""

CHECKED_WITHIN = timedelta(hours=1)
"""For so long what Slack said of a person holds, before it is asked again when they open their Home."""


@dataclass(frozen=True, slots=True)
class HomeTurn:
    """A worker's turn to redraw a Home: what Slack shows there, by its own name of it and by ours."""

    home_id: UUID
    view_hash: str | None
    digest: str | None


async def is_known(session: AsyncSession, workspace_id: UUID, user: str, now: datetime) -> bool:
    """Whether Slack was asked lately who the person is."""
    checked_at = await session.scalar(
        select(Home.checked_at).where(Home.workspace_id == workspace_id, Home.user_id == user)
    )
    return checked_at is not None and checked_at > now - CHECKED_WITHIN


async def is_admin(session: AsyncSession, workspace_id: UUID, user: str) -> bool:
    """Whether the person was an admin of the workspace when Slack was asked last."""
    found = select(Home.is_admin).where(Home.workspace_id == workspace_id, Home.user_id == user)
    return bool(await session.scalar(found))


async def opened(
    session: AsyncSession,
    workspace_id: UUID,
    user: str,
    view_hash: str | None,
    now: datetime,
    *,
    is_admin: bool | None = None,
    is_stranger: bool = False,
) -> None:
    """Somebody opened their Home: remember it, turn its lists to their beginnings, and have it drawn.

    `is_admin` None leaves what is known of the person as it is.
    """
    values: dict[str, Any] = {
        "opened_at": now,
        "view_hash": view_hash,
        "digest": None,
        "notice": None,
        "pages": {},
    }
    if is_admin is not None:
        values |= {"is_admin": is_admin, "is_stranger": is_stranger, "checked_at": now}
    await session.execute(
        insert(Home)
        .values(workspace_id=workspace_id, user_id=user, **values)
        .on_conflict_do_update(index_elements=[Home.workspace_id, Home.user_id], set_=values)
    )
    await _request(session, select(Home).where(Home.workspace_id == workspace_id, Home.user_id == user))


async def request_redraw(session: AsyncSession, workspace_id: UUID, plan_id: UUID) -> None:
    """Have the Homes drawn that may show a plan: of those who have opened theirs lately."""
    await request_redraws(session, [(workspace_id, plan_id)])


async def request_redraws(session: AsyncSession, plans: Iterable[tuple[UUID, UUID]]) -> None:
    """The same for many plans, each given as its workspace's id and its own."""
    for workspace_id in sorted({workspace_id for workspace_id, _ in plans}):
        await request_all(session, workspace_id)


async def request_all(session: AsyncSession, workspace_id: UUID) -> None:
    """Have all Homes of a workspace drawn that were opened lately; asked for twice in a transaction it is once."""
    if transaction := await session.scalar(_TRANSACTION.where(_live(workspace_id).exists())):
        await enqueue_new(session, [refreshing(workspace_id, transaction)])


def refreshing(workspace_id: UUID, transaction: str) -> NewJob:
    """The job that a transaction, by its id, puts in to have the Homes of a workspace drawn."""
    return NewJob(RefreshHomes(workspace=workspace_id), f"homes:{workspace_id}:{transaction}")


async def refresh(session: AsyncSession, workspace_id: UUID) -> None:
    """Ask for the redraws. The session's transaction does nothing else."""
    await _request(session, select(Home).where(Home.id.in_(_live(workspace_id))))


async def turn_page(session: AsyncSession, workspace_id: UUID, user: str, listing: HomeList, page: int) -> None:
    """Turn a list on a person's Home to another page, and have it drawn."""
    home = await _locked(session, workspace_id, user)
    if home is not None:
        home.pages = {**home.pages, listing: page}
        home.notice = None
        await session.flush()
        await _request(session, select(Home).where(Home.id == home.id))


async def tell(session: AsyncSession, workspace_id: UUID, user: str, note: str) -> bool:
    """Tell a person something on their Home. False if they have never opened it, and so can't be told there."""
    home = await _locked(session, workspace_id, user)
    if home is None:
        return False
    home.notice = note
    await session.flush()
    await _request(session, select(Home).where(Home.id == home.id))
    return True


async def begin_draw(
    session: AsyncSession, workspace_id: UUID, user: str, now: datetime
) -> HomeTurn | JobDeferral | None:
    """Take the turn to redraw; None if the person has no Home.

    What is read once this is committed may be shown.
    """
    home = await _locked(session, workspace_id, user)
    if home is None:
        return None
    if home.drawn_at is not None and home.drawn_at + MIN_INTERVAL > now:
        return JobDeferral(home.drawn_at + MIN_INTERVAL - now, "the Home was drawn a moment ago")
    home.generation += 1
    return HomeTurn(home.id, home.view_hash, home.digest)


async def drawn(
    session: AsyncSession, workspace_id: UUID, turn: HomeTurn, view_hash: str, digest: str, now: datetime
) -> None:
    """Slack shows the redraw of this turn, unless another was quicker."""
    await session.execute(
        update(Home)
        .where(Home.workspace_id == workspace_id, Home.id == turn.home_id, _shows(turn))
        .values(view_hash=view_hash, digest=digest, drawn_at=now)
    )


async def overtaken(session: AsyncSession, workspace_id: UUID, turn: HomeTurn) -> None:
    """Slack shows something else than what this turn meant to replace: have the Home read and drawn again.

    Where nobody has noted what that is, the next turn replaces whatever is there.
    """
    await session.execute(
        update(Home)
        .where(Home.workspace_id == workspace_id, Home.id == turn.home_id, _shows(turn))
        .values(view_hash=None, digest=None)
    )
    await _request(session, select(Home).where(Home.workspace_id == workspace_id, Home.id == turn.home_id))


def has_live(workspace_id: ColumnElement[UUID] | InstrumentedAttribute[UUID]) -> ColumnElement[bool]:
    """Whether somebody of a workspace has opened their Home lately."""
    return exists().where(Home.workspace_id == workspace_id, Home.opened_at > func.now() - OPENED_WITHIN)


_TRANSACTION = select(cast(func.pg_current_xact_id(), Text))


def _live(workspace_id: UUID) -> Select[UUID]:
    """The Homes of a workspace that are kept up to date."""
    lately = func.now() - OPENED_WITHIN
    return (
        select(Home.id)
        .where(Home.workspace_id == workspace_id, Home.opened_at > lately)
        .order_by(Home.opened_at.desc())
        .limit(MAX_LIVE)
    )


def _shows(turn: HomeTurn) -> ColumnElement[bool]:
    """Whether the row still says what it said at the turn's beginning."""
    return Home.view_hash.is_not_distinct_from(turn.view_hash)


async def _locked(session: AsyncSession, workspace_id: UUID, user: str) -> Home | None:
    return await session.scalar(
        select(Home)
        .where(Home.workspace_id == workspace_id, Home.user_id == user)
        .with_for_update()
        .execution_options(populate_existing=True)
    )


async def _request(session: AsyncSession, which: Select[Home]) -> None:
    # Held, so that a redraw which has read already is not taken for one that will read what is written here.
    held = which.order_by(Home.id).with_for_update().execution_options(populate_existing=True)
    homes = {home.key: home for home in await session.scalars(held)}
    if not homes:
        return
    wanted = list(homes.keys() - await pending_keys(session, list(homes)))
    jobs = [DrawHome(workspace=homes[key].workspace_id, user=homes[key].user_id) for key in wanted]
    await enqueue_all(session, jobs, wanted)
