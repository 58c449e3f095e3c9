"""views.*: modals and the App Home."""

from __future__ import annotations

from bot.sandbox.slack.errors import SlackError
from bot.sandbox.slack.limits import check_view
from bot.sandbox.slack.limits.blocks import HOME, MODAL
from bot.sandbox.slack.methods.arguments import Context, Method, decoded, required_text, text_argument
from bot.sandbox.slack.state.model import Json, View
from bot.sandbox.slack.state.workspace import VIEWS_IN_A_STACK


def open_(context: Context, args: Json) -> Json:
    """views.open: exchanges a trigger id for a modal."""
    body = _view_argument(args, MODAL)
    trigger = context.tickets.exchange_trigger(text_argument(args, "trigger_id"))
    _check_external_id(context, body)
    view = context.workspace.new_view(trigger.user, body)
    context.workspace.open_view(view)
    return {"view": context.workspace.view_json(view)}


def push(context: Context, args: Json) -> Json:
    """views.push: exchanges a trigger id from within a modal for one on top of it, three at most."""
    body = _view_argument(args, MODAL)
    trigger = context.tickets.exchange_trigger(text_argument(args, "trigger_id"))
    stack = context.workspace.stacks[trigger.user]
    if not trigger.in_view or not stack:
        raise SlackError("not_found")
    if len(stack) >= VIEWS_IN_A_STACK:
        raise SlackError("push_limit_reached")
    _check_external_id(context, body)
    view = context.workspace.new_view(trigger.user, body)
    context.workspace.push_view(view)
    return {"view": context.workspace.view_json(view)}


def update(context: Context, args: Json) -> Json:
    """views.update, of an open modal by view_id or external_id; `hash` must be the newest if it is given."""
    body = _view_argument(args, MODAL)
    view = context.workspace.find_view(text_argument(args, "view_id"), text_argument(args, "external_id"))
    if view is None or not view.is_modal:
        raise SlackError("not_found")
    _check_hash(args, view)
    _check_external_id(context, body, own=view)
    context.workspace.replace_view(view, body)
    return {"view": context.workspace.view_json(view)}


def publish(context: Context, args: Json) -> Json:
    """views.publish: a user's App Home."""
    body = _view_argument(args, HOME)
    workspace = context.workspace
    user = workspace.users.get(required_text(args, "user_id"))
    if user is None or user.is_bot:
        raise SlackError("user_not_found")
    view = workspace.homes.get(user.id)
    if view is None:
        _check_external_id(context, body)
        view = workspace.new_view(user.id, body)
        workspace.publish_home(view)
    else:
        _check_hash(args, view)
        _check_external_id(context, body, own=view)
        workspace.replace_view(view, body)
    return {"view": workspace.view_json(view)}


def _view_argument(args: Json, surface: str) -> Json:
    return check_view(decoded(args, "view", "invalid_arguments"), surface=surface)


def _check_hash(args: Json, view: View) -> None:
    given = text_argument(args, "hash")
    if given is not None and given != view.hash:
        raise SlackError("hash_conflict")


def _check_external_id(context: Context, body: Json, own: View | None = None) -> None:
    external_id = body.get("external_id")
    other = context.workspace.find_view(external_id=external_id) if external_id else None
    if other is not None and other is not own:
        raise SlackError("duplicate_external_id")


METHODS: dict[str, Method] = {
    "views.open": open_,
    "views.push": push,
    "views.update": update,
    "views.publish": publish,
}
