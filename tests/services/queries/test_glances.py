"""Of a large run most steps are read for its card at a glance; the card is as if all had been read whole."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from uuid import UUID

import pytest
from sqlalchemy import ARRAY, Text, bindparam, select, text

from bot.views.card import card
from bot.views.kit import blocks as kit
from db.models import Run
from db.session import Database
from services.approvals import ApprovalService
from services.queries.glances import LARGE, SHOWN
from services.queries.snapshots import PlanSnapshot
from services.queries.workflows import WorkflowQueries
from services.states import StepState
from tests.support.run_starts import begun, registered, step
from tests.support.sent_statements import statements

STEPS = LARGE + 30
CARD = UUID(int=7)

CROWDS: Sequence[Sequence[StepState]] = (
    [StepState.PENDING],
    [StepState.DONE],
    [StepState.DONE, StepState.DONE, StepState.RUNNING, StepState.PENDING],
    [StepState.WAITING, StepState.FAILED, StepState.UNCERTAIN],
    [StepState.DONE] * 20 + [StepState.READY, StepState.WAITING],
    [StepState.CANCELLED, StepState.SKIPPED, StepState.DONE],
    [StepState.PENDING] * 50 + [StepState.DONE],
    list(StepState),
)

queries = WorkflowQueries(ApprovalService())


@pytest.fixture
async def run_id(database: Database, workspace_id: UUID) -> UUID:
    """A run of more steps than a card shows; each but the first sends what one before it has answered."""
    await registered(
        database, workspace_id, {"key": "do", "http_method": "POST", "endpoint_url": "https://do.example"}
    )
    said = [f"{{{{s{n // 2}.word}}}}" for n in range(STEPS)]
    inputs = [{"path__id": said[n], "body__text": said[n]} if n else {} for n in range(STEPS)]
    steps = [step(f"s{n}", "do", gate=n % 9 == 0, **inputs[n]) for n in range(STEPS)]
    async with database.transaction() as session:
        return await begun(session, workspace_id, steps)


async def stands(database: Database, run_id: UUID, states: Sequence[StepState]) -> None:
    """Let the steps of a run stand so."""
    asked = (StepState.PENDING, StepState.READY, StepState.CANCELLED)
    over = (StepState.DONE,)
    errors = {StepState.FAILED: {"code": "rejected"}, StepState.UNCERTAIN: {"code": "maybe_sent"}}
    query = text(
        "UPDATE step_runs SET state = (:states)[position + 1], request = CAST((:requests)[position + 1] AS jsonb),"
        " output = CAST(NULLIF((:outputs)[position + 1], 'null') AS jsonb),"
        " error = CAST((:errors)[position + 1] AS jsonb) WHERE run_id = :run"
    ).bindparams(*(bindparam(name, type_=ARRAY(Text)) for name in ("states", "requests", "outputs", "errors")))
    async with database.transaction() as session:
        await session.execute(
            query,
            {
                "run": run_id,
                "states": states,
                "requests": [
                    json.dumps(
                        None
                        if state in asked
                        else {"url": f"https://do.example/word%20{n // 2}", "body": {"text": f"sent {n}"}}
                    )
                    for n, state in enumerate(states)
                ],
                "outputs": [
                    json.dumps({"word": f"word {n}"} if state in over else None) for n, state in enumerate(states)
                ],
                "errors": [json.dumps(errors.get(state)) for state in states],
            },
        )


async def both(database: Database, workspace_id: UUID, run_id: UUID) -> tuple[PlanSnapshot, PlanSnapshot]:
    """The plan as it is read whole, and for its card."""
    async with database.reading() as session:
        plan_id = await session.scalar(select(Run.plan_id).where(Run.id == run_id))
        assert plan_id is not None
        whole = await queries.get(session, workspace_id, plan_id)
        return whole, (await queries.get_all(session, workspace_id, [plan_id]))[plan_id]


async def test_a_card_shows_no_less_for_being_read_at_a_glance(
    database: Database, workspace_id: UUID, run_id: UUID
) -> None:
    dice = random.Random(11)
    crowds = [[dice.choice(crowd) for _ in range(STEPS)] for crowd in CROWDS]
    # More that wait for people than are shown, and behind them some that ask for something else.
    crowds.append([StepState.WAITING] * (STEPS - 4) + [StepState.FAILED, StepState.UNCERTAIN] * 2)
    # What is sent at the gate of the last step is what the answer of one says that is not shown.
    crowds.append([StepState.DONE] * (STEPS - 60) + [StepState.PENDING] * 59 + [StepState.WAITING])
    for crowd in crowds:
        await stands(database, run_id, crowd)
        whole, glimpsed = await both(database, workspace_id, run_id)
        drawn = card(glimpsed, card_id=CARD)
        assert drawn == card(whole, card_id=CARD), f"otherwise where steps are {crowd}"


async def test_of_most_steps_no_request_and_no_answer_is_read(
    database: Database, workspace_id: UUID, run_id: UUID
) -> None:
    await stands(database, run_id, [StepState.DONE] * STEPS)
    whole, glimpsed = await both(database, workspace_id, run_id)
    assert whole.run is not None
    assert glimpsed.run is not None
    assert len(glimpsed.run.steps) == len(whole.run.steps) == STEPS
    assert sum(each.request is not None for each in whole.run.steps) == STEPS
    assert sum(each.request is not None for each in glimpsed.run.steps) == SHOWN


async def test_a_glance_is_one_statement_more(database: Database, workspace_id: UUID, run_id: UUID) -> None:
    await both(database, workspace_id, run_id)
    with statements(database) as sent:
        await both(database, workspace_id, run_id)
    assert len(sent) == 1 + 2 + 3


def test_as_many_are_read_as_are_shown() -> None:
    assert SHOWN == kit.PLAN_TASKS
