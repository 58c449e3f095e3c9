"""A dry run: what a plan would send is found out, put on record, and shown in the thread of its card."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from uuid import UUID

from bot.deps import Deps
from bot.errors import ChannelUnreachable
from bot.jobs.messages.posting import find_earlier
from bot.jobs.registry import Handler, Lane
from bot.languages import speaking
from bot.readers import language_of_card
from bot.views.messages.dry_run import dry_run as messages
from bot.views.private.notes import Note, stale
from db.queue import enqueue
from services.components.definitions import ComponentDefinition
from services.components.specs import ComponentSpec
from services.errors import NotFound, StaleVersion
from services.jobs import MakeDryRun, Tell
from services.queries.snapshots import PlanSnapshot, VersionSnapshot
from services.runs import dry_runs

logger = logging.getLogger("mudda.dry_runs")


@dataclass(frozen=True, slots=True)
class _Found:
    """All that a dry run needs to know before it begins; `kept`: an earlier try has come this far."""

    workspace_id: UUID
    snapshot: PlanSnapshot
    version: VersionSnapshot
    definitions: dict[str, ComponentDefinition]
    specs: dict[str, ComponentSpec]
    kept: dry_runs.DryRun | None


async def dry_run(job: MakeDryRun, deps: Deps) -> None:
    """Find out, keep, show; or tell whoever asked, privately, why not."""
    try:
        found = await _found(job, deps)
    except NotFound:
        await _refuse(job, Note.NOT_FOUND, deps)
    except StaleVersion as error:
        await _refuse(job, stale(error.state), deps)
    else:
        kept = found.kept or await _made(job, found, deps)
        # A plan that was drafted anew since an earlier try has no use for what was found of the old one.
        if kept.version == found.version.version:
            await _post(found, kept, is_first_try=found.kept is None, deps=deps)


async def _found(job: MakeDryRun, deps: Deps) -> _Found:
    async with deps.database.reading() as session:
        snapshot = await deps.queries.get(session, job.workspace, job.plan)
        kept = await dry_runs.kept_under(session, job.workspace, job.plan, job.key)
        if snapshot.version is None or (kept is None and snapshot.revision != job.revision):
            raise StaleVersion(shown=job.revision, current=snapshot.revision, state=snapshot.state)
        plan = snapshot.version.plan
        definitions, specs = await dry_runs.definitions(session, job.workspace, plan, deps.components)
    return _Found(job.workspace, snapshot, snapshot.version, definitions, specs, kept)


async def _made(job: MakeDryRun, found: _Found, deps: Deps) -> dry_runs.DryRun:
    """Go through the plan with no session open, and put what was found on record."""
    plan = found.version.plan
    rehearsal = dry_runs.DryRunner(
        plan, found.snapshot.issue, found.definitions, deps.connector, deps.contexts, job.workspace, deps.door
    )
    steps = await rehearsal.forecasts()
    async with deps.database.transaction() as session:
        return await dry_runs.keep(
            session,
            found.workspace_id,
            job.plan,
            key=job.key,
            version=found.version.version,
            actor=job.actor,
            steps=steps,
            faults=dry_runs.faults_of(plan, found.specs),
        )


async def _post(found: _Found, kept: dry_runs.DryRun, *, is_first_try: bool, deps: Deps) -> None:
    """Post what is not there yet, in order."""
    async with deps.database.transaction() as session:
        channel, thread_ts = await deps.cards.place(session, found.workspace_id, found.snapshot.id)
    with speaking(language_of_card(found.snapshot, deps.workspace)):
        drawn = messages(found.snapshot, found.version, kept)
    try:
        for message in drawn:
            if is_first_try or not await find_earlier(channel, message, thread_ts, kept.at, deps):
                await deps.slack.post(channel, message, thread_ts=thread_ts)
    except ChannelUnreachable as error:
        logger.info("Could not post a dry run: %s", error)


async def give_up_dry_run(job: MakeDryRun, deps: Deps) -> None:
    """Nothing was found out, for a reason of ours."""
    await _refuse(job, Note.BUSY, deps)


async def _refuse(job: MakeDryRun, note: str, deps: Deps) -> None:
    words = Tell(workspace=job.workspace, channel=job.channel, user=job.user, note=note, thread_ts=job.thread_ts)
    async with deps.database.transaction() as session:
        await enqueue(session, words, key=f"tell:{job.key}")


HANDLERS = (Handler(MakeDryRun, Lane.STEPS, dry_run, give_up_dry_run),)
