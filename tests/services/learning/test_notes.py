"""Notes: made of decisions, written, changed and deleted, each on record."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import AuditEvent, PlanningNoteRow, StepRun
from db.session import Database
from services import workspaces
from services.approvals import ApprovalRules, ApprovalService, NotAnApprover
from services.audit import Actor
from services.errors import NotFound, StaleVersion
from services.jobs import StepDecision
from services.learning.notes import MAX_KEPT, MAX_TEXT, PAGE_SIZE, NoteService, Origin
from services.learning.service import LearningService
from services.learning.wordings import Worded, Wording
from tests.support import runs_on_record

NOTES = NoteService(ApprovalService())
MARCO, DANA = Actor("U0MARCO001", "C1", "1.1", "press1"), Actor("U0DANA0001", "C1", "1.1", "press2")


@pytest.fixture
async def step(database: Database, workspace_id: UUID) -> UUID:
    """A step of a run, with works.create."""
    async with database.transaction() as session:
        plan = await runs_on_record.plan(session, workspace_id)
        await runs_on_record.run(session, workspace_id, plan)
        return (await session.scalars(select(StepRun.id).limit(1))).one()


async def listed(database: Database, workspace_id: UUID) -> list[PlanningNoteRow]:
    async with database.of(workspace_id).reading() as session:
        return list(await session.scalars(select(PlanningNoteRow).order_by(PlanningNoteRow.created_at)))


async def recorded(database: Database) -> list[str]:
    async with database.reading() as session:
        events = select(AuditEvent.action).where(AuditEvent.action.like("note.%")).order_by(AuditEvent.created_at)
        return list(await session.scalars(events))


async def written(database: Database, workspace_id: UUID, text: str = "Trees first") -> UUID:
    note_id = uuid4()
    async with database.of(workspace_id).transaction() as session:
        await NOTES.write(session, workspace_id, note_id, text, MARCO)
    return note_id


@pytest.mark.parametrize(
    ("decision", "reason", "text"),
    [
        (StepDecision.REJECT, "Call\n <@U1> first", "A step with works.create was rejected: Call [person] first"),
        (StepDecision.SKIP, "Not needed", "A step with works.create was skipped: Not needed"),
        (StepDecision.EDIT_OUTPUTS, "It is 12345", "What works.create had answered was corrected: It is [number]"),
        (StepDecision.REJECT, "", None),
        (StepDecision.REJECT, " \n", None),
        (StepDecision.SKIP, None, None),
        (StepDecision.APPROVE, "Fine", None),
        (StepDecision.RETRY, "Again", None),
        (StepDecision.MARK_DONE, "By phone", None),
    ],
)
async def test_a_reason_becomes_a_note(
    database: Database,
    workspace_id: UUID,
    step: UUID,
    decision: StepDecision,
    reason: str | None,
    text: str | None,
) -> None:
    for _ in range(2):
        async with database.of(workspace_id).transaction() as session:
            await NOTES.keep_reason(session, workspace_id, step, decision, reason, MARCO)
    rows = await listed(database, workspace_id)
    assert [row.text for row in rows] == ([] if text is None else [text])
    assert await recorded(database) == ([] if text is None else ["note.added"])
    assert all((row.component_key, row.plan_id is not None) == ("works.create", True) for row in rows)


async def test_the_words_of_ours_are_known_until_a_person_changes_them(
    database: Database, workspace_id: UUID, step: UUID
) -> None:
    async with database.of(workspace_id).transaction() as session:
        await NOTES.keep_reason(session, workspace_id, step, StepDecision.REJECT, "Call <@U1> first", MARCO)
        [kept] = (await NOTES.page(session, workspace_id, MARCO.user)).items
        assert kept.worded == Worded(Wording.REJECTED, "works.create", "Call [person] first")
        await NOTES.edit(session, workspace_id, kept.id, kept.revision, "Call first", MARCO)
        [changed] = (await NOTES.page(session, workspace_id, MARCO.user)).items
    assert (changed.text, changed.worded) == ("Call first", None)


async def test_a_long_reason_is_cut(database: Database, workspace_id: UUID, step: UUID) -> None:
    async with database.of(workspace_id).transaction() as session:
        await NOTES.keep_reason(session, workspace_id, step, StepDecision.REJECT, "why " * 1_000, MARCO)
    [row] = await listed(database, workspace_id)
    assert len(row.text) == MAX_TEXT + 1


async def test_the_oldest_of_decisions_make_room_and_what_was_written_stays(
    database: Database, workspace_id: UUID, step: UUID
) -> None:
    await written(database, workspace_id, "Mine")
    for number in range(MAX_KEPT + 2):
        async with database.of(workspace_id).transaction() as session:
            reason = "a" * (number + 1)
            await NOTES.keep_reason(session, workspace_id, step, StepDecision.REJECT, reason, MARCO)
    texts = [row.text for row in await listed(database, workspace_id)]
    assert len(texts) == MAX_KEPT + 1
    assert texts[0] == "Mine"
    assert texts[1].endswith(": aaa")
    async with database.of(workspace_id).reading() as session:
        assert (await NOTES.latest(session, workspace_id))[0].text == "Mine"


async def test_switched_off_nothing_is_kept_and_nothing_told(
    database: Database, workspace_id: UUID, step: UUID
) -> None:
    await written(database, workspace_id)
    off = LearningService(NOTES, is_on=False)
    async with database.of(workspace_id).transaction() as session:
        await off.keep_reason(session, workspace_id, step, StepDecision.REJECT, "No", MARCO)
        memory = await off.memory(session, workspace_id, "A leak at 5th and Main")
    assert len(await listed(database, workspace_id)) == 1
    assert (memory.notes, memory.examples) == ((), ())
    async with database.of(workspace_id).reading() as session:
        memory = await LearningService(NOTES, is_on=True).memory(session, workspace_id, "A leak at 5th and Main")
    assert [note.text for note in memory.notes] == ["Trees first"]


async def test_write_edit_delete_are_on_record_and_done_once(database: Database, workspace_id: UUID) -> None:
    note_id = uuid4()
    for _ in range(2):
        async with database.of(workspace_id).transaction() as session:
            await NOTES.write(session, workspace_id, note_id, "First", MARCO)
    for _ in range(2):
        async with database.of(workspace_id).transaction() as session:
            await NOTES.edit(session, workspace_id, note_id, 1, "Second", DANA)
    [row] = await listed(database, workspace_id)
    assert (row.text, row.revision, row.origin, row.author) == ("Second", 2, Origin.WRITTEN, MARCO.user)
    for _ in range(2):
        async with database.of(workspace_id).transaction() as session:
            await NOTES.delete(session, workspace_id, note_id, 2, DANA)
    assert await listed(database, workspace_id) == []
    assert await recorded(database) == ["note.added", "note.edited", "note.deleted"]
    with pytest.raises(NotFound):
        async with database.of(workspace_id).transaction() as session:
            await NOTES.delete(session, workspace_id, note_id, 2, MARCO)


async def test_an_older_button_changes_nothing(database: Database, workspace_id: UUID) -> None:
    note_id = await written(database, workspace_id)
    async with database.transaction() as session:
        await session.execute(update(PlanningNoteRow).values(revision=5))
    changes: list[Callable[[AsyncSession], Awaitable[None]]] = [
        lambda session: NOTES.edit(session, workspace_id, note_id, 1, "Other", DANA),
        lambda session: NOTES.delete(session, workspace_id, note_id, 1, DANA),
    ]
    for change in changes:
        with pytest.raises(StaleVersion):
            async with database.of(workspace_id).transaction() as session:
                await change(session)
    assert [row.text for row in await listed(database, workspace_id)] == ["Trees first"]


async def test_only_approvers_see_and_change_them(database: Database, workspace_id: UUID) -> None:
    note_id = await written(database, workspace_id)
    async with database.transaction() as session:
        await ApprovalService().set_settings(session, workspace_id, ApprovalRules((MARCO.user,)), MARCO)
    for call in (
        lambda session: NOTES.page(session, workspace_id, DANA.user),
        lambda session: NOTES.get(session, workspace_id, DANA.user, note_id),
        lambda session: NOTES.write(session, workspace_id, uuid4(), "x", DANA),
        lambda session: NOTES.edit(session, workspace_id, note_id, 1, "x", DANA),
        lambda session: NOTES.delete(session, workspace_id, note_id, 1, DANA),
    ):
        with pytest.raises(NotAnApprover):
            async with database.of(workspace_id).transaction() as session:
                await call(session)
    assert [row.text for row in await listed(database, workspace_id)] == ["Trees first"]


async def test_another_workspaces_note_is_not_there(database: Database, workspace_id: UUID) -> None:
    note_id = await written(database, workspace_id)
    async with database.transaction() as session:
        other = await workspaces.ensure(session, "T0002", "Shelbyville")
        with pytest.raises(NotFound):
            await NOTES.get(session, other, MARCO.user, note_id)
        with pytest.raises(NotFound):
            await NOTES.edit(session, other, note_id, 1, "x", MARCO)
        assert (await NOTES.page(session, other, MARCO.user)).total == 0
        assert await NOTES.latest(session, other) == ()


async def test_pages(database: Database, workspace_id: UUID) -> None:
    for number in range(PAGE_SIZE + 1):
        await written(database, workspace_id, f"n{number}")
    async with database.of(workspace_id).reading() as session:
        first = await NOTES.page(session, workspace_id, MARCO.user)
        last = await NOTES.page(session, workspace_id, MARCO.user, 9)
    assert [note.text for note in first.items] == [f"n{n}" for n in range(PAGE_SIZE, 0, -1)]
    assert ([note.text for note in last.items], last.page, last.total) == (["n0"], 2, PAGE_SIZE + 1)
