"""Who is told, how often, and what becomes of a storm."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from db.models import Notification
from db.session import Database
from services.audit import Actor
from services.jobs import SendDigest
from services.notifications.copies import Copy
from services.notifications.digests import SHOWN
from services.notifications.preferences import NotificationMode, Preferences
from services.notifications.ringing import BURST, BURST_WINDOW
from services.notifications.service import NotificationService
from services.notifications.subjects import NotificationKind, Subject
from tests.support.gates import DANA, MARCO, NOW, THREE, Gate, queries, queued, waiting

GATES = 1_000
parts = NotificationService(ZoneInfo("UTC"))


async def storm(database: Database, gate: Gate, user: str, count: int) -> None:
    """So many gates open within a minute: each is a step of its own at a revision of its own."""
    async with database.transaction() as session:
        for number in range(count):
            subject = Subject(
                NotificationKind.GATE, f"step:{number}", gate.plan, gate.revision, gate.run, gate.step
            )
            now = NOW + timedelta(milliseconds=number)
            await parts.ringing.tell(session, gate.workspace, subject, user, None, now, is_personal=False)


async def states(database: Database) -> Counter[str]:
    async with database.reading() as session:
        return Counter(await session.scalars(select(Notification.state)))


async def test_a_storm_of_gates_is_a_few_messages_and_one_digest(database: Database, workspace_id: UUID) -> None:
    gate = await waiting(database, workspace_id, THREE)
    await storm(database, gate, MARCO, GATES)
    assert await states(database) == {"due": BURST, "held": GATES - BURST}
    assert len(await queued(database, "post_notification")) == BURST
    [pause] = await queued(database, "send_digest")
    assert 0 < pause <= BURST_WINDOW.total_seconds()


async def test_the_digest_of_a_storm_is_one_message_that_says_how_many(
    database: Database, workspace_id: UUID
) -> None:
    gate = await waiting(database, workspace_id, THREE)
    await storm(database, gate, MARCO, 30)
    job = SendDigest(workspace=workspace_id, user=MARCO, at=NOW + BURST_WINDOW)
    async with database.transaction() as session:
        digest = await parts.digests.begin(session, job)
        assert digest is not None
        assert (digest.total, len(digest.lines)) == (30, SHOWN)
        assert [line.since for line in digest.lines] == sorted(line.since for line in digest.lines)
        # A worker that takes over tells the same, and nothing that has come since.
        await parts.digests.sent(session, job, NOW + BURST_WINDOW)
    assert await states(database) == {"due": BURST, "told": 30 - BURST}
    async with database.transaction() as session:
        assert await parts.digests.begin(session, job) is None


async def test_what_comes_while_a_digest_is_sent_is_in_the_next(database: Database, workspace_id: UUID) -> None:
    gate = await waiting(database, workspace_id, THREE)
    await storm(database, gate, MARCO, BURST + 2)
    job = SendDigest(workspace=workspace_id, user=MARCO, at=NOW + BURST_WINDOW)
    async with database.transaction() as session:
        await parts.digests.begin(session, job)
    late = Subject(NotificationKind.GATE, "step:late", gate.plan, gate.revision, gate.run, gate.step)
    async with database.transaction() as session:
        now = NOW + timedelta(minutes=1)
        await parts.ringing.tell(session, workspace_id, late, MARCO, None, now, is_personal=False)
        await parts.digests.begin(session, job)
        await parts.digests.sent(session, job, NOW + BURST_WINDOW)
    async with database.reading() as session:
        held = list(await session.scalars(select(Notification.subject).where(Notification.state == "held")))
    assert held == ["step:late"]
    assert len(await queued(database, "send_digest")) == 2


@pytest.mark.parametrize("decision", ["approve", "reject", "skip"])
async def test_what_is_decided_is_in_no_digest(database: Database, workspace_id: UUID, decision: str) -> None:
    gate = await waiting(database, workspace_id, THREE)
    wanted = Preferences(NotificationMode.DIGEST)
    async with database.transaction() as session:
        await parts.preferences.save(session, workspace_id, MARCO, wanted, Actor(MARCO))
        snapshot = await queries.get_by_run(session, workspace_id, gate.run)
        await parts.ringing.ring_step(session, workspace_id, snapshot, gate.step, NOW)
        await parts.ringing.ring_step(session, workspace_id, snapshot, gate.step, NOW)
    assert await states(database) == {"held": 1, "due": 2}
    await gate.decide(MARCO, decision)
    if decision == "approve":
        await gate.decide(DANA)
    job = SendDigest(workspace=workspace_id, user=MARCO, at=NOW + timedelta(hours=6))
    async with database.transaction() as session:
        assert await parts.digests.begin(session, job) is None
        await parts.copies.follow(session, gate.plan)
    assert await states(database) == {"over": 3}


async def test_a_digest_a_day_comes_again_while_anything_waits(database: Database, workspace_id: UUID) -> None:
    gate = await waiting(database, workspace_id, THREE)
    async with database.transaction() as session:
        digest = Preferences(NotificationMode.DIGEST)
        await parts.preferences.save(session, workspace_id, MARCO, digest, Actor(MARCO))
        snapshot = await queries.get_by_run(session, workspace_id, gate.run)
        await parts.ringing.ring_step(session, workspace_id, snapshot, gate.step, NOW)
    job = SendDigest(workspace=workspace_id, user=MARCO, at=NOW + timedelta(hours=6))
    async with database.transaction() as session:
        assert await parts.digests.begin(session, job) is not None
        await parts.digests.sent(session, job, job.at)
    assert await queued(database, "send_digest") == pytest.approx([6 * 3_600, 24 * 3_600], abs=1)
    tomorrow = job.model_copy(update={"at": job.at + timedelta(days=1)})
    async with database.transaction() as session:
        again = await parts.digests.begin(session, tomorrow)
    assert again is not None
    assert again.total == 1


async def test_two_who_draw_a_message_at_once_leave_the_last_state(database: Database, workspace_id: UUID) -> None:
    """Whose drawing reached Slack last nobody knows: the one who comes second asks for another."""
    gate = await waiting(database, workspace_id, THREE)
    async with database.transaction() as session:
        snapshot = await queries.get_by_run(session, workspace_id, gate.run)
        await parts.ringing.ring_step(session, workspace_id, snapshot, gate.step, NOW)
        row = (await session.scalars(select(Notification).where(Notification.user_id == MARCO))).one()
        copy = await parts.copies.begin_post(session, workspace_id, row.id, NOW)
        assert copy is not None
        assert await parts.copies.posted(session, workspace_id, copy, "D0MARCO001", "1.1")
        assert not await parts.copies.posted(session, workspace_id, copy, "D0MARCO001", "1.2")
    async with database.transaction() as session:
        first = await parts.copies.begin_draw(session, workspace_id, row.id)
    await gate.decide(MARCO, "reject")
    async with database.transaction() as session:
        second = await parts.copies.begin_draw(session, workspace_id, row.id)
    assert first is not None
    assert second is not None
    assert second.verdict is not None
    assert (first.verdict, second.verdict.kind, second.verdict.user) == (None, "reject", MARCO)
    before = len(await queued(database, "draw_notification"))
    async with database.transaction() as session:
        await parts.copies.drawn(session, workspace_id, second)
        await parts.copies.drawn(session, workspace_id, first)
    async with database.reading() as session:
        kept = (await session.scalars(select(Notification).where(Notification.id == row.id))).one()
    # The first may have painted over what the second drew, buttons and all.
    assert kept.state == "sent"
    assert len(await queued(database, "draw_notification")) == before + 1
    async with database.transaction() as session:
        last = await parts.copies.begin_draw(session, workspace_id, row.id)
        assert last is not None
        await parts.copies.drawn(session, workspace_id, last)
    assert (await states(database))["over"] == 1


async def test_of_two_who_cant_be_written_to_at_once_the_second_sees_that_nobody_is_left(
    database: Database, workspace_id: UUID
) -> None:
    gate = await waiting(database, workspace_id, THREE)
    async with database.transaction() as session:
        snapshot = await queries.get_by_run(session, workspace_id, gate.run)
        await parts.ringing.ring_step(session, workspace_id, snapshot, gate.step, NOW)
    async with database.transaction() as session:
        ids = list(await session.scalars(select(Notification.id)))
        copies = [await parts.copies.begin_post(session, workspace_id, each, NOW) for each in ids]

    async def fail(copy: Copy | None) -> None:
        assert copy is not None
        async with database.transaction() as session:
            await parts.copies.unreachable(session, workspace_id, copy, "user_disabled", NOW)

    await asyncio.gather(*map(fail, copies))
    assert await states(database) == {"unreachable": 3}
    assert len(await queued(database, "tell_unreached")) == 1
