"""Whether a workspace has many cards drawn: only then do redraws that can wait."""

from __future__ import annotations

from uuid import UUID

from services.card_pace import MANY, SECONDS, Pace

TOWN, OTHER = UUID(int=1), UUID(int=2)


def test_many_redraws_in_a_moment_are_too_fast_for_a_moment() -> None:
    now = 0.0
    pace = Pace(clock=lambda: now)
    for _ in range(MANY - 1):
        pace.note(TOWN, 1)
    assert not pace.is_fast(TOWN)
    pace.note(TOWN, 1)
    assert pace.is_fast(TOWN)
    assert not pace.is_fast(OTHER)
    now = SECONDS
    assert not pace.is_fast(TOWN)


def test_many_at_once_count_as_many_and_none_as_none() -> None:
    pace = Pace(clock=lambda: 0.0)
    pace.note(TOWN, 0)
    assert not pace.is_fast(TOWN)
    pace.note(TOWN, 50)
    assert pace.is_fast(TOWN)


def test_a_few_at_a_time_are_never_too_fast() -> None:
    now = 0.0
    pace = Pace(clock=lambda: now)
    for _ in range(20):
        pace.note(TOWN, MANY - 1)
        assert not pace.is_fast(TOWN)
        now += SECONDS
