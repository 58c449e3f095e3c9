"""RingService: who is told of what waits for people, each once, at once or in a digest."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy import func, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import Notification
from db.queue import enqueue
from services.deputies import deputies_of
from services.jobs.notifications import PostNotification, RemindPerson, SendDigest
from services.notifications.people import asked_about, asked_in_trouble, personal, with_deputies
from services.notifications.preferences import NotificationMode, PreferenceService
from services.notifications.subjects import NotificationKind, Subject
from services.queries.snapshots import PlanSnapshot
from services.states import NotificationState, PlanState, RunState, StepState

BURST = 5
BURST_WINDOW = timedelta(minutes=5)
"""Of more notifications than that in such a time the rest become one digest, at the end of the time."""


class RingService:
    """Every method takes a session and leaves the commit to its caller."""

    def __init__(self, preferences: PreferenceService) -> None:
        self._preferences = preferences

    async def ring_step(
        self, session: AsyncSession, workspace_id: UUID, snapshot: PlanSnapshot, step_id: UUID, now: datetime
    ) -> None:
        """Tell whoever is to act about a step that waits for people, as it is now; each once."""
        run = snapshot.run
        step = next((each for each in run.steps if each.id == step_id), None) if run else None
        if run is None or step is None or run.state is RunState.CANCELLED:
            return
        kinds = {StepState.WAITING: NotificationKind.GATE, StepState.UNCERTAIN: NotificationKind.UNCERTAIN}
        if (kind := kinds.get(step.state)) is None:
            return
        subject = Subject.of_step(kind, snapshot.id, run.id, step.id, step.revision, step.assignments)
        people = asked_about(snapshot, step)
        await self._ring(session, workspace_id, snapshot, subject, people, personal(snapshot, step), now)

    async def ring_failure(
        self, session: AsyncSession, workspace_id: UUID, snapshot: PlanSnapshot, now: datetime
    ) -> None:
        """Tell whoever started a run, and the approvers, that it has failed."""
        run = snapshot.run
        if run is None or run.state is not RunState.FAILED or run.ended_at is None:
            return
        subject = Subject.of_failure(snapshot.id, run.id, run.ended_at)
        people = asked_in_trouble(snapshot)
        await self._ring(session, workspace_id, snapshot, subject, people, personal(snapshot, None), now)

    async def ring_draft(
        self, session: AsyncSession, workspace_id: UUID, snapshot: PlanSnapshot, now: datetime
    ) -> None:
        """Tell the approvers, where there are any, of a draft that waits for them."""
        if snapshot.state is PlanState.DRAFT and snapshot.approvers and snapshot.version:
            subject = Subject.of_plan(snapshot.id, snapshot.revision)
            await self._ring(session, workspace_id, snapshot, subject, snapshot.approvers, (), now)

    async def remind(
        self,
        session: AsyncSession,
        workspace_id: UUID,
        snapshot: PlanSnapshot,
        step_id: UUID,
        number: int,
        by: str | None = None,
    ) -> None:
        """Have those reminded who have a message about a step, and are still asked."""
        step = next((each for each in snapshot.run.steps if each.id == step_id), None) if snapshot.run else None
        if step is None:
            return
        rows = await session.scalars(
            select(Notification).where(
                Notification.workspace_id == workspace_id,
                Notification.step_run_id == step_id,
                Notification.revision == step.revision,
                Notification.state == NotificationState.SENT,
            )
        )
        asked = asked_about(snapshot, step)
        latest = {row.user_id: row for row in sorted(rows, key=lambda row: row.occasion)}
        for row in latest.values():
            if (row.on_behalf_of or row.user_id) in asked:
                job = RemindPerson(workspace=workspace_id, notification=row.id, reminder=number, by=by)
                await enqueue(session, job, key=f"remind_person:{row.id}:{number}:{by}")

    async def tell(
        self,
        session: AsyncSession,
        workspace_id: UUID,
        subject: Subject,
        user: str,
        absent: str | None,
        now: datetime,
        *,
        is_personal: bool,
    ) -> None:
        """Write down that a person is told: at once, or in a digest if that is what they want, or it is much."""
        person = await self._preferences.locked(session, workspace_id, user)
        mode = NotificationMode(person.mode)
        if mode is NotificationMode.MINE and not is_personal:
            return
        lately = 0
        if mode is not NotificationMode.DIGEST:
            lately = await self._lately(session, workspace_id, user, now)
        is_held = mode is NotificationMode.DIGEST or lately >= BURST
        values = {
            "id": uuid4(),
            "workspace_id": workspace_id,
            "plan_id": subject.plan,
            "run_id": subject.run,
            "step_run_id": subject.step,
            "user_id": user,
            "kind": subject.kind,
            "subject": subject.name,
            "revision": subject.revision,
            "occasion": subject.occasion,
            "on_behalf_of": absent,
            "state": NotificationState.HELD if is_held else NotificationState.DUE,
            "created_at": now,
        }
        statement = insert(Notification).values(values).on_conflict_do_nothing().returning(Notification.id)
        new_id = await session.scalar(statement)
        if new_id is None:
            return
        if is_held:
            await self.schedule_digest(session, workspace_id, user, now, daily=mode is NotificationMode.DIGEST)
        else:
            job = PostNotification(workspace=workspace_id, notification=new_id)
            await enqueue(session, job, key=f"notify:{new_id}")

    async def schedule_digest(
        self, session: AsyncSession, workspace_id: UUID, user: str, now: datetime, *, daily: bool
    ) -> None:
        """Have a person's next digest sent: the daily one, or the one at the end of a busy time."""
        at = self._preferences.next_digest(now) if daily else _end_of_window(now)
        job = SendDigest(workspace=workspace_id, user=user, at=at)
        await enqueue(session, job, after=at - now, key=f"digest:{user}:{at.isoformat()}:{workspace_id}")

    async def _ring(
        self,
        session: AsyncSession,
        workspace_id: UUID,
        snapshot: PlanSnapshot,
        subject: Subject,
        people: Sequence[str],
        concerned: Collection[str],
        now: datetime,
    ) -> None:
        deputies = await deputies_of(session, workspace_id, people, now)
        found = with_deputies(people, deputies, askers=(snapshot.issue.reporter, snapshot.requester))
        known = await session.scalars(
            select(Notification.user_id).where(
                Notification.workspace_id == workspace_id,
                Notification.subject == subject.name,
                Notification.occasion == subject.occasion,
            )
        )
        for user in sorted(found.keys() - set(known)):
            absent = found[user]
            is_personal = user in concerned or absent in concerned
            await self.tell(session, workspace_id, subject, user, absent, now, is_personal=is_personal)

    async def _lately(self, session: AsyncSession, workspace_id: UUID, user: str, now: datetime) -> int:
        """How many messages a person got a moment ago, or is about to get."""
        query = select(func.count()).where(
            Notification.workspace_id == workspace_id,
            Notification.user_id == user,
            Notification.created_at > now - BURST_WINDOW,
            or_(Notification.ts.is_not(None), Notification.state == NotificationState.DUE),
        )
        return await session.scalar(query) or 0


def _end_of_window(now: datetime) -> datetime:
    seconds = BURST_WINDOW.total_seconds()
    return datetime.fromtimestamp((now.timestamp() // seconds + 1) * seconds, now.tzinfo)
