"""The app brings a file: announced, sent, shared once, and refused where Slack refuses."""

from __future__ import annotations

from collections.abc import AsyncIterator
from io import BytesIO
from typing import Any

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox.slack.state.files import FILE_BYTES
from tests.support.stand_in_app import World, world

PNG = b"\x89PNG\r\n\x1a\n1234"


@pytest.fixture
async def here() -> AsyncIterator[World]:
    async with world(retry_delays=()) as there:
        yield there


def client(here: World) -> AsyncWebClient:
    return AsyncWebClient(token=here.slack.bot_token, base_url=here.slack.api_url)


async def announced(here: World, **changes: Any) -> dict[str, Any]:
    arguments = {"filename": "graph.png", "length": len(PNG), "alt_txt": "two steps", **changes}
    answer = await client(here).files_getUploadURLExternal(**arguments)
    return {name: answer[name] for name in ("upload_url", "file_id")}


async def sent(here: World, url: str, content: bytes = PNG) -> int:
    async with here.http.post(url, data=content) as answer:
        return answer.status


async def brought(here: World) -> str:
    upload = await announced(here)
    assert await sent(here, upload["upload_url"]) == 200
    return str(upload["file_id"])


async def shared(here: World, file: str, **changes: Any) -> None:
    arguments = {"channel_id": here.slack.channel("works").id, "initial_comment": "Here", **changes}
    await client(here).files_completeUploadExternal(files=[{"id": file, "title": "The graph"}], **arguments)


async def refused(call: Any) -> str:
    with pytest.raises(SlackApiError) as error:
        await call
    return str(error.value.response["error"])


async def test_a_file_appears_in_a_thread_with_its_alt_text(here: World) -> None:
    works = here.slack.channel("works").id
    root = (await client(here).chat_postMessage(channel=works, text="a card"))["ts"]
    file = await brought(here)
    await shared(here, file, thread_ts=root)
    replies = (await client(here).conversations_replies(channel=works, ts=root))["messages"]
    [described] = replies[1]["files"]
    assert (replies[1]["text"], described["id"], described["title"]) == ("Here", file, "The graph")
    assert described["alt_txt"] == "two steps"
    path = f"/files/{described['user']}/{file}/graph.png"
    async with here.http.get(f"{here.slack.url}{path}") as answer:
        assert (answer.status, answer.content_type, await answer.read()) == (200, "image/png", PNG)


async def test_a_file_is_shared_once(here: World) -> None:
    file = await brought(here)
    await shared(here, file)
    assert await refused(shared(here, file)) == "file_not_found"
    assert len([m for m in here.slack.channel("works").messages.values() if m.files]) == 1


async def test_a_file_whose_bytes_have_not_come_is_not_there(here: World) -> None:
    upload = await announced(here)
    assert await refused(shared(here, upload["file_id"])) == "file_not_found"
    assert await sent(here, upload["upload_url"], PNG + b"more") == 400
    assert await refused(shared(here, upload["file_id"])) == "file_not_found"
    assert await sent(here, upload["upload_url"] + "x") == 400


async def test_a_form_is_taken_as_well(here: World) -> None:
    upload = await announced(here)
    async with here.http.post(upload["upload_url"], data={"file": BytesIO(PNG)}) as answer:
        assert answer.status == 200
    await shared(here, upload["file_id"])


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"alt_txt": "x" * 1_001}, "alt_txt_too_large"),
        ({"length": 0}, "missing_argument"),
        ({"length": FILE_BYTES + 1}, "file_upload_size_restricted"),
        ({"filename": ""}, "invalid_arguments"),
    ],
)
async def test_what_slack_does_not_announce(here: World, changes: dict[str, Any], word: str) -> None:
    assert await refused(announced(here, **changes)) == word


async def test_where_slack_does_not_share(here: World) -> None:
    file = await brought(here)
    assert await refused(shared(here, file, channel_id="C0NOWHERE1")) == "channel_not_found"
    assert await refused(shared(here, file, channel_id=here.slack.channel("town-square").id)) == "not_in_channel"
    assert await refused(shared(here, file, thread_ts="1.000001")) == "thread_not_found"
    await shared(here, file)


async def test_an_app_without_the_scope_brings_nothing(here: World) -> None:
    here.slack.scopes = here.slack.scopes - {"files:write"}
    assert await refused(announced(here)) == "missing_scope"
