"""chat.*: what the bot says, changes and takes back; and reactions.add."""

from __future__ import annotations

from bot.sandbox.slack import limits
from bot.sandbox.slack.errors import SlackError
from bot.sandbox.slack.methods.arguments import (
    Context,
    Method,
    decoded,
    joined_channel,
    message_in,
    required_text,
    text_argument,
    visible_channel,
)
from bot.sandbox.slack.state.model import Channel, Json, Message
from bot.sandbox.slack.state.shapes import message_object


def content_of(args: Json, *, text_limit: int = limits.TEXT, has_work_objects: bool = True) -> Json:
    """The text, blocks, attachments and metadata of a call, checked; what the call doesn't name is absent.

    Raises what Slack answers: invalid_blocks, msg_blocks_too_long, metadata_too_large and the like.
    """
    content: Json = {}
    markdown = text_argument(args, "markdown_text")
    if markdown is not None:
        if args.get("text") or args.get("blocks"):
            raise SlackError("markdown_text_conflict")
        args = {**args, "text": markdown, "blocks": [{"type": "markdown", "text": markdown}]}
    if args.get("text") is not None:
        content["text"] = str(args["text"])
    blocks = decoded(args, "blocks", "invalid_blocks_format")
    if blocks is not None:
        content["blocks"] = limits.check_message_blocks(blocks)
    attachments = decoded(args, "attachments", "invalid_attachments")
    if attachments is not None:
        content["attachments"] = limits.check_attachments(attachments)
    metadata = decoded(args, "metadata", "invalid_metadata_format")
    if metadata is not None:
        checked = limits.check_metadata(metadata)
        if "entities" in checked:
            if not has_work_objects:
                raise SlackError("invalid_metadata_schema")
            content["entities"] = checked["entities"]
        # By these alone a message is found again.
        content["metadata"] = {name: value for name, value in checked.items() if name != "entities"}
    if not (content.get("text") or content.get("blocks") or content.get("attachments")):
        raise SlackError("no_text")
    if len(content.get("text", "")) > text_limit:
        if text_limit == limits.UPDATE_TEXT:
            raise SlackError("msg_too_long")
        content["text"] = content["text"][:text_limit]
    return content


def bot_message(context: Context, channel: Channel, content: Json, thread_ts: str | None) -> Message:
    """A message by the bot with this content, not yet in its channel."""
    workspace = context.workspace
    return Message(
        channel=channel.id,
        ts=workspace.next_ts(),
        user=workspace.bot.id,
        text=content.get("text", ""),
        blocks=content.get("blocks", []),
        attachments=content.get("attachments", []),
        metadata=content.get("metadata") or None,
        entities=content.get("entities", []),
        bot_id=workspace.bot_id,
        app_id=workspace.app_id,
        thread_ts=thread_ts,
    )


def post_message(context: Context, args: Json) -> Json:
    """chat.postMessage."""
    channel = _channel_to_post_in(context, args)
    content = content_of(args, has_work_objects=context.workspace.has_work_objects)
    message = context.workspace.add(bot_message(context, channel, content, _thread_of(channel, args)))
    context.said(message, None)
    answer: Json = {
        "channel": channel.id,
        "ts": message.ts,
        "message": message_object(message, context.workspace.team),
    }
    if len(str(args.get("text") or "")) > limits.TEXT:
        answer["warning"] = "message_truncated"
        answer["response_metadata"] = {"warnings": ["message_truncated"]}
    return answer


