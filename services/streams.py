"""Answers that are being streamed: who may stop one, and whether it was stopped or answered, whichever came first.

A row is there only while its answer is under way.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, and_, delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import AnswerStream


@dataclass(frozen=True, slots=True)
class Stopped:
    """A stream that was stopped: which inquiry it answers, and the message."""

    inquiry: UUID
    ts: str


async def begin(
    session: AsyncSession, workspace_id: UUID, inquiry: UUID, *, channel: str, thread_ts: str, ts: str, user: str
) -> None:
    """An answer is streamed to `user` from now on; nothing if that is known."""
    values = {"channel_id": channel, "thread_ts": thread_ts, "ts": ts, "user_id": user}
    row = insert(AnswerStream).values(id=inquiry, workspace_id=workspace_id, **values)
    await session.execute(row.on_conflict_do_nothing())


async def is_stopped(session: AsyncSession, workspace_id: UUID, inquiry: UUID) -> bool:
    """Whether whoever asked wants no answer any more."""
    return bool(await session.scalar(select(AnswerStream.stopped_at).where(_of(workspace_id, inquiry))))


async def end(session: AsyncSession, workspace_id: UUID, inquiry: UUID, now: datetime) -> bool:
    """It comes to its end with an answer; False if it was stopped before that."""
    await session.execute(
        update(AnswerStream)
        .where(_of(workspace_id, inquiry), AnswerStream.stopped_at.is_(None))
        .values(ended_at=now)
    )
    return not await is_stopped(session, workspace_id, inquiry)


async def stop(
    session: AsyncSession, workspace_id: UUID, channel: str, thread_ts: str, user: str, now: datetime
) -> Sequence[Stopped]:
    """A person stops what is being answered to them in a thread; what was asked by others goes on."""
    rows = await session.execute(
        update(AnswerStream)
        .where(
            AnswerStream.workspace_id == workspace_id,
            AnswerStream.channel_id == channel,
            AnswerStream.thread_ts == thread_ts,
            AnswerStream.user_id == user,
            AnswerStream.ended_at.is_(None),
        )
        .values(stopped_at=now)
        .returning(AnswerStream.id, AnswerStream.ts)
    )
    return [Stopped(row.id, row.ts) for row in rows]


async def forget(session: AsyncSession, workspace_id: UUID, inquiry: UUID) -> None:
    """Its message shows what is to be seen: nobody has to know of it any more."""
    await session.execute(delete(AnswerStream).where(_of(workspace_id, inquiry)))


def _of(workspace_id: UUID, inquiry: UUID) -> ColumnElement[bool]:
    return and_(AnswerStream.workspace_id == workspace_id, AnswerStream.id == inquiry)
