"""What is on record: every change of a step, after the act that it comes of, and for good."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence
from uuid import UUID

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from db.models import AuditEvent, StepRun
from db.session import Database
from services.audit import Actor
from services.errors import MoveNotAllowed
from tests.support.gates import DANA, waiting
from tests.support.run_graphs import DO, READ, play
from tests.support.run_starts import APPROVER, CHANNEL, begun, now, registered, run_state, runs, step

KEPT = ("audit_events", "decisions", "step_attempts")


async def trail(database: Database, run_id: UUID) -> Sequence[AuditEvent]:
    """What is on record of a run, in order."""
    async with database.reading() as session:
        query = select(AuditEvent).where(AuditEvent.subject_id == run_id).order_by(AuditEvent.created_at)
        return (await session.scalars(query)).all()


async def count(database: Database, table: str) -> int:
    async with database.reading() as session:
        return int(await session.scalar(text(f"SELECT count(*) FROM {table}")) or 0)


async def executed(database: Database, statement: str) -> None:
    async with database.transaction() as session:
        await session.execute(text(statement))


async def test_whatever_happens_to_a_run_every_change_of_its_steps_is_on_record(
    database: Database, workspace_id: UUID
) -> None:
    """Ten graphs at random: of each step an unbroken chain from PENDING to where it is, with nothing left out."""
    await registered(database, workspace_id, DO, READ)
    chance = random.Random(random.random())
    for _ in range(10):
        game = await play(database, workspace_id, chance)
        while await game.something_happens():
            pass
        chains: defaultdict[str, list[str]] = defaultdict(lambda: ["PENDING"])
        for event in await trail(database, game.run_id):
            if "to" in event.facts:
                chain = chains[event.facts["step"]]
                assert chain[-1] == event.facts["from"]
                assert (event.actor, event.action) == ("mudda", f"step.{event.facts['to'].lower()}")
                chain.append(event.facts["to"])
        async with database.reading() as session:
            rows = (await session.scalars(select(StepRun).where(StepRun.run_id == game.run_id))).all()
        for row in rows:
            # Every move takes a step to its next revision.
            assert (chains[row.step_id][-1], len(chains[row.step_id])) == (row.state, row.revision)


async def test_a_change_that_no_service_made_is_on_record_too(database: Database, workspace_id: UUID) -> None:
    gate = await waiting(database, workspace_id)
    await executed(database, "UPDATE step_runs SET state = 'FAILED', attempt = 3 WHERE step_id = 'first'")
    event = (await trail(database, gate.run))[-1]
    assert (event.workspace_id, event.actor, event.action) == (workspace_id, "mudda", "step.failed")
    assert event.facts == {"step": "first", "attempt": 3, "from": "WAITING", "to": "FAILED"}


async def test_what_leaves_the_state_of_a_step_as_it_is_is_no_change(
    database: Database, workspace_id: UUID
) -> None:
    gate = await waiting(database, workspace_id)
    before = await count(database, "audit_events")
    await executed(database, "UPDATE step_runs SET note = 'x', state = state, revision = revision + 1")
    assert await count(database, "audit_events") == before
    assert await gate.states() == ["WAITING", "PENDING"]


async def test_an_act_comes_before_what_comes_of_it(database: Database, workspace_id: UUID) -> None:
    gate = await waiting(database, workspace_id)
    await gate.decide(DANA, "skip")
    async with database.transaction() as session:
        await runs.cancel(session, workspace_id, gate.run, Actor(DANA, CHANNEL, "1764000001.000200"), now())
    events = await trail(database, gate.run)
    assert [(event.actor, event.action, event.facts.get("step")) for event in events] == [
        (APPROVER.user, "run.started", None),
        ("mudda", "step.waiting", "first"),
        ("mudda", "run.waiting", None),
        (DANA, "step.skip", "first"),
        ("mudda", "step.skipped", "first"),
        ("mudda", "step.ready", "second"),
        ("mudda", "run.running", None),
        (DANA, "run.cancelled", None),
        ("mudda", "step.cancelled", "second"),
    ]
    started, cancelled = events[0], events[-2]
    assert (started.channel_id, started.message_ts) == (APPROVER.channel, APPROVER.message_ts)
    assert (cancelled.channel_id, cancelled.message_ts) == (CHANNEL, "1764000001.000200")
    assert {(event.channel_id, event.message_ts) for event in events if event.actor == "mudda"} == {(None, None)}


async def test_a_thousand_steps_that_are_cancelled_at_once_are_a_thousand_rows(
    database: Database, workspace_id: UUID
) -> None:
    await registered(database, workspace_id, DO)
    async with database.transaction() as session:
        steps = [step(f"s{number}", "do", gate=number == 0) for number in range(1_000)]
        run_id = await begun(session, workspace_id, steps)
    async with database.transaction() as session:
        await runs.cancel(session, workspace_id, run_id, APPROVER, now())
    actions = [event.action for event in await trail(database, run_id)]
    assert actions[-1_001:] == ["run.cancelled", *["step.cancelled"] * 1_000]


@pytest.fixture
async def kept(database: Database, workspace_id: UUID) -> UUID:
    """The id of the plan of a run with a row in each of the tables that only grow."""
    gate = await waiting(database, workspace_id)
    await gate.decide(DANA, "reject")
    await executed(
        database,
        "INSERT INTO step_attempts (id, workspace_id, step_run_id, number, outcome, facts, started_at) "
        "SELECT gen_random_uuid(), workspace_id, id, 1, 'failed', '{}', now() FROM step_runs",
    )
    return gate.plan


@pytest.mark.usefixtures("kept")
@pytest.mark.parametrize("table", KEPT)
@pytest.mark.parametrize("statement", ["UPDATE {} SET id = id", "DELETE FROM {}"])
async def test_what_is_on_record_stays_as_it_is(database: Database, table: str, statement: str) -> None:
    before = await count(database, table)
    assert before > 0
    with pytest.raises(IntegrityError, match=f"{table} is append-only"):
        await executed(database, statement.format(table))
    assert await count(database, table) == before


async def test_a_plan_that_is_deleted_takes_its_runs_with_it_but_not_what_is_on_record(
    database: Database, kept: UUID
) -> None:
    before = await count(database, "audit_events")
    await executed(database, f"DELETE FROM workflow_plans WHERE id = '{kept}'")
    assert [await count(database, table) for table in KEPT] == [before, 0, 0]


@pytest.mark.usefixtures("kept")
async def test_a_workspace_that_is_deleted_takes_all_with_it(database: Database) -> None:
    await executed(database, "DELETE FROM workspaces")
    assert [await count(database, table) for table in KEPT] == [0, 0, 0]


async def test_what_was_refused_is_on_no_record(database: Database, workspace_id: UUID) -> None:
    gate = await waiting(database, workspace_id)
    await gate.decide(DANA, "reject")
    before = await count(database, "audit_events")
    with pytest.raises(MoveNotAllowed):
        await gate.decide(DANA, "approve", await gate.revision_now())
    assert await count(database, "audit_events") == before
    assert await run_state(database, gate.run) == "FAILED"
