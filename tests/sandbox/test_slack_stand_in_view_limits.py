"""The limits on views, metadata and attachments."""

from __future__ import annotations

from typing import Any

import pytest

from bot.sandbox.slack import limits
from bot.sandbox.slack.errors import SlackError
from tests.support.stand_in_blocks import Json, modal, mrkdwn, plain, plan, section, task, text_input

VIEW_LIMITS: list[tuple[str, Json, Json, str]] = [
    ("title", modal(title=plain("x" * 24)), modal(title=plain("x" * 25)), "/view/title/text"),
    ("submit", modal(submit=plain("x" * 24)), modal(submit=plain("x" * 25)), "/view/submit/text"),
    ("close", modal(close=plain("x" * 24)), modal(close=plain("x" * 25)), "/view/close/text"),
    (
        "private_metadata",
        modal(private_metadata="x" * 3000),
        modal(private_metadata="x" * 3001),
        "/view/private_metadata",
    ),
    ("callback_id", modal(callback_id="x" * 255), modal(callback_id="x" * 256), "/view/callback_id"),
    ("external_id", modal(external_id="x" * 255), modal(external_id="x" * 256), "/view/external_id"),
    (
        "blocks",
        modal(blocks=[{"type": "divider"}] * 100),
        modal(blocks=[{"type": "divider"}] * 101),
        "/view/blocks",
    ),
    (
        "alert",
        modal(blocks=[{"type": "alert", "text": plain("x" * 200), "level": "warning"}]),
        modal(blocks=[{"type": "alert", "text": plain("x" * 201)}]),
        "/view/blocks/0/text/text",
    ),
    ("submit for inputs", modal(blocks=[text_input()], submit=plain()), modal(blocks=[text_input()]), "/view"),
    ("no title", modal(), {"type": "modal", "blocks": []}, "/view"),
    ("no plan in a modal", modal(), modal(blocks=[plan(task())]), "/view/blocks/0/type"),
    ("no unknown member", modal(), modal(submit_disabled=True), "/view"),
    ("its type", modal(), modal(type="home"), "/view/type"),
    ("its blocks", modal(), modal(blocks=None), "/view"),
]


@pytest.mark.parametrize(
    ("fits", "over", "pointer"), [row[1:] for row in VIEW_LIMITS], ids=[row[0] for row in VIEW_LIMITS]
)
def test_a_limit_of_views(fits: Json, over: Json, pointer: str) -> None:
    assert limits.check_view(fits, surface="modal") is fits
    with pytest.raises(SlackError) as caught:
        limits.check_view(over, surface="modal")

    assert caught.value.word == "invalid_arguments"
    assert any(message.endswith(f"[json-pointer:{pointer}]") for message in caught.value.messages[1:])


def test_a_view_above_250_kilobytes_is_too_large() -> None:
    texts = [section(text=mrkdwn("x" * 3_000)) for _ in range(84)]

    with pytest.raises(SlackError, match="view_too_large"):
        limits.check_view(modal(blocks=texts), surface="modal")


def test_an_app_home_has_no_title() -> None:
    home = {"type": "home", "blocks": [section(), text_input()]}

    assert limits.check_view(home, surface="home") is home
    with pytest.raises(SlackError, match="invalid_arguments"):
        limits.check_view({**home, "title": plain()}, surface="home")


@pytest.mark.parametrize(
    ("metadata", "word"),
    [
        ("x", "invalid_metadata_format"),
        ({"event_type": "card"}, "invalid_metadata_schema"),
        ({"event_payload": {}}, "invalid_metadata_schema"),
        ({"event_type": "card", "event_payload": "x"}, "invalid_metadata_schema"),
        ({"event_type": "card", "event_payload": {}, "more": 1}, "invalid_metadata_schema"),
        ({"event_type": "card", "event_payload": {"text": "x" * 8_000}}, "metadata_too_large"),
    ],
)
def test_metadata_that_is_refused(metadata: Any, word: str) -> None:
    with pytest.raises(SlackError, match=word):
        limits.check_metadata(metadata)


def test_metadata_that_is_accepted() -> None:
    assert limits.check_metadata({}) == {}
    assert limits.check_metadata({"event_type": "card", "event_payload": {"id": "1"}})


def test_attachments_have_a_limit() -> None:
    limits.check_attachments([{"text": "x"}] * 100)

    with pytest.raises(SlackError, match="too_many_attachments"):
        limits.check_attachments([{"text": "x"}] * 101)
    with pytest.raises(SlackError, match="invalid_blocks"):
        limits.check_attachments([{"blocks": [{"type": "nothing"}]}])
