"""DigestService: all that waits for a person in one message, what waits longest first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import Card, Notification, StepRun, WorkflowPlan
from services.jobs.notifications import SendDigest
from services.notifications.preferences import NotificationMode, PreferenceService
from services.notifications.ringing import RingService
from services.notifications.subjects import NotificationKind, standings
from services.states import OPEN_NOTIFICATIONS, NotificationState

SHOWN = 10
"""So many lines are in a digest; how many more there are is said below them."""

_READ = 500


@dataclass(frozen=True, slots=True)
class DigestLine:
    """One thing that waits: its plan, what it asks for, since when, and the channel and ts of its card."""

    kind: NotificationKind
    number: int
    title: str
    since: datetime
    step: str | None = None
    on_behalf_of: str | None = None
    card: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Digest:
    """What a person is told: the first lines of `total`, which may be a little less than there is of thousands."""

    user: str
    at: datetime
    lines: tuple[DigestLine, ...]
    total: int


class DigestService:
    """Every method takes a session and leaves the commit to its caller."""

    def __init__(self, preferences: PreferenceService, ringing: RingService) -> None:
        self._preferences = preferences
        self._ringing = ringing

    async def begin(self, session: AsyncSession, job: SendDigest) -> Digest | None:
        """What is to be told now; None if nothing waits. What comes from now on is for the next one."""
        own = (Notification.workspace_id == job.workspace, Notification.user_id == job.user)
        held = (*own, Notification.state == NotificationState.HELD)
        is_begun = await session.scalar(select(func.count()).where(*held, Notification.digest_at == job.at))
        if not is_begun:
            mine = update(Notification).where(*held, Notification.digest_at.is_(None)).values(digest_at=job.at)
            await session.execute(mine)
        query = select(Notification).where(*own, Notification.state.in_(OPEN_NOTIFICATIONS))
        rows = (await session.scalars(query.order_by(Notification.created_at, Notification.id).limit(_READ))).all()
        waiting = await self._waiting(session, rows)
        preferences = await self._preferences.get(session, job.workspace, job.user)
        is_new = any(row.digest_at == job.at and row.state == NotificationState.HELD for row in waiting)
        if not waiting or not (is_new or preferences.mode is NotificationMode.DIGEST):
            return None
        left = await session.scalar(select(func.count()).select_from(query.subquery())) or 0
        total = len(waiting) + max(0, left - len(rows))
        return Digest(job.user, job.at, await self._lines(session, waiting[:SHOWN]), total)

    async def sent(self, session: AsyncSession, job: SendDigest, now: datetime) -> None:
        """It has been told. If more has come since, or still waits for who wants one a day, another follows."""
        own = (Notification.workspace_id == job.workspace, Notification.user_id == job.user)
        held = (*own, Notification.state == NotificationState.HELD)
        told = update(Notification).where(*held, Notification.digest_at == job.at)
        await session.execute(told.values(state=NotificationState.TOLD))
        preferences = await self._preferences.get(session, job.workspace, job.user)
        is_daily = preferences.mode is NotificationMode.DIGEST
        left = (
            select(func.count()).where(*own, Notification.state.in_(OPEN_NOTIFICATIONS))
            if is_daily
            else select(func.count()).where(*held)
        )
        if await session.scalar(left):
            # Never the same again: while this job runs, another under its key would not be taken.
            after = max(now, job.at)
            await self._ringing.schedule_digest(session, job.workspace, job.user, after, daily=is_daily)

    async def _waiting(self, session: AsyncSession, rows: Sequence[Notification]) -> list[Notification]:
        """Those that wait still; one of several about the same thing, for it was handed on."""
        stand = await standings(session, rows)
        latest: Mapping[str, Notification] = {row.subject: row for row in rows if stand[row.id].waits}
        return sorted(latest.values(), key=lambda row: (row.created_at, row.id))

    async def _lines(self, session: AsyncSession, rows: Sequence[Notification]) -> tuple[DigestLine, ...]:
        of_plans = select(WorkflowPlan).where(WorkflowPlan.id.in_({row.plan_id for row in rows}))
        of_steps = select(StepRun).where(StepRun.id.in_({row.step_run_id for row in rows}))
        plans = {plan.id: plan for plan in await session.scalars(of_plans)}
        steps = {step.id: step for step in await session.scalars(of_steps)}
        cards = await session.scalars(select(Card).where(Card.plan_id.in_(plans)))
        places = {card.plan_id: (card.channel_id, card.ts) for card in cards if card.ts}
        return tuple(
            DigestLine(
                kind=NotificationKind(row.kind),
                number=plans[row.plan_id].number,
                title=plans[row.plan_id].title or plans[row.plan_id].issue_text,
                since=row.created_at,
                step=_step(steps.get(row.step_run_id)) if row.step_run_id else None,
                on_behalf_of=row.on_behalf_of,
                card=places.get(row.plan_id),
            )
            for row in rows
        )


def _step(step: StepRun | None) -> str | None:
    return None if step is None else str(step.step.get("description") or step.component_key)
