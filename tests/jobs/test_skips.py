"""A step is skipped, end to end: the form that asks why, what is kept of it, and a form that comes too late."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from sqlalchemy import select

from bot.sandbox.town import Status
from bot.slack import ids
from db.models import AuditEvent, Decision, PlanningNoteRow, StepRun
from tests.support.town_hall import TownHall, card_text
from tests.support.town_runs import LOOK, approved, order, outcome, press, run_state, skip, step_states

WHY = "The county mends this road"


async def failed(hall: TownHall) -> None:
    """A plan whose second step fails."""
    hall.town.script("workorders.create", Status(422), Status(422))
    await approved(hall, LOOK, order())


async def decisions(hall: TownHall) -> Sequence[tuple[str, str, str | None]]:
    """What was decided, by whom and why, in order."""
    async with hall.database.reading() as session:
        rows = await session.scalars(select(Decision).order_by(Decision.created_at))
        return [(row.kind, row.user_id, row.reason) for row in rows]


async def note_of(hall: TownHall, step_id: str) -> str | None:
    async with hall.database.reading() as session:
        return await session.scalar(select(StepRun.note).where(StepRun.step_id == step_id))


async def test_nothing_is_skipped_before_the_form_is_submitted(hall: TownHall) -> None:
    await failed(hall)
    await press(hall, "Skip step")
    [view] = await hall.slack.wait_for(lambda: hall.slack.views("marco"))
    assert (view.body["callback_id"], view.body["submit"]["text"]) == (ids.VIEW_STEP_SKIP, "Skip step")
    await hall.slack.close_view(view.id)
    assert await step_states(hall) == {"look": "DONE", "order": "FAILED"}
    assert await decisions(hall) == []
    # The same button opens it again.
    await skip(hall)
    await outcome(hall)
    assert await step_states(hall) == {"look": "DONE", "order": "SKIPPED"}


@pytest.mark.parametrize(("given", "kept"), [(f" {WHY} ", WHY), (None, None), ("  ", None)])
async def test_a_skip_keeps_its_reason_if_any(hall: TownHall, given: str | None, kept: str | None) -> None:
    await failed(hall)
    await skip(hall, reason=given)
    said = await outcome(hall)
    assert await run_state(hall) == "COMPLETED"
    assert await decisions(hall) == [("skip", hall.slack.user("marco").id, kept)]
    assert await note_of(hall, "order") == kept
    card = hall.slack.channel("works").messages[str(said.thread_ts)]
    seen = await hall.slack.wait_for(lambda: text if "Skipped by" in (text := card_text(card)) else None)
    assert (f"“{WHY}”" in seen) is (kept is not None)
    assert "“”" not in seen


async def test_a_skip_without_a_reason_does_not_take_over_that_of_the_rejection(hall: TownHall) -> None:
    await approved(hall, order(gate=True))
    await press(hall, "Reject step")
    [view] = await hall.slack.wait_for(lambda: hall.slack.views("marco"))
    await hall.slack.submit_view(view.id, {ids.BLOCK_REASON: {ids.INPUT_REASON: "Not our road"}})
    await skip(hall, "dana")
    await outcome(hall)
    assert await note_of(hall, "order") is None


@pytest.mark.parametrize("first", ["Retry", "Skip step"])
async def test_a_form_that_comes_too_late_changes_nothing(hall: TownHall, first: str) -> None:
    await failed(hall)
    await press(hall, "Skip step")
    [view] = await hall.slack.wait_for(lambda: hall.slack.views("marco"))
    await (press(hall, "Retry", "dana") if first == "Retry" else skip(hall, "dana"))
    await hall.slack.wait_for(lambda: len(hall.town.received("workorders.create")) == 2 or first != "Retry")
    if first == "Skip step":
        await outcome(hall)
    before = await decisions(hall), await note_of(hall, "order")
    submitted = await hall.slack.submit_view(view.id, {ids.BLOCK_REASON: {ids.INPUT_REASON: WHY}})
    assert submitted.acked
    await hall.slack.wait_for(lambda: hall.slack.ephemerals("works", "marco"))
    assert (await decisions(hall), await note_of(hall, "order")) == before
    assert [kind for kind, _, _ in before[0]] == ["retry" if first == "Retry" else "skip"]
    assert (await step_states(hall))["order"] != ("SKIPPED" if first == "Retry" else "FAILED")
    async with hall.database.reading() as session:
        assert (await session.scalars(select(PlanningNoteRow))).all() == []
        acts = await session.scalars(select(AuditEvent.actor).where(AuditEvent.action == "step.skip"))
        assert hall.slack.user("marco").id not in acts.all()
