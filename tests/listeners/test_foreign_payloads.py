"""What is another workspace's, or nobody's business: acked, quietly, and nothing comes of it."""

from __future__ import annotations

import json
import logging

import pytest
from sqlalchemy import func, select

from bot.slack import ids
from db.models import WorkflowPlan
from tests.support.town_hall import LEAK, TownHall, cards, drafted


async def plans(hall: TownHall) -> int:
    async with hall.database.reading() as session:
        return int(await session.scalar(select(func.count()).select_from(WorkflowPlan)) or 0)


async def test_what_is_another_workspaces_is_refused_with_one_line(
    hall: TownHall, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    ours = hall.slack.workspace.team.id.encode()
    command = hall.slack.prepare_command("priya", "works", "/mudda", LEAK)
    command.body = command.body.replace(ours, b"T0ELSEWHERE")
    caplog.clear()
    assert "not installed in this workspace" in str((await hall.slack.deliver(command)).attempts[-1].body)
    assert [record.getMessage() for record in caplog.records] == ["Refused a payload of another workspace"]
    # Had it been kept, its plan would come before this one.
    await hall.slack.send_command("priya", "works", "/mudda", LEAK)
    await drafted(hall)
    assert await plans(hall) == 1


async def test_a_mention_in_a_shared_channel_is_ours_if_the_authorization_says_so(hall: TownHall) -> None:
    root, _ = hall.slack.post_user_message("dana", "works", "Look at this")
    _, help_mention = await hall.slack.send_mention("priya", "works", "help", root.ts)
    body = json.loads(help_mention.body)
    body["team_id"] = "T0NEIGHBOUR"
    body["event"] |= {"ts": root.ts, "text": LEAK}
    help_mention.body = json.dumps(body).encode()
    assert (await hall.slack.deliver(help_mention)).acked
    await hall.slack.wait_for(lambda: cards(hall.slack))


UNKNOWN: list[dict[str, object]] = [
    {"type": "app_rate_limited"},
    {"type": "event_callback", "event": {"type": "new"}},
]


@pytest.mark.parametrize("body", UNKNOWN)
async def test_what_nobody_listens_to_is_acked_and_not_logged(
    hall: TownHall, caplog: pytest.LogCaptureFixture, body: dict[str, object]
) -> None:
    caplog.set_level(logging.INFO)
    _, mention = await hall.slack.send_mention("priya", "works", "help")
    mention.body = json.dumps({**json.loads(mention.body), **body}).encode()
    caplog.clear()
    assert (await hall.slack.deliver(mention)).acked
    assert [record for record in caplog.records if "slack_bolt" in record.name or "dispatch" in record.name] == []


async def test_a_button_that_is_no_more_is_acked(hall: TownHall) -> None:
    await hall.slack.send_command("priya", "works", "/mudda", LEAK)
    card = await drafted(hall)
    click = hall.slack.prepare_click("marco", "works", card.ts, ids.ACTION_DISCARD)
    click.body = click.body.replace(ids.ACTION_DISCARD.encode(), b"plan.of_an_older_version")
    assert (await hall.slack.deliver(click)).acked


async def test_a_press_that_can_not_be_read_is_answered(hall: TownHall) -> None:
    await hall.slack.send_command("priya", "works", "/mudda", LEAK)
    card = await drafted(hall)
    click = hall.slack.prepare_click("marco", "works", card.ts, ids.ACTION_DISCARD)
    value = str(click.context["payload"]["actions"][0]["value"])
    click.body = click.body.replace(value.encode(), b"not-ours")
    assert (await hall.slack.deliver(click)).acked
    [told] = await hall.slack.wait_for(lambda: hall.slack.ephemerals("works", "marco"))
    assert "nothing was done" in told.text
