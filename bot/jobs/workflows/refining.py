"""Drafts are changed: by a wish in words, by hand, or back to an earlier version."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from bot.deps import Deps
from bot.errors import RateLimited, SlackError, SlackUnavailable
from bot.jobs.registry import PATIENT_ATTEMPTS, Handler, Lane
from bot.languages import _
from bot.rechecking import rechecked
from bot.views.private.changes import not_changed
from bot.views.private.notes import Note
from db.queue import enqueue
from services import homes
from services.approvals import NotAnApprover
from services.errors import MoveNotAllowed, NotFound, StaleVersion
from services.jobs import EditPlan, RefinePlan, RestoreVersion, Tell, TellOfWish, WishOutcome
from services.jobs.refining import Change
from services.plans.editing import edited
from services.plans.validation import Fault
from services.queries import versions
from services.queries.snapshots import PlanSnapshot, VersionSnapshot
from services.states import PlanState
from services.workflows.refining import step_edit

logger = logging.getLogger("mudda.refining")


async def refine(job: RefinePlan, deps: Deps) -> None:
    """Hand the wish to the agents, or tell whoever wished for it, privately, why nothing is changed."""
    if not job.wish.strip():
        await refuse(job, WishOutcome.EMPTY, job.wish, deps)
        return
    try:
        async with deps.database.transaction() as session:
            await deps.refining.wish(session, job)
    except (NotFound, NotAnApprover, StaleVersion, MoveNotAllowed) as error:
        await refuse_for(job, error, job.wish, deps)


async def give_up_refining(job: RefinePlan, deps: Deps) -> None:
    """Nothing was changed, for a reason of ours."""
    await refuse(job, WishOutcome.BUSY, job.wish, deps)


async def edit(job: EditPlan, deps: Deps) -> None:
    """Keep a step as it was edited, checked once more against what there is now."""
    try:
        snapshot, version = await _current(job, deps)
        draft = await rechecked(snapshot, version, edited(version.plan, step_edit(job)), deps)
        if draft.report.errors:
            await refuse(job, WishOutcome.NOT_VALID, job.said, deps, faults=draft.report.errors)
            return
        async with deps.database.transaction() as session:
            await deps.refining.edit(session, job, draft)
            await deps.learning.keep_edit(session, job.workspace, job.plan, version.plan, draft.plan, job.actor)
    except (NotFound, NotAnApprover, StaleVersion, MoveNotAllowed) as error:
        await refuse_for(job, error, job.said, deps)


async def give_up_edit(job: EditPlan, deps: Deps) -> None:
    """Nothing was changed, for a reason of ours."""
    await refuse(job, WishOutcome.BUSY, job.said, deps)


async def restore(job: RestoreVersion, deps: Deps) -> None:
    """Bring a version back as a new one, checked once more against what there is now."""
    said = _wish_of(job)
    try:
        async with deps.database.reading() as session:
            snapshot = await deps.queries.get(session, job.workspace, job.plan)
            old = await versions.get(session, job.workspace, job.plan, job.to_version)
        draft = await rechecked(snapshot, old, old.plan, deps)
        if draft.report.errors:
            await refuse(job, WishOutcome.NOT_VALID, said, deps, faults=draft.report.errors)
            return
        async with deps.database.transaction() as session:
            await deps.refining.restore(session, job, draft)
    except (NotFound, NotAnApprover, StaleVersion, MoveNotAllowed) as error:
        await refuse_for(job, error, said, deps)


async def give_up_restoring(job: RestoreVersion, deps: Deps) -> None:
    """Nothing was changed, for a reason of ours."""
    await refuse(job, WishOutcome.BUSY, _wish_of(job), deps)


def _wish_of(job: RestoreVersion) -> str:
    return _("Restore version {number}.", number=str(job.to_version))


async def _current(job: EditPlan, deps: Deps) -> tuple[PlanSnapshot, VersionSnapshot]:
    """The plan as it was shown. Raises StaleVersion unless it is."""
    async with deps.database.reading() as session:
        snapshot = await deps.queries.get(session, job.workspace, job.plan)
    if snapshot.version is None or snapshot.revision != job.revision:
        raise StaleVersion(shown=job.revision or 0, current=snapshot.revision, state=snapshot.state)
    return snapshot, snapshot.version


async def tell_of_wish(job: TellOfWish, deps: Deps) -> None:
    """Say it; a person who has left the channel since can't be told, and that is no failure of ours.

    Whoever pressed on their Home is told in their direct message, and on the Home where to look.
    """
    try:
        channel = job.channel or await deps.slack.open_dm(job.user)
        await deps.slack.tell(channel, job.user, not_changed(job), thread_ts=job.thread_ts)
    except (RateLimited, SlackUnavailable):
        raise
    except SlackError as error:
        logger.info("Could not tell somebody privately: %s", error)
        return
    if not job.channel:
        async with deps.database.transaction() as session:
            await homes.tell(session, deps.workspace.id, job.user, Note.SEE_MESSAGES)


async def refuse_for(
    job: Change, error: NotFound | NotAnApprover | StaleVersion | MoveNotAllowed, said: str, deps: Deps
) -> None:
    """Say why a change was not made, as the error has it; `said` is what they wrote."""
    if isinstance(error, NotFound):
        words = Tell(
            workspace=job.workspace,
            channel=job.channel,
            user=job.user,
            note=Note.NOT_FOUND,
            thread_ts=job.thread_ts,
        )
        async with deps.database.transaction() as session:
            await enqueue(session, words, key=f"tell:{job.key}")
    elif isinstance(error, NotAnApprover):
        await refuse(job, WishOutcome.NOT_ALLOWED, said, deps)
    else:
        await _refuse_late(job, error.state, said, deps)


async def refuse(
    job: Change,
    outcome: WishOutcome,
    said: str,
    deps: Deps,
    *,
    by: str | None = None,
    faults: Sequence[Fault] = (),
) -> None:
    """Have it said; under a key, so that the same job run twice says it once."""
    words = TellOfWish(
        workspace=job.workspace,
        channel=job.channel,
        user=job.user,
        thread_ts=job.thread_ts,
        wish=said,
        outcome=outcome,
        by=by,
        faults=tuple(fault.to_dict() for fault in faults),
    )
    async with deps.database.transaction() as session:
        await enqueue(session, words, key=f"tell:{job.key}")


async def _refuse_late(job: Change, state: str, said: str, deps: Deps) -> None:
    """Somebody was first: with a change of their own, an approval, or by discarding the plan."""
    async with deps.database.reading() as session:
        plan = await deps.queries.get(session, job.workspace, job.plan)
    match state:
        case PlanState.DRAFTING:
            by = plan.change.by if plan.change else None
            await refuse(job, WishOutcome.UNDER_WAY, said, deps, by=by)
        case PlanState.APPROVED:
            await refuse(job, WishOutcome.OVER, said, deps, by=plan.decided_by)
        case PlanState.DISCARDED:
            await refuse(job, WishOutcome.DISCARDED, said, deps, by=plan.decided_by)
        case _:
            await refuse(job, WishOutcome.CHANGED_SINCE, said, deps)


HANDLERS = (
    Handler(EditPlan, Lane.QUICK, edit, give_up_edit),
    Handler(RestoreVersion, Lane.QUICK, restore, give_up_restoring),
    Handler(RefinePlan, Lane.QUICK, refine, give_up_refining),
    Handler(TellOfWish, Lane.QUICK, tell_of_wish, attempts=PATIENT_ATTEMPTS),
)
