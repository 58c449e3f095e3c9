"""The page's API: JSON and server-sent events, on the stand-in's own origin only.

`GET /` is static/index.html, `GET /static/<path>` the page's other files, `GET /archives/<channel>/p<ts>` (what
chat.getPermalink links to) leads to `/?channel=<id>&message=<ts>`. Nothing is cached. A request whose Host, or a
POST whose Origin, isn't the page's own gets 403 `forbidden_origin`: no other site can drive this page.

POST bodies are JSON objects with `Content-Type: application/json`. Each answers after the app has acked, at most
3 s, with `{"ok": true, …}` or `{"ok": false, "error": word, "message": sentence}`: status 200 for what the app did
or failed to do, 400 `invalid_arguments`, 404 for what isn't there (`channel_not_found`, `message_not_found`,
`user_not_found`, `view_not_found`, `action_not_found`). What changes arrives as an event in any case.

GET /ui/state?user=U…           (user left out: the first person)
    {"ok", "team": {"id", "name", "domain"}, "banner": text to show above the page or "", "bot": User, "me": id,
     "has_switch": whether there is a town whose faults can be set (bot/sandbox/switch_page.py),
     "users": [User], "groups": [{"id", "handle", "name"}],
     "commands": [{"command", "description", "usage_hint"}], "channels": [Channel],
     "shortcuts": [{"callback_id", "name", "description", "is_for_messages"}],
     "views": [View] (the open modals, bottom first), "home": View or null, "last_event_id": int}
    User     {"id", "name", "real_name", "title", "is_bot", "color": six hex digits, "locale": "en-US"}
    Channel  {"id", "name", "topic", "is_private", "is_im", "user": the other party's id or null, "members": [id],
              "statuses": {thread_ts: what the bot is about}, "sessions": {thread_ts: "processing" and the like},
              "prompts": [{"title", "message"}], "messages": [Message]}; channels first, then DMs
    Message  {"ts", "channel", "user", "bot_id" or null, "text": mrkdwn, "blocks": [Block], "thread_ts" or null,
              "reply_count", "reply_users": [id], "latest_reply" or null, "edited": {"user", "ts"} or null,
              "reactions": [{"name", "users", "count"}], "files": [File],
              "ephemeral": bool, "client_msg_id" or null}; a File is as Slack describes it
             the newest 300 in ts order, roots and replies together: thread_ts null is a root without replies,
             thread_ts == ts a root with replies, else a reply. Slackbot's notices are ephemeral messages of user
             "USLACKBOT".
    View     as Slack returns it from views.open, "type" "modal" or "home", with "state": {"values": …}
    Blocks have a block_id and interactive elements an action_id, always.

POST /ui/message       {"user", "channel", "text", "thread_ts"?, "files"?} -> {"ok", "ts"} or {"ok", "command"}
    `files` are the ids of what was uploaded by /ui/file.
    `&`, `<`, `>` are escaped; `@name`, `@group` and `#channel` become mentions. Text that starts with "/" is a
    command: `not_in_threads` in a thread, `unknown_command`, or `operation_timeout` / `dispatch_failed` when the
    app didn't ack. `/invite @name` adds someone, or the bot, to the channel.
POST /ui/click         {"user", "channel" and "message_ts", or "view_id", "block_id"?, "action_id",
                        "value"? | "selected_option"? | "selected_options"?} -> {"ok"}
    A button needs no value. The page shows `confirm` dialogs and opens `url`s itself.
POST /ui/shortcut      {"user", "callback_id", "channel" and "message_ts" for one of a message} -> {"ok"}
POST /ui/reaction      {"user", "channel", "message_ts", "name"} -> {"ok"}    put on, or taken away if it is there
POST /ui/file?user=U…&name=leak.jpg      the file's bytes, 10 MB at most -> {"ok", "file": {"id", "name"}} or
    `file_too_large`; it is served back at its permalink's path, /files/<user>/<id>/<name>
POST /ui/view/submit   {"user", "view_id", "values": {block_id: {action_id: text, option value, id, list, null}}}
    -> {"ok"}, or `validation_errors` with "errors": {block_id: sentence}; files are lists of their ids
POST /ui/view/close    {"user", "view_id", "clear"?: true for all modals} -> {"ok"}
POST /ui/home          {"user"} -> {"ok"}                     the person opened the App Home
POST /ui/dm            {"user", "with": id} -> {"ok", "channel": id}
POST /ui/dm/opened     {"user"} -> {"ok"}                     the person looks at their direct message with the app
POST /ui/locale        {"user", "locale": "de-DE"} -> {"ok"}  the person has Slack in another language
POST /ui/stop          {"user", "channel", "thread_ts"} -> {"ok"}     Stop, at a session of the app's

GET /ui/events?user=U…[&after=<id>]      text/event-stream, with Last-Event-ID honoured
    message, message_changed, ephemeral {"channel", "message"}; message_deleted {"channel", "ts"};
    view_opened, view_updated {"view"}; view_closed {"view_id"}; home_updated {"view"}; channel_joined {"channel"};
    notice {"channel" or null, "text"}; status {"channel", "thread_ts", "text"};
    user_changed {"user"}; session {"channel", "thread_ts", "status"}; prompts {"channel", "prompts"};
    reset {}: too much was missed, load the state again
"""

