"""A step recorded and the one behind it begun by one statement: what `record` would leave, or nothing at all."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, text

from db.models import Run
from db.session import Database
from services.card_pace import MANY, Pace
from services.jobs import JobDeferral
from services.runs.batches import StepBatches
from services.runs.claims import Attempt, NextStep
from tests.support.handed_over import ANSWER, attempts_of, by_record, chain, left, under_way
from tests.support.run_graphs import DO
from tests.support.run_starts import now, registered, step, step_states

TAKES = {**DO, "key": "takes", "request_schema": {"type": "object", "properties": {"name": {}}}}


@pytest.fixture
async def workspace(database: Database, workspace_id: UUID) -> UUID:
    await registered(database, workspace_id, DO, TAKES)
    return workspace_id


async def changed(database: Database, statement: str) -> None:
    async with database.transaction() as session:
        await session.execute(text(statement))


OUTPUTS: tuple[Any, ...] = (
    *(ANSWER, None, {}, [], "text", 0),
    *({"text": 'é\n"\\ {{issue.text}}'}, {"text": "x" * 9_000}),
)


@pytest.mark.parametrize("output", OUTPUTS, ids=range(len(OUTPUTS)))
async def test_it_leaves_what_record_leaves(database: Database, workspace: UUID, output: Any) -> None:
    attempts = attempts_of()
    long = await under_way(database, workspace, attempts, chain())
    other = await by_record(database, attempts, long.came(output))
    expected = await left(database, long.run_id)
    short = await under_way(database, workspace, attempts, chain())
    following = await attempts.hand_over(database.of(workspace), short.came(output), now())
    assert isinstance(following, NextStep)
    assert await left(database, short.run_id) == expected
    assert isinstance(following.begun, Attempt)
    assert isinstance(other.begun, Attempt)
    assert following.begun.call == other.begun.call
    assert (following.begun.number, following.begun.tries) == (other.begun.number, other.begun.tries)
    assert following.begun.behind is not None
    assert other.begun.behind is not None
    assert following.begun.behind.follower.step == other.begun.behind.follower.step


async def test_a_step_that_was_tried_before_is_recorded_as_what_it_is(database: Database, workspace: UUID) -> None:
    attempts = attempts_of()
    long = await under_way(database, workspace, attempts, chain(), attempt=3)
    await by_record(database, attempts, long.came())
    expected = await left(database, long.run_id)
    short = await under_way(database, workspace, attempts, chain(), attempt=3)
    assert await attempts.hand_over(database.of(workspace), short.came(), now()) is not None
    assert await left(database, short.run_id) == expected


async def test_what_waits_for_others_too_is_nobody_s_to_begin_next(database: Database, workspace: UUID) -> None:
    attempts, other = attempts_of(), step("other", "do", then=["three"], gate=True)
    found = await under_way(database, workspace, attempts, [*chain(), other])
    following = await attempts.hand_over(database.of(workspace), found.came(), now())
    assert following is not None
    assert isinstance(following.begun, Attempt)
    assert following.begun.behind is None


CARDS = {
    "posted long ago": "UPDATE cards SET ts = '1.1', drawn_at = now() - interval '1 hour'",
    "drawn just now": "UPDATE cards SET ts = '1.1', drawn_at = now() + interval '1 minute'",
    "being drawn": "UPDATE cards SET ts = '1.1', drawing_until = now() + interval '1 minute'",
    "being posted": "UPDATE cards SET post_started_at = now()",
    "a redraw waits": """
        INSERT INTO pgqueuer (priority, entrypoint, payload, dedupe_key, status)
        SELECT 0, 'draw_card', '{}', concat('card:', id, ':', generation), 'queued' FROM cards
    """,
    "somebody is asked": """
        WITH drawn AS (UPDATE cards SET ts = '1.1', drawn_at = now() + interval '1 minute' RETURNING *)
        INSERT INTO notifications (
            id, workspace_id, plan_id, user_id, kind, subject, revision, occasion, state, turn, created_at
        )
        SELECT gen_random_uuid(), workspace_id, plan_id, 'U1', 'gate', plan_id, 1, 0, 'sent', 0, now() FROM drawn
        ON CONFLICT DO NOTHING
    """,
    "Workflow Builder waits": """
        WITH drawn AS (UPDATE cards SET drawn_at = now() + interval '1 minute' RETURNING *)
        INSERT INTO function_executions (id, workspace_id, execution_id, function, plan_id)
        SELECT gen_random_uuid(), workspace_id, plan_id, 'run', plan_id FROM drawn ON CONFLICT DO NOTHING
    """,
    "a Home was opened": """
        INSERT INTO homes (id, workspace_id, user_id, opened_at)
        SELECT gen_random_uuid(), id, 'U1', now() FROM workspaces ON CONFLICT DO NOTHING
    """,
    "a Home was opened long ago": """
        INSERT INTO homes (id, workspace_id, user_id, opened_at)
        SELECT gen_random_uuid(), id, 'U1', now() - interval '2 days' FROM workspaces ON CONFLICT DO NOTHING
    """,
}


@pytest.mark.parametrize("is_hurried", [False, True], ids=["", "in a storm of cards"])
@pytest.mark.parametrize("before", list(CARDS.values()), ids=list(CARDS))
async def test_the_cards_and_homes_are_drawn_as_record_has_them_drawn(
    database: Database, workspace: UUID, before: str, is_hurried: bool
) -> None:
    pace = Pace(clock=lambda: 0.0)
    pace.note(workspace, MANY * is_hurried)
    attempts = attempts_of(pace)
    long = await under_way(database, workspace, attempts, chain())
    await changed(database, before.replace("FROM cards", f"FROM cards WHERE {_CARD.format(long.run_id)}"))
    await by_record(database, attempts, long.came())
    expected = await left(database, long.run_id)
    short = await under_way(database, workspace, attempts, chain())
    await changed(database, before.replace("FROM cards", f"FROM cards WHERE {_CARD.format(short.run_id)}"))
    assert await attempts.hand_over(database.of(workspace), short.came(), now()) is not None
    assert await left(database, short.run_id) == expected


_CARD = "plan_id = (SELECT plan_id FROM workflow_executions WHERE id = '{}')"


WRITTEN = {
    "a text": "{{one.text}}",
    "a whole number": "{{one.number}}",
    "yes or no": "{{one.yes}}",
    "within a text": "Do {{one.text}} {{one.number}} times",
    "nothing of an answer": "plain",
}


@pytest.mark.parametrize("value", list(WRITTEN.values()), ids=list(WRITTEN))
async def test_what_the_next_step_sends_is_what_it_would_send_by_record(
    database: Database, workspace: UUID, value: str
) -> None:
    attempts, steps = attempts_of(), chain(two="takes", body__name=value)
    long = await under_way(database, workspace, attempts, steps)
    other = await by_record(database, attempts, long.came())
    expected = await left(database, long.run_id)
    short = await under_way(database, workspace, attempts, steps)
    following = await attempts.hand_over(database.of(workspace), short.came(), now())
    assert following is not None
    assert isinstance(following.begun, Attempt)
    assert isinstance(other.begun, Attempt)
    assert following.begun.call == other.begun.call
    assert await left(database, short.run_id) == expected


READ = {
    "a number that PostgreSQL writes otherwise": "{{one.part}}",
    "a list": "{{one.list}}",
    "an object": "{{one.whole}}",
    "the whole answer": "{{one}}",
    "nothing that is there": "{{one.none}}",
    "the report": "{{issue.text}}",
    "the run": "{{one.text}} {{run.id}}",
}


@pytest.mark.parametrize("value", list(READ.values()), ids=list(READ))
async def test_what_has_to_be_read_is_read(database: Database, workspace: UUID, value: str) -> None:
    attempts = attempts_of()
    found = await under_way(database, workspace, attempts, chain(two="takes", body__name=value))
    before = await left(database, found.run_id)
    assert await attempts.hand_over(database.of(workspace), found.came(), now()) is None
    assert await left(database, found.run_id) == before


@pytest.mark.parametrize(
    "steps",
    [
        [step("one", "do", then=["two", "three"]), step("two", "do"), step("three", "do")],
        [step("one", "do", then=["two"]), step("other", "do", then=["two"], gate=True), step("two", "do")],
        chain(gate=True),
        chain(two="wait.for", body__minutes="5"),
        [step("one", "do")],
    ],
    ids=["two are behind it", "it waits for another", "a gate", "one of ours", "nothing is behind it"],
)
async def test_what_is_no_chain_goes_the_long_way(database: Database, workspace: UUID, steps: list[Any]) -> None:
    attempts = attempts_of()
    found = await under_way(database, workspace, attempts, steps)
    before = await left(database, found.run_id)
    assert await attempts.hand_over(database.of(workspace), found.came(), now()) is None
    assert await left(database, found.run_id) == before


SINCE = {
    "the claim has passed on": "UPDATE step_runs SET claim = gen_random_uuid() WHERE step_id = 'one'",
    "the step is in doubt": "UPDATE step_runs SET state = 'UNCERTAIN' WHERE step_id = 'one'",
    "the next one was skipped": "UPDATE step_runs SET state = 'SKIPPED' WHERE step_id = 'two'",
    "the next one waits for another": "UPDATE step_runs SET waiting_for = 2 WHERE step_id = 'two'",
    "too few are done": "UPDATE step_runs SET needed = 2 WHERE step_id = 'two'",
    "a gate": "UPDATE step_runs SET gated = true WHERE step_id = 'two'",
    "a condition": "UPDATE step_runs SET step = step || '{\"when\": {\"tests\": []}}' WHERE step_id = 'two'",
    "another attempt": "UPDATE step_runs SET attempt = 2 WHERE step_id = 'two'",
    "the run was cancelled": "UPDATE workflow_executions SET state = 'CANCELLED'",
    "the run waits": "UPDATE workflow_executions SET state = 'WAITING'",
    "another worker has the row": "UPDATE pgqueuer SET queue_manager_id = gen_random_uuid()",
    "the row is in the queue again": "UPDATE pgqueuer SET status = 'queued'",
    "the row is gone": "DELETE FROM pgqueuer",
}


@pytest.mark.parametrize("since", list(SINCE.values()), ids=list(SINCE))
async def test_nothing_is_written_where_anything_is_otherwise(
    database: Database, workspace: UUID, since: str
) -> None:
    attempts = attempts_of()
    found = await under_way(database, workspace, attempts, chain())
    await changed(database, since)
    before = await left(database, found.run_id)
    assert await attempts.hand_over(database.of(workspace), found.came(), now()) is None
    assert await left(database, found.run_id) == before


async def test_nothing_is_written_in_another_workspace(database: Database, workspace: UUID) -> None:
    attempts = attempts_of()
    found = await under_way(database, workspace, attempts, chain())
    before = await left(database, found.run_id)
    assert await attempts.hand_over(database.of(uuid4()), found.came(), now()) is None
    assert await left(database, found.run_id) == before


async def test_a_run_that_somebody_holds_is_not_waited_for(database: Database, workspace: UUID) -> None:
    attempts = attempts_of()
    found = await under_way(database, workspace, attempts, chain())
    before = await left(database, found.run_id)
    async with database.transaction() as session:
        await session.execute(select(Run.id).where(Run.id == found.run_id).with_for_update())
        assert await attempts.hand_over(database.of(workspace), found.came(), now()) is None
    assert await left(database, found.run_id) == before


async def test_a_component_of_which_nothing_is_known_is_read(database: Database, workspace: UUID) -> None:
    found = await under_way(database, workspace, attempts_of(), chain())
    assert await attempts_of().hand_over(database.of(workspace), found.came(), now()) is None


async def test_a_row_that_may_not_go_on_does_not(database: Database, workspace: UUID) -> None:
    attempts = attempts_of()
    found = await under_way(database, workspace, attempts, chain(), may_go_on=False)
    assert await attempts.hand_over(database.of(workspace), found.came(), now()) is None


async def test_a_commit_of_which_nobody_told_is_found_by_its_row(database: Database, workspace: UUID) -> None:
    attempts = attempts_of()
    batches = StepBatches(database, attempts)
    found = await under_way(database, workspace, attempts, chain())
    first = await batches.record(found.job, found.attempt, found.came().result, found.row)
    again = await batches.record(found.job, found.attempt, found.came().result, found.row)
    assert isinstance(first, NextStep)
    assert isinstance(again, NextStep)
    assert isinstance(first.begun, Attempt)
    assert isinstance(again.begun, JobDeferral)
    assert await step_states(database, found.run_id) == {"one": "DONE", "two": "RUNNING", "three": "PENDING"}
    await batches.close()
