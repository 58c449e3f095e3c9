"""Files that people choose in forms: uploading, what the app is told of them, fetching, and their limits."""

from __future__ import annotations

from collections.abc import AsyncIterator
from io import BytesIO
from typing import Any

import pytest

from bot.sandbox.slack import InputsRefused, NotThere, limits
from bot.sandbox.slack.errors import SlackError
from bot.sandbox.slack.state.files import FILE_BYTES, KEPT_BYTES, File, Files
from tests.support.stand_in_app import PRIYA, World, get_state, open_modal, world
from tests.support.stand_in_blocks import modal, plain, refused, section

JPEG = b"\xff\xd8\xff\xe0"


@pytest.fixture
async def here() -> AsyncIterator[World]:
    async with world(retry_delays=()) as there:
        yield there


def chooser(**members: Any) -> dict[str, Any]:
    element = {"type": "file_input", "action_id": "files", **members}
    return {"type": "input", "block_id": "photo", "label": plain(), "element": element}


def form(**members: Any) -> dict[str, Any]:
    return modal(blocks=[chooser(**members)], submit=plain())


async def uploaded(here: World, name: str, content: bytes, user: str = PRIYA) -> tuple[int, Any]:
    query = {"user": user, "name": name}
    async with here.http.post(f"{here.slack.url}/ui/file", params=query, data=BytesIO(content)) as response:
        return response.status, await response.json()


class TestSubmission:
    async def test_a_file_is_described_as_slack_does(self, here: World) -> None:
        view_id = await open_modal(here, form())
        file = here.slack.upload("priya", "C:\\photos\\The Leak!.JPG", JPEG)

        await here.slack.submit_view(view_id, {"photo": {"files": [file.id]}})

        value = here.app.received[0].payload["view"]["state"]["values"]["photo"]["files"]
        [described] = value["files"]
        assert value["type"] == "file_input"
        assert {name: described[name] for name in ("id", "name", "mimetype", "filetype", "size", "user")} == {
            "id": file.id,
            "name": "The Leak!.JPG",
            "mimetype": "image/jpeg",
            "filetype": "jpg",
            "size": 4,
            "user": PRIYA,
        }
        assert described["permalink"] == f"https://springfield.slack.com/files/{PRIYA}/{file.id}/the_leak_.jpg"
        private = f"{here.slack.url}/files-pri/T0MUDDA001-{file.id}"
        assert described["url_private"] == f"{private}/the_leak_.jpg"
        assert described["url_private_download"] == f"{private}/download/the_leak_.jpg"

    async def test_what_was_left_out_is_empty(self, here: World) -> None:
        view = form()
        view["blocks"][0]["optional"] = True
        view_id = await open_modal(here, view)

        await here.slack.submit_view(view_id, {})

        values = here.app.received[0].payload["view"]["state"]["values"]
        assert values == {"photo": {"files": {"type": "file_input", "files": []}}}

    @pytest.mark.parametrize(
        ("names", "error"),
        [
            (["a.PNG", "b.jpg"], None),
            (["a.png", "b.pdf"], "Please choose files of these types: jpg, png."),
            (["png"], "Please choose files of these types: jpg, png."),
            (["a.jpg"] * 3, "Please choose at most 2 files."),
            ([], "Please complete this required field."),
        ],
    )
    async def test_types_and_number_are_looked_at(self, here: World, names: list[str], error: str | None) -> None:
        view_id = await open_modal(here, form(filetypes=["jpg", "png"], max_files=2))
        chosen = {"photo": {"files": [here.slack.upload("priya", name).id for name in names]}}

        if error is None:
            assert not (await here.slack.submit_view(view_id, chosen)).failed
            return
        with pytest.raises(InputsRefused) as caught:
            await here.slack.submit_view(view_id, chosen)
        assert caught.value.errors == {"photo": error}
        assert here.app.received == []

    async def test_ten_files_unless_the_form_says_otherwise(self, here: World) -> None:
        view_id = await open_modal(here, form())
        chosen = [here.slack.upload("priya", "a.jpg").id for _ in range(11)]

        with pytest.raises(InputsRefused, match="at most 10"):
            await here.slack.submit_view(view_id, {"photo": {"files": chosen}})

    async def test_a_file_that_nobody_has_uploaded(self, here: World) -> None:
        view_id = await open_modal(here, form())

        with pytest.raises(NotThere, match="file_not_found"):
            await here.slack.submit_view(view_id, {"photo": {"files": ["F0NOTHING1"]}})


