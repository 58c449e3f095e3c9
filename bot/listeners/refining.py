"""A draft is changed: Request changes, Edit step, and the versions that there are."""

from __future__ import annotations

from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.deps import Deps
from bot.errors import MalformedPayload
from bot.languages import _
from bot.listeners.guard import guard
from bot.rechecking import rechecked
from bot.slack import ids
from bot.slack.payloads import Click, click
from bot.slack.payloads import refining as payloads
from bot.views.modals.edit_errors import edit_errors
from bot.views.modals.edit_step import StepForm, edit_step_modal, said, step_choice_modal
from bot.views.modals.request_changes import request_changes_modal
from bot.views.modals.versions import compare_modal, versions_modal
from services.approvals import NotAnApprover
from services.errors import NotFound
from services.jobs import EditPlan, RefinePlan, RestoreVersion, TellOfWish, TypedInput, WishOutcome
from services.plans.editing import edited
from services.queries import versions
from services.queries.snapshots import PlanSnapshot, VersionSnapshot
from services.states import PlanState
from services.workflows.refining import UP_TO_DATE, step_edit

CHANGEABLE = frozenset({PlanState.DRAFT, PlanState.FAILED})


def register(app: AsyncApp) -> None:
    """Add the listeners of this file."""
    app.action(ids.ACTION_REQUEST_CHANGES)(guard(click, request_changes, members_only=True))
    app.action(ids.ACTION_PLAN_UPDATE)(guard(click, bring_up_to_date, members_only=True))
    app.action(ids.ACTION_PLAN_CHANGES)(guard(click, show_changes, members_only=True))
    app.action(ids.ACTION_VERSION_COMPARE)(guard(payloads.click_in_modal, compare, members_only=True))
    app.view(ids.VIEW_REQUEST_CHANGES)(guard(payloads.wish, wish, members_only=True))
    app.view(ids.VIEW_STEP_CHOICE)(guard(payloads.step_choice, edit_step, members_only=True))
    app.view(ids.VIEW_STEP_EDIT)(guard(payloads.step_edit, save_step, members_only=True))
    app.view(ids.VIEW_COMPARE)(guard(payloads.comparison, restore, members_only=True))


async def request_changes(pressed: Click, deps: Deps, ack: AsyncAck) -> None:
    """The form that asks what should be different, for whoever may change the plan as they see it."""
    snapshot = await _to_change(pressed, _ref(pressed.value), deps)
    if snapshot is not None:
        await deps.slack.open_view(pressed.trigger_id, request_changes_modal(snapshot, **_place(pressed)))
    await ack()


async def wish(form: payloads.WishForm, deps: Deps, ack: AsyncAck) -> None:
    """What should be different, handed over; one of words or choices there has to be."""
    if not form.wish:
        await ack(
            response_action="errors", errors={ids.BLOCK_WISH: _("Say in a sentence what should be different.")}
        )
        return
    await deps.intake.put(form.key, _wish(form, deps))
    await ack()


async def bring_up_to_date(pressed: Click, deps: Deps, ack: AsyncAck) -> None:
    """A plan that breaks the rules of today is refined by its faults; no words are needed."""
    await deps.intake.put(pressed.key, _update(pressed, deps))
    await ack()


async def choose_step(pressed: Click, ref: ids.Ref, deps: Deps) -> None:
    """Which step is to be edited."""
    snapshot = await _to_change(pressed, ref, deps)
    if snapshot is not None and snapshot.version is not None:
        view = step_choice_modal(snapshot, snapshot.version, **_place(pressed))
        await deps.slack.open_view(pressed.trigger_id, view)


async def edit_step(form: payloads.Form, deps: Deps, ack: AsyncAck) -> None:
    """The form of the step that was chosen, in place of the form that asked for it."""
    ref = _ref(form.value)
    step = _step_form(await _snapshot(ref, deps), ref, form.step)
    if step is None:
        await deps.intake.put(form.key, _told(form, WishOutcome.CHANGED_SINCE, deps))
        await ack()
    else:
        await ack(response_action="update", view=edit_step_modal(ref, step, form.place))


