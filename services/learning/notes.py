"""NoteService: the notes that the plan maker is shown, made of what people decide and written by them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from uuid import UUID

from sqlalchemy import Select, delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import AuditEvent, PlanningNoteRow, Run, StepRun
from services import audit
from services.approvals import ApprovalService
from services.audit import Actor
from services.errors import NotFound, StaleVersion
from services.formats.text import clip
from services.jobs import StepDecision
from services.learning.masking import masked
from services.learning.memory import PlanningNote
from services.learning.wordings import Worded, Wording, worded
from services.pages import Page

MAX_TEXT = 500
"""Characters of a note: a wish, and no manual."""

MAX_KEPT = 100
"""So many notes that came of decisions are kept; the oldest make room. Those that people wrote stay."""

PAGE_SIZE = 8


class Origin(StrEnum):
    """What a note came of."""

    REJECTED = "rejected"
    SKIPPED = "skipped"
    EDITED = "edited"
    CHANGED = "changed"
    WRITTEN = "written"


ORIGINS: Mapping[StepDecision, Origin] = {
    StepDecision.REJECT: Origin.REJECTED,
    StepDecision.SKIP: Origin.SKIPPED,
    StepDecision.EDIT_OUTPUTS: Origin.EDITED,
}
"""The decisions that say something of how plans should be, where they come with a reason."""

_WORDINGS: Mapping[Origin, Wording] = {
    Origin.REJECTED: Wording.REJECTED,
    Origin.SKIPPED: Wording.SKIPPED,
    Origin.EDITED: Wording.EDITED,
}


@dataclass(frozen=True, slots=True)
class NoteSnapshot:
    """A note as it is listed. `author` is a Slack id. `worded`: its text is this sentence of ours."""

    id: UUID
    revision: int
    text: str
    origin: Origin
    author: str
    worded: Worded | None = None


class NoteService:
    """Notes by workspace. Every method takes a session and leaves the commit to its caller."""

    def __init__(self, approvals: ApprovalService) -> None:
        self._approvals = approvals

    async def latest(self, session: AsyncSession, workspace_id: UUID) -> tuple[PlanningNote, ...]:
        """What there is to tell the plan maker: what people wrote first, then the newest."""
        written = PlanningNoteRow.origin == Origin.WRITTEN
        rows = await session.execute(
            select(PlanningNoteRow.text, PlanningNoteRow.component_key)
            .where(PlanningNoteRow.workspace_id == workspace_id)
            .order_by(written.desc(), PlanningNoteRow.created_at.desc())
            .limit(MAX_KEPT)
        )
        return tuple(PlanningNote(row.text, row.component_key) for row in rows)

    async def page(
        self, session: AsyncSession, workspace_id: UUID, user: str, page: int = 1
    ) -> Page[NoteSnapshot]:
        """One page of them, the newest first. Raises NotAnApprover."""
        await self._approvals.check_may_set(session, workspace_id, user)
        total = await session.scalar(select(func.count()).select_from(_of(workspace_id).subquery())) or 0
        page = max(1, min(page, -(-total // PAGE_SIZE)))
        rows = await session.scalars(
            _of(workspace_id)
            .order_by(PlanningNoteRow.created_at.desc(), PlanningNoteRow.id)
            .limit(PAGE_SIZE)
            .offset((page - 1) * PAGE_SIZE)
        )
        return Page(items=tuple(map(_snapshot, rows)), page=page, size=PAGE_SIZE, total=total)

    async def get(self, session: AsyncSession, workspace_id: UUID, user: str, note_id: UUID) -> NoteSnapshot:
        """One note, for whoever may change it. Raises NotAnApprover or NotFound."""
        await self._approvals.check_may_set(session, workspace_id, user)
        row = await session.scalar(_of(workspace_id).where(PlanningNoteRow.id == note_id))
        if row is None:
            raise NotFound("note", note_id)
        return _snapshot(row)

    async def write(
        self, session: AsyncSession, workspace_id: UUID, note_id: UUID, text: str, actor: Actor
    ) -> None:
        """Keep what a person wrote under an id of the caller's: a second time is none. Raises NotAnApprover."""
        await self._approvals.check_may_set(session, workspace_id, actor.user)
        if await session.get(PlanningNoteRow, note_id) is None:
            await self._add(session, workspace_id, note_id, Origin.WRITTEN, text, actor)

    async def edit(
        self, session: AsyncSession, workspace_id: UUID, note_id: UUID, revision: int, text: str, actor: Actor
    ) -> None:
        """Change the words of a note as it was shown. Raises NotAnApprover, NotFound or StaleVersion."""
        row = await self._locked(session, workspace_id, note_id, actor)
        if row is None:
            raise NotFound("note", note_id)
        if row.text == clip(text, MAX_TEXT):
            return
        _check_shown(row, revision)
        row.text = clip(text, MAX_TEXT)
        row.revision += 1
        await audit.record(session, workspace_id, subject=note_id, actor=actor, action="note.edited")

    async def delete(
        self, session: AsyncSession, workspace_id: UUID, note_id: UUID, revision: int, actor: Actor
    ) -> None:
        """Forget a note as it was shown; the same press again is none. Raises as `edit` does."""
        row = await self._locked(session, workspace_id, note_id, actor)
        if row is None and await _is_deleted_by(session, workspace_id, note_id, actor):
            return
        if row is None:
            raise NotFound("note", note_id)
        _check_shown(row, revision)
        await audit.record(
            session, workspace_id, subject=note_id, actor=actor, action="note.deleted", origin=row.origin
        )
        await session.delete(row)
        await session.flush()

    async def keep_reason(
        self,
        session: AsyncSession,
        workspace_id: UUID,
        step_id: UUID,
        decision: StepDecision,
        reason: str | None,
        actor: Actor,
    ) -> None:
        """Make a note of why a step was decided about, if the reason says so and no note says the same.

        What may tell of a person is masked.
        """
        origin = ORIGINS.get(decision)
        if origin is None or not reason or not reason.strip():
            return
        row = await session.execute(
            select(StepRun.component_key, Run.plan_id)
            .join(Run, Run.id == StepRun.run_id)
            .where(StepRun.workspace_id == workspace_id, StepRun.id == step_id)
        )
        component, plan_id = row.one()
        text = _text(Worded(_WORDINGS[origin], component, reason))
        if await session.scalar(_of(workspace_id).where(PlanningNoteRow.text == text).limit(1)) is None:
            note = PlanningNoteRow(component_key=component, plan_id=plan_id)
            await self._add(session, workspace_id, None, origin, text, actor, note)
            await self._make_room(session, workspace_id)

    async def keep_change(
        self,
        session: AsyncSession,
        workspace_id: UUID,
        plan_id: UUID,
        change: Worded,
        actor: Actor,
    ) -> None:
        """Make a note of what was changed about a draft, unless one says the same. What people wrote is masked."""
        text = _text(change)
        if await session.scalar(_of(workspace_id).where(PlanningNoteRow.text == text).limit(1)) is None:
            note = PlanningNoteRow(component_key=change.component or None, plan_id=plan_id)
            await self._add(session, workspace_id, None, Origin.CHANGED, text, actor, note)
            await self._make_room(session, workspace_id)

    async def _add(
        self,
        session: AsyncSession,
        workspace_id: UUID,
        note_id: UUID | None,
        origin: Origin,
        text: str,
        actor: Actor,
        row: PlanningNoteRow | None = None,
    ) -> None:
        row = row or PlanningNoteRow(id=note_id)
        row.workspace_id, row.origin, row.text, row.author = workspace_id, origin, clip(text, MAX_TEXT), actor.user
        session.add(row)
        await session.flush()
        await audit.record(
            session, workspace_id, subject=row.id, actor=actor, action="note.added", origin=origin.value
        )

    async def _make_room(self, session: AsyncSession, workspace_id: UUID) -> None:
        of_decisions = _of(workspace_id).where(PlanningNoteRow.origin != Origin.WRITTEN)
        oldest = of_decisions.order_by(PlanningNoteRow.created_at.desc()).offset(MAX_KEPT).subquery()
        await session.execute(delete(PlanningNoteRow).where(PlanningNoteRow.id.in_(select(oldest.c.id))))

    async def _locked(
        self, session: AsyncSession, workspace_id: UUID, note_id: UUID, actor: Actor
    ) -> PlanningNoteRow | None:
        await self._approvals.check_may_set(session, workspace_id, actor.user)
        row = _of(workspace_id).where(PlanningNoteRow.id == note_id)
        return await session.scalar(row.with_for_update().execution_options(populate_existing=True))


def _check_shown(row: PlanningNoteRow, revision: int) -> None:
    if row.revision != revision:
        raise StaleVersion(shown=revision, current=row.revision, state="")


async def _is_deleted_by(session: AsyncSession, workspace_id: UUID, note_id: UUID, actor: Actor) -> bool:
    """Whether this very press has deleted it, and its worker died then."""
    found = select(AuditEvent.id).where(
        AuditEvent.workspace_id == workspace_id,
        AuditEvent.subject_id == note_id,
        AuditEvent.action == "note.deleted",
        AuditEvent.facts["press"].as_string() == (actor.press or ""),
    )
    return await session.scalar(found.limit(1)) is not None


def _of(workspace_id: UUID) -> Select[PlanningNoteRow]:
    return select(PlanningNoteRow).where(PlanningNoteRow.workspace_id == workspace_id)


def _text(said: Worded) -> str:
    return clip(str(replace(said, reason=masked(" ".join(said.reason.split())))), MAX_TEXT)


def _snapshot(row: PlanningNoteRow) -> NoteSnapshot:
    origin = Origin(row.origin)
    ours = None if origin is Origin.WRITTEN else worded(row.text, row.component_key)
    return NoteSnapshot(row.id, row.revision, row.text, origin, row.author, ours)
