"""Reading runs: the history of a plan's runs, and what `/workflows #12` makes of it."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID, uuid4

import pytest

from bot.views.card import card
from bot.views.kit import blocks as kit
from bot.views.modals.run import run_details_modal
from bot.views.modals.step import step_details_modal
from bot.views.private.workflow import workflow_details
from db.session import Database
from services import workspaces
from services.approvals import ApprovalService
from services.cards import CardService
from services.errors import NotFound
from services.queries import runs as run_queries
from services.queries.snapshots import History, PlanSnapshot, StepSnapshot
from services.queries.workflows import WorkflowQueries
from services.states import RunState
from services.workflows.service import WorkflowService
from tests.support import runs_on_record

workflows, queries = WorkflowService(CardService(), ApprovalService()), WorkflowQueries(ApprovalService())


async def read(
    database: Database, workspace_id: UUID, plan_id: UUID, run_id: UUID | None = None
) -> tuple[PlanSnapshot, History]:
    async with database.reading() as session:
        snapshot = await queries.get(session, workspace_id, plan_id)
        return snapshot, await run_queries.history(session, workspace_id, plan_id, run_id=run_id)


async def test_a_history_has_all_runs_and_what_happened_in_the_last(
    database: Database, workspace_id: UUID
) -> None:
    async with database.transaction() as session:
        plan_id = await runs_on_record.plan(session, workspace_id)
        first = await runs_on_record.run(session, workspace_id, plan_id, 1, attempts=1)
        await runs_on_record.run(session, workspace_id, plan_id, 2, attempts=3)
    _, history = await read(database, workspace_id, plan_id)
    assert [(run.number, run.state) for run in history.runs] == [
        (2, RunState.COMPLETED),
        (1, RunState.COMPLETED),
    ]
    assert [(line.step_id, line.number, line.status) for line in history.attempts] == [
        ("order", 1, 422),
        ("order", 2, 422),
        ("order", 3, 201),
    ]
    assert [(line.kind, line.user, line.reason) for line in history.decisions] == [
        ("retry", "U0000002", "try 1"),
        ("retry", "U0000002", "try 2"),
    ]
    _, of_first = await read(database, workspace_id, plan_id, first)
    assert len(of_first.attempts) == 1


async def test_a_long_history_is_cut_and_says_so(database: Database, workspace_id: UUID) -> None:
    async with database.transaction() as session:
        plan_id = await runs_on_record.plan(session, workspace_id)
        for number in range(1, 31):
            attempts = 300 if number == 30 else 1
            await runs_on_record.run(session, workspace_id, plan_id, number, attempts=attempts)
    snapshot, history = await read(database, workspace_id, plan_id)
    assert (len(history.runs), history.all_runs) == (run_queries.MAX_RUNS, 30)
    assert (len(history.attempts), history.all_attempts) == (run_queries.MAX_ATTEMPTS, 300)
    assert (len(history.decisions), history.all_decisions) == (run_queries.MAX_DECISIONS, 299)
    assert [line.number for line in history.attempts][-1] == 300
    message = workflow_details(snapshot, history)
    assert kit.size(message.blocks) <= kit.MESSAGE_SIZE
    assert len(message.blocks) <= kit.MESSAGE_BLOCKS
    said = json.dumps(message.blocks, ensure_ascii=False)
    assert "of 300)" in said
    assert "attempt 300 (201): done" in said
    assert "of 30)" in said
    assert said.count("started by") < 10
    view = run_details_modal(snapshot, history)
    assert len(view["blocks"]) <= kit.VIEW_BLOCKS
    assert "attempt 260 (422): failed" in json.dumps(view)


async def test_a_page_shows_who_decided_what_and_why(database: Database, workspace_id: UUID) -> None:
    async with database.transaction() as session:
        plan_id = await runs_on_record.plan(session, workspace_id)
        await runs_on_record.run(session, workspace_id, plan_id, 1, attempts=2)
    message = workflow_details(*await read(database, workspace_id, plan_id))
    said = json.dumps(message.blocks, ensure_ascii=False)
    assert "Retried: 1. Order it" in said
    assert "“try 1”" in said
    assert '"user_id": "U0000002"' in said
    assert "<!channel> no" in said, "an error is shown to the letter, as rich text"
    for block in message.blocks:
        assert not any(
            part.get("type") == "mrkdwn" and "<!channel>" in part["text"] for part in block.get("elements", [])
        )


async def test_a_plan_without_a_run_has_an_empty_history(database: Database, workspace_id: UUID) -> None:
    async with database.transaction() as session:
        plan_id = await runs_on_record.plan(session, workspace_id)
    snapshot, history = await read(database, workspace_id, plan_id)
    assert history == History((), (), (), 0, 0, 0)
    assert workflow_details(snapshot, history) == workflow_details(snapshot)


async def test_nothing_of_another_workspace_is_read(database: Database, workspace_id: UUID) -> None:
    async with database.transaction() as session:
        elsewhere = await workspaces.ensure(session, "T0002")
        plan_id = await runs_on_record.plan(session, workspace_id)
        run_id = await runs_on_record.run(session, workspace_id, plan_id, attempts=3)
    async with database.reading() as session:
        assert await run_queries.history(session, elsewhere, plan_id, run_id=run_id) == History(
            (), (), (), 0, 0, 0
        )
        with pytest.raises(NotFound):
            await queries.get_by_run(session, elsewhere, run_id)


async def test_an_earlier_run_is_read_by_its_id(database: Database, workspace_id: UUID) -> None:
    async with database.transaction() as session:
        plan_id = await runs_on_record.plan(session, workspace_id)
        first = await runs_on_record.run(session, workspace_id, plan_id, 1)
        second = await runs_on_record.run(session, workspace_id, plan_id, 2)
    async with database.reading() as session:
        for run_id in (first, second):
            snapshot = await queries.get_by_run(session, workspace_id, run_id)
            assert snapshot.run is not None
            assert snapshot.run.id == run_id


async def snapshot_of(database: Database, workspace_id: UUID, output: Any) -> StepSnapshot:
    """The step of a run whose answer this is, as cards are given it."""
    async with database.transaction() as session:
        plan_id = await runs_on_record.plan(session, workspace_id)
        await runs_on_record.run(session, workspace_id, plan_id, output=output)
    snapshot, _ = await read(database, workspace_id, plan_id)
    assert snapshot.run is not None
    [step] = snapshot.run.steps
    return step


@pytest.mark.parametrize("output", [{"a": 1}, [1, 2], "text", 7, False, {"notes": "word " * 3_000}])
async def test_a_short_answer_is_read_whole(database: Database, workspace_id: UUID, output: Any) -> None:
    step = await snapshot_of(database, workspace_id, output)
    assert (step.output, step.is_long) == (output, False)
    assert 0 < step.output_size < run_queries.SHOWN_BYTES


async def test_no_answer_has_no_size(database: Database, workspace_id: UUID) -> None:
    step = await snapshot_of(database, workspace_id, None)
    assert (step.output, step.output_size, step.is_long) == (None, 0, False)


@pytest.mark.parametrize(
    ("output", "outline"),
    [
        # Compressed this is 11 kB; what counts is how much would have to be read.
        ({"status": "open", "notes": "word " * 200_000}, {"status": "open"}),
        (
            {f"k{number:03}": "x" * 400 for number in range(90)},
            {f"k{number:03}": "x" * 400 for number in range(40)},
        ),
        ([{"id": number} for number in range(9_000)], [{"id": 0}]),
        ([{"notes": "word " * 9_000}], None),
        ("word " * 9_000, "word " * 400),
        ({"notes": "x" * 30_000}, None),
    ],
)
async def test_of_a_long_answer_an_outline_is_read(
    database: Database, workspace_id: UUID, output: Any, outline: Any
) -> None:
    step = await snapshot_of(database, workspace_id, output)
    assert (step.output, step.is_long) == (outline, True)
    assert step.output_size > run_queries.SHOWN_BYTES


async def test_a_card_tells_of_a_long_answer(database: Database, workspace_id: UUID) -> None:
    async with database.transaction() as session:
        plan_id = await runs_on_record.plan(session, workspace_id)
        output = {"work_order_id": "WO-17", "notes": "x" * 56_000}
        await runs_on_record.run(session, workspace_id, plan_id, output=output)
    said = json.dumps(card((await read(database, workspace_id, plan_id))[0], card_id=plan_id).blocks)
    assert "A long answer (56 kB): work order id WO-17" in said


async def test_an_answer_is_read_whole_for_the_page_of_its_step(database: Database, workspace_id: UUID) -> None:
    output = {"notes": "x" * 56_000}
    step = await snapshot_of(database, workspace_id, output)
    async with database.reading() as session:
        run_id, answer = await run_queries.answer(session, workspace_id, step.id)
        snapshot = await queries.get_by_run(session, workspace_id, run_id)
        assert answer == output
        view = step_details_modal(snapshot, step.id, answer)
        assert view is not None
        assert "Cut:" not in json.dumps(view)
        with pytest.raises(NotFound):
            await run_queries.answer(session, uuid4(), step.id)
