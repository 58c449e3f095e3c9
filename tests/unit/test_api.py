"""The parts of the API that need nobody: cursors, limits, problems."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.api import cursors
from bot.api.limits import BURST, PER_SECOND, RateLimiter
from bot.api.problems import Problem, unauthorized


@given(st.one_of(st.text(max_size=70), st.integers(1, 2**31 - 1)))
def test_a_cursor_is_read_as_it_was_written(key: str | int) -> None:
    assert cursors.read("workflows", cursors.written("workflows", key)) == key


@given(st.text(max_size=60))
def test_what_no_list_has_given_is_no_cursor(text: str) -> None:
    with pytest.raises(Problem, match="cursor"):
        cursors.read("workflows", text)


@pytest.mark.parametrize("key", [None, True, 1.5, [1], {"a": 1}])
def test_a_cursor_holds_a_word_or_a_number(key: object) -> None:
    with pytest.raises(Problem):
        cursors.read("workflows", cursors.written("workflows", key))  # type: ignore[arg-type]


def test_a_cursor_of_another_list_is_refused() -> None:
    with pytest.raises(Problem):
        cursors.read("workflows", cursors.written("components", "a"))


def test_a_caller_has_a_burst_and_then_so_many_a_second_and_others_have_their_own() -> None:
    now = 0.0
    limiter = RateLimiter(lambda: now)
    assert [limiter.seconds_to_wait("a") for _ in range(int(BURST) + 1)] == [0] * int(BURST) + [1]
    assert limiter.seconds_to_wait("b") == 0
    now = 1.0
    assert [limiter.seconds_to_wait("a") for _ in range(int(PER_SECOND) + 1)] == [0] * int(PER_SECOND) + [1]


def test_a_problem_is_one_as_the_rfc_has_it() -> None:
    response = unauthorized().response()
    assert response.content_type == "application/problem+json"
    assert isinstance(response.body, bytes)
    document = json.loads(response.body)
    assert document["status"] == response.status == 401
    assert {"type", "title", "detail"} <= document.keys()
