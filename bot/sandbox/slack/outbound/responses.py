"""What the app's answers do: the ack of a command, and posts to a response URL."""

from __future__ import annotations

import json

from aiohttp import web

from bot.sandbox.slack.errors import SlackError
from bot.sandbox.slack.methods.arguments import Context, flag, text_argument
from bot.sandbox.slack.methods.chat import bot_message, content_of
from bot.sandbox.slack.state.model import SLACKBOT, Channel, Json, Message
from bot.sandbox.slack.state.tickets import ResponseUrl


def slackbot_says(context: Context, user: str, channel: str, text: str) -> Message:
    """A message of Slack's own that only one user sees."""
    ts = context.workspace.next_ts()
    return context.workspace.add(Message(channel=channel, ts=ts, user=SLACKBOT, text=text, ephemeral_to=user))


def command_failed(context: Context, user: str, channel: str, command: str, word: str) -> None:
    """Tell a user, as Slack does, that a command came to nothing."""
    slackbot_says(context, user, channel, f'{command} failed with the error "{word}"')


def show_command_answer(context: Context, form: dict[str, str], body: bytes) -> None:
    """Show what a command was acked with: nothing, plain text, or a message as JSON."""
    text = body.decode("utf-8", "replace").strip()
    if not text:
        return
    try:
        answer = json.loads(text)
    except ValueError:
        answer = text
    if not isinstance(answer, dict):
        answer = {"text": text}
    elif not any(answer.get(key) for key in ("text", "blocks", "attachments")):
        return
    ticket = ResponseUrl(form["user_id"], form["channel_id"], at=0.0)
    try:
        respond(context, ticket, answer)
    except SlackError:
        command_failed(context, form["user_id"], form["channel_id"], form["command"], "invalid_command_response")


def respond(context: Context, ticket: ResponseUrl, answer: Json) -> None:
    """Do what a response URL is asked for: a new message, or the original replaced or deleted.

    A new message is ephemeral unless `response_type` is "in_channel". Raises SlackError on bad content.
    """
    workspace = context.workspace
    channel = workspace.channels[ticket.channel]
    original = _original(channel, ticket.original)
    if flag(answer, "delete_original"):
        if original is not None:
            workspace.remove(original)
        return
    content = content_of(answer)
    if flag(answer, "replace_original") and original is not None:
        original.text, original.attachments = content.get("text", ""), content.get("attachments", [])
        workspace.set_blocks(original, content.get("blocks", []))
        if original.ephemeral_to is None:
            original.edited = {"user": workspace.bot.id, "ts": workspace.next_ts()}
        workspace.changed(original)
        return
    message = bot_message(context, channel, content, text_argument(answer, "thread_ts"))
    if answer.get("response_type") != "in_channel":
        message.ephemeral_to = ticket.user
    workspace.add(message)


def _original(channel: Channel, ts: str | None) -> Message | None:
    if ts is None:
        return None
    return channel.messages.get(ts) or channel.ephemerals.get(ts)


async def handle_response_url(context: Context, request: web.Request) -> web.Response:
    """POST /response/{token}."""
    try:
        answer = json.loads(await request.read())
    except ValueError:
        return web.json_response({"ok": False, "error": "invalid_payload"}, status=400)
    if not isinstance(answer, dict):
        return web.json_response({"ok": False, "error": "invalid_payload"}, status=400)
    try:
        ticket = context.tickets.use_response_url(request.match_info["token"])
    except SlackError as error:
        return web.json_response({"ok": False, "error": error.word}, status=404)
    try:
        respond(context, ticket, answer)
    except SlackError as error:
        return web.json_response({"ok": False, "error": error.word}, status=400)
    return web.json_response({"ok": True})
