"""Whose turn it is: first come is first served, and who asks for much waits behind those who don't."""

from __future__ import annotations

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from db.turns import EPOCH, JOBS_PER_SECOND, MAX_KNOWN, TICKS_PER_SECOND, Turns

A, B = UUID(int=1), UUID(int=2)


class Clock:
    def __init__(self) -> None:
        self.now = float(EPOCH + 1_000)

    def __call__(self) -> float:
        return self.now


def test_who_asks_once_goes_before_who_asked_a_thousand_times() -> None:
    clock = Clock()
    turns = Turns(clock)
    thousand = [turns.priority(A) for _ in range(1_000)]
    clock.now += 1
    single = turns.priority(B)
    before = sum(priority > single for priority in thousand)
    assert before <= JOBS_PER_SECOND + 1


def test_who_asks_for_no_more_than_is_fair_is_not_put_behind() -> None:
    clock = Clock()
    turns = Turns(clock)
    for _ in range(100):
        clock.now += 1 / JOBS_PER_SECOND
        assert turns.priority(A) == turns.priority(B)


def test_to_know_a_turn_beforehand_takes_none() -> None:
    turns = Turns(Clock())
    for _ in range(1_000):
        assert turns.next_priority(A) == turns.next_priority(B)
    assert turns.next_priority(A) == turns.priority(A)


def test_a_rush_is_forgiven_when_it_is_over() -> None:
    clock = Clock()
    turns = Turns(clock)
    for _ in range(1_000):
        turns.priority(A)
    clock.now += 1_000 / JOBS_PER_SECOND
    assert turns.priority(A) == turns.priority(B)


@given(st.lists(st.tuples(st.sampled_from([A, B]), st.floats(0, 3)), max_size=60))
def test_within_a_workspace_first_come_is_first_served(asked: list[tuple[UUID, float]]) -> None:
    clock = Clock()
    turns = Turns(clock)
    given_out: dict[UUID, list[int]] = {A: [], B: []}
    for workspace, pause in asked:
        clock.now += pause
        given_out[workspace].append(turns.priority(workspace))
    for priorities in given_out.values():
        assert priorities == sorted(priorities, reverse=True)


def test_priorities_fit_into_the_queue_for_years() -> None:
    seventeen_years = 17 * 365.25 * 86_400
    clock = Clock()
    clock.now = EPOCH + seventeen_years
    assert -(2**31) <= Turns(clock).priority(A) <= -seventeen_years * (TICKS_PER_SECOND - 1)


def test_workspaces_that_ask_for_nothing_any_more_are_forgotten() -> None:
    clock = Clock()
    turns = Turns(clock)
    for number in range(MAX_KNOWN):
        turns.priority(UUID(int=number))
    clock.now += 1
    turns.priority(UUID(int=MAX_KNOWN))
    assert len(turns._last) <= 2