async def save_step(form: payloads.StepEditForm, deps: Deps, ack: AsyncAck) -> None:
    """What is wrong with it shows in the form; the rest is handed over, and so is what comes too late."""
    snapshot = await _snapshot(_ref(form.value), deps)
    step = _step_form(snapshot, _ref(form.value), form.step)
    job = _edit(form, step, deps)
    if step is not None and (errors := await _errors(snapshot, step, job, deps)):
        await ack(response_action="errors", errors=errors)
        return
    await deps.intake.put(form.key, job)
    await ack()


async def list_versions(pressed: Click, ref: ids.Ref, deps: Deps) -> None:
    """All versions of a plan in a modal."""
    async with deps.database.reading() as session:
        snapshot = await deps.queries.get(session, deps.workspace.id, ref.id)
        lines = await versions.lines(session, deps.workspace.id, ref.id)
    await deps.slack.open_view(pressed.trigger_id, versions_modal(snapshot, lines, **_place(pressed)))


async def show_changes(pressed: Click, deps: Deps, ack: AsyncAck) -> None:
    """All that is different in a version since the last one."""
    snapshot = await _snapshot(_ref(pressed.value), deps)
    if snapshot.version is None or snapshot.former is None:
        raise NotFound("version", "before")
    view = compare_modal(snapshot, snapshot.former, snapshot.version, **_place(pressed))
    await deps.slack.open_view(pressed.trigger_id, view)
    await ack()


async def compare(pressed: Click, deps: Deps, ack: AsyncAck) -> None:
    """One version beside the current one, on top of the list."""
    ref = _version_ref(pressed.value)
    snapshot, old = await _versions(ref, deps)
    assert snapshot.version is not None  # noqa: S101 - there is an old one
    await deps.slack.push_view(
        pressed.trigger_id, compare_modal(snapshot, old, snapshot.version, **_place(pressed))
    )
    await ack()


async def restore(form: payloads.Form, deps: Deps, ack: AsyncAck) -> None:
    """Bring a version back; if it breaks today's rules the modal says which, and nothing is changed."""
    ref = _version_ref(form.value)
    snapshot, old = await _versions(ref, deps)
    draft = await rechecked(snapshot, old, old.plan, deps)
    if draft.report.errors and snapshot.version is not None:
        view = compare_modal(snapshot, old, snapshot.version, draft.report.errors, **_place(form))
        await ack(response_action="update", view=view)
        return
    await deps.intake.put(form.key, _restoring(form, ref, deps))
    await ack(response_action="clear")


async def _to_change(pressed: Click, ref: ids.Ref, deps: Deps) -> PlanSnapshot | None:
    """The plan as it was shown; None if it has changed since or is not for them to change, which they are told."""
    snapshot = await _snapshot(ref, deps)
    outcome = None
    if not await _may_change(pressed.user, snapshot, deps):
        outcome = WishOutcome.NOT_ALLOWED
    elif snapshot.revision != ref.revision or snapshot.state not in CHANGEABLE:
        outcome = WishOutcome.CHANGED_SINCE
    if outcome is not None:
        await deps.intake.put(pressed.key, _told(pressed, outcome, deps))
    return snapshot if outcome is None else None


async def _may_change(user: str, snapshot: PlanSnapshot, deps: Deps) -> bool:
    asker, also = snapshot.issue.reporter, snapshot.requester
    try:
        async with deps.database.reading() as session:
            await deps.approvals.check_may_discard(session, deps.workspace.id, user, requester=asker, also=also)
    except NotAnApprover:
        return False
    return True


async def _snapshot(ref: ids.Ref, deps: Deps) -> PlanSnapshot:
    async with deps.database.reading() as session:
        return await deps.queries.get(session, deps.workspace.id, ref.id)


async def _versions(ref: ids.VersionRef, deps: Deps) -> tuple[PlanSnapshot, VersionSnapshot]:
    async with deps.database.reading() as session:
        snapshot = await deps.queries.get(session, deps.workspace.id, ref.plan.id)
        return snapshot, await versions.get(session, deps.workspace.id, ref.plan.id, ref.version)