class TestPage:
    async def test_a_file_goes_up_and_comes_back(self, here: World) -> None:
        status, answer = await uploaded(here, "leak.jpg", JPEG)

        file = answer["file"]
        assert (status, file["name"]) == (200, "leak.jpg")
        async with here.http.get(f"{here.slack.url}/files/{PRIYA}/{file['id']}/leak.jpg") as response:
            assert await response.read() == JPEG
            assert (response.content_type, response.headers["Content-Disposition"]) == ("image/jpeg", "inline")

    async def test_what_could_run_in_a_browser_is_only_saved(self, here: World) -> None:
        file = here.slack.upload("priya", "leak.jpg", b"<script>alert(1)</script>", "text/html")

        async with here.http.get(f"{here.slack.url}/files/{PRIYA}/{file.id}/leak.jpg") as response:
            assert response.content_type == "application/octet-stream"
            assert response.headers["Content-Disposition"] == "attachment"
            assert response.headers["X-Content-Type-Options"] == "nosniff"
            assert response.headers["Content-Security-Policy"].startswith("sandbox")

    async def test_the_app_needs_its_token(self, here: World) -> None:
        file = here.slack.upload("priya", "leak.jpg", JPEG)
        url = f"{here.slack.url}/files-pri/T0MUDDA001-{file.id}/download/leak.jpg"
        async with here.http.get(url) as response:
            assert response.status == 403
        token = {"Authorization": f"Bearer {here.slack.bot_token}"}
        async with here.http.get(url, headers=token) as response:
            assert await response.read() == JPEG

    async def test_a_form_of_the_page(self, here: World) -> None:
        await open_modal(here, form(max_files=1))
        [view] = (await get_state(here))["views"]
        _, answer = await uploaded(here, "leak.jpg", JPEG)
        body = {"user": PRIYA, "view_id": view["id"], "values": {"photo": {"files": [answer["file"]["id"]]}}}

        async with here.http.post(f"{here.slack.url}/ui/view/submit", json=body) as response:
            assert await response.json() == {"ok": True}
        assert here.app.received[0].payload["view"]["state"]["values"]["photo"]["files"]["files"][0]["size"] == 4

    @pytest.mark.parametrize(
        ("size", "user", "status", "word"),
        [(FILE_BYTES + 1, PRIYA, 413, "file_too_large"), (1, "U1", 404, "user_not_found")],
    )
    async def test_what_is_not_taken(self, here: World, size: int, user: str, status: int, word: str) -> None:
        answered, answer = await uploaded(here, "leak.jpg", b"x" * size, user)

        assert (answered, answer["error"]) == (status, word)

    async def test_the_largest_that_slack_takes(self, here: World) -> None:
        assert (await uploaded(here, "leak.jpg", b"x" * FILE_BYTES))[0] == 200
        with pytest.raises(ValueError, match="larger"):
            here.slack.upload("priya", "leak.jpg", b"x" * (FILE_BYTES + 1))


def test_the_oldest_are_forgotten_where_there_is_no_room() -> None:
    files = Files()
    content = b"x" * FILE_BYTES
    count = KEPT_BYTES // FILE_BYTES
    for number in range(count + 2):
        files.add(File(f"F{number}", PRIYA, "a.jpg", "image/jpeg", content, 0.0))

    kept = [number for number in range(count + 2) if files.get(f"F{number}")]

    assert kept == list(range(2, count + 2))


class TestLimits:
    def test_a_chooser_stands_in_a_modal_and_nowhere_else(self) -> None:
        assert limits.check_view(form(filetypes=["jpg"], max_files=10), surface="modal")
        assert any("/blocks/0/element/type" in message for message in refused([chooser()]).messages)
        container = {"type": "container", "title": plain(), "child_blocks": [chooser()]}
        assert refused([container]).word == "invalid_blocks"
        with pytest.raises(SlackError):
            limits.check_view({"type": "home", "blocks": [chooser()]}, surface="home")
        accessory = section(accessory={"type": "file_input", "action_id": "files"})
        with pytest.raises(SlackError):
            limits.check_view(modal(blocks=[accessory]), surface="modal")

    @pytest.mark.parametrize(
        "members",
        [
            {"max_files": 0},
            {"max_files": 11},
            {"max_files": "2"},
            {"filetypes": []},
            {"filetypes": "jpg"},
            {"filetypes": ["jpg", 7]},
            {"initial_files": []},
        ],
    )
    def test_what_a_chooser_must_be(self, members: dict[str, Any]) -> None:
        with pytest.raises(SlackError, match="invalid_arguments"):
            limits.check_view(form(**members), surface="modal")
