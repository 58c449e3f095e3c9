"""views.* through the real SDK."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.support.stand_in_app import PRIYA, World, trigger_of, word_of, world

SECTION = {"type": "section", "text": {"type": "mrkdwn", "text": "x"}}
TITLE = {"type": "plain_text", "text": "A modal"}
MODAL: dict[str, Any] = {"type": "modal", "title": TITLE, "blocks": [SECTION]}


@pytest.fixture
async def here() -> AsyncIterator[World]:
    async with world() as there:
        yield there


class TestViews:
    async def test_open_update_and_hash(self, here: World) -> None:
        opened = (await here.client.views_open(trigger_id=trigger_of(here), view=MODAL))["view"]
        changed = {**MODAL, "callback_id": "second"}

        updated = await here.client.views_update(view_id=opened["id"], view=changed, hash=opened["hash"])
        conflict = here.client.views_update(view_id=opened["id"], view=MODAL, hash=opened["hash"])

        assert updated["view"]["callback_id"] == "second"
        assert updated["view"]["hash"] != opened["hash"]
        assert await word_of(conflict) == "hash_conflict"
        assert [view.body["callback_id"] for view in here.slack.views("priya")] == ["second"]

    async def test_update_by_external_id(self, here: World) -> None:
        view = {**MODAL, "external_id": "mine"}
        await here.client.views_open(trigger_id=trigger_of(here), view=view)

        await here.client.views_update(external_id="mine", view={**view, "callback_id": "second"})
        other = here.client.views_open(trigger_id=trigger_of(here, "marco"), view=view)

        assert here.slack.views("priya")[0].body["callback_id"] == "second"
        assert await word_of(other) == "duplicate_external_id"

    async def test_a_trigger_is_good_for_three_seconds(self, here: World) -> None:
        in_time, late = trigger_of(here), trigger_of(here, "marco")
        here.clock.now += 3.0
        await here.client.views_open(trigger_id=in_time, view=MODAL)
        here.clock.now += 0.1

        assert await word_of(here.client.views_open(trigger_id=late, view=MODAL)) == "expired_trigger_id"
        assert here.slack.views("marco") == []

    async def test_a_trigger_is_good_once(self, here: World) -> None:
        trigger = trigger_of(here)
        await here.client.views_open(trigger_id=trigger, view=MODAL)

        assert await word_of(here.client.views_open(trigger_id=trigger, view=MODAL)) == "exchanged_trigger_id"

    async def test_a_bad_view_does_not_use_the_trigger_up(self, here: World) -> None:
        trigger = trigger_of(here)

        bad = here.client.views_open(trigger_id=trigger, view={**MODAL, "title": None})
        assert await word_of(bad) == "invalid_arguments"

        assert (await here.client.views_open(trigger_id=trigger, view=MODAL))["ok"]

    async def test_an_invented_trigger(self, here: World) -> None:
        assert await word_of(here.client.views_open(trigger_id="1.2.abc", view=MODAL)) == "invalid_trigger_id"

    async def test_a_view_that_is_no_json(self, here: World) -> None:
        call = here.client.api_call("views.open", data={"trigger_id": trigger_of(here), "view": "{"})

        assert await word_of(call) == "invalid_arguments"

    async def test_opening_another_replaces_the_stack(self, here: World) -> None:
        await here.client.views_open(trigger_id=trigger_of(here), view=MODAL)
        second = (await here.client.views_open(trigger_id=trigger_of(here), view=MODAL))["view"]

        assert [view.id for view in here.slack.views("priya")] == [second["id"]]

    async def test_three_views_on_a_stack(self, here: World) -> None:
        button = {"type": "button", "text": TITLE, "action_id": "more"}
        view = {**MODAL, "blocks": [{"type": "actions", "elements": [button]}]}
        root = (await here.client.views_open(trigger_id=trigger_of(here), view=view))["view"]

        async def push() -> Any:
            top = here.slack.views("priya")[-1]
            delivery = await here.slack.click_in_view("priya", top.id, "more")
            trigger = delivery.context["payload"]["trigger_id"]
            return await here.client.views_push(trigger_id=trigger, view=view)

        second, third = (await push())["view"], (await push())["view"]

        assert (third["root_view_id"], third["previous_view_id"]) == (root["id"], second["id"])
        assert await word_of(push()) == "push_limit_reached"

    async def test_push_needs_an_open_modal(self, here: World) -> None:
        call = here.client.views_push(trigger_id=trigger_of(here), view=MODAL)

        assert await word_of(call) == "not_found"

    async def test_update_of_what_is_closed(self, here: World) -> None:
        assert await word_of(here.client.views_update(view_id="V0GONE", view=MODAL)) == "not_found"

    async def test_publish(self, here: World) -> None:
        home = {"type": "home", "blocks": [SECTION]}
        first = (await here.client.views_publish(user_id=PRIYA, view=home))["view"]
        second = (await here.client.views_publish(user_id=PRIYA, view=home, hash=first["hash"]))["view"]
        publish = here.client.views_publish

        assert first["id"] == second["id"]
        assert await word_of(publish(user_id=PRIYA, view=home, hash=first["hash"])) == "hash_conflict"
        assert await word_of(publish(user_id="U0NOBODY01", view=home)) == "user_not_found"
        assert await word_of(publish(user_id=PRIYA, view=MODAL)) == "invalid_arguments"
        published = here.slack.home("priya")
        assert published is not None
        assert published.id == first["id"]
