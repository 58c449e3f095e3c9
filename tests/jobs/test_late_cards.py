"""What belongs in a card's thread waits for the card: posted before it, it would be looked for there in vain."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import text

from bot.sandbox.slack import Hold, Message
from bot.sandbox.town import Status
from bot.slack import ids
from tests.support.own_steps import marked, notify
from tests.support.run_starts import begun, until
from tests.support.town_hall import TownHall, cards
from tests.support.town_runs import order, step
from tests.support.waiting import happened


def said(hall: TownHall) -> list[Message]:
    """All that is in the channel but the card."""
    shown = hall.slack.channel("works").messages.values()
    return [each for each in shown if (each.metadata or {}).get("event_type") != ids.METADATA_CARD]


@pytest.mark.parametrize(
    ("steps", "fault", "job", "event"),
    [
        ([step("look", "open311.find_requests")], None, "reply_to_reporter", ids.METADATA_OUTCOME),
        ([order()], Status(422), "tell_of_failure", ids.METADATA_FAILURE),
        ([order(gate=True)], None, "tell_of_wait", ids.METADATA_WAIT),
        ([notify()], None, "run_step", ids.METADATA_NOTICE),
    ],
    ids=["outcome", "failure", "wait", "notice"],
)
async def test_what_is_said_of_a_run_waits_for_its_card(
    hall: TownHall, steps: list[dict[str, Any]], fault: Status | None, job: str, event: str
) -> None:
    card = Hold()
    hall.slack.faults.script("chat.postMessage", [card])
    if fault is not None:
        hall.town.script("workorders.create", fault)
    async with hall.database.transaction() as session:
        await begun(session, hall.deps.workspace.id, steps, hall.slack.channel("works").id)
    await happened(card.reached)

    async def is_put_off() -> bool:
        query = "SELECT count(*) FROM pgqueuer WHERE entrypoint = :job AND status = 'queued' AND attempts > 0"
        async with hall.database.reading() as session:
            return bool(await session.scalar(text(query), {"job": job}))

    await until(is_put_off, 20)
    assert said(hall) == []
    card.released.set()
    await hall.slack.wait_for(lambda: marked(hall, event), 20)
    assert hall.bot.worker is not None
    await hall.bot.worker.idle()
    [posted] = cards(hall.slack)
    assert {each.thread_ts for each in said(hall)} == {posted.ts}
    assert len(marked(hall, event)) == 1
