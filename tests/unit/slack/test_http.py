"""What comes over HTTP is read as Bolt reads it, but for what Bolt loses."""

from __future__ import annotations

import json
from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from slack_bolt.request.async_request import AsyncBoltRequest

from bot.slack.http import HttpRequest, read_form

FORM = "application/x-www-form-urlencoded"
COMMAND = {"command": "/mudda", "text": "a + b = 50 % & more", "team_id": "T1", "user_id": "U1", "channel_id": ""}
PRESS = {"type": "block_actions", "team": {"id": "T1"}, "user": {"id": "U1"}, "actions": [{"action_id": "go"}]}
EVENT = {
    "type": "event_callback",
    "team_id": "T1",
    "event": {"type": "message", "channel": "C1", "text": "payload"},
}


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (urlencode(COMMAND), FORM),
        (urlencode(COMMAND), f"{FORM};charset=utf-8"),
        (urlencode({"payload": json.dumps(PRESS)}), FORM),
        (json.dumps(EVENT), "application/json"),
        (json.dumps(EVENT), ""),
        ("", "application/json"),
        ("", ""),
    ],
)
def test_it_is_what_bolt_makes_of_it(body: str, content_type: str) -> None:
    ours, bolts = (
        HttpRequest(body, content_type),
        AsyncBoltRequest(body=body, headers={"content-type": content_type}),
    )
    theirs = vars(bolts) | {"content_type": bolts.content_type or ""}
    assert vars(ours) == theirs


def test_a_command_with_the_word_payload_is_heard() -> None:
    typed = COMMAND | {"text": "The truck lost its payload on Main"}
    assert HttpRequest(urlencode(typed), FORM).body == typed


@given(st.text(st.sampled_from("a=&+%2bBé;c30"), max_size=30))
def test_a_form_is_read_as_the_standard_library_reads_it(body: str) -> None:
    assert read_form(body) == dict(parse_qsl(body, keep_blank_values=True))
