"""Planning notes are written, changed and deleted."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from bot.deps import Deps
from bot.jobs.registry import Handler, Lane
from bot.views.private.notes import Note, with_people
from db.queue import enqueue
from services.approvals import NotAnApprover
from services.errors import NotFound, StaleVersion
from services.jobs import DeleteNote, SaveNote, Tell, TurnPage


async def save_note(job: SaveNote, deps: Deps) -> None:
    """Keep it and show the list as it is then, or tell whoever wrote it why nothing was changed."""
    await _carried_out(job, deps)


async def delete_note(job: DeleteNote, deps: Deps) -> None:
    """Forget it and show the list as it is then, or tell whoever pressed why nothing was changed."""
    await _carried_out(job, deps)


async def give_up(job: SaveNote | DeleteNote, deps: Deps) -> None:
    """Nothing was changed, for a reason of ours."""
    await _refuse(job, Note.BUSY, deps)


async def _carried_out(job: SaveNote | DeleteNote, deps: Deps) -> None:
    try:
        async with deps.database.transaction() as session:
            await _change(session, job, deps)
            if job.response_url is not None:
                await enqueue(session, _first_page(job, job.response_url))
    except NotAnApprover as error:
        await _refuse(job, with_people(Note.NOTES_CLOSED, error.approvers), deps)
    except NotFound:
        await _refuse(job, Note.NOTE_GONE, deps)
    except StaleVersion:
        await _refuse(job, Note.NOTE_CHANGED, deps)


async def _change(session: AsyncSession, job: SaveNote | DeleteNote, deps: Deps) -> None:
    notes, of = deps.learning.notes, job.workspace
    if isinstance(job, DeleteNote):
        await notes.delete(session, of, job.target, job.revision, job.actor)
    elif job.revision:
        await notes.edit(session, of, job.target, job.revision, job.text, job.actor)
    else:
        await notes.write(session, of, job.target, job.text, job.actor)


def _first_page(job: SaveNote | DeleteNote, response_url: str) -> TurnPage:
    return TurnPage(
        workspace=job.workspace, listing="notes", search="", page=1, user=job.user, response_url=response_url
    )


async def _refuse(job: SaveNote | DeleteNote, note: str, deps: Deps) -> None:
    words = Tell(
        workspace=job.workspace, channel=job.channel, user=job.user, note=note, response_url=job.response_url
    )
    async with deps.database.transaction() as session:
        await enqueue(session, words, key=f"tell:{job.key}:{job.user}:{note}")


HANDLERS = (
    Handler(SaveNote, Lane.QUICK, save_note, give_up),
    Handler(DeleteNote, Lane.QUICK, delete_note, give_up),
)