def update(context: Context, args: Json) -> Json:
    """chat.update. Text without blocks removes the blocks; metadata stays unless it is `{}` or new."""
    workspace = context.workspace
    channel = visible_channel(context, args)
    message = message_in(channel, text_argument(args, "ts"))
    if message.bot_id != workspace.bot_id:
        raise SlackError("cant_update_message")
    if message.stream is not None and not message.stream.is_stopped:
        raise SlackError("streaming_state_conflict")
    message.stream = None
    content = content_of(args, text_limit=limits.UPDATE_TEXT, has_work_objects=workspace.has_work_objects)
    message.text = content.get("text", "")
    workspace.set_blocks(message, content.get("blocks", []))
    if "attachments" in content:
        message.attachments = content["attachments"]
    if "metadata" in content:
        message.metadata = content["metadata"] or None
    if "entities" in content:
        message.entities = content["entities"]
    message.edited = {"user": workspace.bot.id, "ts": workspace.next_ts()}
    workspace.changed(message)
    context.said(message, "message_changed")
    return {
        "channel": channel.id,
        "ts": message.ts,
        "text": message.text,
        "message": message_object(message, workspace.team),
    }


def post_ephemeral(context: Context, args: Json) -> Json:
    """chat.postEphemeral: seen by one user, kept in no history.

    Slack's clients show it in a thread only if there is one: a root without replies has none.
    """
    workspace = context.workspace
    channel = joined_channel(context, args)
    user = workspace.users.get(required_text(args, "user"))
    if user is None or user.id not in channel.members:
        raise SlackError("user_not_in_channel")
    message = bot_message(context, channel, content_of(args), _thread_of(channel, args))
    message.ephemeral_to = user.id
    root = channel.messages.get(message.thread_ts or "")
    if root is None or root.reply_count:
        workspace.add(message)
    return {"message_ts": message.ts}


def delete(context: Context, args: Json) -> Json:
    """chat.delete, of the bot's own messages."""
    channel = visible_channel(context, args)
    message = message_in(channel, text_argument(args, "ts"))
    if message.bot_id != context.workspace.bot_id:
        raise SlackError("cant_delete_message")
    context.workspace.remove(message)
    context.said(message, "message_deleted")
    return {"channel": channel.id, "ts": message.ts}


def get_permalink(context: Context, args: Json) -> Json:
    """chat.getPermalink; the link opens the stand-in's page."""
    channel = visible_channel(context, args)
    message = message_in(channel, text_argument(args, "message_ts"))
    link = f"{context.url}/archives/{channel.id}/p{message.ts.replace('.', '')}"
    if message.is_reply:
        link += f"?thread_ts={message.thread_ts}&cid={channel.id}"
    return {"channel": channel.id, "permalink": link}


def add_reaction(context: Context, args: Json) -> Json:
    """reactions.add."""
    name = required_text(args, "name").strip(":")
    if not name.replace("_", "").replace("-", "").replace("+", "").isalnum():
        raise SlackError("invalid_name")
    channel = joined_channel(context, args)
    timestamp = text_argument(args, "timestamp")
    if timestamp is None:
        raise SlackError("no_item_specified")
    message = message_in(channel, timestamp)
    users = message.reactions.setdefault(name, [])
    if context.workspace.bot.id in users:
        raise SlackError("already_reacted")
    users.append(context.workspace.bot.id)
    context.workspace.changed(message)
    return {}


def _channel_to_post_in(context: Context, args: Json) -> Channel:
    """A channel by id or #name; a user's id stands for the DM with them."""
    workspace = context.workspace
    name = required_text(args, "channel")
    if name in workspace.users and not workspace.users[name].is_bot:
        return workspace.open_dm([name, workspace.bot.id])
    found = workspace.find_channel(name) if name.startswith("#") else None
    return joined_channel(context, {"channel": found.id if found else name})


def _thread_of(channel: Channel, args: Json) -> str | None:
    thread_ts = text_argument(args, "thread_ts")
    if thread_ts is None:
        return None
    parent = channel.messages.get(thread_ts)
    if parent is None:
        raise SlackError("thread_not_found")
    return parent.thread_ts or parent.ts


METHODS: dict[str, Method] = {
    "chat.postMessage": post_message,
    "chat.update": update,
    "chat.postEphemeral": post_ephemeral,
    "chat.delete": delete,
    "chat.getPermalink": get_permalink,
    "reactions.add": add_reaction,
}
