"""Steps of workflows of Workflow Builder: a plan is drafted for one, or waited for, and Slack is told the end.

With the workspace's own token, for that of the workflow is gone by then. No step approves anything.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable
from datetime import timedelta

from bot.deps import Deps
from bot.errors import RateLimited, SlackError, SlackUnavailable
from bot.jobs.messages.posting import link
from bot.jobs.registry import PATIENT_ATTEMPTS, Handler, Lane
from bot.languages import speaking, spoken
from bot.readers import language_of_card
from bot.views.messages import functions as views
from bot.views.messages.functions import Refusal
from services import functions
from services.errors import NotFound
from services.functions import SUCCESSES, Execution, Function, Outcome
from services.jobs import CompleteFunction, DraftForWorkflow, JobDeferral, OpenPlan, WaitForPlan
from services.planners import MayNotPlan, check_may_plan
from services.queries.snapshots import PlanSnapshot

logger = logging.getLogger("mudda.functions")

CARD_POLL = timedelta(seconds=1)
"""When to look again whether the card of a plan that was drafted has been posted."""

SOURCE = "workflow"

NOBODY_WAITS = frozenset({"execution_not_in_running_state", "function_execution_not_found"})
"""Slack's words where it was told before, or the workflow was ended."""


async def draft_for_workflow(job: DraftForWorkflow, deps: Deps) -> None:
    """Write the issue down, once; the step ends when there is something to decide about."""
    if not job.text:
        await _refuse(job, views.refusal(Refusal.NO_ISSUE), deps)
        return
    channel = await _channel(job, deps)
    if not channel:
        await _refuse(job, views.refusal(Refusal.NO_CHANNEL), deps)
        return
    reporter = job.user or deps.workspace.bot_user_id
    issue = OpenPlan(
        key=job.key, workspace=job.workspace, source=SOURCE, channel=channel, reporter=reporter, text=job.text
    )
    try:
        async with deps.database.transaction() as session:
            await check_may_plan(session, job.workspace, reporter, deps.approvals)
            plan = await deps.workflows.open_plan(session, issue, (), spoken().tag)
            await functions.wait(session, job.workspace, job.execution, Function.DRAFT, plan, job.user)
    except MayNotPlan as error:
        await _refuse(job, views.may_not_plan(error.people, is_named=job.user is not None), deps)


async def wait_for_plan(job: WaitForPlan, deps: Deps) -> None:
    """Wait until the run of a plan is over; one that nobody has approved waits for that, too."""
    try:
        if job.number is None or (job.user and not await _is_member(job.user, deps)):
            raise NotFound("plan", job.number or 0)
        async with deps.database.transaction() as session:
            plan = await deps.queries.get_by_number(session, job.workspace, job.number)
            viewer = await deps.queries.viewer(session, job.workspace, job.user or "")
            await deps.queries.check_may_see(session, plan, viewer)
            await functions.wait(session, job.workspace, job.execution, Function.RUN, plan.id, job.user)
    except NotFound:
        await _refuse(job, views.refusal(Refusal.NOT_FOUND), deps)
        return
    # Looked at anew: from now on nothing that becomes of it is missed.
    async with deps.database.transaction() as session:
        plan = await deps.queries.get(session, job.workspace, plan.id)
        await functions.follow(session, job.workspace, plan)


async def give_up_function(job: DraftForWorkflow | WaitForPlan, deps: Deps) -> None:
    """It was not begun, for a reason of ours."""
    await _refuse(job, views.refusal(Refusal.INTERNAL), deps)


async def complete_function(job: CompleteFunction, deps: Deps) -> None:
    """Tell Slack how it ended; nothing if it has been told."""
    async with deps.database.reading() as session:
        execution = await functions.get(session, job.workspace, job.step)
        if execution is None:
            return
        plan = await deps.queries.get(session, job.workspace, execution.plan) if execution.plan else None
    outcome = Outcome.FORGOTTEN if plan is None else functions.outcome_of(execution.function, plan)
    if outcome is None:
        return
    language = spoken() if plan is None else language_of_card(plan, deps.workspace)
    with speaking(language):
        await _tell(execution, outcome, plan, deps)
    async with deps.database.transaction() as session:
        await functions.completed(session, job.workspace, job.step, deps.now())


async def _tell(execution: Execution, outcome: Outcome, plan: PlanSnapshot | None, deps: Deps) -> None:
    if plan is None or outcome not in SUCCESSES:
        await _said(deps.slack.fail_function(execution.execution_id, views.failed(outcome, plan)))
        return
    outputs: dict[str, object] = {"plan_number": plan.number, "outcome": views.OUTCOMES[outcome]}
    if address := await _address(plan, deps):
        outputs["plan_link"] = address
    if not await _said(deps.slack.complete_function(execution.execution_id, outputs)):
        # In a workflow that was made with other outputs: it must not wait for ever.
        await _said(deps.slack.fail_function(execution.execution_id, views.refusal(Refusal.INTERNAL)))


async def _address(plan: PlanSnapshot, deps: Deps) -> str | None:
    """Where the card is in Slack; it may be on its way there."""
    if plan.link is not None:
        return plan.link
    async with deps.database.transaction() as session:
        channel, ts = await deps.cards.message(session, deps.workspace.id, plan.id)
    if ts is None and plan.run is None:
        raise JobDeferral(CARD_POLL, "the card has not been posted yet")
    return await link(channel, ts, deps)


async def _is_member(user: str, deps: Deps) -> bool:
    """Whether a person is of this organisation: others see no plan but that in whose thread they write."""
    return await deps.slack.is_member(user, deps.workspace.team_id, deps.workspace.enterprise_id)


async def _refuse(job: DraftForWorkflow | WaitForPlan, sentence: str, deps: Deps) -> None:
    await _said(deps.slack.fail_function(job.execution, sentence))


async def _said(call: Awaitable[None]) -> bool:
    """Say how it ended; False if Slack does not take that. That nobody waits any more is no fault."""
    try:
        await call
    except (RateLimited, SlackUnavailable):
        raise
    except SlackError as error:
        logger.warning("A step of a workflow was not ended by this: %s", error)
        return error.code in NOBODY_WAITS
    return True


async def _channel(job: DraftForWorkflow, deps: Deps) -> str:
    """Where the card is to be: where the workflow says, where it usually is, or with the person alone."""
    usual = deps.workspace.settings.get("default_channel") or ""
    return job.channel or usual or (await deps.slack.open_dm(job.user) if job.user else "")


HANDLERS = (
    Handler(DraftForWorkflow, Lane.QUICK, draft_for_workflow, give_up_function, attempts=PATIENT_ATTEMPTS),
    Handler(WaitForPlan, Lane.QUICK, wait_for_plan, give_up_function, attempts=PATIENT_ATTEMPTS),
    Handler(CompleteFunction, Lane.QUICK, complete_function, attempts=PATIENT_ATTEMPTS),
)
