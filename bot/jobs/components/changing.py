"""Components are changed by admins: edited, switched off and on, given secrets; and changes are taken back."""

from __future__ import annotations

from bot.admins import is_admin
from bot.deps import Deps
from bot.jobs.components.answering import give_up, tell
from bot.jobs.registry import Handler, Lane
from bot.slack.messages import Message
from bot.views.private.notes import Note, note_text
from bot.views.registry.told import Refusal, changed_message, refused, secret_message
from services.components.registry import ComponentChange, ComponentChanged, EditRefused, RegistryEntry
from services.components.secret_names import named_secrets
from services.errors import NotFound
from services.jobs import ComponentAct, EditComponent, SetComponentSecret, SwitchComponent, UndoComponent
from services.workspaces.component_secrets import SealedSecret

Change = EditComponent | SwitchComponent | UndoComponent


async def change(job: Change, deps: Deps) -> None:
    """Change a component, on record, and say what is what now; or why nothing was changed."""
    entry = await _entry(job, deps)
    if entry is None:
        return
    try:
        found, now = await _changed(job, deps)
    except (ComponentChanged, EditRefused):
        await tell(job, refused(Refusal.CHANGED, entry.definition.name), deps)
    except NotFound:
        await tell(job, Message(note_text(Note.NOT_FOUND), []), deps)
    else:
        name = entry.definition.name
        is_undone = isinstance(job, UndoComponent)
        message = (
            refused(Refusal.AS_IT_WAS, name) if found is None else changed_message(now, found, undone=is_undone)
        )
        await tell(job, message, deps)


async def set_secret(job: SetComponentSecret, deps: Deps) -> None:
    """Keep what was sealed, on record; of what it is nothing is said anywhere."""
    entry = await _entry(job, deps)
    if entry is None:
        return
    _variables, named = named_secrets(entry.definition)
    if job.name not in named:
        await tell(job, refused(Refusal.NO_SUCH_SECRET, entry.definition.name), deps)
        return
    async with deps.database.transaction() as session:
        if not await deps.registry.was_done(session, job.workspace, job.component, job.key):
            sealed = SealedSecret(job.sealed, job.key_id)
            key = entry.definition.key
            await deps.secrets.keep(session, job.workspace, key, job.name, sealed, job.actor, deps.now())
    await tell(job, secret_message(entry, job.name), deps)


async def _entry(job: ComponentAct, deps: Deps) -> RegistryEntry | None:
    """The component, if there is one and who submitted the form may change it; else they are told."""
    try:
        async with deps.database.reading() as session:
            entry = await deps.registry.get(session, job.workspace, job.component)
    except NotFound:
        await tell(job, Message(note_text(Note.NOT_FOUND), []), deps)
        return None
    if not await is_admin(job.user, deps):
        await tell(job, refused(Refusal.NOT_ADMIN), deps)
        return None
    return entry


async def _changed(job: Change, deps: Deps) -> tuple[ComponentChange | None, RegistryEntry]:
    """What was changed, and the component then."""
    registry = deps.registry
    async with deps.database.transaction() as session:
        match job:
            case EditComponent():
                found = await registry.edit(session, job.workspace, job.component, job.shown, job.texts, job.actor)
            case SwitchComponent():
                found = await registry.switch(
                    session, job.workspace, job.component, is_active=job.is_active, actor=job.actor
                )
            case UndoComponent():
                found = await registry.undo(session, job.workspace, job.component, job.change, job.actor)
    async with deps.database.reading() as session:
        return found, await registry.get(session, job.workspace, job.component)


HANDLERS = (
    Handler(EditComponent, Lane.QUICK, change, give_up),
    Handler(SwitchComponent, Lane.QUICK, change, give_up),
    Handler(UndoComponent, Lane.QUICK, change, give_up),
    Handler(SetComponentSecret, Lane.QUICK, set_secret, give_up),
)
