"""People are asked for photos, end to end: what is taken, what is refused, and what is kept of it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web

from bot.sandbox.slack import InputsRefused
from bot.slack import ids
from services.queries.export import run_document
from tests.support.own_steps import answer, ask, form, marked, notify, output, posted, question, the_step
from tests.support.run_starts import registered
from tests.support.town_hall import TownHall, card_text, cards, town_hall
from tests.support.town_runs import approved, outcome, step, step_states, with_button

JPEG = b"\xff\xd8\xff\xe0 not much of a picture"


async def test_a_photo_is_the_answer_and_later_steps_have_its_link(hall: TownHall) -> None:
    say = "{{ask.files[0].name}} at {{ask.files[0].permalink}}, or {{ask.answer}}"
    await approved(hall, ask(kind="photo"), notify(message=say))
    photo = hall.slack.upload("priya", "Leak <1> & co.jpg", JPEG)
    await answer(hall, [photo.id])
    await outcome(hall)
    priya = hall.slack.user("priya").id
    link = f"https://springfield.slack.com/files/{priya}/{photo.id}/leak_1_co.jpg"
    file = {"id": photo.id, "name": "Leak <1> & co.jpg", "mimetype": "image/jpeg", "permalink": link}
    assert await output(hall, "ask") == {"answer": link, "answered_by": priya, "files": [file]}
    notice = await posted(hall, ids.METADATA_NOTICE)
    assert notice.text.endswith(f"Leak &lt;1&gt; &amp; co.jpg at {link}, or {link}")
    asked = await question(hall)
    await hall.slack.wait_for(lambda: "Answered: " in card_text(asked))
    assert asked.blocks[-1]["elements"][0]["elements"][1:] == [
        {"type": "link", "url": link, "text": "Leak <1> & co.jpg"}
    ]
    await hall.slack.wait_for(lambda: any(f'"url": "{link}"' in card_text(card) for card in cards(hall.slack)))


async def test_of_photos_only_links_and_names_are_kept(hall: TownHall) -> None:
    await approved(hall, ask(kind="photo"))
    photos = [hall.slack.upload("priya", f"{number}.png", JPEG) for number in range(3)]
    await answer(hall, [photo.id for photo in photos])
    await outcome(hall)
    kept = await output(hall, "ask")
    assert kept["answer"].split(" ") == [file["permalink"] for file in kept["files"]]
    assert [file["name"] for file in kept["files"]] == ["0.png", "1.png", "2.png"]
    step = await the_step(hall, "ask")
    async with hall.database.reading() as session:
        document = await run_document(session, hall.deps.workspace.id, step.run_id)
    text = json.dumps(document, default=str)
    assert "url_private" not in text
    assert "files-pri" not in text


async def test_a_group_is_asked_for_a_photo_and_all_see_the_one_that_came(hall: TownHall) -> None:
    await approved(hall, ask("S0WATERCRW", kind="photo"))
    photo = hall.slack.upload("dana", "leak.heic", JPEG)
    await answer(hall, [photo.id], "dana")
    await outcome(hall)
    shown = await hall.slack.wait_for(
        lambda: all("leak.heic" in card_text(each) for each in marked(hall, ids.METADATA_QUESTION))
    )
    assert shown
    assert (await output(hall, "ask"))["files"][0]["mimetype"] == "image/heic"


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["plan.pdf"], "Please choose files of these types: jpg, jpeg, png, gif, heic, webp."),
        (["1.jpg", "2.jpg", "3.jpg", "4.jpg"], "Please choose at most 3 files."),
        ([], "Please complete this required field."),
    ],
)
async def test_what_slack_itself_refuses(hall: TownHall, names: list[str], said: str) -> None:
    await approved(hall, ask(kind="photo"))
    view = await form(hall)
    chosen = [hall.slack.upload("priya", name, JPEG).id for name in names]
    with pytest.raises(InputsRefused) as refused:
        await hall.slack.submit_view(view.id, {ids.BLOCK_ANSWER: {ids.INPUT_ANSWER: chosen}})
    assert refused.value.errors == {ids.BLOCK_ANSWER: said}


async def test_a_file_that_only_calls_itself_a_photo_is_refused_in_the_form(hall: TownHall) -> None:
    await approved(hall, ask(kind="photo"))
    await with_button(hall, "Skip step")
    film = hall.slack.upload("priya", "leak.jpg", b"%PDF-1.7", "application/pdf")
    delivery = await answer(hall, [film.id])
    assert delivery.errors is not None
    assert "can't read that as a photo" in delivery.errors[ids.BLOCK_ANSWER]
    [view] = hall.slack.views("priya")
    assert await step_states(hall) == {"ask": "WAITING"}
    photo = hall.slack.upload("priya", "leak.jpg", JPEG)
    await hall.slack.submit_view(view.id, {ids.BLOCK_ANSWER: {ids.INPUT_ANSWER: [photo.id]}})
    await outcome(hall)
    assert (await output(hall, "ask"))["files"][0]["id"] == photo.id


@asynccontextmanager
async def taking_reports() -> AsyncIterator[tuple[str, list[dict[str, Any]]]]:
    """A town's API that takes a report as a form with a file in it, and what it got, as aiohttp reads it."""
    got: list[dict[str, Any]] = []

    async def take(request: web.Request) -> web.Response:
        form = await request.post()
        got.append(
            {
                name: (value.filename, value.content_type, value.file.read())
                if isinstance(value, web.FileField)
                else value
                for name, value in form.items()
            }
        )
        return web.json_response({"report": 7}, status=201)

    app = web.Application()
    app.router.add_post("/reports", take)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/reports", got
    finally:
        await runner.cleanup()


async def test_a_person_s_photo_reaches_the_town_byte_for_byte(database_url: str) -> None:
    body = {
        "type": "object",
        "required": ["photo", "note"],
        "properties": {"photo": {"type": "string", "format": "binary"}, "note": {"type": "string"}},
    }
    taken = bytes(range(256)) * 40
    content = JPEG + taken
    async with (
        taking_reports() as (url, got),
        town_hall(database_url, component_allowed_hosts="127.0.0.1") as hall,
    ):
        report = {"key": "works.report", "endpoint_url": url, "http_method": "POST", "body_format": "multipart"}
        await registered(hall.database, hall.deps.workspace.id, {**report, "request_schema": body})
        await approved(
            hall,
            ask(kind="photo", after="send"),
            step("send", "works.report", body__photo="{{ask.files[0]}}", body__note="{{issue.text}}"),
        )
        photo = hall.slack.upload("priya", "Leck an der Straße.jpg", content)
        await answer(hall, [photo.id])
        await outcome(hall)
        [sent] = got
        assert sent["photo"] == ("Leck an der Straße.jpg", "image/jpeg", content)
        assert sent["note"]
        assert await output(hall, "send") == {"report": 7}
