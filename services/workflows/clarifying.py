"""ClarifyingService: what an issue does not say is asked for, once, before it is planned."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import HeardMessage, WorkflowPlan
from db.models.documents import PlanClarification
from db.queue import enqueue
from services import audit
from services.ai.intents import Intent
from services.audit import Actor
from services.formats.storable import postgres_safe
from services.jobs import AnswerClarification, DraftPlan, EndClarification, PostClarification
from services.mentions import PARTS, Part, PartKind
from services.places import MAX_PLACE
from services.plans.attached import with_new
from services.states import Phase, PlanState
from services.workflows import look_alikes
from services.workflows.clarifications import (
    MAX_ANSWER,
    AnsweredBefore,
    Clarification,
    Found,
    Lack,
    NotAsked,
    Reply,
    Settled,
    clarification_of,
)
from services.workflows.moves import PlanMoves

_LABELS: Mapping[Lack, str] = {Lack.TIME: "When: ", Lack.CREW: "By whom: "}
"""How an answer reads below the issue."""


class ClarifyingService(PlanMoves):
    """Asks before planning. Every method takes a session and leaves the commit to its caller."""

    async def wants_asking(self, session: AsyncSession, job: DraftPlan) -> bool:
        """Whether this is the first draft of an issue about which nobody has been asked."""
        found = await session.execute(
            select(
                WorkflowPlan.draft, WorkflowPlan.clarification, WorkflowPlan.version, WorkflowPlan.change
            ).where(WorkflowPlan.workspace_id == job.workspace, WorkflowPlan.id == job.plan)
        )
        draft, asked, version, change = found.one()
        return draft == 1 and asked is None and version is None and change is None

    async def judged_missing(self, session: AsyncSession, job: DraftPlan) -> tuple[str, ...] | None:
        """What the model has found missing when the issue was said; None if it has not been asked."""
        found = await session.scalar(
            select(HeardMessage.missing)
            .join(WorkflowPlan, WorkflowPlan.inbox_key == HeardMessage.key)
            .where(
                HeardMessage.workspace_id == job.workspace,
                WorkflowPlan.workspace_id == job.workspace,
                WorkflowPlan.id == job.plan,
                HeardMessage.intent == Intent.ISSUE,
                HeardMessage.judged_by == "model",
            )
        )
        return None if found is None else tuple(found)

    async def ask(
        self,
        session: AsyncSession,
        job: DraftPlan,
        claim: UUID,
        found: Found,
        *,
        wait: timedelta,
        now: datetime,
    ) -> bool:
        """Keep what was found out; where people have to be asked, the draft waits for them. Else False.

        Nothing is kept, and False, if the claim has passed to another worker: that one asks.
        """
        plan = await self._locked(session, job.workspace, job.plan)
        if plan.state != PlanState.DRAFTING or plan.claim != claim:
            return False
        plan.place_found = postgres_safe(found.place_found)
        if not found.is_to_ask:
            return False
        plan.clarification = dict(
            PlanClarification(
                lacks=[each.value for each in found.lacks],
                choices=[postgres_safe(each) for each in found.choices],
                look_alike=str(found.look_alike) if found.look_alike else None,
                wide=found.is_wide,
                at=now.isoformat(),
                due=(now + wait).isoformat(),
            )
        )
        plan.claim, plan.phase, plan.phase_facts = None, Phase.WAITING, {}
        lacks = [each.value for each in found.lacks]
        await self._changed(session, plan, actor=audit.SYSTEM, action="plan.clarification_asked", lacks=lacks)
        post = PostClarification(workspace=job.workspace, plan=job.plan)
        await enqueue(session, post, key=f"clarify:{plan.id}")
        end = EndClarification(workspace=job.workspace, plan=job.plan)
        await enqueue(session, end, after=wait, key=f"clarify:{plan.id}:end")
        return True

    async def open_for(
        self, session: AsyncSession, workspace_id: UUID, plan_id: UUID, user: str
    ) -> Clarification | None:
        """What waits for this person's answer before the plan is drafted, if anything does."""
        plan = await session.scalar(
            select(WorkflowPlan).where(
                WorkflowPlan.workspace_id == workspace_id,
                WorkflowPlan.id == plan_id,
                WorkflowPlan.state == PlanState.DRAFTING,
                WorkflowPlan.clarification.is_not(None),
            )
        )
        if plan is None or user not in _people(plan):
            return None
        asked = clarification_of(plan.clarification)
        return asked if asked is not None and asked.is_open else None

    async def answer(self, session: AsyncSession, job: AnswerClarification, reply: Reply, now: datetime) -> None:
        """Take an answer, or that it is to be planned without one, and have the plan drafted.

        A picture without a word is kept for the draft, and the question stays open.

        Raises NotAsked, AnsweredBefore or NotFound; the same act again is none.
        """
        plan = await self._locked(session, job.workspace, job.plan)
        if _is_mine(plan, job.key):
            return
        asked = _asked(plan, job.user)
        plan.pictures = with_new(plan.pictures, job.files)
        if reply.is_nothing and job.files:
            return
        if reply.is_same and asked.look_alike is not None:
            if await self._is_put_away(session, plan, asked.look_alike, job, now):
                return
            await self._settle(session, plan, Settled.GONE, job.actor, press=job.key)
            return
        said = "" if reply.is_anyway else _take(plan, asked, reply)
        outcome = Settled.ANSWERED if said else Settled.ANYWAY
        await self._settle(session, plan, outcome, job.actor, answer=said, press=job.key)

    async def undo(self, session: AsyncSession, job: AnswerClarification) -> None:
        """It is not the same after all: the plan is drafted. Raises NotAsked, AnsweredBefore or NotFound."""
        plan = await self._locked(session, job.workspace, job.plan)
        if _is_mine(plan, job.key):
            return
        if plan.state != PlanState.DISCARDED or plan.same_as is None:
            raise AnsweredBefore(None, plan.state)
        if job.user not in (*_people(plan), plan.decided_by):
            raise NotAsked(_people(plan))
        other, plan.same_as = plan.same_as, None
        plan.decided_by = plan.decided_at = None
        # For good is only what people discard themselves.
        plan.state, plan.phase, plan.phase_facts = PlanState.DRAFTING, Phase.WAITING, {}
        await self._cards.request_redraws(session, [(job.workspace, plan.id), (job.workspace, other)])
        await self._settle(session, plan, Settled.ANYWAY, job.actor, press=job.key)

    async def _is_put_away(
        self, session: AsyncSession, plan: WorkflowPlan, other_id: UUID, job: AnswerClarification, now: datetime
    ) -> bool:
        """Put the plan away for the open one; False if that is over meanwhile."""
        wide = bool((plan.clarification or {}).get("wide"))
        other = await look_alikes.still_open(session, plan, other_id, wide=wide, now=now)
        if other is None:
            return False
        plan.same_as, plan.decided_by, plan.decided_at = other.id, job.user, now
        kept = {**(plan.clarification or {}), "outcome": Settled.SAME.value, "by": job.user, "press": job.key}
        plan.clarification = kept
        # Both cards at once: all take their locks in one order.
        await self._cards.request_redraws(session, [(job.workspace, plan.id), (job.workspace, other.id)])
        await self._move(
            session, plan, PlanState.DISCARDED, actor=job.actor, action="plan.same", same_as=other.number
        )
        return True

    async def end(self, session: AsyncSession, workspace_id: UUID, plan_id: UUID) -> None:
        """Nobody has answered in time: the plan is drafted without. Nothing if somebody has."""
        plan = await self._locked(session, workspace_id, plan_id)
        asked = clarification_of(plan.clarification)
        if plan.state == PlanState.DRAFTING and asked is not None and asked.is_open:
            await self._settle(session, plan, Settled.UNANSWERED, audit.SYSTEM)

    async def _settle(
        self,
        session: AsyncSession,
        plan: WorkflowPlan,
        outcome: Settled,
        actor: Actor,
        *,
        answer: str = "",
        press: str = "",
    ) -> None:
        kept = {**(plan.clarification or {}), "outcome": outcome.value, "answer": answer, "press": press}
        plan.clarification = kept | ({} if actor is audit.SYSTEM else {"by": actor.user})
        plan.draft += 1
        await self._changed(
            session, plan, actor=actor, action="plan.clarified", outcome=outcome.value, answer=answer
        )
        await self._schedule_draft(session, plan)


