"""The ends of jobs: written down together, and not forgotten where they can't be."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime

import asyncpg
from pgqueuer.models import Job as QueuedJob

from db.job_ends import LAST_TRIES, MANY, EndedJob, JobEnds
from tests.support.waiting import happened

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def ended(number: int) -> EndedJob:
    job = dict.fromkeys(("created", "updated", "heartbeat", "execute_after"), NOON) | {
        "id": number,
        "priority": 0,
        "status": "picked",
        "entrypoint": "knock",
        "payload": b"{}",
        "queue_manager_id": None,
        "headers": None,
    }
    return EndedJob(QueuedJob.model_validate(job))


class Book:
    """What was written down; the first so many times it can't be."""

    def __init__(self, failures: int = 0) -> None:
        self.written: list[list[int]] = []
        self.tries = 0
        self.was_written = asyncio.Event()
        self._failures = failures

    async def write(self, ended: Sequence[EndedJob]) -> None:
        self.tries += 1
        if self.tries <= self._failures:
            raise asyncpg.CannotConnectNowError
        self.written.append([each.job.id for each in ended])
        self.was_written.set()


async def test_what_ends_within_a_moment_is_written_down_together() -> None:
    book = Book()
    ends = JobEnds(book.write, 0.02)
    for number in (1, 2, 3):
        ends.add(ended(number))
    await happened(book.was_written)
    assert book.written == [[1, 2, 3]]


async def test_many_do_not_wait() -> None:
    book = Book()
    ends = JobEnds(book.write, 60)
    for number in range(MANY):
        ends.add(ended(number))
    await happened(book.was_written)
    assert book.written == [list(range(MANY))]


async def test_what_can_not_be_written_down_is_tried_again() -> None:
    book = Book(failures=LAST_TRIES + 1)
    ends = JobEnds(book.write, 0.01)
    ends.add(ended(1))
    await happened(book.was_written)
    assert book.written == [[1]]


async def test_what_is_left_is_written_down_at_the_end_and_not_for_ever() -> None:
    book, lost = Book(failures=1), Book(failures=1_000)
    for each in (book, lost):
        ends = JobEnds(each.write, 0.01)
        ends.add(ended(1))
        await ends.close()
    assert (book.written, book.tries) == ([[1]], 2)
    assert (lost.written, lost.tries) == ([], LAST_TRIES)
