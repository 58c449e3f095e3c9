"""`SlackStandIn`: a Slack on loopback, for tests to talk to and for people to look at."""

from __future__ import annotations

import asyncio
import socket
import time
from collections import deque
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any, Self, TypeVar

from aiohttp import web

from bot.sandbox.slack.agents import AgentSide
from bot.sandbox.slack.faults import Faults
from bot.sandbox.slack.methods import Context
from bot.sandbox.slack.methods.files import upload_routes
from bot.sandbox.slack.oauth import AppRegistry
from bot.sandbox.slack.outbound.delivery import ACK_SECONDS, RETRY_DELAYS, Attempt, Delivery, Sender, sign
from bot.sandbox.slack.outbound.gestures import Gestures
from bot.sandbox.slack.outbound.interactions import Interactions, NotThere
from bot.sandbox.slack.outbound.payloads import EVENTS
from bot.sandbox.slack.outbound.responses import handle_response_url
from bot.sandbox.slack.page_requests import own_origin_only
from bot.sandbox.slack.rates import RateLimits
from bot.sandbox.slack.state.files import FILE_BYTES, File, file_routes
from bot.sandbox.slack.state.model import Channel, Clock, Json, Message, User, View
from bot.sandbox.slack.state.tickets import Tickets
from bot.sandbox.slack.state.workspace import Setup, Workspace
from bot.sandbox.slack.ui import STATIC, Page
from bot.sandbox.slack.webapi import Call, WebApi

SIGNING_SECRET = "stand-in-signing-secret"  # noqa: S105
BOT_TOKEN = "xoxb-stand-in-token"  # noqa: S105
TRANSCRIPT_SIZE = 2_000

T = TypeVar("T")


