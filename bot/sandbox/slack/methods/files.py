"""files.*: what Slack says of a file; the app brings one in three steps, the second a POST to its own address."""

from __future__ import annotations

from aiohttp import web

from bot.sandbox.slack.errors import SlackError
from bot.sandbox.slack.methods.arguments import (
    Context,
    Method,
    decoded,
    joined_channel,
    required_text,
    text_argument,
)
from bot.sandbox.slack.state.files import FILE_BYTES, File, clean_name, file_object, mimetype_of
from bot.sandbox.slack.state.model import Channel, Json, Message
from bot.sandbox.slack.state.uploads import Upload
from bot.sandbox.slack.state.workspace import Workspace

ALT_TEXT = 1_000
UPLOAD_PATH = "/upload/v1/"

NEEDED_SCOPES = {
    "files.info": "files:read",
    "files.getUploadURLExternal": "files:write",
    "files.completeUploadExternal": "files:write",
}


def info(context: Context, args: Json) -> Json:
    """files.info: to an app that is where the file was shared."""
    file = context.workspace.files.get(required_text(args, "file"))
    if file is None:
        raise SlackError("file_not_found")
    return {"file": file_object(file, context.workspace.team, context.url), "comments": []}


def get_upload_url(context: Context, args: Json) -> Json:
    """files.getUploadURLExternal."""
    workspace = context.workspace
    name = clean_name(required_text(args, "filename"))
    length = _length(args)
    alt_text = text_argument(args, "alt_txt") or ""
    if len(alt_text) > ALT_TEXT:
        raise SlackError("alt_txt_too_large")
    if length > FILE_BYTES:
        raise SlackError("file_upload_size_restricted")
    upload = Upload(workspace.new_id("F"), workspace.token(), name, length, alt_text)
    workspace.uploads.announce(upload)
    return {"upload_url": f"{context.url}{UPLOAD_PATH}{upload.token}", "file_id": upload.file_id}


def complete_upload(context: Context, args: Json) -> Json:
    """files.completeUploadExternal: the files appear as a message of the app, where a channel is named.

    What Slack answers to an upload that is finished a second time is not documented: here its ticket is used up.
    """
    workspace = context.workspace
    named = decoded(args, "files", "invalid_arguments")
    if not isinstance(named, list) or not named or not all(isinstance(each, dict) for each in named):
        raise SlackError("invalid_arguments", messages=["[ERROR] missing required field: files"])
    channel = _channel(context, args)
    thread_ts = None if channel is None else _thread(channel, args)
    ids = [str(each.get("id")) for each in named]
    if len(set(ids)) < len(ids) or not all(map(workspace.uploads.has, ids)):
        raise SlackError("file_not_found")
    files = [_kept(context, file_id, each.get("title")) for file_id, each in zip(ids, named, strict=True)]
    if channel is not None:
        text = text_argument(args, "initial_comment") or ""
        workspace.add(
            Message(
                channel=channel.id,
                ts=workspace.next_ts(),
                user=workspace.bot.id,
                text=text,
                bot_id=workspace.bot_id,
                app_id=workspace.app_id,
                thread_ts=thread_ts,
                files=tuple(files),
            )
        )
    return {"files": files}


def upload_routes(workspace: Workspace) -> list[web.RouteDef]:
    """Where the bytes of an upload go, raw or as a form's file."""

    async def received(request: web.Request) -> web.Response:
        content = await _content(request)
        is_taken = workspace.uploads.receive(request.match_info["token"], content)
        return web.Response(status=200 if is_taken else 400, text=f"OK - {len(content)}" if is_taken else "")

    return [web.post(f"{UPLOAD_PATH}{{token}}", received)]


async def _content(request: web.Request) -> bytes:
    if request.content_type != "multipart/form-data":
        return await request.read()
    for value in (await request.post()).values():
        if isinstance(value, web.FileField):
            return value.file.read()
    return b""


def _length(args: Json) -> int:
    try:
        length = int(args.get("length") or 0)
    except (TypeError, ValueError):
        raise SlackError("invalid_arguments", messages=["[ERROR] length must be an integer"]) from None
    if length <= 0:
        raise SlackError("missing_argument")
    return length


def _channel(context: Context, args: Json) -> Channel | None:
    channel = text_argument(args, "channel_id")
    return None if channel is None else joined_channel(context, {"channel": channel})


def _thread(channel: Channel, args: Json) -> str | None:
    thread_ts = text_argument(args, "thread_ts")
    if thread_ts is None:
        return None
    parent = channel.messages.get(thread_ts)
    if parent is None or parent.is_reply:
        raise SlackError("thread_not_found")
    return parent.ts


def _kept(context: Context, file_id: str, title: object) -> Json:
    workspace = context.workspace
    upload = workspace.uploads.finish(file_id)
    if upload is None or upload.content is None:
        raise SlackError("file_not_found")
    file = File(
        id=file_id,
        user=workspace.bot.id,
        name=upload.name,
        mimetype=mimetype_of(upload.name),
        content=upload.content,
        at=workspace.clock(),
    )
    workspace.files.add(file)
    described = file_object(file, workspace.team, context.url)
    alt = {"alt_txt": upload.alt_text} if upload.alt_text else {}
    return {**described, **alt, "title": str(title or file.name)}


METHODS: dict[str, Method] = {
    "files.info": info,
    "files.getUploadURLExternal": get_upload_url,
    "files.completeUploadExternal": complete_upload,
}
