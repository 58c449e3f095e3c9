"""Somebody tries a component that only reads: one call, by the same door as those of plans."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from bot.deps import Deps
from bot.jobs.components.answering import give_up, tell
from bot.jobs.registry import Handler, Lane
from bot.slack.messages import Message
from bot.views.private.notes import Note, note_text
from bot.views.registry.told import Refusal, held_message, refused, tried_message
from services import audit
from services.components.definitions import ComponentDefinition
from services.components.registry import RegistryEntry
from services.connectors import CallError, Response, call_component, prepare, preview
from services.connectors.trying import is_tryable, typed_inputs
from services.errors import NotFound
from services.health.door import Caller, Held
from services.jobs import TryComponent


async def try_component(job: TryComponent, deps: Deps) -> None:
    """Call it once and show what was sent and what came back. What may change something is never called."""
    try:
        async with deps.database.reading() as session:
            entry = await deps.registry.get(session, job.workspace, job.component)
    except NotFound:
        await tell(job, Message(note_text(Note.NOT_FOUND), []), deps)
        return
    if not is_tryable(entry.definition):
        await tell(job, refused(Refusal.WRITES, entry.definition.name), deps)
    elif not entry.active:
        await tell(job, refused(Refusal.SWITCHED_OFF, entry.definition.name), deps)
    else:
        await tell(job, await _tried(job, entry, deps), deps)


async def _tried(job: TryComponent, entry: RegistryEntry, deps: Deps) -> Message:
    try:
        request = prepare(entry.definition, typed_inputs(entry.definition, job.texts))
    except CallError as error:
        return tried_message(entry, None, error)
    sent: Any = preview(request)
    caller = Caller(job.workspace, uuid4(), {}, is_wanted=True)
    async with deps.door.call(caller, entry.definition) as held:
        if isinstance(held, Held):
            return held_message(entry, held)
        try:
            context = await deps.contexts.of(job.workspace, entry.definition)
        except CallError as error:
            return tried_message(entry, sent, error)
        answer = await call_component(
            request, entry.definition, idempotency_key=job.key, connector=deps.connector, context=context
        )
    await _noted(job, entry.definition, answer, deps)
    return tried_message(entry, sent, answer)


async def _noted(
    job: TryComponent, definition: ComponentDefinition, answer: Response | CallError, deps: Deps
) -> None:
    """That it was called, and by whom, is on record; not with what."""
    await deps.door.note(job.workspace, definition, answer)
    async with deps.database.transaction() as session:
        await audit.record(
            session,
            job.workspace,
            subject=job.component,
            actor=job.actor,
            action="component.tried",
            component=definition.key,
        )


HANDLERS = (Handler(TryComponent, Lane.STEPS, try_component, give_up),)