class SlackStandIn(AgentSide):
    """A Slack workspace with one app in it, over real HTTP on 127.0.0.1.

    `request_url` is where the app listens, e.g. http://127.0.0.1:3000/slack/events; it may be set later.
    `clock` gives seconds since the epoch. `retry_delays` are the seconds before each retry of an event,
    `ack_seconds` the time the app has. `transcript_size` None keeps every call. Users and channels may be named
    by id or by name ("priya", "works") in all methods. Raises NotThere for what doesn't exist. Stand-ins with one
    `registry` are workspaces of one Slack; with an empty `bot_token` the app is not installed yet.
    """

    def __init__(
        self,
        setup: Setup | None = None,
        *,
        request_url: str | None = None,
        port: int = 0,
        signing_secret: str = SIGNING_SECRET,
        bot_token: str = BOT_TOKEN,
        clock: Clock = time.time,
        ack_seconds: float = ACK_SECONDS,
        retry_delays: Sequence[float] = RETRY_DELAYS,
        events: frozenset[str] = EVENTS,
        enforce_rates: bool = False,
        banner: str = "",
        transcript_size: int | None = TRANSCRIPT_SIZE,
        registry: AppRegistry | None = None,
        switch: Sequence[web.RouteDef] = (),
    ) -> None:
        self.signing_secret = signing_secret
        self.workspace = Workspace(setup, clock=clock)
        self.registry = registry or AppRegistry()
        self._context = Context(self.workspace, Tickets(self.workspace), "", self.registry)
        self._api = WebApi(
            self._context,
            bot_token=bot_token,
            rates=RateLimits(clock) if enforce_rates else None,
            transcript_size=transcript_size,
        )
        self.registry.add(self._api)
        self._sender = Sender(
            secret=signing_secret,
            clock=clock,
            signal=self.workspace.signal,
            request_url=request_url,
            ack_seconds=ack_seconds,
            retry_delays=retry_delays,
        )
        self._do = Interactions(self._context, self._sender, subscribed=events)
        self._context.said = self._do.echo
        self.gestures = Gestures(self._context, self._do, subscribed=events)
        self._switch = switch
        self._page = Page(self.workspace, self._do, self.gestures, banner=banner, has_switch=bool(switch))
        self._port = port
        self._runner: web.AppRunner | None = None

    async def start(self) -> Self:
        """Listen; `url` and `api_url` are good from now on."""
        listener = socket.create_server(("127.0.0.1", self._port), backlog=1_024)
        self._port = listener.getsockname()[1]
        self._context.url = f"http://127.0.0.1:{self._port}"
        await self._sender.start()
        self._runner = web.AppRunner(self._application(), access_log=None, shutdown_timeout=0.5)
        await self._runner.setup()
        await web.SockSite(self._runner, listener, backlog=1_024).start()
        return self

    async def stop(self) -> None:
        """Stop listening, drop the page's streams, give up retries."""
        self._page.closing = True
        self.workspace.signal.notify()
        await self._sender.stop()
        if self._runner is not None:
            await self._runner.cleanup()

    async def __aenter__(self) -> Self:
        return await self.start()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    def _application(self) -> web.Application:
        hosts = frozenset({f"127.0.0.1:{self._port}", f"localhost:{self._port}"})
        application = web.Application(middlewares=[own_origin_only(lambda: hosts)], client_max_size=FILE_BYTES)
        application.router.add_route("*", "/api/{method}", self._api.handle)
        application.router.add_post("/response/{token}", self._response_url)
        application.router.add_routes([*self._page.routes(), *self._switch])
        application.router.add_routes(file_routes(self.workspace.files, self._api.tokens, self._may_read_files))
        application.router.add_routes(upload_routes(self.workspace))
        application.router.add_routes(self.registry.routes())
        application.router.add_static("/static/", STATIC)
        application.on_response_prepare.append(_never_cache)
        return application

    def _may_read_files(self) -> bool:
        return "files:read" in self.scopes

    async def _response_url(self, request: web.Request) -> web.Response:
        return await handle_response_url(self._context, request)

    # What it is and holds

    @property
    def url(self) -> str:
        """Where the page is, without a slash at the end."""
        return self._context.url

    @property
    def api_url(self) -> str:
        """The Web API, for SLACK_API_URL."""
        return f"{self.url}/api/"

    @property
    def request_url(self) -> str | None:
        """Where the app listens."""
        return self._sender.request_url

    @request_url.setter
    def request_url(self, url: str | None) -> None:
        self._sender.request_url = url

    @property
    def banner(self) -> str:
        """What the page says above everything."""
        return self._page.banner

    @banner.setter
    def banner(self, text: str) -> None:
        self._page.banner = text

    @property
    def bot_token(self) -> str:
        """The app's token; empty where it is not installed."""
        return next(iter(self._api.tokens), "")

    @property
    def scopes(self) -> frozenset[str]:
        """What the app may do."""
        return self._api.scopes

    @scopes.setter
    def scopes(self, scopes: frozenset[str]) -> None:
        self._api.scopes = scopes

    @property
    def faults(self) -> Faults:
        """What goes wrong with the next Web API calls."""
        return self._api.faults

    @property
    def transcript(self) -> deque[Call]:
        """The Web API calls that came in, the oldest first."""
        return self._api.transcript

    def calls(self, method: str) -> list[Call]:
        """The calls of one method, e.g. "chat.postMessage"."""
        return [call for call in self.transcript if call.method == method]

    def user(self, name: str) -> User:
        """A user by id or name."""
        return self._do.user(name)

    def channel(self, name: str) -> Channel:
        """A channel by id or name."""
        return self._do.channel(name)

    def dm(self, user: str) -> Channel:
        """The direct message between a person and the bot."""
        return self.workspace.open_dm([self.user(user).id, self.workspace.bot.id])

    def messages(self, channel: str, *, thread_ts: str | None = None) -> list[Message]:
        """A channel's messages in order: the roots, or a thread's replies."""
        found = self.channel(channel).messages.values()
        if thread_ts is None:
            return [message for message in found if not message.is_reply]
        return [message for message in found if message.is_reply and message.thread_ts == thread_ts]

    def message(self, channel: str, ts: str) -> Message | None:
        """A channel's message, or None."""
        return self.channel(channel).messages.get(ts)

    def ephemerals(self, channel: str, user: str) -> list[Message]:
        """What only this user sees in a channel."""
        viewer = self.user(user).id
        return [m for m in self.channel(channel).ephemerals.values() if m.ephemeral_to == viewer]

    def views(self, user: str) -> list[View]:
        """A user's open modals, the one on top last."""
        return list(self.workspace.stacks[self.user(user).id])

    def home(self, user: str) -> View | None:
        """The App Home published for a user."""
        return self.workspace.homes.get(self.user(user).id)

    async def wait_for(self, predicate: Callable[[], T | None], timeout: float = 30.0) -> T:  # noqa: ASYNC109
        """Wait until `predicate()` is truthy, asked after every change and call; returns what it returned.

        Raises TimeoutError, with the last calls, after `timeout` seconds.
        """
        try:
            async with asyncio.timeout(timeout):
                while not (found := predicate()):
                    await self.workspace.signal.wait()
                return found
        except TimeoutError:
            recent = [f"{call.method} {call.response}"[:300] for call in list(self.transcript)[-5:]]
            raise TimeoutError("Nothing of the kind. The last calls:\n" + "\n".join(recent)) from None

    async def wait_for_calls(self, method: str, count: int = 1, timeout: float = 30.0) -> list[Call]:  # noqa: ASYNC109
        """Wait until a method has been called `count` times; returns its calls."""
        await self.wait_for(lambda: len(self.calls(method)) >= count, timeout)
        return self.calls(method)

    # What people do

    async def send_command(self, user: str, channel: str, command: str, text: str = "") -> Delivery:
        """Send a slash command with this text to the letter; returns when the app has acked or failed to."""
        return await self.deliver(self.prepare_command(user, channel, command, text))

    def prepare_command(self, user: str, channel: str, command: str, text: str = "") -> Delivery:
        """A slash command, to be sent with `deliver`; its trigger id counts from now."""
        return self._do.prepare_command(self.user(user), self.channel(channel), command, text)

    def post_user_message(
        self, user: str, channel: str, text: str, thread_ts: str | None = None, **form: Any
    ) -> tuple[Message, list[Delivery]]:
        """Post a person's message; the events it gives rise to are sent in the background, with retries.

        `form` is its `subtype` (as Slack names it) and the `files` sent along.
        """
        return self._do.post(self.user(user), self.channel(channel), text, thread_ts, **form)

    async def send_mention(
        self, user: str, channel: str, text: str, thread_ts: str | None = None, **form: Any
    ) -> tuple[Message, Delivery]:
        """Post "@bot text" and wait until the app has acked the app_mention event, or Slack has given up."""
        mention = f"<@{self.workspace.bot.id}> {text}"
        message, deliveries = self.post_user_message(user, channel, mention, thread_ts, **form)
        return message, await deliveries[0].settled()

    async def edit_user_message(self, channel: str, ts: str, text: str) -> Delivery | None:
        """A person changes what they wrote; returns when the app has acked that, where it is told of it."""
        return await _settled(self._do.edit(self._do.channel(channel), ts, text))

    async def delete_user_message(self, channel: str, ts: str) -> Delivery | None:
        """A person takes back what they wrote; returns as `edit_user_message` does."""
        return await _settled(self._do.take_back(self._do.channel(channel), ts))

    async def click(
        self,
        user: str,
        channel: str,
        message_ts: str,
        action_id: str,
        value: Any = None,
        block_id: str | None = None,
    ) -> Delivery:
        """Click a button, or choose `value` in a menu, of a message; ephemeral ones too.

        For a button `value` only tells buttons of the same action_id apart.
        """
        return await self.deliver(self.prepare_click(user, channel, message_ts, action_id, value, block_id))

    def prepare_click(
        self,
        user: str,
        channel: str,
        message_ts: str,
        action_id: str,
        value: Any = None,
        block_id: str | None = None,
    ) -> Delivery:
        """A click as the message is now, to be sent with `deliver`, perhaps when it is no longer so."""
        return self._do.prepare_click(
            self.user(user), self.channel(channel), message_ts, action_id, block_id=block_id, chosen=value
        )

    async def click_in_view(
        self, user: str, view_id: str, action_id: str, value: Any = None, block_id: str | None = None
    ) -> Delivery:
        """Click a button, or choose in a menu, of a modal or the App Home."""
        return await self.deliver(
            self._do.prepare_view_click(self.user(user), view_id, action_id, block_id=block_id, chosen=value)
        )

    async def submit_view(
        self, view_id: str, values: dict[str, dict[str, Any]], user: str | None = None
    ) -> Delivery:
        """Submit a modal with `values` as {block_id: {action_id: text, option value, id, list or None}}.

        Files are lists of the ids of what was `upload`ed.

        The app's answer is acted upon; `errors` of the delivery are those to show. Raises InputsRefused for
        what Slack's client doesn't send: empty required inputs, texts too short or too long, files of other types.
        """
        owner = self.user(user) if user else self._owner(view_id)
        return await self.deliver(self._do.prepare_submission(owner, view_id, values))

    def upload(self, user: str, name: str, content: bytes = b"", mimetype: str | None = None) -> File:
        """Choose a file for a form; what it is taken for follows from its name, or is said.

        Raises ValueError if it is too large.
        """
        return self._do.upload(self.user(user), name, content, mimetype)

    async def close_view(self, view_id: str, *, clear: bool = False) -> list[Delivery]:
        """Close a modal, or with `clear` the whole stack; returns the view_closed payloads that were sent."""
        return await self._do.close_view(self._owner(view_id), view_id, clear=clear)

    async def tell_app(self, event: Json) -> Delivery:
        """Send an event about the app itself, such as app_uninstalled; returns when it was acked or given up."""
        return await self._do.emit(event).settled()

    def forget_token(self) -> None:
        """Take the app's token back, and tell nobody."""
        self.registry.revoked |= self._api.tokens
        self._api.tokens.clear()

    async def uninstall(self) -> None:
        """Take the app out of the workspace: its token is no longer good, and it is told so, twice."""
        self.forget_token()
        await self.tell_app({"type": "tokens_revoked", "tokens": {"oauth": [], "bot": [self.workspace.bot.id]}})
        await self.tell_app({"type": "app_uninstalled"})

    async def open_home(self, user: str) -> Delivery | None:
        """Open the App Home: the app_home_opened event, acked or given up."""
        delivery = self._do.open_home(self.user(user))
        return await delivery.settled() if delivery else None

    def _owner(self, view_id: str) -> User:
        view = self.workspace.find_view(view_id)
        if view is None:
            raise NotThere("view_not_found")
        return self.user(view.user)

    # Requests as such

    async def deliver(self, delivery: Delivery) -> Delivery:
        """Send a prepared command or click, and act on the answer."""
        return await self._do.deliver(delivery)

    async def redeliver(
        self, delivery: Delivery, *, retry_num: int | None = None, retry_reason: str | None = None
    ) -> Attempt:
        """Send the very same body once more, signed anew, with retry headers if `retry_num` is given."""
        return await self._sender.attempt(delivery, retry_num=retry_num, retry_reason=retry_reason)

    def sign(self, body: bytes, timestamp: str) -> str:
        """The X-Slack-Signature of a body, for requests that a test makes itself."""
        return sign(self.signing_secret, body, timestamp)


async def _settled(delivery: Delivery | None) -> Delivery | None:
    return await delivery.settled() if delivery else None


async def _never_cache(request: web.Request, response: web.StreamResponse) -> None:
    response.headers["Cache-Control"] = "no-store"
