"""An issue from a message, by its menu or by an emoji; and the form for one, from anywhere."""

from __future__ import annotations

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.deps import Deps
from bot.listeners.guard import guard
from bot.slack import ids, payloads
from bot.views.modals.new_issue import new_issue_modal
from services.jobs import PlanMessage
from services.workspaces.settings import plan_emoji


def register(app: AsyncApp) -> None:
    """Add the listeners of this file."""
    app.shortcut(ids.SHORTCUT_PLAN)(guard(payloads.message_shortcut, plan_message))
    app.shortcut(ids.SHORTCUT_REPORT)(guard(payloads.shortcut, report_issue))
    app.event("reaction_added")(guard(payloads.reaction, plan_by_emoji))


async def plan_message(shortcut: payloads.MessageShortcut, deps: Deps, ack: AsyncAck) -> None:
    """Plan this issue, in the menu of a message."""
    await deps.intake.put(shortcut.key, _of_shortcut(shortcut, deps))
    await ack()


async def report_issue(shortcut: payloads.Shortcut, deps: Deps, ack: AsyncAck) -> None:
    """The form for a new issue, which is stated in no channel."""
    await deps.slack.open_view(shortcut.trigger_id, new_issue_modal(""))
    await ack()


async def plan_by_emoji(reaction: payloads.Reaction, deps: Deps, ack: AsyncAck) -> None:
    """The emoji that the workspace has set for it; nearly all that people put on messages is another."""
    is_chosen = reaction.message_ts and reaction.name == plan_emoji(deps.workspace.settings)
    if is_chosen and deps.workspace.bot_user_id not in (reaction.user, reaction.author):
        await deps.intake.put(reaction.key, _of_reaction(reaction, deps))
    await ack()


def _of_shortcut(shortcut: payloads.MessageShortcut, deps: Deps) -> PlanMessage:
    return PlanMessage(
        key=shortcut.key,
        workspace=deps.workspace.id,
        user=shortcut.user,
        channel=shortcut.channel,
        message_ts=shortcut.message_ts,
        source="shortcut",
        response_url=shortcut.response_url,
    )


def _of_reaction(reaction: payloads.Reaction, deps: Deps) -> PlanMessage:
    return PlanMessage(
        key=reaction.key,
        workspace=deps.workspace.id,
        user=reaction.user,
        channel=reaction.channel,
        message_ts=reaction.message_ts,
        source="emoji",
    )
