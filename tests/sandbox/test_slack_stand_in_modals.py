"""Submitting and closing modals."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from bot.sandbox.slack import InputsRefused, NotThere
from tests.support.stand_in_app import PRIYA, Answer, World, open_modal, world

TITLE = {"type": "plain_text", "text": "x"}
NO_WAIT = (0.0, 0.0, 0.0)


@pytest.fixture
async def here() -> AsyncIterator[World]:
    async with world(retry_delays=NO_WAIT) as there:
        yield there


@pytest.fixture
async def hurried() -> AsyncIterator[World]:
    """A world whose Slack waits only a moment for the app."""
    async with world(retry_delays=NO_WAIT, ack_seconds=0.05) as there:
        yield there


def an_input(block_id: str = "issue", **members: Any) -> dict[str, Any]:
    element = {"type": "plain_text_input", "action_id": "text", **members.pop("element", {})}
    return {"type": "input", "block_id": block_id, "label": TITLE, "element": element, **members}


def modal(*blocks: dict[str, Any], **members: Any) -> dict[str, Any]:
    return {"type": "modal", "title": TITLE, "submit": TITLE, "blocks": list(blocks), **members}


class TestModals:
    async def test_the_submission(self, here: World) -> None:
        options = [{"text": TITLE, "value": value} for value in ("low", "high")]
        urgency = {"type": "static_select", "action_id": "pick", "options": options}
        view = modal(
            an_input(),
            {"type": "input", "block_id": "urgency", "label": TITLE, "element": urgency, "optional": True},
            callback_id="new",
            private_metadata="p",
        )
        view_id = await open_modal(here, view)

        delivery = await here.slack.submit_view(
            view_id, {"issue": {"text": "a leak"}, "urgency": {"pick": "high"}}
        )

        payload = here.app.received[0].payload
        assert (payload["type"], payload["user"]["id"]) == ("view_submission", PRIYA)
        assert (payload["view"]["callback_id"], payload["view"]["private_metadata"]) == ("new", "p")
        assert payload["view"]["state"]["values"] == {
            "issue": {"text": {"type": "plain_text_input", "value": "a leak"}},
            "urgency": {"pick": {"type": "static_select", "selected_option": options[1]}},
        }
        assert delivery.acked
        assert here.slack.views("priya") == []

    async def test_initial_values_and_empty_ones(self, here: World) -> None:
        view = modal(an_input(element={"initial_value": "a leak"}), an_input("place", optional=True))
        view_id = await open_modal(here, view)

        await here.slack.submit_view(view_id, {})

        values = here.app.received[0].payload["view"]["state"]["values"]
        assert values["issue"]["text"]["value"] == "a leak"
        assert values["place"]["text"]["value"] is None

    @pytest.mark.parametrize("text", ["", None, "ab", "abcdef"])
    async def test_what_slacks_client_does_not_send(self, here: World, text: str | None) -> None:
        view_id = await open_modal(here, modal(an_input(element={"min_length": 3, "max_length": 5})))

        with pytest.raises(InputsRefused) as caught:
            await here.slack.submit_view(view_id, {"issue": {"text": text}})

        assert caught.value.errors.keys() == {"issue"}
        assert here.app.received == []

    async def test_errors_keep_the_modal_open(self, here: World) -> None:
        view_id = await open_modal(here, modal(an_input()))
        here.app.answers.append(Answer(body={"response_action": "errors", "errors": {"issue": "Too vague."}}))

        delivery = await here.slack.submit_view(view_id, {"issue": {"text": "x"}})

        assert delivery.errors == {"issue": "Too vague."}
        assert [view.id for view in here.slack.views("priya")] == [view_id]

    @pytest.mark.parametrize(
        "body",
        [
            {"response_action": "errors", "errors": {"nothing": "x"}},
            {"response_action": "errors", "errors": {}},
            {"response_action": "update", "view": {"type": "modal"}},
            {"response_action": "close"},
        ],
    )
    async def test_an_answer_that_slack_cannot_use(self, here: World, body: dict[str, Any]) -> None:
        view_id = await open_modal(here, modal(an_input()))
        here.app.answers.append(Answer(body=body))

        delivery = await here.slack.submit_view(view_id, {"issue": {"text": "x"}})

        assert delivery.failed == "invalid_response"
        assert len(here.slack.views("priya")) == 1

    async def test_update(self, here: World) -> None:
        view_id = await open_modal(here, modal(an_input()))
        here.app.answers.append(
            Answer(body={"response_action": "update", "view": modal(an_input(), callback_id="two")})
        )

        await here.slack.submit_view(view_id, {"issue": {"text": "x"}})

        (view,) = here.slack.views("priya")
        assert (view.id, view.body["callback_id"]) == (view_id, "two")
        assert view.values["issue"]["text"]["value"] == "x"

    async def test_push_then_clear(self, here: World) -> None:
        view_id = await open_modal(here, modal(an_input()))
        here.app.answers.append(Answer(body={"response_action": "push", "view": modal(an_input())}))
        await here.slack.submit_view(view_id, {"issue": {"text": "x"}})
        first, second = here.slack.views("priya")
        assert second.previous_view_id == first.id

        here.app.answers.append(Answer(body={"response_action": "clear"}))
        await here.slack.submit_view(second.id, {"issue": {"text": "x"}})
        assert here.slack.views("priya") == []

    async def test_an_empty_ack_closes_only_the_top(self, here: World) -> None:
        view_id = await open_modal(here, modal(an_input()))
        here.app.answers.append(Answer(body={"response_action": "push", "view": modal(an_input())}))
        await here.slack.submit_view(view_id, {"issue": {"text": "x"}})

        await here.slack.submit_view(here.slack.views("priya")[1].id, {"issue": {"text": "x"}})

        assert [view.id for view in here.slack.views("priya")] == [view_id]

    async def test_no_answer_keeps_the_modal_open(self, hurried: World) -> None:
        view_id = await open_modal(hurried, modal(an_input()))
        hurried.app.answers.append(Answer(never=True))

        delivery = await hurried.slack.submit_view(view_id, {"issue": {"text": "x"}})

        assert delivery.failed == "operation_timeout"
        assert len(hurried.slack.views("priya")) == 1

    async def test_closing_is_told_to_those_who_ask(self, here: World) -> None:
        view_id = await open_modal(here, modal(an_input(), notify_on_close=True))
        await here.slack.close_view(view_id)
        await here.slack.close_view(await open_modal(here, modal(an_input())))

        (request,) = here.app.received
        assert (request.payload["type"], request.payload["is_cleared"]) == ("view_closed", False)
        assert request.payload["view"]["id"] == view_id

    async def test_clearing_closes_the_whole_stack(self, here: World) -> None:
        view_id = await open_modal(here, modal(an_input(), notify_on_close=True))
        here.app.answers.append(Answer(body={"response_action": "push", "view": modal(an_input())}))
        await here.slack.submit_view(view_id, {"issue": {"text": "x"}})

        await here.slack.close_view(here.slack.views("priya")[1].id, clear=True)

        assert here.slack.views("priya") == []
        assert here.app.received[-1].payload["is_cleared"] is True

    async def test_what_is_closed_cannot_be_submitted(self, here: World) -> None:
        view_id = await open_modal(here, modal(an_input()))
        await here.slack.close_view(view_id)

        with pytest.raises(NotThere, match="view_not_found"):
            await here.slack.submit_view(view_id, {})
        with pytest.raises(NotThere, match="view_not_found"):
            await here.slack.submit_view(view_id, {}, user="priya")

    async def test_a_dispatching_input_sends_its_value(self, here: World) -> None:
        view_id = await open_modal(here, modal(an_input(dispatch_action=True)))

        await here.slack.click_in_view("priya", view_id, "text", "a leak")

        payload = here.app.received[0].payload
        assert payload["actions"][0]["value"] == "a leak"
        assert payload["view"]["state"]["values"]["issue"]["text"]["value"] == "a leak"
