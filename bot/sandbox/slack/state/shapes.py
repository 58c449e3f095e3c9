"""Records as Slack writes them in JSON, in Web API answers, in what it sends, and as the page wants them."""

from __future__ import annotations

from bot.sandbox.slack.state.model import Channel, Json, Message, Team, User, UserGroup, View

PAGE_MESSAGES = 300  # per channel, so that the page still loads after thousands


def user_object(user: User, team: Team) -> Json:
    """A user as in `users.info`."""
    return {
        "id": user.id,
        "team_id": user.team_id or team.id,
        **({"is_stranger": True} if user.team_id not in (None, team.id) else {}),
        "name": user.name,
        "deleted": user.is_deactivated,
        "color": user.color,
        "real_name": user.real_name,
        "tz": "America/Chicago",
        "tz_label": "Central Standard Time",
        "tz_offset": -21600,
        "profile": {
            "title": user.title,
            "real_name": user.real_name,
            "real_name_normalized": user.real_name,
            "display_name": user.name,
            "display_name_normalized": user.name,
            "team": team.id,
        },
        "is_admin": user.is_admin,
        "is_owner": False,
        "is_restricted": False,
        "is_ultra_restricted": False,
        "is_bot": user.is_bot,
        "is_app_user": False,
        **({"is_stranger": True} if user.team_id not in (None, team.id) else {}),
        "updated": 1_700_000_000,
    }


def page_user(user: User) -> Json:
    """A user as the page wants it."""
    return {
        "id": user.id,
        "name": user.name,
        "real_name": user.real_name,
        "title": user.title,
        "is_bot": user.is_bot,
        "color": user.color,
        "locale": user.locale,
    }


def page_user_group(group: UserGroup) -> Json:
    """A user group as the page wants it."""
    return {"id": group.id, "handle": group.handle, "name": group.name}


def channel_object(channel: Channel, *, bot: str) -> Json:
    """A conversation as in `conversations.info`, seen by the bot."""
    if channel.is_im:
        other = next((member for member in channel.members if member != bot), bot)
        return {
            "id": channel.id,
            "created": channel.created,
            "is_im": True,
            "is_org_shared": False,
            "user": other,
            "is_archived": False,
            "is_open": True,
        }
    return {
        "id": channel.id,
        "name": channel.name,
        "name_normalized": channel.name,
        "is_channel": not channel.is_private and not channel.is_mpim,
        "is_group": channel.is_private,
        "is_im": False,
        "is_mpim": channel.is_mpim,
        "is_private": channel.is_private or channel.is_mpim,
        "is_archived": False,
        "is_general": False,
        "is_member": bot in channel.members,
        "created": channel.created,
        "creator": channel.members[0] if channel.members else "",
        "topic": {"value": channel.topic, "creator": "", "last_set": 0},
        "purpose": {"value": "", "creator": "", "last_set": 0},
    }


def page_channel(channel: Channel, viewer: str, users: dict[str, User]) -> Json:
    """A channel with the newest of what `viewer` may see in it, in ts order."""
    other = next((member for member in channel.members if member != viewer), viewer) if channel.is_im else None
    mine = [message for message in channel.ephemerals.values() if message.ephemeral_to == viewer]
    newest = list(channel.messages.values())[-PAGE_MESSAGES:]
    messages = sorted([*newest, *mine], key=lambda message: message.ts)
    return {
        "id": channel.id,
        "name": users[other].real_name if other else channel.name,
        "topic": channel.topic,
        "is_private": channel.is_private,
        "is_im": channel.is_im,
        "user": other,
        "members": list(channel.members),
        "statuses": dict(channel.statuses),
        "sessions": dict(channel.sessions),
        "prompts": list(channel.prompts),
        "messages": [page_message(message) for message in messages],
    }


def message_object(message: Message, team: Team, *, with_metadata: bool = False) -> Json:
    """A message as in `conversations.history` and in payloads; absent things are left out, as Slack does."""
    shape: Json = {
        "type": "message",
        "user": message.user,
        "ts": message.ts,
        "text": message.text,
        "team": team.id,
    }
    optional: Json = {
        "subtype": message.subtype,
        "bot_id": message.bot_id,
        "app_id": message.app_id,
        "client_msg_id": message.client_msg_id,
        "blocks": message.blocks,
        "attachments": message.attachments,
        "edited": message.edited,
        "thread_ts": message.thread_ts,
        "parent_user_id": message.parent_user_id,
        "metadata": message.metadata if with_metadata else None,
        "files": list(message.files),
        "reactions": _reactions(message),
    }
    shape.update((key, value) for key, value in optional.items() if value)
    if message.thread_ts == message.ts:
        shape.update(
            reply_count=message.reply_count,
            reply_users_count=len(message.reply_users),
            reply_users=list(message.reply_users),
            latest_reply=message.latest_reply,
            is_locked=False,
            subscribed=True,
        )
    return shape


def page_message(message: Message) -> Json:
    """A message as the page wants it: every key always there."""
    return {
        "ts": message.ts,
        "channel": message.channel,
        "user": message.user,
        "bot_id": message.bot_id,
        "text": message.text,
        "blocks": message.blocks,
        "thread_ts": message.thread_ts,
        "reply_count": message.reply_count,
        "reply_users": list(message.reply_users),
        "latest_reply": message.latest_reply,
        "edited": message.edited,
        "reactions": _reactions(message),
        "files": list(message.files),
        "ephemeral": message.ephemeral_to is not None,
        "client_msg_id": message.client_msg_id,
    }


def view_object(view: View, *, team: Team, app_id: str, bot_id: str) -> Json:
    """A view as Slack returns it from views.* and sends it in payloads."""
    body = view.body
    return {
        "id": view.id,
        "team_id": team.id,
        "type": body["type"],
        "blocks": view.blocks,
        "private_metadata": body.get("private_metadata") or "",
        "callback_id": body.get("callback_id") or "",
        "external_id": body.get("external_id") or "",
        "state": {"values": view.values},
        "hash": view.hash,
        "title": body.get("title"),
        "submit": body.get("submit"),
        "close": body.get("close"),
        "clear_on_close": bool(body.get("clear_on_close")),
        "notify_on_close": bool(body.get("notify_on_close")),
        "previous_view_id": view.previous_view_id,
        "root_view_id": view.root_view_id,
        "app_id": app_id,
        "app_installed_team_id": team.id,
        "bot_id": bot_id,
    }


def _reactions(message: Message) -> list[Json]:
    return [{"name": name, "users": list(users), "count": len(users)} for name, users in message.reactions.items()]
