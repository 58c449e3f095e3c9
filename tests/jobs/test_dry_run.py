"""A dry run: all that a plan would send, with reads really made and nothing changed anywhere."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from bot.jobs.workflows.dry_runs import dry_run as run_dry_run
from bot.sandbox.slack import Message
from bot.sandbox.town import Status
from bot.slack import ids
from db.models import AuditEvent, Component, HostFault, Run
from services.jobs import MakeDryRun
from tests.support.dry_runs import choose, draft, option
from tests.support.town_hall import TownHall, buttons, card_text
from tests.support.town_runs import LOOK, order, step

MARK = "Dry run: nothing was changed"

ASSIGN = step(
    "assign", "crews.assign", path__crew_id="{{crew.crew_id}}", body__work_order_id="{{order.work_order_id}}"
)
CREW = step("crew", "crews.find_available", after="order", query__skill="water")
REPLY = step(
    "reply",
    "notifications.reply_to_reporter",
    body__reporter="{{issue.reporter}}",
    body__message="Crew {{crew.crew_name}} has order {{order.work_order_id}} <!channel> & more",
)


def posted(hall: TownHall) -> list[Message]:
    found = hall.slack.channel("works").messages.values()
    return [message for message in found if (message.metadata or {}).get("event_type") == ids.METADATA_DRY_RUN]


async def rehearsed(hall: TownHall, *steps: dict[str, Any]) -> Message:
    card = await draft(hall, *steps)
    await choose(hall, card, "Dry run")
    [message] = await hall.slack.wait_for(lambda: posted(hall), 20)
    assert message.thread_ts == card.ts
    return message


async def kept(hall: TownHall) -> AuditEvent:
    async with hall.database.reading() as session:
        return (await session.scalars(select(AuditEvent).where(AuditEvent.action == "plan.dry_run"))).one()


async def test_reads_are_made_and_writes_are_not(hall: TownHall) -> None:
    message = await rehearsed(hall, LOOK, order(), CREW, ASSIGN, REPLY)
    said = card_text(message)
    assert MARK in said
    assert MARK in message.text
    assert "(the work order id from step 3)" in said
    assert "Known only once it runs: work order id (step 3)." in said
    assert "Would send to “Create a work order”:" in said
    assert "Area: downtown" in said
    assert "Mend the main" in said
    assert {entry.method for entry in hall.town.ledger} == {"GET"}
    assert len(hall.town.received("open311.find_requests")) == 1
    assert len(hall.town.received("crews.find_available")) == 1
    async with hall.database.reading() as session:
        assert (await session.scalars(select(Run))).all() == []


async def test_what_a_read_answers_is_put_into_what_would_be_sent(hall: TownHall) -> None:
    await rehearsed(hall, order(), CREW, ASSIGN, REPLY)
    event = await kept(hall)
    steps = {each["step_id"]: each for each in event.facts["steps"]}
    crew = steps["crew"]["output"]["crew_id"]
    assert crew
    assert steps["assign"]["request"]["url"].endswith(f"/crews/{crew}/assignment")
    assert steps["assign"]["awaits"] == ["{{order.work_order_id}}"]
    assert {name: each["fate"] for name, each in steps.items()} == {
        "order": "would_send",
        "crew": "read",
        "assign": "would_send",
        "reply": "would_send",
    }
    assert event.actor == hall.slack.user("marco").id


async def test_foreign_text_is_shown_to_the_letter(hall: TownHall) -> None:
    message = await rehearsed(hall, order(), CREW, REPLY)
    runs = json.dumps(message.blocks)
    assert "<!channel> & more" in runs
    for block in message.blocks or []:
        parsed = [part["text"] for part in block.get("elements", []) if part.get("type") == "mrkdwn"]
        assert not any("<!channel>" in text for text in parsed)
    assert "<!channel>" not in message.text


async def test_a_read_behind_a_gate_is_not_made(hall: TownHall) -> None:
    gated = step("look", "open311.find_requests", gate=True)
    message = await rehearsed(hall, gated, order(gate=True))
    assert "2 would need approval first." in card_text(message)
    assert hall.town.received("open311.find_requests") == []


async def test_a_read_that_needs_what_a_write_answers_is_not_made(hall: TownHall) -> None:
    look = step("look", "workorders.get", path__work_order_id="{{order.work_order_id}}")
    message = await rehearsed(hall, order(), look)
    assert "Known only once it runs: work order id (step 1)" in card_text(message)
    assert hall.town.received("workorders.get") == []


async def test_a_read_that_fails_is_what_the_plan_would_fail_by(hall: TownHall) -> None:
    hall.town.script("open311.find_requests", Status(404))
    message = await rehearsed(hall, step("look", "open311.find_requests"), order())
    assert "Would fail. “Look up earlier reports” found no such thing" in card_text(message)


async def test_a_host_that_is_left_alone_is_not_asked_and_a_failure_counts_against_it(hall: TownHall) -> None:
    hall.town.script("open311.find_requests", Status(503))
    card = await draft(hall, LOOK, order())
    await choose(hall, card, "Dry run")
    await hall.slack.wait_for(lambda: posted(hall), 20)
    async with hall.database.transaction() as session:
        [host] = await session.scalars(select(HostFault))
        assert (host.failures, host.reason) == (1, "503")
        host.closed_until = hall.deps.now() + timedelta(minutes=4)
    asked = len(hall.town.received("open311.find_requests"))
    await hall.slack.click("marco", "works", card.ts, ids.ACTION_PLAN_MORE, option(card, "Dry run"))
    await hall.slack.wait_for(lambda: len(posted(hall)) == 2, 20)
    assert "so it was not asked. In a run this step waits until it does." in card_text(posted(hall)[-1])
    assert len(hall.town.received("open311.find_requests")) == asked


async def test_an_answer_without_what_a_step_needs_is_found_out(hall: TownHall) -> None:
    crew = step("crew", "crews.find_available", query__skill="water")
    assign = step("assign", "crews.assign", path__crew_id="{{crew.crews[77].crew_id}}", body__work_order_id="WO-1")
    message = await rehearsed(hall, crew, assign)
    assert "Would fail. It needs" in card_text(message)
    assert (await kept(hall)).facts["steps"][1]["error"]["code"] == "unresolved_reference"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"auth": {"type": "bearer", "token": "env:NOBODY_SET_THIS"}}, "secret_missing"),
        ({"endpoint_url": "http://10.0.0.7/areas/{area}/work-orders"}, "address_refused"),
        ({"endpoint_url": "http://localhost:1/areas/{area}/work-orders"}, "address_refused"),
        ({"is_active": False}, "component_missing"),
        ({"request_schema": {"properties": {"title": {"from": "person"}}}}, "origin_refused"),
    ],
)
async def test_what_would_keep_a_write_from_being_sent_is_found_out(
    hall: TownHall, change: dict[str, Any], code: str
) -> None:
    card = await draft(hall, order())
    async with hall.database.transaction() as session:
        await session.execute(update(Component).where(Component.key == "workorders.create").values(**change))
    await choose(hall, card, "Dry run")
    [message] = await hall.slack.wait_for(lambda: posted(hall), 20)
    assert "1 would fail" in card_text(message)
    assert (await kept(hall)).facts["steps"][0]["error"]["code"] == code
    assert hall.town.received("workorders.create") == []


async def test_a_dry_run_of_an_older_card_is_refused_privately(hall: TownHall) -> None:
    card = await draft(hall, order())
    click = hall.slack.prepare_click("dana", "works", card.ts, ids.ACTION_PLAN_MORE, option(card, "Dry run"))
    await hall.slack.click("marco", "works", card.ts, ids.ACTION_DISCARD)
    await hall.slack.wait_for(lambda: "Approve and run" not in buttons(card))
    await hall.slack.deliver(click)
    [told] = await hall.slack.wait_for(lambda: hall.slack.ephemerals("works", "dana"))
    assert "nothing was done" in told.text
    assert posted(hall) == []


async def test_a_plan_of_many_steps_takes_several_messages(hall: TownHall) -> None:
    steps = [
        step(
            f"reply{number}",
            "notifications.reply_to_reporter",
            body__reporter="{{issue.reporter}}",
            body__message=f"{number}: " + "We are on it. " * 30,
        )
        for number in range(60)
    ]
    card = await draft(hall, *steps)
    await choose(hall, card, "Dry run")

    def complete() -> bool:
        return any("60. " in card_text(message) for message in posted(hall))

    await hall.slack.wait_for(complete, 40)
    messages = posted(hall)
    assert len(messages) > 1
    said = "".join(map(card_text, messages))
    assert all(f'"{number}. ' in said for number in range(1, 61))
    assert all(MARK in card_text(message) and MARK in message.text for message in messages)


async def test_a_worker_that_was_killed_after_posting_posts_nothing_twice(hall: TownHall) -> None:
    message = await rehearsed(hall, LOOK, order())
    event = await kept(hall)
    assert event.subject_id is not None
    job = MakeDryRun(
        key=event.facts["key"],
        workspace=hall.deps.workspace.id,
        plan=event.subject_id,
        revision=1,
        user=event.actor,
        channel=message.channel,
    )
    await run_dry_run(job, hall.deps)
    assert posted(hall) == [message]
    assert len(hall.town.received("open311.find_requests")) == 1


async def test_what_mudda_would_do_itself_is_shown_and_not_done(hall: TownHall) -> None:
    notice = step("notice", "slack.notify", body__to="reporter", body__message="Order {{order.work_order_id}}")
    pause = step("pause", "wait.for", body__minutes="1440")
    message = await rehearsed(hall, order(), notice, pause)
    said = card_text(message)
    assert "Order (the work order id from step 1)" in said
    assert "1 would wait" in said
    assert "2 would be sent" in said
    async with hall.database.reading() as session:
        assert (await session.scalars(select(Run))).all() == []
    assert hall.town.ledger == []


async def test_the_menu_shows_the_whole_plan(hall: TownHall) -> None:
    card = await draft(hall, LOOK, order())
    await choose(hall, card, "Show all")
    [view] = await hall.slack.wait_for(lambda: hall.slack.views("marco"))
    assert view.body["callback_id"] == ids.VIEW_PLAN_DETAILS