def _step_form(snapshot: PlanSnapshot, ref: ids.Ref, step_id: str) -> StepForm | None:
    """The form of a step of the plan as it was shown; None if the plan has changed since."""
    version = snapshot.version
    if snapshot.revision != ref.revision or snapshot.state is not PlanState.DRAFT or version is None:
        return None
    step = next((step for step in version.plan.steps if step.step_id == step_id), None)
    return None if step is None else StepForm(version, step)


async def _errors(snapshot: PlanSnapshot, form: StepForm, job: EditPlan, deps: Deps) -> dict[str, str]:
    """What would be wrong with the plan if the step were as it was edited, by the blocks of its form."""
    assert snapshot.version is not None  # noqa: S101 - the form is of one of its steps
    plan = edited(snapshot.version.plan, step_edit(job))
    draft = await rechecked(snapshot, snapshot.version, plan, deps)
    return edit_errors(form, draft.report.errors, removed=job.removed)


def _wish(form: payloads.WishForm, deps: Deps) -> RefinePlan:
    ref = _ref(form.value)
    return RefinePlan(
        key=form.key,
        workspace=deps.workspace.id,
        plan=ref.id,
        revision=ref.revision,
        wish=form.wish,
        user=form.user,
        **_place(form),
    )


def _update(pressed: Click, deps: Deps) -> RefinePlan:
    ref = _ref(pressed.value)
    return RefinePlan(
        key=pressed.key,
        workspace=deps.workspace.id,
        plan=ref.id,
        revision=ref.revision,
        wish=UP_TO_DATE,
        user=pressed.user,
        **_place(pressed),
    )


def _edit(form: payloads.StepEditForm, step: StepForm | None, deps: Deps) -> EditPlan:
    """The edit as a job; of one that comes too late only what was typed, so that it can be given back."""
    ref = _ref(form.value)
    given = {"key": form.key, "workspace": deps.workspace.id, "plan": ref.id, "revision": ref.revision}
    who = {"user": form.user, "step_id": form.step, "after": form.after, "removed": form.removed, **_place(form)}
    if step is None:
        return EditPlan(**given, **who, said="\n".join(filter(None, form.values.values())))
    read = (
        step.read(field, form.values[number]) for number, field in enumerate(step.fields) if number in form.values
    )
    typed = [item for item in read if item is not None]
    gated = step.step.requires_approval if step.always_asks else form.gated
    inputs = tuple(TypedInput(location=item.location, name=item.name, value=item.value) for item in typed)
    words = said(step, typed, gated=gated, removed=form.removed)
    return EditPlan(**given, **who, inputs=inputs, gated=gated, said=words)


def _restoring(form: payloads.Form, ref: ids.VersionRef, deps: Deps) -> RestoreVersion:
    return RestoreVersion(
        key=form.key,
        workspace=deps.workspace.id,
        plan=ref.plan.id,
        revision=ref.plan.revision,
        to_version=ref.version,
        user=form.user,
        **_place(form),
    )


def _told(request: Click | payloads.Form, outcome: WishOutcome, deps: Deps) -> TellOfWish:
    place = {"channel": request.channel, "thread_ts": request.thread_ts}
    return TellOfWish(workspace=deps.workspace.id, user=request.user, wish="", outcome=outcome, **place)


def _place(request: Click | payloads.Form) -> dict[str, Any]:
    """Where the card is."""
    return {"channel": request.channel, "message_ts": request.message_ts, "thread_ts": request.thread_ts}


def _ref(value: str) -> ids.Ref:
    try:
        return ids.Ref.decode(value)
    except ValueError as error:
        raise MalformedPayload("a value that we did not write") from error


def _version_ref(value: str) -> ids.VersionRef:
    try:
        return ids.VersionRef.decode(value)
    except ValueError as error:
        raise MalformedPayload("a value that we did not write") from error
