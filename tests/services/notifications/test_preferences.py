"""What each person sets, when digests are due, and who stands in for whom."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from db.session import Database
from services.approvals import AlreadyAgreed, ApprovalRules, NotAnApprover, SelfApproval
from services.audit import Actor
from services.notifications.people import with_deputies
from services.notifications.preferences import NotificationMode, Preferences, PreferenceService
from tests.support.gates import DANA, MARCO, OMAR, STRANGER, approvals, keep, waiting

KOLKATA, NEW_YORK = ZoneInfo("Asia/Kolkata"), ZoneInfo("America/New_York")


@pytest.mark.parametrize(
    ("zone", "now", "due"),
    [
        (KOLKATA, datetime(2026, 11, 24, 3, 0, tzinfo=UTC), datetime(2026, 11, 24, 3, 30, tzinfo=UTC)),
        (KOLKATA, datetime(2026, 11, 24, 3, 30, tzinfo=UTC), datetime(2026, 11, 25, 3, 30, tzinfo=UTC)),
        # The night in which the clock goes back: the next nine o'clock is 25 hours later.
        (NEW_YORK, datetime(2026, 10, 31, 13, 0, tzinfo=UTC), datetime(2026, 11, 1, 14, 0, tzinfo=UTC)),
        (NEW_YORK, datetime(2026, 3, 7, 14, 0, tzinfo=UTC), datetime(2026, 3, 8, 13, 0, tzinfo=UTC)),
    ],
)
def test_a_digest_is_due_at_nine_by_the_clock_of_the_workspace(
    zone: ZoneInfo, now: datetime, due: datetime
) -> None:
    assert PreferenceService(zone).next_digest(now) == due


@pytest.mark.parametrize(
    ("first", "last"),
    [(None, date(2026, 7, 1)), (date(2026, 7, 1), None), (date(2026, 7, 2), date(2026, 7, 1))],
)
def test_a_deputy_has_days(first: date | None, last: date | None) -> None:
    with pytest.raises(ValueError, match="days"):
        Preferences(NotificationMode.EACH, DANA, first, last)


def test_whom_is_told_in_whose_place() -> None:
    assert with_deputies([MARCO, DANA], {}, askers=[STRANGER, None]) == {MARCO: None, DANA: None}
    assert with_deputies([MARCO, DANA], {MARCO: OMAR}, askers=[STRANGER, None]) == {OMAR: MARCO, DANA: None}
    # One who is asked anyway is told for themselves, and the absent too: each counts for one.
    assert with_deputies([MARCO, DANA], {MARCO: DANA}, askers=[STRANGER, None]) == {MARCO: None, DANA: None}
    assert with_deputies([MARCO], {MARCO: STRANGER}, askers=[STRANGER, None]) == {MARCO: None}
    assert with_deputies([MARCO, DANA], {MARCO: OMAR, DANA: OMAR}, askers=[STRANGER, None]) == {OMAR: MARCO}


async def away(database: Database, workspace_id: UUID, person: str, deputy: str) -> None:
    """Somebody is away on the first two days of July, in Kolkata."""
    wanted = Preferences(NotificationMode.EACH, deputy, date(2026, 7, 1), date(2026, 7, 2))
    async with database.transaction() as session:
        await PreferenceService(KOLKATA).save(session, workspace_id, person, wanted, Actor(person))


FIRST_MINUTE = datetime(2026, 6, 30, 18, 30, tzinfo=UTC)
"""Midnight in Kolkata."""


async def check(
    database: Database, workspace_id: UUID, user: str, now: datetime, requester: str = "U0PRIYA001"
) -> str | None:
    async with database.reading() as session:
        return await approvals.check(session, workspace_id, user, requester=requester, now=now)


async def test_a_deputy_counts_on_the_days_that_were_set_in_the_workspaces_zone(
    database: Database, workspace_id: UUID
) -> None:
    await keep(database, workspace_id, ApprovalRules((MARCO,)))
    await away(database, workspace_id, MARCO, DANA)
    last_minute = FIRST_MINUTE + timedelta(days=2) - timedelta(minutes=1)
    for now in (FIRST_MINUTE, last_minute):
        assert await check(database, workspace_id, DANA, now) == MARCO
    for now in (FIRST_MINUTE - timedelta(minutes=1), last_minute + timedelta(minutes=1)):
        with pytest.raises(NotAnApprover):
            await check(database, workspace_id, DANA, now)


async def test_a_deputy_may_not_what_the_absent_may_not_nor_decide_about_their_own_report(
    database: Database, workspace_id: UUID
) -> None:
    await keep(database, workspace_id, ApprovalRules((MARCO, OMAR)))
    await away(database, workspace_id, MARCO, DANA)
    with pytest.raises(NotAnApprover):
        await check(database, workspace_id, DANA, FIRST_MINUTE, requester=DANA)
    with pytest.raises(NotAnApprover):
        await check(database, workspace_id, DANA, FIRST_MINUTE, requester=MARCO)
    await away(database, workspace_id, STRANGER, OMAR)
    with pytest.raises(SelfApproval):
        await check(database, workspace_id, OMAR, FIRST_MINUTE, requester=OMAR)
    # Who has no say gives none away, and a deputy of a deputy has none either.
    await away(database, workspace_id, DANA, STRANGER)
    with pytest.raises(NotAnApprover):
        await check(database, workspace_id, STRANGER, FIRST_MINUTE)


async def test_nobody_counts_twice_at_a_gate(database: Database, workspace_id: UUID) -> None:
    """A deputy of two, or of one beside themselves, is one pair of eyes."""
    gate = await waiting(database, workspace_id, ApprovalRules((MARCO, DANA, OMAR), 2))
    day = gate_day()
    for person in (MARCO, DANA):
        wanted = Preferences(NotificationMode.EACH, STRANGER, day, day)
        async with database.transaction() as session:
            await PreferenceService(ZoneInfo("UTC")).save(session, workspace_id, person, wanted, Actor(person))
    await gate.decide(STRANGER)
    assert (await gate.states())[0] == "WAITING"
    with pytest.raises(AlreadyAgreed):
        await gate.decide(STRANGER)
    [first] = await gate.agreed()
    with pytest.raises(AlreadyAgreed):
        await gate.decide(first)
    # Back again, so that the deputy would now stand in for the other of the two.
    async with database.transaction() as session:
        await PreferenceService(ZoneInfo("UTC")).save(session, workspace_id, first, Preferences(), Actor(first))
    with pytest.raises(AlreadyAgreed):
        await gate.decide(STRANGER)
    await gate.decide(OMAR)
    assert (await gate.states())[0] == "READY"


def gate_day() -> date:
    """The day on which the gates of these tests are decided about."""
    return date(2026, 11, 24)


async def test_what_is_set_is_read_back(database: Database, workspace_id: UUID) -> None:
    service = PreferenceService(NEW_YORK)
    wanted = Preferences(NotificationMode.DIGEST, DANA, date(2026, 10, 30), date(2026, 11, 2))
    async with database.transaction() as session:
        assert await service.get(session, workspace_id, MARCO) == Preferences()
        assert await service.save(session, workspace_id, MARCO, wanted, Actor(MARCO))
        assert not await service.save(session, workspace_id, MARCO, wanted, Actor(MARCO))
        assert await service.get(session, workspace_id, MARCO) == wanted
        assert not await service.save(session, workspace_id, MARCO, Preferences(), Actor(MARCO))
        assert await service.get(session, workspace_id, MARCO) == Preferences()
