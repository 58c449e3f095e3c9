from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from slack_sdk.signature import SignatureVerifier

from bot.slack.signature import is_signed, sign

SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
NOW = 1_700_000_000
BODY = b"token=x&team_id=T1&text=caf%C3%A9"


def headers(timestamp: str = str(NOW), *, signature: str | None = None) -> dict[str, str]:
    signature = sign(SECRET, timestamp, BODY) if signature is None else signature
    return {"X-Slack-Request-Timestamp": timestamp, "X-Slack-Signature": signature}


def test_it_signs_as_slack_does() -> None:
    verifier = SignatureVerifier(SECRET)
    assert sign(SECRET, str(NOW), BODY) == verifier.generate_signature(timestamp=str(NOW), body=BODY)


def test_a_good_signature_is_good_for_five_minutes() -> None:
    assert is_signed(SECRET, headers(), BODY, now=NOW)
    assert is_signed(SECRET, headers(), BODY, now=NOW + 300)
    assert not is_signed(SECRET, headers(), BODY, now=NOW + 301)
    assert not is_signed(SECRET, headers(), BODY, now=NOW - 301)


def test_another_body_or_secret_is_refused() -> None:
    assert not is_signed(SECRET, headers(), BODY + b"&", now=NOW)
    assert not is_signed("another", headers(), BODY, now=NOW)


@pytest.mark.parametrize(
    "timestamp", ["", "abc", "1e9", "-1", " 1700000000", "١٧٠٠٠٠٠٠٠٠", "9" * 5000, "0x6553f100", "1700000000.0"]
)
def test_a_timestamp_that_is_no_number_is_refused_and_not_an_error(timestamp: str) -> None:
    assert not is_signed(SECRET, headers(timestamp, signature="v0=00"), BODY, now=NOW)


def test_missing_headers_are_refused() -> None:
    assert not is_signed(SECRET, {}, BODY, now=NOW)


@given(timestamp=st.text(), signature=st.text(), body=st.binary())
def test_nothing_that_is_made_up_is_accepted_or_raises(timestamp: str, signature: str, body: bytes) -> None:
    made_up = {"X-Slack-Request-Timestamp": timestamp, "X-Slack-Signature": signature}
    assert not is_signed(SECRET, made_up, body, now=NOW)