from __future__ import annotations

import asyncio
import json
import re
from contextlib import suppress
from dataclasses import asdict
from html import escape
from pathlib import Path

from aiohttp import web

from bot.sandbox.slack.outbound.gestures import Gestures
from bot.sandbox.slack.outbound.interactions import InputsRefused, Interactions, NotThere
from bot.sandbox.slack.page_requests import Handler, failed, posted, refused
from bot.sandbox.slack.state.feed import Change
from bot.sandbox.slack.state.model import Channel, Json, Message, User
from bot.sandbox.slack.state.shapes import page_channel, page_user, page_user_group
from bot.sandbox.slack.state.workspace import Workspace

STATIC = Path(__file__).parent / "static"
KEEP_ALIVE_SECONDS = 15.0


class Page:
    """The handlers behind the page."""

    def __init__(
        self,
        workspace: Workspace,
        interactions: Interactions,
        gestures: Gestures,
        *,
        banner: str,
        has_switch: bool,
    ) -> None:
        self.closing = False
        self.banner = banner
        self._has_switch = has_switch
        self._workspace = workspace
        self._do = interactions
        self._gestures = gestures

    def routes(self) -> list[web.RouteDef]:
        """The page's routes, but for its static files."""
        posts: dict[str, Handler] = {
            "message": self._message,
            "click": self._click,
            "shortcut": self._shortcut,
            "reaction": self._react,
            "view/submit": self._submit,
            "view/close": self._close,
            "home": self._home,
            "dm": self._dm,
            "dm/opened": self._dm_opened,
            "stop": self._stop,
            "locale": self._language,
        }
        return [
            web.get("/", _index),
            web.get(r"/archives/{channel}/p{digits:\d+}", _permalink),
            web.get("/ui/state", self._state),
            web.get("/ui/events", self._events),
            web.post("/ui/file", self._upload),
            *(web.post(f"/ui/{path}", posted(handler)) for path, handler in posts.items()),
        ]

    async def _state(self, request: web.Request) -> web.Response:
        workspace = self._workspace
        viewer = workspace.find_user(request.query.get("user") or workspace.people[0].id)
        if viewer is None or viewer.is_bot:
            return refused("user_not_found", 404)
        home = workspace.homes.get(viewer.id)
        state: Json = {
            "ok": True,
            "team": {"id": workspace.team.id, "name": workspace.team.name, "domain": workspace.team.domain},
            "banner": self.banner,
            "has_switch": self._has_switch,
            "bot": page_user(workspace.bot),
            "me": viewer.id,
            "users": [page_user(user) for user in [*workspace.people, workspace.bot]],
            "groups": [page_user_group(group) for group in workspace.groups.values()],
            "commands": [
                {"command": c.command, "description": c.description, "usage_hint": c.usage_hint}
                for c in workspace.commands
            ],
            "shortcuts": [asdict(shortcut) for shortcut in workspace.shortcuts],
            "channels": [page_channel(channel, viewer.id, workspace.users) for channel in self._seen(viewer)],
            "views": [workspace.view_json(view) for view in workspace.stacks[viewer.id]],
            "home": workspace.view_json(home) if home else None,
            "last_event_id": workspace.feed.last_id,
        }
        return web.json_response(state)

    def _seen(self, viewer: User) -> list[Channel]:
        seen = [channel for channel in self._workspace.channels.values() if viewer.id in channel.members]
        return sorted(seen, key=lambda channel: channel.is_im or channel.is_mpim)

    async def _events(self, request: web.Request) -> web.StreamResponse:
        feed = self._workspace.feed
        viewer = self._workspace.find_user(request.query.get("user", ""))
        if viewer is None:
            return refused("user_not_found", 404)
        last = request.headers.get("Last-Event-ID") or request.query.get("after") or ""
        seen = int(last) if last.isdecimal() else feed.last_id
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        # A page that is closed or loaded again is no error.
        with suppress(ConnectionResetError):
            await self._stream(response, viewer, seen)
        return response

    async def _stream(self, response: web.StreamResponse, viewer: User, seen: int) -> None:
        feed = self._workspace.feed
        await response.write(b": connected\n\n")
        while not self.closing:
            changes = feed.after(seen)
            if changes is None:
                seen = feed.last_id
                await response.write(f"id: {seen}\nevent: reset\ndata: {{}}\n\n".encode())
            elif changes:
                seen = changes[-1].id
                wanted = [change for change in changes if self._may_see(viewer, change)]
                await response.write(b"".join(map(_sse, wanted)))
            else:
                await self._next_change(response)

    async def _next_change(self, response: web.StreamResponse) -> None:
        try:
            async with asyncio.timeout(KEEP_ALIVE_SECONDS):
                await self._workspace.signal.wait()
        except TimeoutError:
            await response.write(b": keep-alive\n\n")

    def _may_see(self, viewer: User, change: Change) -> bool:
        if change.user is not None and change.user != viewer.id:
            return False
        return change.channel is None or viewer.id in self._workspace.channels[change.channel].members

    async def _message(self, body: Json) -> Json:
        user, channel = self._do.user(body["user"]), self._channel(body)
        text = str(body["text"])
        thread_ts = body.get("thread_ts")
        if text.startswith("/"):
            return await self._command(user, channel, text, in_thread=bool(thread_ts))
        files = tuple(map(self._do.file_object, body.get("files") or ()))
        subtype = "file_share" if files else None
        message, _ = self._do.post(user, channel, self._to_mrkdwn(text), thread_ts, subtype=subtype, files=files)
        return {"ok": True, "ts": message.ts}

    async def _command(self, user: User, channel: Channel, text: str, *, in_thread: bool) -> Json:
        command, _, rest = text.partition(" ")
        if in_thread:
            return failed("not_in_threads", f"{command} can't be used in threads.")
        if command == "/invite":
            return self._invite(channel, rest)
        known = next((each for each in self._workspace.commands if each.command == command), None)
        if known is None:
            return failed("unknown_command", f"{command} is not a command here.")
        words = rest.strip()
        text = self._to_mrkdwn(words, named=True) if known.should_escape else escape(words, quote=False)
        prepared = self._do.prepare_command(user, channel, command, text)
        delivery = await self._do.deliver(prepared)
        if delivery.failed:
            return failed(delivery.failed, f"{command} failed: the app did not answer.")
        return {"ok": True, "command": command}

    def _invite(self, channel: Channel, rest: str) -> Json:
        invited = self._workspace.find_user(rest.strip().lower())
        if invited is None or channel.is_im:
            return failed("user_not_found", "Nobody of that name is here.")
        if invited.id not in channel.members:
            self._workspace.join(channel, invited.id)
            ts = self._workspace.next_ts()
            text = f"<@{invited.id}> has joined the channel"
            self._workspace.add(Message(channel.id, ts, invited.id, text, subtype="channel_join"))
        return {"ok": True, "command": "/invite"}

    def _to_mrkdwn(self, text: str, *, named: bool = False) -> str:
        """What a person typed as Slack sends it: escaped, with mentions; `named` as commands have them."""

        def user(match: re.Match[str]) -> str:
            found = self._workspace.find_user(match[1].lower())
            if found is not None:
                return f"<@{found.id}|{found.name}>" if named else f"<@{found.id}>"
            group = self._workspace.find_group(match[1].lower())
            return f"<!subteam^{group.id}|@{group.handle}>" if group else match[0]

        def channel(match: re.Match[str]) -> str:
            found = self._workspace.find_channel(match[1].lower())
            return f"<#{found.id}|{found.name}>" if found else match[0]

        text = re.sub(r"(?<!\w)@([\w.-]*\w)", user, escape(text, quote=False))
        return re.sub(r"(?<![\w&])#([\w-]*\w)", channel, text)

    async def _click(self, body: Json) -> Json:
        user = self._do.user(body["user"])
        chosen = body.get("selected_options", body.get("selected_option", body.get("value")))
        if body.get("view_id"):
            if "values" in body:
                self._do.enter(user, body["view_id"], body["values"])
            delivery = self._do.prepare_view_click(
                user, body["view_id"], body["action_id"], block_id=body.get("block_id"), chosen=chosen
            )
        else:
            delivery = self._do.prepare_click(
                user,
                self._channel(body),
                body["message_ts"],
                body["action_id"],
                block_id=body.get("block_id"),
                chosen=chosen,
            )
        await self._do.deliver(delivery)
        return failed(delivery.failed, "The app did not answer.") if delivery.failed else {"ok": True}

    async def _submit(self, body: Json) -> Json:
        user = self._do.user(body["user"])
        try:
            prepared = self._do.prepare_submission(user, body["view_id"], body["values"])
        except InputsRefused as refused:
            return {**failed("validation_errors", "Please check the form."), "errors": refused.errors}
        delivery = await self._do.deliver(prepared)
        if delivery.errors:
            return {**failed("validation_errors", "Please check the form."), "errors": delivery.errors}
        return failed(delivery.failed, "The app did not answer.") if delivery.failed else {"ok": True}

    async def _upload(self, request: web.Request) -> web.Response:
        user = self._workspace.find_user(request.query.get("user", ""))
        if user is None:
            return refused("user_not_found", 404)
        try:
            file = self._do.upload(user, request.query.get("name", ""), await request.read())
        except web.HTTPRequestEntityTooLarge:
            return refused("file_too_large", 413, "That file is too large: 10 MB at most.")
        return web.json_response({"ok": True, "file": {"id": file.id, "name": file.name}})

    async def _close(self, body: Json) -> Json:
        user = self._do.user(body["user"])
        await self._do.close_view(user, body["view_id"], clear=bool(body.get("clear")))
        return {"ok": True}

    async def _home(self, body: Json) -> Json:
        self._do.open_home(self._do.user(body["user"]))
        return {"ok": True}

    async def _dm(self, body: Json) -> Json:
        user, other = self._do.user(body["user"]), self._do.user(body["with"])
        return {"ok": True, "channel": self._workspace.open_dm(list({user.id: None, other.id: None})).id}

    async def _shortcut(self, body: Json) -> Json:
        callback_id, ts = str(body["callback_id"]), body.get("message_ts")
        if ts is None:
            await self._gestures.shortcut(body["user"], callback_id)
        else:
            await self._gestures.message_shortcut(body["user"], self._channel(body).id, str(ts), callback_id)
        return {"ok": True}

    async def _react(self, body: Json) -> Json:
        await self._gestures.react(body["user"], self._channel(body).id, body["message_ts"], str(body["name"]))
        return {"ok": True}

    async def _language(self, body: Json) -> Json:
        await self._gestures.choose_language(body["user"], str(body["locale"]))
        return {"ok": True}

    async def _dm_opened(self, body: Json) -> Json:
        self._do.open_messages(self._do.user(body["user"]))
        return {"ok": True}

    async def _stop(self, body: Json) -> Json:
        await self._do.press_stop(self._do.user(body["user"]), self._channel(body), body["thread_ts"]).settled()
        return {"ok": True}

    def _channel(self, body: Json) -> Channel:
        """The channel of a request; one that the user isn't in doesn't exist for them."""
        channel = self._do.channel(body["channel"])
        if self._do.user(body["user"]).id not in channel.members:
            raise NotThere("channel_not_found")
        return channel


async def _index(request: web.Request) -> web.FileResponse:
    return web.FileResponse(STATIC / "index.html")


async def _permalink(request: web.Request) -> web.Response:
    digits = request.match_info["digits"]
    ts = f"{digits[:-6]}.{digits[-6:]}"
    raise web.HTTPFound(f"/?channel={request.match_info['channel']}&message={ts}")


def _sse(change: Change) -> bytes:
    data = json.dumps(change.data(), separators=(",", ":"))
    return f"id: {change.id}\nevent: {change.name}\ndata: {data}\n\n".encode()
