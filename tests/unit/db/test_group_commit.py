"""Batches: who waits together, and whose fault is whose."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from uuid import UUID

import pytest

from db.group_commit import GroupCommit, GroupCommits, LockedElsewhere
from tests.support.waiting import happened


class Desk:
    """Commits numbers, and doubles them; a batch waits until it is let through, and 13 is never taken.

    Somebody holds `held`, until they let go.
    """

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.open = asyncio.Event()
        self.reached = asyncio.Event()
        self.held = -1
        self.let_go = asyncio.Event()

    async def commit(self, numbers: Sequence[int], may_wait: bool) -> list[int | LockedElsewhere]:
        self.batches.append(list(numbers))
        self.reached.set()
        await happened(self.open, 120)
        if 13 in numbers:
            raise ValueError("13")
        if may_wait and self.held in numbers:
            await happened(self.let_go)
        return [
            LockedElsewhere.LOCKED if number == self.held and not may_wait else 2 * number for number in numbers
        ]


async def put_while_one_is_under_way(desk: Desk, commits: GroupCommit[int, int], *numbers: int) -> list[object]:
    first = asyncio.create_task(commits.put(0))
    await happened(desk.reached)
    others = [asyncio.create_task(commits.put(number)) for number in numbers]
    await asyncio.sleep(0)  # which lets them be put
    desk.open.set()
    assert await first == 0
    return await asyncio.gather(*others, return_exceptions=True)


async def test_what_gathers_meanwhile_is_one_batch() -> None:
    desk = Desk()
    assert await put_while_one_is_under_way(desk, GroupCommit(desk.commit), 1, 2, 3) == [2, 4, 6]
    assert desk.batches == [[0], [1, 2, 3]]


async def test_a_batch_has_a_largest_size() -> None:
    desk = Desk()
    assert await put_while_one_is_under_way(desk, GroupCommit(desk.commit, max_batch=2), 1, 2, 3) == [2, 4, 6]
    assert desk.batches == [[0], [1, 2], [3]]


async def test_a_second_writer_does_not_wait_for_the_first() -> None:
    desk = Desk()
    await put_while_one_is_under_way(desk, GroupCommit(desk.commit, writers=2), 1, 2)
    assert desk.batches == [[0], [1, 2]]


async def test_a_batch_that_fails_fails_for_all_of_it() -> None:
    desk = Desk()
    answers = await put_while_one_is_under_way(desk, GroupCommit(desk.commit), 1, 13, 3)
    assert [type(answer) for answer in answers] == [ValueError] * 3


async def test_set_apart_only_the_one_that_is_wrong_fails() -> None:
    desk = Desk()
    answers = await put_while_one_is_under_way(desk, GroupCommit(desk.commit, retry_singly=True), 1, 13, 3)
    assert (answers[0], type(answers[1]), answers[2]) == (2, ValueError, 6)


async def test_who_does_not_wait_any_more_does_not_hold_up_the_others() -> None:
    desk = Desk()
    commits = GroupCommit(desk.commit)
    gone = asyncio.create_task(commits.put(1))
    await happened(desk.reached)
    gone.cancel()
    other = asyncio.create_task(commits.put(2))
    desk.open.set()
    assert await other == 4
    with pytest.raises(asyncio.CancelledError):
        await gone


async def test_what_somebody_holds_holds_up_nothing_else() -> None:
    desk = Desk()
    desk.open.set()
    desk.held = 1
    commits = GroupCommit(desk.commit)
    held = asyncio.create_task(commits.put(1))
    await happened(desk.reached)
    assert await commits.put(2) == 4
    assert not held.done()
    desk.let_go.set()
    assert await held == 2


async def test_what_is_of_two_workspaces_is_never_written_together() -> None:
    written: list[tuple[UUID, tuple[int, ...]]] = []

    async def commit(workspace_id: UUID, numbers: Sequence[int], _: bool) -> list[int]:
        written.append((workspace_id, tuple(numbers)))
        return [2 * number for number in numbers]

    commits = GroupCommits[int, int](commit, max_batch=10)
    one, other = UUID(int=1), UUID(int=2)
    answers = await asyncio.gather(*(commits.put(each, n) for n in (1, 2) for each in (one, other)))
    await commits.close()
    assert answers == [2, 2, 4, 4]
    assert written == [(one, (1, 2)), (other, (1, 2))]


async def test_what_comes_in_a_storm_gathers_and_the_first_is_written_at_once() -> None:
    batches: list[tuple[float, list[int]]] = []

    async def commit(numbers: Sequence[int], _: bool) -> list[int]:
        batches.append((time.monotonic(), list(numbers)))
        return list(numbers)

    commits = GroupCommit(commit, pause=0.05, max_batch=3)
    begun = time.monotonic()
    await commits.put(1)
    assert batches[0][0] - begun < 0.05
    others = [asyncio.create_task(commits.put(n)) for n in (2, 3)]
    await asyncio.gather(*others)
    assert [numbers for _, numbers in batches] == [[1], [2, 3]]
    assert batches[1][0] - batches[0][0] >= 0.05
    await asyncio.gather(*(commits.put(n) for n in range(4, 9)))
    assert [len(numbers) for _, numbers in batches[2:]] == [3, 2], "a batch that is full does not wait"
