"""Show graph and Report: one press, one file in the card's thread; whoever asks sees at once that it comes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select

from bot.jobs.pictures import make_picture, share_picture
from bot.sandbox.slack import DropAfterAccepting, Message
from bot.slack import ids
from db.models import AuditEvent
from services.jobs import MakePicture, PictureKind, SharePicture
from services.pictures.model import PictureError
from services.pictures.service import PictureService, _environment
from tests.support.dry_runs import choose, draft
from tests.support.graphs import graph
from tests.support.held_up import held_up
from tests.support.town_hall import TownHall, buttons
from tests.support.town_runs import LOOK, approved, order, run_state


def pictures(hall: TownHall) -> list[Message]:
    return [message for message in hall.slack.channel("works").messages.values() if message.files]


def private(hall: TownHall, user: str = "marco") -> list[str]:
    seen = hall.slack.channel("works").ephemerals.values()
    return [message.text for message in seen if message.ephemeral_to == hall.slack.user(user).id]


def content(hall: TownHall, message: Message) -> bytes:
    file = hall.slack.workspace.files.get(message.files[0]["id"])
    assert file is not None
    return file.content


async def idle(hall: TownHall) -> None:
    """Wait until no job runs."""
    assert hall.bot.worker is not None
    await hall.bot.worker.idle()


async def finished(hall: TownHall) -> Message:
    card = await approved(hall, order(), LOOK)
    await hall.slack.wait_for(lambda: "Report" in buttons(card), 30)
    return card


async def pressed(hall: TownHall, card: Message, label: str, user: str = "marco") -> None:
    button = buttons(card)[label]
    await hall.slack.click(user, "works", card.ts, button["action_id"], button["value"])


async def test_a_draft_is_shown_as_a_graph_in_the_thread_of_its_card(hall: TownHall) -> None:
    card = await draft(hall, order(gate=True), LOOK)
    await choose(hall, card, "Show graph")
    [message] = await hall.slack.wait_for(lambda: pictures(hall), 20)
    [file] = message.files
    assert message.thread_ts == card.ts
    assert message.text == f"Graph of plan #1, Stop the leak, for <@{hall.slack.user('marco').id}>."
    assert (file["name"], file["title"], file["mimetype"]) == ("plan-1-graph.png", "#1 Stop the leak", "image/png")
    assert content(hall, message)[:4] == b"\x89PNG"
    assert "2 steps" in file["alt_txt"]
    assert "1. Do look. 2. Do order after 1 (a person must agree first)." in file["alt_txt"]
    assert len(file["alt_txt"]) <= 1_000


async def test_whoever_asks_sees_at_once_that_it_is_being_made(hall: TownHall) -> None:
    card = await draft(hall, order())
    await choose(hall, card, "Show graph")
    await hall.slack.wait_for(lambda: private(hall), 20)
    assert private(hall)[0].startswith("Making the graph of plan #1.")
    methods = [call.method for call in hall.slack.transcript]
    await hall.slack.wait_for(lambda: pictures(hall), 20)
    assert "files.completeUploadExternal" not in methods


async def test_a_run_is_shown_with_the_states_of_its_steps(hall: TownHall) -> None:
    card = await finished(hall)
    await pressed(hall, card, "Details")
    [view] = await hall.slack.wait_for(lambda: hall.slack.views("marco"), 10)
    shown = [each for block in view.blocks if block["type"] == "actions" for each in block["elements"]]
    [button] = [each for each in shown if each["action_id"] == ids.ACTION_GRAPH_RUN]
    await hall.slack.click_in_view("marco", view.id, ids.ACTION_GRAPH_RUN, button["value"])
    [message] = await hall.slack.wait_for(lambda: pictures(hall), 20)
    assert "Done: 2." in message.files[0]["alt_txt"]
    assert private(hall)[-1].startswith("Making the graph of plan #1.")


async def test_a_finished_run_has_a_report(hall: TownHall) -> None:
    card = await finished(hall)
    await pressed(hall, card, "Report")
    [message] = await hall.slack.wait_for(lambda: pictures(hall), 20)
    assert message.files[0]["name"] == "plan-1-run-1-report.pdf"
    assert message.thread_ts == card.ts
    pdf = content(hall, message)
    assert pdf[:5] == b"%PDF-"
    async with hall.database.reading() as session:
        event = (await session.scalars(select(AuditEvent).where(AuditEvent.action == "run.report"))).one()
    assert event.actor == hall.slack.user("marco").id


async def test_a_run_under_way_has_no_report_yet(hall: TownHall) -> None:
    card = await approved(hall, order(gate=True))
    await hall.slack.wait_for(lambda: "Approve step" in str(card.blocks), 20)
    assert await run_state(hall) == "WAITING"
    assert "Report" not in buttons(card)


async def test_jobs_that_run_twice_give_one_file(hall: TownHall) -> None:
    card = await draft(hall, order())
    await choose(hall, card, "Show graph")
    [message] = await hall.slack.wait_for(lambda: pictures(hall), 20)
    making, sharing = await jobs(hall, message)
    await make_picture(making, hall.deps)
    await share_picture(sharing, hall.deps)
    await idle(hall)
    assert len(pictures(hall)) == 1
    assert len(hall.slack.calls("files.completeUploadExternal")) == 1


async def jobs(hall: TownHall, message: Message) -> tuple[MakePicture, SharePicture]:
    """The two jobs of the press that a picture was made for, as they were."""
    async with hall.database.reading() as session:
        event = (await session.scalars(select(AuditEvent).where(AuditEvent.action == "plan.graph"))).one()
    common: dict[str, Any] = {
        "workspace": event.workspace_id,
        "key": event.facts["key"],
        "picture": PictureKind.GRAPH,
        "plan": event.subject_id,
        "user": event.actor,
        "channel": event.channel_id,
    }
    sharing = SharePicture(
        **common, number=1, file=message.files[0]["id"], title="Stop the leak", since=event.created_at
    )
    return MakePicture(**common), sharing


async def test_a_file_that_slack_took_without_saying_so_is_not_sent_again(hall: TownHall) -> None:
    card = await draft(hall, order())
    hall.slack.faults.script("files.completeUploadExternal", [DropAfterAccepting()])
    await choose(hall, card, "Show graph")
    await hall.slack.wait_for(lambda: len(hall.slack.calls("conversations.replies")) >= 2, 30)
    assert len(pictures(hall)) == 1
    assert len(hall.slack.calls("files.completeUploadExternal")) == 1


async def test_an_app_that_may_not_send_files_says_so(hall: TownHall) -> None:
    hall.slack.scopes = hall.slack.scopes - {"files:write"}
    card = await draft(hall, order())
    await choose(hall, card, "Show graph")
    await hall.slack.wait_for(lambda: len(private(hall)) == 2, 20)
    assert "installed before it could send files" in private(hall)[-1]
    assert pictures(hall) == []


async def test_a_person_of_another_organisation_gets_none(hall: TownHall) -> None:
    """More than its card nobody of another organisation is shown of a plan; in a menu as by a button."""
    card = await finished(hall)
    marco = hall.slack.user("marco")
    hall.slack.workspace.users[marco.id] = replace(marco, team_id="T0NEIGHBOUR")
    await pressed(hall, card, "Report")
    await hall.slack.wait_for(lambda: private(hall), 20)
    assert "Only people of the organisation" in private(hall)[0]
    await idle(hall)
    assert pictures(hall) == []


async def test_what_is_not_there_any_more_is_said_to_be_gone(hall: TownHall) -> None:
    marco, works = hall.slack.user("marco").id, hall.slack.channel("works").id
    of = {"workspace": hall.deps.workspace.id, "key": "click:1", "user": marco, "channel": works}
    await make_picture(MakePicture(**of, picture=PictureKind.GRAPH, plan=uuid4()), hall.deps)
    assert private(hall) == ["I can't find that. `/workflows` lists the plans."]
    assert pictures(hall) == []


async def test_a_picture_that_takes_too_long_is_given_up_and_its_process_ended() -> None:
    with pytest.raises(PictureError, match="not made within"):
        await PictureService(seconds=0.01).picture(graph(5))


async def test_the_process_that_draws_gets_no_secret() -> None:
    assert {*_environment()} <= {
        "PATH",
        "LD_LIBRARY_PATH",
        "TMPDIR",
        "PYTHONPATH",
        "PYTHONDONTWRITEBYTECODE",
        "LC_ALL",
    }


async def test_the_loop_goes_on_while_a_picture_is_made() -> None:
    async with held_up() as most:
        assert (await PictureService().picture(graph(30)))[:4] == b"\x89PNG"
    # By this process's own work: to draw it here would take several times as long.
    assert most.work < 0.05
