"""The payloads that Slack sends: commands, events, block actions, submissions."""

from __future__ import annotations

from urllib.parse import urlsplit

from bot.sandbox.slack.state.functions import FunctionExecution
from bot.sandbox.slack.state.inputs import state_of
from bot.sandbox.slack.state.model import Channel, Json, Message, User, View
from bot.sandbox.slack.state.shapes import message_object, user_object
from bot.sandbox.slack.state.workspace import Workspace

# Slack still sends the verification token that apps no longer need; bots should not look at it.
VERIFICATION_TOKEN = "legacy-verification-token"  # noqa: S105

EVENTS = frozenset(
    {
        "app_mention",
        "message.im",
        "message.channels",
        "message.groups",
        "app_home_opened",
        "reaction_added",
        "agent_session_stopped",
        "function_executed",
        "entity_details_requested",
        "user_change",
    }
)
"""What an app has subscribed to that is told of everything there is."""


def command_form(
    workspace: Workspace,
    user: User,
    channel: Channel,
    *,
    command: str,
    text: str,
    trigger_id: str,
    response_url: str,
) -> dict[str, str]:
    """The form of a slash command."""
    names = {"public_channel": channel.name, "im": "directmessage", "private_channel": "privategroup"}
    return {
        "token": VERIFICATION_TOKEN,
        "team_id": workspace.team.id,
        "team_domain": workspace.team.domain,
        "channel_id": channel.id,
        "channel_name": names.get(channel.kind, channel.name),
        "user_id": user.id,
        "user_name": user.name,
        "command": command,
        "text": text,
        "api_app_id": workspace.app_id,
        # As a text, where all else has a boolean.
        "is_enterprise_install": "true" if workspace.is_org_wide else "false",
        **({"enterprise_id": workspace.enterprise_id} if workspace.enterprise_id else {}),
        "response_url": response_url,
        "trigger_id": trigger_id,
    }


def event_envelope(workspace: Workspace, event: Json) -> Json:
    """The envelope round an event; its event_id stays the same in retries."""
    return {
        "token": VERIFICATION_TOKEN,
        "team_id": workspace.team.id,
        "context_team_id": workspace.team.id,
        "context_enterprise_id": workspace.enterprise_id,
        "api_app_id": workspace.app_id,
        "event": event,
        "type": "event_callback",
        "event_id": workspace.new_id("Ev"),
        "event_time": int(workspace.clock()),
        "authorizations": [
            {
                "enterprise_id": workspace.enterprise_id,
                "team_id": None if workspace.is_org_wide else workspace.team.id,
                "user_id": workspace.bot.id,
                "is_bot": True,
                "is_enterprise_install": workspace.is_org_wide,
            }
        ],
        "is_ext_shared_channel": False,
        "event_context": f"4-{workspace.token(40)}",
    }


def message_events(workspace: Workspace, message: Message, subscribed: frozenset[str]) -> list[Json]:
    """The events that a person's message gives rise to, of those the app has subscribed to."""
    channel = workspace.channels[message.channel]
    if workspace.bot.id not in channel.members:
        return []
    events = []
    if f"<@{workspace.bot.id}>" in message.text and not channel.is_im and "app_mention" in subscribed:
        events.append(_message_event(workspace, message, "app_mention"))
    told = message_event(workspace, message, subscribed)
    return [*events, *([told] if told else [])]


def message_event(
    workspace: Workspace, message: Message, subscribed: frozenset[str], change: str | None = None
) -> Json | None:
    """The event of a message in a channel that the app is in, or of a `change`: message_changed, message_deleted.

    None if the app hasn't subscribed to it. What apps post comes, too, the app's own with its bot_id.
    """
    channel = workspace.channels[message.channel]
    words = {"public_channel": "channel", "private_channel": "group", "im": "im", "mpim": "mpim"}
    names = {"channel": "channels", "group": "groups"}
    kind = words[channel.kind]
    if workspace.bot.id not in channel.members or f"message.{names.get(kind, kind)}" not in subscribed:
        return None
    event = _message_event(workspace, message, "message")
    if change is None:
        return {**event, "channel_type": kind}
    outside = {"type": "message", "subtype": change, "channel": channel.id, "channel_type": kind, "hidden": True}
    ts = workspace.next_ts()
    if change == "message_deleted":
        return {**outside, "deleted_ts": message.ts, "previous_message": event, "ts": ts, "event_ts": ts}
    return {**outside, "message": event, "previous_message": event, "ts": ts, "event_ts": ts}


