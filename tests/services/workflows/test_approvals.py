"""Who may decide, and how many must agree."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from db.models import AuditEvent
from db.session import Database
from services import workspaces
from services.approvals import AlreadyAgreed, ApprovalRules, LimitOutcome, NotAnApprover, SelfApproval
from services.audit import Actor
from services.errors import MoveNotAllowed, StaleVersion
from tests.support.gates import (
    DANA,
    MARCO,
    NOW,
    OMAR,
    STRANGER,
    THREE,
    approvals,
    decisions_made,
    keep,
    queries,
    runs,
    unchanged,
    waiting,
    workflows,
)
from tests.support.plans_on_record import drafted, opened
from tests.support.run_starts import REPORTER, run_state


class TestSettings:
    async def test_nobody_set_is_anyone(self, database: Database, workspace_id: UUID) -> None:
        async with database.transaction() as session:
            assert await approvals.settings(session, workspace_id) == ApprovalRules()
            await approvals.check(session, workspace_id, STRANGER, requester=STRANGER)

    async def test_they_are_kept_and_on_record(self, database: Database, workspace_id: UUID) -> None:
        settings = ApprovalRules((MARCO, DANA), 2, 0.5, 12, LimitOutcome.SKIP)
        assert await keep(database, workspace_id, settings, STRANGER)
        assert not await keep(database, workspace_id, settings, STRANGER)
        async with database.reading() as session:
            assert await approvals.settings(session, workspace_id) == settings
            [event] = await session.scalars(select(AuditEvent).where(AuditEvent.action == "approvals.set"))
        assert (event.actor, event.facts["approvers"], event.facts["quorum"]) == (STRANGER, [MARCO, DANA], 2)

    async def test_once_set_only_approvers_change_them(self, database: Database, workspace_id: UUID) -> None:
        await keep(database, workspace_id, THREE, STRANGER)
        with pytest.raises(NotAnApprover) as caught:
            await keep(database, workspace_id, ApprovalRules(), STRANGER)
        assert caught.value.user == STRANGER
        assert await keep(database, workspace_id, ApprovalRules(), DANA)

    async def test_each_workspace_has_its_own(self, database: Database, workspace_id: UUID) -> None:
        await keep(database, workspace_id, THREE)
        async with database.transaction() as session:
            elsewhere = await workspaces.ensure(session, "T0002", "Shelbyville")
            await approvals.check(session, elsewhere, STRANGER, requester=STRANGER)

    @pytest.mark.parametrize(
        "rules",
        [
            {"quorum": 0},
            {"quorum": 2},
            {"approvers": (MARCO,), "quorum": 2},
            {"approvers": (MARCO, MARCO), "quorum": 2},
            {"remind_after_minutes": -1},
            {"limit_minutes": 0},
        ],
    )
    def test_rules_that_nobody_could_meet(self, rules: dict[str, Any]) -> None:
        with pytest.raises(ValueError, match=r"quorum|minutes"):
            ApprovalRules(**rules)

    def test_pauses_double_up_to_a_day(self) -> None:
        settings = ApprovalRules(remind_after_minutes=60)
        pauses = [settings.pause(number) for number in (1, 2, 3, 6, 1_000_000)]
        assert pauses == [timedelta(hours=hours) for hours in (1, 2, 4, 24, 24)]
        assert ApprovalRules(remind_after_minutes=4_320).pause(3) == timedelta(days=3)
        assert ApprovalRules(remind_after_minutes=0).pause(1) is None


class TestWhoMayDecide:
    @pytest.mark.parametrize("kind", ["approve", "reject", "skip"])
    async def test_a_third_person_is_refused_and_the_step_waits(
        self, database: Database, workspace_id: UUID, kind: str
    ) -> None:
        gate = await waiting(database, workspace_id, ApprovalRules((MARCO, DANA)))
        async with unchanged(gate):
            with pytest.raises(NotAnApprover):
                await gate.decide(STRANGER, kind)
        await gate.decide(DANA, kind)
        assert (await gate.states())[0] != "WAITING"

    @pytest.mark.parametrize("kind", ["approve", "reject", "skip"])
    async def test_nobody_decides_about_what_they_reported(
        self, database: Database, workspace_id: UUID, kind: str
    ) -> None:
        gate = await waiting(database, workspace_id, ApprovalRules((MARCO, REPORTER)))
        async with unchanged(gate):
            with pytest.raises(SelfApproval):
                await gate.decide(REPORTER, kind)

    @pytest.mark.parametrize("kind", ["retry", "skip", "mark_done"])
    @pytest.mark.parametrize(("user", "error"), [(STRANGER, NotAnApprover), (REPORTER, SelfApproval)])
    async def test_what_went_wrong_is_for_approvers_too(
        self, database: Database, workspace_id: UUID, kind: str, user: str, error: type[Exception]
    ) -> None:
        gate = await waiting(database, workspace_id, ApprovalRules((MARCO, REPORTER)))
        await gate.decide(MARCO, "reject")
        with pytest.raises(error):
            await gate.decide(user, kind, await gate.revision_now())
        assert await gate.states() == ["FAILED", "PENDING"]

    async def test_a_plan_is_for_approvers_and_not_for_its_reporter(
        self, database: Database, workspace_id: UUID
    ) -> None:
        plan = await opened(database, workspace_id)
        await drafted(database, workspace_id, plan)
        async with database.reading() as session:
            shown = await queries.get(session, workspace_id, plan)
        reporter = shown.issue.reporter
        await keep(database, workspace_id, ApprovalRules((DANA, reporter)), DANA)
        for user, error in ((MARCO, NotAnApprover), (reporter, SelfApproval)):
            with pytest.raises(error):
                async with database.transaction() as session:
                    await workflows.approve(session, workspace_id, plan, shown.revision, Actor(user), NOW)
        async with database.transaction() as session:
            assert await workflows.approve(session, workspace_id, plan, shown.revision, Actor(DANA), NOW) == 1

    async def test_who_reported_it_and_approvers_may_cancel(self, database: Database, workspace_id: UUID) -> None:
        for user in (REPORTER, DANA):
            gate = await waiting(database, workspace_id, ApprovalRules((MARCO, DANA)))
            async with unchanged(gate):
                with pytest.raises(NotAnApprover):
                    async with database.transaction() as session:
                        await runs.cancel(session, workspace_id, gate.run, Actor(STRANGER), NOW)
            async with database.transaction() as session:
                await runs.cancel(session, workspace_id, gate.run, Actor(user), NOW)
            assert await run_state(database, gate.run) == "CANCELLED"


class TestQuorum:
    async def test_two_of_three(self, database: Database, workspace_id: UUID) -> None:
        gate = await waiting(database, workspace_id, THREE)
        await gate.decide(MARCO)
        assert await gate.states() == ["WAITING", "PENDING"]
        assert await gate.revision_now() == gate.revision
        assert await gate.agreed() == (MARCO,)
        await gate.decide(OMAR)
        assert await gate.states() == ["READY", "PENDING"]
        assert await gate.agreed() == (MARCO, OMAR)
        with pytest.raises(StaleVersion):
            await gate.decide(DANA)
        async with database.reading() as session:
            assert await decisions_made(session) == [("approve", MARCO), ("approve", OMAR)]

    async def test_the_same_person_counts_once(self, database: Database, workspace_id: UUID) -> None:
        gate = await waiting(database, workspace_id, THREE)
        await gate.decide(MARCO)
        async with unchanged(gate):
            with pytest.raises(AlreadyAgreed) as caught:
                await gate.decide(MARCO)
        assert (caught.value.agreed, caught.value.quorum) == (1, 2)

    async def test_one_who_rejects_decides(self, database: Database, workspace_id: UUID) -> None:
        gate = await waiting(database, workspace_id, THREE)
        await gate.decide(MARCO)
        await gate.decide(DANA, "reject")
        assert await gate.states() == ["FAILED", "PENDING"]

    async def test_agreement_is_not_carried_over_to_the_next_time(
        self, database: Database, workspace_id: UUID
    ) -> None:
        gate = await waiting(database, workspace_id, THREE)
        await gate.decide(MARCO)
        await gate.decide(DANA, "reject")
        await gate.decide(DANA, "retry", await gate.revision_now())
        gate.revision = await gate.revision_now()
        assert await gate.agreed() == ()
        await gate.decide(OMAR)
        assert (await gate.states())[0] == "WAITING"

    async def test_who_is_no_approver_any_more_does_not_count(
        self, database: Database, workspace_id: UUID
    ) -> None:
        gate = await waiting(database, workspace_id, THREE)
        await gate.decide(MARCO)
        await keep(database, workspace_id, ApprovalRules((DANA, OMAR), quorum=2))
        assert await gate.agreed() == ()
        await gate.decide(DANA)
        assert (await gate.states())[0] == "WAITING"
        assert await gate.agreed() == (DANA,)

    async def test_only_what_waits_can_be_agreed_to(self, database: Database, workspace_id: UUID) -> None:
        gate = await waiting(database, workspace_id, THREE)
        await gate.decide(MARCO, "reject")
        with pytest.raises(MoveNotAllowed):
            await gate.decide(DANA, "approve", await gate.revision_now())
