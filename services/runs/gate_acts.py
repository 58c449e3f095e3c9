"""GateActService: what people do at a gate that decides nothing: remind, hand it to another, ask for more."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from db.models import StepGate
from db.models.documents import GateRequest
from db.queue import enqueue
from services import audit
from services.approvals import ApprovalRefused, ApprovalService
from services.cards import CardService
from services.errors import MoveNotAllowed, MuddaError
from services.jobs.notifications import AskAtGate, HandOverGate, NudgeGate, PostGateRequest
from services.runs.decisions import press_is_recorded
from services.runs.held_steps import HeldStep, held_step
from services.states import StepState

NUDGE_INTERVAL = timedelta(minutes=30)
"""People are reminded of a gate by hand no more often."""

MAX_REQUESTS = 20
"""So much is asked at one gate; more would be a talk, and belongs in the thread."""


class NudgedBefore(MuddaError):
    """People have been reminded of this gate a moment ago, at `at`."""

    def __init__(self, at: datetime) -> None:
        super().__init__(f"reminded at {at.isoformat()}")
        self.at = at


class NotFit(MuddaError):
    """The `person` to whom a gate was to be handed may not decide about it, or has agreed already."""

    def __init__(self, person: str) -> None:
        super().__init__(f"{person} may not decide")
        self.person = person


class AskedEnough(MuddaError):
    """So much has been asked at this gate that more belongs in the thread."""


class GateActService:
    """Every method takes a session and leaves the commit to its caller, and does nothing the second time.

    Raises NotFound, StaleVersion or MoveNotAllowed where the step does not wait as it was shown.
    """

    def __init__(self, approvals: ApprovalService, cards: CardService) -> None:
        self._approvals = approvals
        self._cards = cards

    async def nudge(self, session: AsyncSession, job: NudgeGate, now: datetime) -> StepGate | None:
        """Note that people are reminded; None if this press has done it. Raises NudgedBefore."""
        held, gate = await self._waiting(session, job)
        if await press_is_recorded(session, job.workspace, job):
            return None
        if gate.nudged_at is not None and now - gate.nudged_at < NUDGE_INTERVAL:
            raise NudgedBefore(gate.nudged_at)
        gate.nudged_at, gate.nudges = now, gate.nudges + 1
        await self._record(session, held, job, "gate.nudged")
        return gate

    async def hand_over(self, session: AsyncSession, job: HandOverGate, now: datetime) -> StepGate | None:
        """Have another asked; None if this press has done it. Raises ApprovalRefused or NotFit."""
        held, gate = await self._waiting(session, job)
        if await press_is_recorded(session, job.workspace, job):
            return None
        await self._check_may(session, held, job.user, now)
        try:
            whose = await self._check_may(session, held, job.person, now)
        except ApprovalRefused as error:
            raise NotFit(job.person) from error
        if (whose or job.person) in gate.agreed:
            raise NotFit(job.person)
        gate.assigned_to, gate.assigned_by, gate.assignments = job.person, job.user, gate.assignments + 1
        await self._record(session, held, job, "gate.handed_over", to=job.person)
        return gate

    async def ask(self, session: AsyncSession, job: AskAtGate, now: datetime) -> None:
        """Have somebody asked; the gate stays as it is. Raises ApprovalRefused or AskedEnough."""
        held, gate = await self._waiting(session, job)
        if await press_is_recorded(session, job.workspace, job):
            return
        await self._check_may(session, held, job.user, now)
        if len(gate.requests) >= MAX_REQUESTS:
            raise AskedEnough
        request: GateRequest = {
            "by": job.user,
            "person": job.person,
            "text": job.text,
            "at": now.isoformat(),
        }
        gate.requests = [*gate.requests, request]
        await self._record(session, held, job, "gate.asked", person=job.person, text=job.text)
        number = len(gate.requests)
        post = PostGateRequest(workspace=job.workspace, step=job.target, revision=job.revision, number=number)
        await enqueue(session, post, key=f"gate_request:{gate.id}:{number}")

    async def _check_may(self, session: AsyncSession, held: HeldStep, user: str, now: datetime) -> str | None:
        """Whether somebody may agree to the step, and in whose place. Raises ApprovalRefused."""
        absent = await self._approvals.check_by(
            session,
            held.run.workspace_id,
            held.rules,
            user,
            requester=held.reporter,
            also=held.requester,
            now=now,
            named=held.named,
        )
        held.check_named(absent or user)
        return absent

    async def _record(
        self,
        session: AsyncSession,
        held: HeldStep,
        job: NudgeGate | HandOverGate | AskAtGate,
        action: str,
        **facts: str,
    ) -> None:
        run = held.run
        await audit.record(
            session,
            run.workspace_id,
            subject=run.id,
            actor=job.actor,
            action=action,
            step=held.step.name,
            **facts,
        )
        await self._cards.request_redraw(session, run.workspace_id, run.plan_id)

    async def _waiting(
        self, session: AsyncSession, job: NudgeGate | HandOverGate | AskAtGate
    ) -> tuple[HeldStep, StepGate]:
        held = await held_step(session, job.workspace, job.target)
        held.check_revision(job.revision)
        if held.step.state != StepState.WAITING or held.gate is None:
            raise MoveNotAllowed(state=held.step.state, wanted=StepState.WAITING)
        return held, await session.get_one(StepGate, held.gate.id, populate_existing=True)