def _message_event(workspace: Workspace, message: Message, kind: str) -> Json:
    author = workspace.users.get(message.user)
    team = (author.team_id if author else None) or workspace.team.id
    event: Json = {
        "user": message.user,
        "type": kind,
        "ts": message.ts,
        "client_msg_id": message.client_msg_id,
        "text": message.text,
        "team": team,
        "channel": message.channel,
        "event_ts": message.ts,
    }
    if team != workspace.team.id:
        event["user_team"] = team
    if message.bot_id:
        event |= {"bot_id": message.bot_id, "app_id": message.app_id, "blocks": message.blocks}
    if message.subtype:
        event["subtype"] = message.subtype
    if message.files:
        event["files"] = list(message.files)
    if message.is_reply:
        event["thread_ts"] = message.thread_ts
        event["parent_user_id"] = message.parent_user_id
    return event


def reaction_event(workspace: Workspace, user: User, message: Message, name: str) -> Json:
    """The event of an emoji that somebody puts on a message."""
    return {
        "type": "reaction_added",
        "user": user.id,
        "reaction": name,
        "item_user": message.user,
        "item": {"type": "message", "channel": message.channel, "ts": message.ts},
        "event_ts": workspace.next_ts(),
    }


def message_action(
    workspace: Workspace, user: User, message: Message, *, callback_id: str, trigger_id: str, response_url: str
) -> Json:
    """A shortcut in the menu of a message."""
    channel = workspace.channels[message.channel]
    return {
        **_shortcut(workspace, user, callback_id, trigger_id),
        "type": "message_action",
        "response_url": response_url,
        "message_ts": message.ts,
        "channel": {"id": channel.id, "name": "directmessage" if channel.is_im else channel.name},
        "message": message_object(message, workspace.team),
    }


def global_shortcut(workspace: Workspace, user: User, *, callback_id: str, trigger_id: str) -> Json:
    """A shortcut of the app, which says neither where it was chosen nor where to answer."""
    return {**_shortcut(workspace, user, callback_id, trigger_id), "type": "shortcut"}


def _shortcut(workspace: Workspace, user: User, callback_id: str, trigger_id: str) -> Json:
    return {
        "token": VERIFICATION_TOKEN,
        "action_ts": workspace.next_ts(),
        "user": _payload_user(workspace, user),
        "callback_id": callback_id,
        "trigger_id": trigger_id,
        **_installation(workspace),
    }


def home_opened_event(workspace: Workspace, user: User) -> Json:
    """The event of a person who opens the App Home."""
    event: Json = {
        "type": "app_home_opened",
        "user": user.id,
        "channel": workspace.open_dm([user.id, workspace.bot.id]).id,
        "tab": "home",
        "event_ts": workspace.next_ts(),
    }
    view = workspace.homes.get(user.id)
    if view is not None:
        event["view"] = workspace.view_json(view)
    return event


def messages_opened_event(workspace: Workspace, user: User) -> Json:
    """The event of a person who opens the direct message with the app."""
    return {
        "type": "app_home_opened",
        "user": user.id,
        "channel": workspace.open_dm([user.id, workspace.bot.id]).id,
        "tab": "messages",
        "context": {},
        "event_ts": workspace.next_ts(),
    }


def user_change_event(workspace: Workspace, user: User) -> Json:
    """The event of a person about whom something has changed; it does not say what, nor their language."""
    ts = workspace.next_ts()
    return {
        "type": "user_change",
        "user": user_object(user, workspace.team),
        "cache_ts": int(float(ts)),
        "event_ts": ts,
    }


def session_stopped_event(
    workspace: Workspace, user: User, channel: Channel, thread_ts: str, streams: list[str]
) -> Json:
    """The event of a person who presses Stop; Slack leaves the status of the session to the app."""
    return {
        "type": "agent_session_stopped",
        "channel": channel.id,
        "user": user.id,
        "thread_ts": thread_ts,
        "streaming_message_ts": streams,
        "event_ts": workspace.next_ts(),
    }


