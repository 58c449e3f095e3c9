"""CopyService: the messages that ask people to act. Each is posted once, and shows how things stand since.

A notification is a row before it is a message: it is posted under its id, by which a worker that takes over finds
it again, and followed up whenever its plan's card is drawn. So all copies are locked as soon as one is pressed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import Notification, NotificationPreference
from db.queue import enqueue
from services.jobs.notifications import DrawNotification, TellUnreached
from services.notifications.preferences import PreferenceService
from services.notifications.ringing import RingService
from services.notifications.subjects import NotificationKind, Standing, Subject, Verdict, standings, verdict
from services.states import OPEN_NOTIFICATIONS, NotificationState


@dataclass(frozen=True, slots=True)
class Copy:
    """A message to a person, about to be posted or drawn. `verdict` is what ended the wait; None: it goes on.

    `turn` is who draws it, and `mark` what it will show. `begun_at`: somebody may have posted it already.
    """

    id: UUID
    kind: NotificationKind
    user: str
    plan: UUID
    run: UUID | None
    step: UUID | None
    on_behalf_of: str | None
    channel: str | None
    ts: str | None
    turn: int
    mark: str
    begun_at: datetime | None = None
    verdict: Verdict | None = None


class CopyService:
    """Every method takes a session and leaves the commit to its caller."""

    def __init__(self, preferences: PreferenceService, ringing: RingService) -> None:
        self._preferences = preferences
        self._ringing = ringing

    async def follow(self, session: AsyncSession, plan_id: UUID) -> None:
        """The plan's card is drawn: have all messages about it show the same."""
        open_rows = select(Notification).where(
            Notification.plan_id == plan_id, Notification.state.in_(OPEN_NOTIFICATIONS)
        )
        rows = (await session.scalars(open_rows.execution_options(populate_existing=True))).all()
        stand = await standings(session, rows) if rows else {}
        # Of thousands that wait few have changed, and only those are held.
        behind = [row.id for row in rows if _is_behind(row, stand[row.id])]
        if not behind:
            return
        held = open_rows.where(Notification.id.in_(behind)).order_by(Notification.id).with_for_update()
        for row in await session.scalars(held.execution_options(populate_existing=True)):
            await self._follow(session, row, stand[row.id])

    async def begin_post(
        self, session: AsyncSession, workspace_id: UUID, notification_id: UUID, now: datetime
    ) -> Copy | None:
        """Note that a message is about to be posted; None if it is there, or not needed any more."""
        row = await self._locked(session, workspace_id, notification_id)
        if row is None or row.ts is not None or row.state != NotificationState.DUE:
            return None
        standing = (await standings(session, [row]))[row.id]
        if not standing.waits:
            row.state = NotificationState.OVER
            return None
        begun_at, row.post_started_at = row.post_started_at, row.post_started_at or now
        dm = select(NotificationPreference.dm).where(
            NotificationPreference.workspace_id == workspace_id, NotificationPreference.user_id == row.user_id
        )
        return _copy(row, standing, channel=await session.scalar(dm), begun_at=begun_at)

    async def posted(self, session: AsyncSession, workspace_id: UUID, copy: Copy, channel: str, ts: str) -> bool:
        """Remember where a message is. False if another worker has posted it: ours is one too many."""
        row = await self._locked(session, workspace_id, copy.id)
        if row is None or (row.ts is not None and row.ts != ts):
            return False
        row.channel, row.ts, row.shown, row.state = channel, ts, copy.mark, NotificationState.SENT
        await self._follow(session, row, (await standings(session, [row]))[row.id])
        return True

    async def opened(self, session: AsyncSession, workspace_id: UUID, user: str, channel: str) -> None:
        """Remember the channel of the direct message with a person."""
        (await self._preferences.locked(session, workspace_id, user)).dm = channel

    async def unreachable(
        self, session: AsyncSession, workspace_id: UUID, copy: Copy, reason: str, now: datetime
    ) -> None:
        """A person can't be written to, for Slack's `reason`: tell the absent themselves, if it is their deputy.

        If none of those who are asked can be, that is said in the card's thread.
        """
        subject = select(Notification.subject, Notification.occasion).where(Notification.id == copy.id)
        about = (await session.execute(subject)).one_or_none()
        if about is None:
            return
        # All of them are held, in one order: of two who fail at once the second sees that nobody is left.
        asked = (
            await session.scalars(
                select(Notification)
                .where(Notification.workspace_id == workspace_id)
                .where(Notification.subject == about.subject, Notification.occasion == about.occasion)
                .order_by(Notification.id)
                .with_for_update()
                .execution_options(populate_existing=True)
            )
        ).all()
        row = next(each for each in asked if each.id == copy.id)
        row.state, row.reason = NotificationState.UNREACHABLE, reason
        if row.on_behalf_of is not None:
            again = Subject(
                NotificationKind(row.kind),
                row.subject,
                row.plan_id,
                row.revision,
                row.run_id,
                row.step_run_id,
                row.occasion,
            )
            await self._ringing.tell(session, workspace_id, again, row.on_behalf_of, None, now, is_personal=True)
            return
        is_lost = all(each.state == NotificationState.UNREACHABLE for each in asked)
        if row.run_id and row.step_run_id and is_lost:
            job = TellUnreached(
                workspace=workspace_id,
                plan=row.plan_id,
                run=row.run_id,
                step=row.step_run_id,
                revision=row.revision,
            )
            await enqueue(session, job, key=f"unreached:{row.step_run_id}:{row.revision}:{row.occasion}")

    async def reasons(
        self, session: AsyncSession, workspace_id: UUID, step_id: UUID, revision: int
    ) -> dict[str, str]:
        """Why people could not be written to about a step, in Slack's words, by who that is."""
        rows = await session.scalars(
            select(Notification).where(
                Notification.workspace_id == workspace_id,
                Notification.step_run_id == step_id,
                Notification.revision == revision,
                Notification.state == NotificationState.UNREACHABLE,
            )
        )
        return {row.user_id: row.reason or "" for row in rows}

    async def begin_draw(self, session: AsyncSession, workspace_id: UUID, notification_id: UUID) -> Copy | None:
        """Take the turn to draw a message; None where there is nothing to draw."""
        row = await self._locked(session, workspace_id, notification_id)
        if row is None or row.ts is None or row.state == NotificationState.OVER:
            return None
        row.turn += 1
        standing = (await standings(session, [row]))[row.id]
        ended = None if standing.waits else await verdict(session, row)
        return _copy(row, standing, channel=row.channel, ended=ended)

    async def drawn(self, session: AsyncSession, workspace_id: UUID, copy: Copy) -> None:
        """Slack has it. If another has taken a turn since, nobody knows whose came last: it is drawn again."""
        row = await self._locked(session, workspace_id, copy.id)
        if row is None:
            return
        if row.turn != copy.turn:
            row.state = NotificationState.SENT
            await _draw(session, row, f"turn{row.turn}")
            return
        row.shown = copy.mark
        if copy.verdict is not None:
            row.state = NotificationState.OVER

    async def gone(self, session: AsyncSession, workspace_id: UUID, copy: Copy) -> None:
        """The message can't be changed any more; what it asks is told by digests, if it is open."""
        row = await self._locked(session, workspace_id, copy.id)
        if row is not None:
            row.state = NotificationState.OVER if copy.verdict is not None else NotificationState.TOLD

    async def reminded(self, session: AsyncSession, workspace_id: UUID, notification_id: UUID) -> Copy | None:
        """The message that a person is to be reminded of; None if that is over."""
        row = await self._locked(session, workspace_id, notification_id)
        if row is None or row.ts is None or row.state != NotificationState.SENT:
            return None
        standing = (await standings(session, [row]))[row.id]
        return _copy(row, standing, channel=row.channel) if standing.waits else None

    async def _follow(self, session: AsyncSession, row: Notification, standing: Standing) -> None:
        """Have a message drawn that does not show how things stand; what was not posted yet is over, or waits."""
        if not _is_behind(row, standing):
            return
        if _is_message(row):
            await _draw(session, row, standing.mark)
        else:
            row.state = NotificationState.OVER

    async def _locked(
        self, session: AsyncSession, workspace_id: UUID, notification_id: UUID
    ) -> Notification | None:
        found: Notification | None = await session.scalar(
            select(Notification)
            .where(Notification.workspace_id == workspace_id, Notification.id == notification_id)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
        return found


def _is_message(row: Notification) -> bool:
    """Whether it is a message that can be drawn; else it waits to be posted, or a digest has it."""
    return row.ts is not None and row.state == NotificationState.SENT


def _is_behind(row: Notification, standing: Standing) -> bool:
    """Whether a message shows something else than how things stand, or what has none is over."""
    return row.shown != standing.mark if _is_message(row) else not standing.waits


async def _draw(session: AsyncSession, row: Notification, mark: str) -> None:
    job = DrawNotification(workspace=row.workspace_id, notification=row.id)
    await enqueue(session, job, key=f"draw_notification:{row.id}:{mark}")


def _copy(
    row: Notification,
    standing: Standing,
    *,
    channel: str | None,
    begun_at: datetime | None = None,
    ended: Verdict | None = None,
) -> Copy:
    return Copy(
        id=row.id,
        kind=NotificationKind(row.kind),
        user=row.user_id,
        plan=row.plan_id,
        run=row.run_id,
        step=row.step_run_id,
        on_behalf_of=row.on_behalf_of,
        channel=channel,
        ts=row.ts,
        turn=row.turn,
        mark=standing.mark,
        begun_at=begun_at,
        verdict=ended,
    )
