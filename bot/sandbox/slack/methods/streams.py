"""chat.startStream, appendStream and stopStream: a message that grows before people's eyes until it is stopped.

Rules: https://docs.slack.dev/reference/methods/chat.startStream, and what is known of them from use: Slack seals a
stream by itself about five minutes after its start, and refuses text and chunks in one call, or first one and then
the other.
"""

from __future__ import annotations

from typing import Any

from bot.sandbox.slack import limits
from bot.sandbox.slack.errors import SlackError
from bot.sandbox.slack.limits.tasks import STATUSES
from bot.sandbox.slack.methods.agents import SESSION_STATUSES, check_is_agent
from bot.sandbox.slack.methods.arguments import (
    Context,
    Method,
    decoded,
    joined_channel,
    message_in,
    required_text,
    text_argument,
)
from bot.sandbox.slack.methods.chat import bot_message
from bot.sandbox.slack.state.model import Channel, Json, Message, Stream

SEALED_AFTER = 300.0
"""Seconds from its start after which Slack takes nothing more for a stream."""

MARKDOWN_TEXT = 12_000
CHUNK_FIELD = 256
BLOCKS = 50
"""In all chunks of a stream together, and as many again when it is stopped."""

_FIELDS = {
    "markdown_text": {"type", "text"},
    "plan_update": {"type", "title"},
    "task_update": {"type", "id", "title", "status", "details", "output", "sources"},
    "blocks": {"type", "blocks"},
}


def start_stream(context: Context, args: Json) -> Json:
    """chat.startStream, in a thread; outside of direct messages it must say who is answered."""
    check_is_agent(context)
    channel = joined_channel(context, args)
    root = channel.messages.get(required_text(args, "thread_ts"))
    if root is None:
        raise SlackError("thread_not_found")
    if not channel.is_im:
        for name in ("recipient_user_id", "recipient_team_id"):
            if not text_argument(args, name):
                raise SlackError(f"missing_{name}")
    if args.get("task_display_mode") not in (None, "", "timeline", "plan", "dense"):
        raise SlackError("invalid_arguments", messages=["[ERROR] task_display_mode"])
    stream = Stream(context.workspace.clock())
    _grow(stream, args)
    message = bot_message(context, channel, {}, root.thread_ts or root.ts)
    message.stream = stream
    message.text, message.blocks = stream.text, stream.blocks
    context.workspace.add(message)
    _set_session(context, channel, message, "processing")
    context.said(message, None)
    return {"channel": channel.id, "ts": message.ts}


def append_stream(context: Context, args: Json) -> Json:
    """chat.appendStream."""
    channel, message, stream = _streaming(context, args)
    _grow(stream, args)
    _show(context, message, stream.blocks)
    return {"channel": channel.id, "ts": message.ts}


def stop_stream(context: Context, args: Json) -> Json:
    """chat.stopStream: the message is one like others from now on, with these blocks below what was streamed."""
    channel, message, stream = _streaming(context, args)
    status = text_argument(args, "session_status") or "active"
    if status not in SESSION_STATUSES:
        raise SlackError("invalid_arguments", messages=["[ERROR] session_status"])
    blocks = decoded(args, "blocks", "invalid_blocks_format")
    metadata = decoded(args, "metadata", "invalid_metadata_format")
    last = limits.check_message_blocks(blocks) if blocks is not None else []
    mark = limits.check_metadata(metadata) if metadata is not None else {}
    if args.get("markdown_text") or args.get("chunks"):
        _grow(stream, args)
    stream.give_up_tasks()
    message.metadata = mark or None
    message.stream = None
    _show(context, message, [*stream.blocks, *last])
    _set_session(context, channel, message, status)
    return {"channel": channel.id, "ts": message.ts}


def _streaming(context: Context, args: Json) -> tuple[Channel, Message, Stream]:
    check_is_agent(context)
    channel = joined_channel(context, args)
    message = message_in(channel, required_text(args, "ts"))
    if message.bot_id != context.workspace.bot_id:
        raise SlackError("message_not_owned_by_app")
    stream = message.stream
    if stream is None:
        raise SlackError("message_not_in_streaming_state")
    if stream.is_stopped:
        raise SlackError("stopped_by_user")
    if context.workspace.clock() - stream.started_at > SEALED_AFTER:
        stream.give_up_tasks()
        message.stream = None
        _show(context, message, stream.blocks)
        raise SlackError("message_not_in_streaming_state")
    return channel, message, stream


def _show(context: Context, message: Message, blocks: list[Json]) -> None:
    stream = message.stream
    if stream is not None:
        message.text = stream.text
    context.workspace.set_blocks(message, blocks)
    context.workspace.changed(message)


def _set_session(context: Context, channel: Channel, message: Message, status: str) -> None:
    context.workspace.set_session(channel, message.thread_ts or message.ts, status)


def _grow(stream: Stream, args: Json) -> None:
    """Add what a call brings. Nothing at all is fine for a start."""
    markdown, chunks = text_argument(args, "markdown_text"), decoded(args, "chunks", "invalid_chunks")
    if markdown is not None and chunks:
        raise SlackError("cannot_provide_both_markdown_text_and_chunks")
    if markdown is None and not chunks:
        return
    mode = "markdown" if markdown is not None else "chunks"
    if stream.mode not in (None, mode):
        raise SlackError("streaming_mode_mismatch")
    stream.mode = mode
    if markdown is not None:
        stream.add_text(_text(markdown))
        return
    for chunk in _checked(stream, chunks):
        _take(stream, chunk)


def _checked(stream: Stream, chunks: Any) -> list[Json]:
    """The chunks, if all of them are as they should be: a call is taken as a whole or not at all."""
    if not isinstance(chunks, list):
        raise SlackError("invalid_chunks")
    count = stream.own_blocks
    for chunk in chunks:
        fields = _FIELDS.get(chunk.get("type", "")) if isinstance(chunk, dict) else None
        if fields is None or not chunk.keys() <= fields:
            raise SlackError("invalid_chunks")
        kind = chunk["type"]
        if kind == "markdown_text":
            _text(chunk.get("text"))
        elif kind == "blocks":
            count += len(limits.check_message_blocks(chunk.get("blocks")))
        elif not _is_short(chunk.get("title")):
            raise SlackError("invalid_chunks")
        elif kind == "task_update":
            _check_task(chunk)
    if count > BLOCKS:
        raise SlackError("invalid_chunks")
    return chunks


def _check_task(chunk: Json) -> None:
    if not _is_short(chunk.get("id")) or chunk.get("status") not in STATUSES:
        raise SlackError("invalid_chunks")
    if any(name in chunk and not _is_short(chunk[name]) for name in ("details", "output")):
        raise SlackError("invalid_chunks")


def _take(stream: Stream, chunk: Json) -> None:
    match chunk["type"]:
        case "markdown_text":
            stream.add_text(chunk["text"])
        case "task_update":
            stream.set_task(chunk["id"], chunk["title"], chunk["status"])
        case "blocks":
            stream.add_blocks(chunk["blocks"])


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise SlackError("invalid_chunks")
    if len(value) > MARKDOWN_TEXT:
        raise SlackError("msg_too_long")
    return value


def _is_short(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= CHUNK_FIELD


METHODS: dict[str, Method] = {
    "chat.startStream": start_stream,
    "chat.appendStream": append_stream,
    "chat.stopStream": stop_stream,
}