def details_requested_event(workspace: Workspace, user: User, message: Message, trigger_id: str) -> Json:
    """The event of a person who looks at a work object beside."""
    entity = message.entities[0]
    return {
        "type": "entity_details_requested",
        "user": user.id,
        "trigger_id": trigger_id,
        "external_ref": entity["external_ref"],
        "entity_url": entity["url"],
        "link": {"url": entity["url"], "domain": urlsplit(entity["url"]).hostname},
        "channel": message.channel,
        "message_ts": message.ts,
        "user_locale": user.locale,
        "event_ts": workspace.next_ts(),
    }


def function_executed_event(workspace: Workspace, execution: FunctionExecution) -> Json:
    """The event of a workflow that has come to a step of the app's. Its token is good only until the step ends."""
    return {
        "type": "function_executed",
        "function": {
            **execution.function.object(),
            "id": workspace.new_id("Fn"),
            "type": "app",
            "app_id": workspace.app_id,
            "date_created": 0,
            "date_updated": 0,
            "date_deleted": 0,
        },
        "inputs": execution.inputs,
        "function_execution_id": execution.id,
        "workflow_execution_id": workspace.new_id("Wx"),
        "bot_access_token": f"xwfp-{workspace.token(20)}",
        "event_ts": workspace.next_ts(),
    }


def block_actions(workspace: Workspace, user: User, *, action: Json, trigger_id: str, origin: Json) -> Json:
    """A block_actions payload; `origin` holds what differs between messages and views."""
    return {
        "type": "block_actions",
        "user": _payload_user(workspace, user),
        "api_app_id": workspace.app_id,
        "token": VERIFICATION_TOKEN,
        "trigger_id": trigger_id,
        **_installation(workspace),
        **origin,
        "actions": [action],
    }


def message_origin(workspace: Workspace, message: Message, user: User, response_url: str) -> Json:
    """What a click in a message says of where it was; ephemeral messages are not sent along."""
    channel = workspace.channels[message.channel]
    container: Json = {
        "type": "message",
        "message_ts": message.ts,
        "channel_id": message.channel,
        "is_ephemeral": message.ephemeral_to is not None,
    }
    if message.is_reply:
        container["thread_ts"] = message.thread_ts
    origin: Json = {
        "container": container,
        "channel": {"id": channel.id, "name": "directmessage" if channel.is_im else channel.name},
        "state": {"values": state_of(message.blocks, message.selections.get(user.id, {}))},
        "response_url": response_url,
    }
    if message.ephemeral_to is None:
        origin["message"] = message_object(message, workspace.team)
    return origin


def view_origin(workspace: Workspace, view: View) -> Json:
    """What a click in a modal or in the App Home says of where it was."""
    return {"container": {"type": "view", "view_id": view.id}, "view": workspace.view_json(view)}


def view_submission(workspace: Workspace, user: User, view: View, trigger_id: str) -> Json:
    """A view_submission payload; the view's state holds what was entered."""
    return {
        "type": "view_submission",
        "user": _payload_user(workspace, user),
        "api_app_id": workspace.app_id,
        "token": VERIFICATION_TOKEN,
        "trigger_id": trigger_id,
        "view": workspace.view_json(view),
        "response_urls": [],
        **_installation(workspace),
    }


def view_closed(workspace: Workspace, user: User, view: View, *, is_cleared: bool) -> Json:
    """A view_closed payload, sent for views that ask for it with notify_on_close."""
    return {
        "type": "view_closed",
        "user": _payload_user(workspace, user),
        "api_app_id": workspace.app_id,
        "token": VERIFICATION_TOKEN,
        "view": workspace.view_json(view),
        "is_cleared": is_cleared,
        **_installation(workspace),
    }


def _installation(workspace: Workspace) -> Json:
    """Which installation an interaction is for. Of one for a whole organisation Slack leaves the team out."""
    enterprise_id = workspace.enterprise_id
    return {
        "team": None if workspace.is_org_wide else {"id": workspace.team.id, "domain": workspace.team.domain},
        "enterprise": {"id": enterprise_id, "name": enterprise_id} if enterprise_id else None,
        "is_enterprise_install": workspace.is_org_wide,
    }


def _payload_user(workspace: Workspace, user: User) -> Json:
    return {"id": user.id, "username": user.name, "name": user.name, "team_id": user.team_id or workspace.team.id}
