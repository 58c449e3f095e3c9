"""ApprovalService: who may decide in a workspace, and how many of them have to agree at a gate.

Nobody set: anyone who sees the card. Once approvers are set only they decide, and not about what they reported
themselves, or had planned for somebody else, unless the workspace lets them; but whoever did may stop its run.
Approvers are people: to see who is in a user group the bot would need a scope that it does not ask for. One
approver is enough for a plan; the quorum counts at the gates of its steps. Who is away may have a deputy, who
decides in their place on record.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import ApprovalRulesRow, Run, WorkflowPlan
from services import audit
from services.audit import Actor
from services.deputies import stands_in_for
from services.errors import MuddaError


class ApprovalRefused(MuddaError):
    """A decision that is not for this `user` to make."""

    def __init__(self, user: str, facts: str) -> None:
        super().__init__(f"{user} {facts}")
        self.user = user


class NotAnApprover(ApprovalRefused):
    """The workspace has approvers, and this `user` is none of them: `approvers` are those who may."""

    def __init__(self, user: str, approvers: Sequence[str] = ()) -> None:
        super().__init__(user, "is no approver")
        self.approvers = tuple(approvers)


class NotNamed(ApprovalRefused):
    """The `user` may decide about other steps; to agree to this one, a policy names others: `people`."""

    def __init__(self, user: str, people: Sequence[str]) -> None:
        super().__init__(user, "is not among those whom a policy names")
        self.people = tuple(people)


class SelfApproval(ApprovalRefused):
    """The `user` is an approver, but it was they who asked for it: `approvers` are the others."""

    def __init__(self, user: str, approvers: Sequence[str] = ()) -> None:
        super().__init__(user, "asked for it")
        self.approvers = tuple(approvers)


class AlreadyAgreed(ApprovalRefused):
    """The `user` has agreed before; `agreed` people have so far, of a `quorum`."""

    def __init__(self, user: str, *, agreed: int, quorum: int) -> None:
        super().__init__(user, f"has agreed already ({agreed} of {quorum})")
        self.agreed = agreed
        self.quorum = quorum


MAX_REMINDER_INTERVAL = timedelta(days=1)
"""Between reminders, whose pauses double: nobody is reminded of a gate every hour for a week."""


class LimitOutcome(StrEnum):
    """What becomes of a step when nobody has decided in time. None of them is consent."""

    FAIL = "fail"
    SKIP = "skip"
    WAIT = "wait"


@dataclass(frozen=True, slots=True)
class ApprovalRules:
    """The rules of a workspace. Raises ValueError on rules that nobody could meet.

    `approvers` are Slack user ids; none: anyone. Minutes may be fractions. A reminder after 0 minutes is none.
    `self_approval`: approvers may decide about what they reported themselves.
    """

    approvers: tuple[str, ...] = ()
    quorum: int = 1
    remind_after_minutes: float = 60
    limit_minutes: float | None = None
    limit_outcome: LimitOutcome = LimitOutcome.WAIT
    self_approval: bool = False

    def __post_init__(self) -> None:
        if not 1 <= self.quorum <= max(1, len(set(self.approvers))):
            raise ValueError("quorum")
        if self.remind_after_minutes < 0 or (self.limit_minutes is not None and self.limit_minutes <= 0):
            raise ValueError("minutes")

    def deciders(self, *askers: str | None) -> tuple[str, ...] | None:
        """Who may decide about what `askers` reported or had planned; None: anyone."""
        if not self.approvers:
            return None
        return tuple(user for user in self.approvers if self.self_approval or user not in askers)

    def pause(self, reminder: int) -> timedelta | None:
        """How long before the reminder of that number, which counts from 1; None: there is none."""
        if not self.remind_after_minutes:
            return None
        first = timedelta(minutes=self.remind_after_minutes)
        # After 20 doublings the longest pause is reached, and more would be too much for a timedelta.
        doublings: int = 2 ** min(reminder - 1, 20)
        return min(first * doublings, max(first, MAX_REMINDER_INTERVAL))


class ApprovalService:
    """The rules, and whether they are kept. Every method takes a session and leaves the commit to its caller."""

    async def settings(self, session: AsyncSession, workspace_id: UUID) -> ApprovalRules:
        """The rules of a workspace; those that apply where none are set, if none are."""
        return rules_of(await session.get(ApprovalRulesRow, workspace_id, populate_existing=True))

    async def set_settings(
        self, session: AsyncSession, workspace_id: UUID, settings: ApprovalRules, actor: Actor
    ) -> bool:
        """Set the rules; False if they are so already. Raises NotAnApprover, as `check_may_set`."""
        return await self.change(session, workspace_id, actor, asdict(settings))

    async def change(
        self,
        session: AsyncSession,
        workspace_id: UUID,
        actor: Actor,
        changes: Mapping[str, Any],
        *,
        is_admin: bool = False,
    ) -> bool:
        """Set those rules that `changes` names, and leave the others; False if they are so already.

        An admin of the workspace may, too. Raises NotAnApprover, as `check_may_set`, and ValueError on rules that
        nobody could meet.
        """
        await session.execute(
            insert(ApprovalRulesRow)
            .values(workspace_id=workspace_id, **_row(ApprovalRules()))
            .on_conflict_do_nothing()
        )
        rules = await session.get_one(ApprovalRulesRow, workspace_id, with_for_update=True, populate_existing=True)
        before = rules_of(rules)
        settings = replace(before, **changes)
        if before == settings:
            return False
        if not is_admin:
            await self.check_may_set(session, workspace_id, actor.user)
        for name, value in _row(settings).items():
            setattr(rules, name, value)
        await audit.record(
            session, workspace_id, subject=workspace_id, actor=actor, action="approvals.set", **_row(settings)
        )
        return True

    async def check_may_set(self, session: AsyncSession, workspace_id: UUID, user: str) -> None:
        """Anyone may set the rules while there are no approvers, then only those. Raises NotAnApprover."""
        approvers = (await self.settings(session, workspace_id)).approvers
        if approvers and user not in approvers:
            raise NotAnApprover(user, approvers)

    async def check(
        self,
        session: AsyncSession,
        workspace_id: UUID,
        user: str,
        *,
        requester: str,
        also: str | None = None,
        now: datetime | None = None,
        named: Collection[str] | None = None,
    ) -> str | None:
        """Whether `user` may decide about what `requester` asked for: in whose place, None for in their own.

        Nobody may decide about their own report, nor about one that they had planned for somebody else (`also`),
        unless the workspace lets them.
        `named` are those whom a policy names for it. Without `now` no deputy counts; nor does one ever for a
        report of their own, or for what the absent could not decide. Raises NotAnApprover or SelfApproval.
        """
        rules = await self.settings(session, workspace_id)
        return await self.check_by(
            session, workspace_id, rules, user, requester=requester, also=also, now=now, named=named
        )

    async def check_by(
        self,
        session: AsyncSession,
        workspace_id: UUID,
        rules: ApprovalRules,
        user: str,
        *,
        requester: str,
        also: str | None = None,
        now: datetime | None = None,
        named: Collection[str] | None = None,
    ) -> str | None:
        """The same by `rules` that have been read."""
        approvers = rules.approvers
        asks = user in (requester, also) and not rules.self_approval
        is_own = not approvers or (user in approvers and not asks)
        if is_own and (named is None or user in named):
            return None
        if now is not None and not asks:
            for person in await stands_in_for(session, workspace_id, user, now):
                may = person in (approvers or named or ()) and (named is None or person in named)
                if may and person not in (requester, also):
                    return person
        others = rules.deciders(requester, also) or ()
        if approvers and user not in approvers:
            raise NotAnApprover(user, others)
        if approvers and asks:
            raise SelfApproval(user, others)
        return None

    async def check_may_discard(
        self,
        session: AsyncSession,
        workspace_id: UUID,
        user: str,
        *,
        requester: str,
        also: str | None = None,
        now: datetime | None = None,
    ) -> str | None:
        """Approvers may put a plan away, and so may who asked for it; the answer is as that of `check`.

        Raises NotAnApprover.
        """
        approvers = (await self.settings(session, workspace_id)).approvers
        if not approvers or user in approvers or user in (requester, also):
            return None
        return await self.check(session, workspace_id, user, requester=requester, also=also, now=now)

    async def check_may_stop(
        self, session: AsyncSession, run: Run, user: str, *, now: datetime | None = None
    ) -> str | None:
        """Approvers may stop a run, and so may who asked for it: that sends nothing. Raises NotAnApprover."""
        requester, also = await _askers(session, run)
        return await self.check_may_discard(
            session, run.workspace_id, user, requester=requester, also=also, now=now
        )


async def _askers(session: AsyncSession, run: Run) -> tuple[str, str | None]:
    """Who reported the issue, and who had it planned, if that was somebody else."""
    plan = select(WorkflowPlan.reporter_id, WorkflowPlan.requester_id).where(WorkflowPlan.id == run.plan_id)
    reporter, requester = (await session.execute(plan)).one()
    return reporter, requester


def rules_of(row: ApprovalRulesRow | None) -> ApprovalRules:
    """The rules that a row says; those that apply where none are set, if there is none."""
    if row is None:
        return ApprovalRules()
    return ApprovalRules(
        approvers=tuple(row.approvers),
        quorum=row.quorum,
        remind_after_minutes=row.remind_after_minutes,
        limit_minutes=row.limit_minutes,
        limit_outcome=LimitOutcome(row.limit_outcome),
        self_approval=row.self_approval,
    )


def _row(settings: ApprovalRules) -> dict[str, object]:
    return {**asdict(settings), "approvers": list(settings.approvers)}
