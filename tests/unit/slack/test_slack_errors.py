"""Every word of Slack's has one meaning, and one that nobody knows is taken for passing."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.errors import (
    ChannelUnreachable,
    ContentRefused,
    MessageGone,
    RateLimited,
    SlackError,
    SlackUnavailable,
    TokenRefused,
)
from bot.slack import errors as slack_errors
from bot.slack.errors import translated


def answer(status: int, data: Any, headers: dict[str, str] | None = None) -> SlackError:
    response = AsyncSlackResponse(
        client=AsyncWebClient(),
        http_verb="POST",
        api_url="https://slack.com/api/chat.update",
        req_args={},
        data=data,
        headers=headers or {},
        status_code=status,
    )
    return translated("chat.update", SlackApiError("refused", response))  # type: ignore[no-untyped-call]


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        ("internal_error", SlackUnavailable),
        ("ratelimited", RateLimited),
        ("rate_limited", RateLimited),
        ("token_revoked", TokenRefused),
        ("is_archived", ChannelUnreachable),
        ("restricted_action_thread_locked", ChannelUnreachable),
        ("message_not_found", MessageGone),
        ("msg_blocks_too_long", ContentRefused),
        ("a_word_of_tomorrow", SlackError),
    ],
)
def test_a_word_means_what_can_be_done_about_it(word: str, kind: type[SlackError]) -> None:
    error = answer(200, {"ok": False, "error": word})
    assert type(error) is kind
    assert error.method == "chat.update"


def test_no_word_has_two_meanings() -> None:
    sets = [
        slack_errors.PASSING,
        slack_errors.RATE_LIMITED,
        slack_errors.TOKEN,
        slack_errors.UNREACHABLE,
        slack_errors.GONE,
        slack_errors.CONTENT,
    ]
    assert [word for word, count in Counter(word for words in sets for word in words).items() if count > 1] == []


@pytest.mark.parametrize(
    ("status", "data", "headers", "kind"),
    [
        (429, {"ok": False, "error": "ratelimited"}, {"Retry-After": "7"}, RateLimited),
        (429, "", {}, RateLimited),
        (500, {"ok": False, "error": "is_archived"}, {}, SlackUnavailable),
        (503, "", {}, SlackUnavailable),
        (200, {}, {}, SlackUnavailable),
    ],
)
def test_what_is_no_answer_of_the_web_api_passes(
    status: int, data: Any, headers: dict[str, str], kind: type[SlackError]
) -> None:
    assert type(answer(status, data, headers)) is kind


@pytest.mark.parametrize(("stated", "seconds"), [("7", 7), ("0", 1), ("soon", 1), (None, 1)])
def test_how_long_slack_asks_to_wait(stated: str | None, seconds: float) -> None:
    error = answer(429, {}, {"Retry-After": stated} if stated else {})
    assert isinstance(error, RateLimited)
    assert error.retry_after.total_seconds() == seconds
