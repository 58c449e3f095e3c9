"""What happens at a gate while nobody decides."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import select

from db.models import AuditEvent, StepRun
from db.session import Database
from services.approvals import ApprovalRules, LimitOutcome
from services.audit import Actor
from tests.support.gates import DANA, MARCO, NOW, THREE, decisions_made, keep, queued, runs, waiting


class TestReminders:
    async def test_they_are_scheduled_as_the_step_begins_to_wait(
        self, database: Database, workspace_id: UUID
    ) -> None:
        rules = ApprovalRules(remind_after_minutes=5, limit_minutes=0.5, limit_outcome=LimitOutcome.FAIL)
        await waiting(database, workspace_id, rules)
        assert await queued(database, "remind_gate") == pytest.approx([300], abs=1)
        assert await queued(database, "gate_limit") == pytest.approx([30], abs=1)

    async def test_none_are_scheduled_where_none_are_wanted(self, database: Database, workspace_id: UUID) -> None:
        await waiting(database, workspace_id, ApprovalRules(remind_after_minutes=0))
        assert await queued(database, "remind_gate") == []
        assert await queued(database, "gate_limit") == []

    async def test_each_schedules_the_next_later_and_later(self, database: Database, workspace_id: UUID) -> None:
        gate = await waiting(database, workspace_id)
        for number in (1, 2):
            assert (await gate.remind(number)).number == number
        assert await queued(database, "remind_gate") == pytest.approx([3_600, 7_200, 14_400], abs=1)

    async def test_one_that_runs_again_says_when_it_was_begun(
        self, database: Database, workspace_id: UUID
    ) -> None:
        gate = await waiting(database, workspace_id)
        assert (await gate.remind()).begun_at is None
        again = await gate.remind(now=NOW + timedelta(minutes=1))
        assert again.begun_at == NOW
        assert len(await queued(database, "remind_gate")) == 2
        await gate.remind(2)
        assert await gate.remind(1) is None

    async def test_it_goes_on_while_others_are_awaited(self, database: Database, workspace_id: UUID) -> None:
        gate = await waiting(database, workspace_id, THREE)
        await gate.decide(MARCO)
        assert await gate.remind() is not None

    @pytest.mark.parametrize("kind", ["approve", "reject", "skip", "cancel"])
    async def test_after_a_decision_there_is_none(self, database: Database, workspace_id: UUID, kind: str) -> None:
        gate = await waiting(database, workspace_id)
        if kind == "cancel":
            async with database.transaction() as session:
                await runs.cancel(session, workspace_id, gate.run, Actor(MARCO), NOW)
        else:
            await gate.decide(MARCO, kind)
        assert await gate.remind() is None
        assert len(await queued(database, "remind_gate")) == 1


class TestTimeLimit:
    @pytest.mark.parametrize(
        ("outcome", "states"),
        [
            (LimitOutcome.FAIL, ["FAILED", "PENDING"]),
            (LimitOutcome.SKIP, ["SKIPPED", "READY"]),
            (LimitOutcome.WAIT, ["WAITING", "PENDING"]),
        ],
    )
    async def test_what_the_rules_say_happens_and_is_on_record(
        self, database: Database, workspace_id: UUID, outcome: LimitOutcome, states: list[str]
    ) -> None:
        gate = await waiting(database, workspace_id, ApprovalRules(limit_minutes=10, limit_outcome=outcome))
        await gate.time_out()
        await gate.time_out()
        assert await gate.states() == states
        async with database.reading() as session:
            events = list(await session.scalars(select(AuditEvent).where(AuditEvent.action == "gate.timed_out")))
            made = await decisions_made(session)
            error = await session.scalar(select(StepRun.error).where(StepRun.id == gate.step))
        assert {(event.actor, event.facts["outcome"]) for event in events} == {("mudda", outcome)}
        assert made == ([] if outcome is LimitOutcome.WAIT else [("time_out", "mudda")])
        assert error == (None if outcome is LimitOutcome.WAIT else {"code": "gate_timeout"})

    @pytest.mark.parametrize("outcome", [LimitOutcome.FAIL, LimitOutcome.SKIP])
    async def test_after_a_decision_nothing_happens(
        self, database: Database, workspace_id: UUID, outcome: LimitOutcome
    ) -> None:
        gate = await waiting(database, workspace_id, ApprovalRules(limit_minutes=10, limit_outcome=outcome))
        await gate.decide(MARCO)
        await gate.time_out()
        assert await gate.states() == ["READY", "PENDING"]

    async def test_it_is_never_consent_not_even_of_the_last_who_is_missing(
        self, database: Database, workspace_id: UUID
    ) -> None:
        rules = ApprovalRules((MARCO, DANA), 2, limit_minutes=10, limit_outcome=LimitOutcome.FAIL)
        gate = await waiting(database, workspace_id, rules)
        await gate.decide(MARCO)
        await gate.time_out()
        assert (await gate.states())[0] == "FAILED"

    async def test_a_step_keeps_the_limit_that_it_began_to_wait_with(
        self, database: Database, workspace_id: UUID
    ) -> None:
        rules = ApprovalRules(limit_minutes=10, limit_outcome=LimitOutcome.FAIL)
        gate = await waiting(database, workspace_id, rules)
        await keep(database, workspace_id, ApprovalRules())
        await gate.time_out()
        assert (await gate.states())[0] == "FAILED"

    async def test_who_decided_before_is_not_said_to_have_let_it_pass(
        self, database: Database, workspace_id: UUID
    ) -> None:
        rules = ApprovalRules(limit_minutes=10, limit_outcome=LimitOutcome.SKIP)
        gate = await waiting(database, workspace_id, rules)
        await gate.decide(MARCO, "reject")
        await gate.decide(MARCO, "retry", await gate.revision_now())
        gate.revision = await gate.revision_now()
        await gate.time_out()
        async with database.reading() as session:
            row = (await session.scalars(select(StepRun).where(StepRun.id == gate.step))).one()
        assert (row.state, row.decided_by, row.note) == ("SKIPPED", None, None)
