"""What can be dropped unread of what is said in channels, and what must not be."""

from __future__ import annotations

import time
from typing import Any

import pytest

from bot.slack.noise import is_noise

SAID = {"type": "message", "channel_type": "channel", "channel": "C1", "user": "U1", "ts": "1.1", "text": "Lunch?"}


@pytest.mark.parametrize(
    ("event", "is_dropped"),
    [
        ({}, True),
        ({"thread_ts": "1.0"}, False),
        ({"text": "<@UBOT> a leak"}, False),
        ({"channel_type": "im"}, False),
        ({"channel_type": "im", "bot_id": "B1"}, True),
        ({"channel_type": "im", "subtype": "message_changed"}, True),
        ({"channel_type": "im", "subtype": "message_deleted"}, True),
        ({"channel_type": "im", "subtype": "file_share"}, False),
        ({"thread_ts": "1.0", "bot_id": "B1"}, True),
        ({"thread_ts": "1.0", "app_id": "A1"}, True),
        ({"thread_ts": "1.0", "subtype": "thread_broadcast"}, False),
        ({"subtype": "channel_join"}, True),
        ({"subtype": "bot_message", "thread_ts": "1.0"}, True),
        ({"text": None}, True),
        ({"text": ["<@UBOT>"]}, True),
        ({"type": "app_mention"}, False),
        ({"type": "app_mention", "bot_id": "B1"}, False),
    ],
)
def test_what_can_not_be_for_the_bot_is_noise(event: dict[str, Any], is_dropped: bool) -> None:
    assert is_noise({"event": {**SAID, **event}}) is is_dropped


def test_ten_thousand_messages_a_minute_are_nothing() -> None:
    began = time.process_time()
    for _ in range(10_000):
        is_noise({"event": SAID})
    assert time.process_time() - began < 1
