"""What people wrote, without what tells of one of them."""

from __future__ import annotations

import time

import pytest

from services.learning.masking import masked


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("Notices go out after the crew has been assigned", "Notices go out after the crew has been assigned"),
        ("Wait 30 minutes, then 2 days", "Wait 30 minutes, then 2 days"),
        ("Ask <@U0MARCO001> or @marco first", "Ask [person] or [person] first"),
        ("Ask <!subteam^S1|@crew> first", "Ask [person] first"),
        ("Write to jane.doe+x@town.example.org", "Write to [e-mail]"),
        ("Call +1 (555) 010-1234 or 0170/1234567", "Call [number] or [number]"),
        ("Order 4711 was wrong", "Order [number] was wrong"),
        ("Not at 12 Elm Street, nor 7b Old Mill Road", "Not at [address], nor [address]"),
        ("Nicht in der Hauptstraße 12", "Nicht in der [address]"),
        ("It is 5th and Main", "It is [address]"),
        ("See https://town.example/x?y=1 now", "See [link] now"),
        ("", ""),
    ],
)
def test_what_tells_of_somebody_is_masked(text: str, kept: str) -> None:
    assert masked(text) == kept
    assert masked(masked(text)) == kept


@pytest.mark.parametrize("text", ["1 " * 5_000, "a" * 10_000, "@" * 10_000, "1 a a a " * 2_000, "a.a@a" * 2_000])
def test_no_text_takes_long(text: str) -> None:
    started = time.perf_counter()
    masked(text)
    assert time.perf_counter() - started < 1
