"""What Slack says of the bot as an agent, read; what is not as it should be is malformed."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from bot.errors import MalformedPayload
from bot.slack import ids, payloads


def body(**event: Any) -> dict[str, Any]:
    return {"type": "event_callback", "event_id": "Ev01", "team_id": "T1", "event": event}


def executed(function: str = ids.FUNCTION_DRAFT, **inputs: Any) -> dict[str, Any]:
    return body(
        type="function_executed",
        function={"callback_id": function},
        function_execution_id="Fx0ABC",
        inputs=inputs,
        bot_access_token="xwfp-secret",
    )


def test_a_session_is_that_of_its_thread_or_of_the_first_message_that_is_streamed() -> None:
    event = {"type": "agent_session_stopped", "user": "U1", "channel": "D1", "streaming_message_ts": ["2.1"]}
    assert payloads.session_stopped(body(**event, thread_ts="1.1")).thread_ts == "1.1"
    assert payloads.session_stopped(body(**event)).thread_ts == "2.1"
    with pytest.raises(MalformedPayload):
        payloads.session_stopped(body(**event | {"streaming_message_ts": []}))


def test_a_step_is_known_by_its_execution_and_its_token_is_not_kept() -> None:
    read = payloads.function_executed(executed(issue=" A leak ", channel="C1", person={"id": "U1", "secret": "s"}))
    assert read == payloads.FunctionExecuted(
        key="function:Fx0ABC",
        function=ids.FUNCTION_DRAFT,
        execution="Fx0ABC",
        text="A leak",
        number=None,
        user="U1",
        channel="C1",
    )
    assert "secret" not in repr(read)


@pytest.mark.parametrize(
    ("given", "number"), [(12, 12), ("12", 12), (" #12 ", 12), ("twelve", None), (None, None), (-1, None)]
)
def test_the_number_of_a_plan_may_come_as_a_text(given: object, number: int | None) -> None:
    assert payloads.function_executed(executed(ids.FUNCTION_RUN, plan_number=given)).number == number


def test_who_it_is_can_not_be_typed_in() -> None:
    assert payloads.function_executed(executed(person="U1")).user == ""


@pytest.mark.parametrize(
    "spoilt", [{"function": {"callback_id": "approve"}}, {"function_execution_id": "1; drop"}]
)
def test_what_is_no_step_of_ours_is_malformed(spoilt: dict[str, Any]) -> None:
    event = executed()
    event["event"] |= spoilt
    with pytest.raises(MalformedPayload):
        payloads.function_executed(event)


def details(**changes: Any) -> dict[str, Any]:
    return body(
        **{
            "type": "entity_details_requested",
            "user": "U1",
            "trigger_id": "1.2.3",
            "external_ref": {"id": str(UUID(int=7)), "type": "plan"},
            "entity_url": "https://springfield.slack.com/archives/C1/p1",
            **changes,
        }
    )


def test_a_plan_that_is_looked_at() -> None:
    read = payloads.details_requested(details(channel="C1"))
    assert (read.plan, read.user, read.channel) == (UUID(int=7), "U1", "C1")
    assert payloads.details_requested(details()).channel == ""


@pytest.mark.parametrize(
    "spoilt", [{"external_ref": {"id": "12"}}, {"external_ref": None}, {"entity_url": "javascript:alert(1)"}]
)
def test_what_is_no_plan_of_ours_is_malformed(spoilt: dict[str, Any]) -> None:
    with pytest.raises(MalformedPayload):
        payloads.details_requested(details(**spoilt))