def _people(plan: WorkflowPlan) -> tuple[str, ...]:
    """Who can answer: whoever reported it, and whoever asked for the plan."""
    return tuple(user for user in (plan.reporter_id, plan.requester_id) if user)


def _asked(plan: WorkflowPlan, user: str) -> Clarification:
    asked = clarification_of(plan.clarification)
    if asked is None or not asked.is_open or plan.state != PlanState.DRAFTING:
        raise AnsweredBefore(asked.by if asked else None, plan.state)
    if user not in _people(plan):
        raise NotAsked(_people(plan))
    return asked


def _is_mine(plan: WorkflowPlan, key: str) -> bool:
    """Whether an earlier run of the same job did it, and its worker died then."""
    return bool(key) and (plan.clarification or {}).get("press") == key


def _take(plan: WorkflowPlan, asked: Clarification, reply: Reply) -> str:
    """Put what was answered into the issue; returns it in words, empty if there was nothing."""
    if reply.choice is not None and reply.choice < len(asked.choices):
        plan.place, plan.place_found = asked.choices[reply.choice], None
        return plan.place
    given = {lack: _line(text) for lack, text in (reply.given or {}).items() if _line(text)}
    if words := _line(reply.words):
        given = {_meant_by_words(asked): words}
    if place := given.pop(Lack.PLACE, ""):
        plan.place, plan.place_found = place[:MAX_PLACE], None
    lines = [f"{_LABELS.get(lack, '')}{text}" for lack, text in given.items()]
    if lines:
        more = "\n" + "\n".join(lines)
        if plan.issue_parts:
            part = Part(kind=PartKind.WORDS, text=more)
            plan.issue_parts = [*plan.issue_parts, *PARTS.dump_python((part,), mode="json")]
        plan.issue_text += more
    return "; ".join([*([place] if place else []), *lines])


def _meant_by_words(asked: Clarification) -> Lack:
    """What plain words answer: the one thing that was lacking; of several they may say all, so all is kept."""
    if asked.choices:
        return Lack.PLACE
    return asked.lacks[0] if len(asked.lacks) == 1 else Lack.WHAT


def _line(text: str) -> str:
    return str(postgres_safe(" ".join(text.split())))[:MAX_ANSWER]
