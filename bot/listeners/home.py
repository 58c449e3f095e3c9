"""A person's Home: it is opened, its lists are turned, and admins set up the workspace there."""

from __future__ import annotations

from typing import get_args

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.deps import Deps
from bot.errors import MalformedPayload
from bot.languages import _
from bot.listeners.guard import guard
from bot.listeners.paging import buttons_of
from bot.slack import ids, payloads
from bot.views.modals.approvers import MAX_REMINDER_MINUTES, approvals_modal
from bot.views.modals.new_issue import new_issue_modal
from bot.views.modals.settings import settings_modal
from bot.views.private.notes import Note
from bot.views.private.setting_faults import setting_fault
from services import homes
from services.approvals import NotAnApprover
from services.jobs import HomeList, OpenHome, SaveSettings, SuggestPrompts, Tell, TurnHome
from services.workspaces import settings as workspace_settings
from services.workspaces.settings import NAMED, SettingRefused


def register(app: AsyncApp) -> None:
    """Add the listeners of this file."""
    app.event("app_home_opened")(guard(payloads.home_opened, opened))
    app.action(ids.ACTION_HOME_ISSUE)(guard(payloads.click, report_issue))
    app.action(buttons_of(ids.ACTION_HOME_PAGE))(guard(payloads.click, turn_page))
    app.action(ids.ACTION_HOME_SETTINGS)(guard(payloads.click, show_settings, members_only=True))
    app.action(ids.ACTION_HOME_APPROVERS)(guard(payloads.click, show_approvers, members_only=True))
    app.view(ids.VIEW_SETTINGS)(guard(payloads.settings, save_settings, members_only=True))


async def opened(event: payloads.HomeOpened, deps: Deps, ack: AsyncAck) -> None:
    """Somebody looks at their Home: have it drawn. At the messages beside it: say what may be written there."""
    if event.is_home:
        job = OpenHome(workspace=deps.workspace.id, user=event.user, view_hash=event.view_hash)
        await deps.intake.put(event.key, job)
    elif event.dm is not None:
        suggestion = SuggestPrompts(workspace=deps.workspace.id, user=event.user, channel=event.dm)
        await deps.intake.put(event.key, suggestion)
    await ack()


async def report_issue(click: payloads.Click, deps: Deps, ack: AsyncAck) -> None:
    """The form for a new issue, which is stated in no channel."""
    await deps.slack.open_view(click.trigger_id, new_issue_modal(""))
    await ack()


async def turn_page(click: payloads.Click, deps: Deps, ack: AsyncAck) -> None:
    """Previous or Next under a list."""
    await deps.intake.put(click.key, _turn(click, deps))
    await ack()


async def show_settings(click: payloads.Click, deps: Deps, ack: AsyncAck) -> None:
    """The form of settings, for whoever may change them."""
    async with deps.database.reading() as session:
        rules = await deps.approvals.settings(session, deps.workspace.id)
        settings = await workspace_settings.current(session, deps.workspace.id)
        is_admin = await homes.is_admin(session, deps.workspace.id, click.user)
    if is_admin or click.user in rules.approvers:
        await deps.slack.open_view(click.trigger_id, settings_modal(settings, rules, deps.defaults))
    else:
        await deps.intake.put(click.key, _tell(click, Note.SETTINGS_CLOSED, deps))
    await ack()


async def show_approvers(click: payloads.Click, deps: Deps, ack: AsyncAck) -> None:
    """The form of approvers, for whoever may change them."""
    try:
        async with deps.database.reading() as session:
            await deps.approvals.check_may_set(session, deps.workspace.id, click.user)
            rules = await deps.approvals.settings(session, deps.workspace.id)
    except NotAnApprover:
        await deps.intake.put(click.key, _tell(click, Note.APPROVALS_CLOSED, deps))
    else:
        await deps.slack.open_view(click.trigger_id, approvals_modal(rules, ""))
    await ack()


async def save_settings(form: payloads.SettingsForm, deps: Deps, ack: AsyncAck) -> None:
    """What can't be meant shows in the form; the rest is handed over."""
    if errors := _errors(form):
        await ack(response_action="errors", errors=errors)
        return
    await deps.intake.put(form.key, _save(form, deps))
    await ack()


def _texts(form: payloads.SettingsForm) -> dict[str, str]:
    """The settings as `mudda workspaces set` takes them; empty for what holds everywhere."""
    language = {} if form.language is None else {"language": form.language.replace("default", "")}
    return {
        "may_plan": form.may_plan,
        "planners": ",".join(form.planners),
        "default_channel": form.default_channel,
        "time_zone": form.time_zone,
        "tokens_per_day": form.tokens_per_day,
        "learn_from_plans": form.learn_from_plans.replace("default", ""),
        "plan_days": form.plan_days,
        "plan_emoji": form.plan_emoji,
        **language,
    }


_BLOCKS = {
    "may_plan": ids.BLOCK_MAY_PLAN,
    "planners": ids.BLOCK_PLANNERS,
    "default_channel": ids.BLOCK_DEFAULT_CHANNEL,
    "time_zone": ids.BLOCK_TIME_ZONE,
    "tokens_per_day": ids.BLOCK_TOKENS,
    "learn_from_plans": ids.BLOCK_LEARN,
    "plan_days": ids.BLOCK_PLAN_DAYS,
    "plan_emoji": ids.BLOCK_PLAN_EMOJI,
    "language": ids.BLOCK_LANGUAGE,
}


def _errors(form: payloads.SettingsForm) -> dict[str, str]:
    """A sentence for each field with something wrong in it."""
    errors = {}
    for name, text in _texts(form).items():
        try:
            workspace_settings.read(name, text) if text else None
        except SettingRefused as error:
            errors[_BLOCKS[name]] = setting_fault(error)
    if form.may_plan == NAMED and not form.planners:
        errors[ids.BLOCK_PLANNERS] = _("Name somebody, or choose another answer above.")
    if not (form.remind_after.isascii() and form.remind_after.isdecimal() and len(form.remind_after) < 10) or (
        int(form.remind_after) > MAX_REMINDER_MINUTES
    ):
        errors[ids.BLOCK_REMIND_AFTER] = _(
            "A whole number of minutes from 0 (never) to {most} (a week).", most=MAX_REMINDER_MINUTES
        )
    return errors


def _save(form: payloads.SettingsForm, deps: Deps) -> SaveSettings:
    return SaveSettings(
        key=form.key,
        workspace=deps.workspace.id,
        user=form.user,
        settings=_texts(form),
        self_approval=form.self_approval == "true",
        remind_after_minutes=int(form.remind_after),
    )


def _turn(click: payloads.Click, deps: Deps) -> TurnHome:
    try:
        page = ids.PageRef.decode(click.value)
        listing: HomeList = next(name for name in get_args(HomeList) if name == page.search)
    except (ValueError, StopIteration) as error:
        raise MalformedPayload("a button's value that we did not write") from error
    return TurnHome(workspace=deps.workspace.id, user=click.user, listing=listing, page=page.page)


def _tell(click: payloads.Click, note: Note, deps: Deps) -> Tell:
    return Tell(workspace=deps.workspace.id, channel=click.channel, user=click.user, note=note)
