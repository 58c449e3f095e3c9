"""The app with a switchboard answers as Bolt's own does, whatever is sent and however listeners were added."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import pytest
from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.context.async_context import AsyncBoltContext
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.switchboard import SwitchedApp

OWN = "U0MUDDA001"


async def _authorize() -> AuthorizeResult:
    return AuthorizeResult(enterprise_id=None, team_id="T1", bot_id="B1", bot_user_id=OWN, bot_token="xoxb-1")


def register(app: AsyncApp) -> list[str]:
    """Listeners of every kind; what each is called is written into the list as it runs."""
    ran: list[str] = []

    def named(name: str) -> Any:
        async def listener(ack: AsyncAck, body: Mapping[str, Any], context: AsyncBoltContext) -> None:
            ran.append(f"{name} {context.team_id} {sorted(body)[0]}")
            await ack(text=name)

        return listener

    async def silent(context: AsyncBoltContext) -> None:
        ran.append(f"silent {context.bot_user_id}")

    async def says(say: Any, ack: AsyncAck) -> None:
        ran.append("says" if say else "mute")
        await ack()

    async def broken(ack: AsyncAck) -> None:
        raise ValueError(ack)

    async def is_odd(body: Mapping[str, Any]) -> bool:
        return len(body["callback_id"]) % 2 == 1

    app.command("/mudda")(named("first"))
    app.command("/mudda")(named("second"))
    app.command("/broken")(broken)
    app.action(re.compile("^page:"))(named("pages"))
    app.action("page:1")(named("page 1"))
    app.action("go")(named("go"))
    app.event("app_home_opened")(silent)
    app.event("message")(named("message"))
    app.view("form")(named("form"))
    app.view_closed("form")(named("closed"))
    app.shortcut("ab", matchers=[is_odd])(named("odd"))
    app.shortcut("ab")(named("even"))
    app.options("who")(says)
    app.options(re.compile(""))(named("options"))
    app.command(re.compile(""))(named("any command"))
    return ran


BODIES: dict[str, dict[str, Any]] = {
    "the first of two": {"command": "/mudda"},
    "a pattern, last": {"command": "/other"},
    "one that fails": {"command": "/broken"},
    "a pattern, first": {"type": "block_actions", "actions": [{"type": "button", "action_id": "page:1"}]},
    "an action": {"type": "block_actions", "actions": [{"type": "button", "action_id": "go"}]},
    "no listener": {"type": "block_actions", "actions": [{"type": "button", "action_id": "gone"}]},
    "an event that is not acked": {"type": "event_callback", "event": {"type": "app_home_opened", "user": "U1"}},
    "an event": {"type": "event_callback", "event": {"type": "message", "user": "U1"}},
    "an event of our own": {"type": "event_callback", "event": {"type": "message", "user": OWN}},
    "a form": {"type": "view_submission", "view": {"type": "modal", "callback_id": "form"}},
    "a form that was closed": {"type": "view_closed", "view": {"type": "modal", "callback_id": "form"}},
    "a matcher": {"type": "shortcut", "callback_id": "ab"},
    "a shortcut of a message": {"type": "message_action", "callback_id": "ab"},
    "what Bolt gives": {"type": "block_suggestion", "action_id": "who"},
    "a pattern behind what Bolt gives": {"type": "block_suggestion", "action_id": "what"},
    "a kind of long ago": {"type": "interactive_message", "callback_id": "go", "actions": [{"name": "go"}]},
}


async def answered(app: AsyncApp, ran: list[str], body: Mapping[str, Any]) -> tuple[int, str, list[str]]:
    ran.clear()
    whole = json.dumps({"team": {"id": "T1"}, "user": {"id": "U1"}, **body})
    request = AsyncBoltRequest(body=whole, headers={"content-type": "application/json"})
    answer = await app.async_dispatch(request)
    return answer.status, answer.body, list(ran)


@pytest.mark.parametrize("case", BODIES)
async def test_what_answers_is_what_answers_with_bolt(case: str) -> None:
    options: dict[str, Any] = {
        "client": AsyncWebClient(),
        "authorize": _authorize,
        "process_before_response": True,
        "request_verification_enabled": False,
        "attaching_conversation_kwargs_enabled": False,
    }
    bolt, ours = AsyncApp(**options), SwitchedApp(lambda _: None, **options)
    expected = await answered(bolt, register(bolt), BODIES[case])
    ran = register(ours)
    assert await answered(ours, ran, BODIES[case]) == expected
    assert await answered(ours, ran, BODIES[case]) == expected, "what is known by then is the same"
