"""The state of one Slack workspace, and everything that may happen to it.

Synchronous throughout, so each operation is atomic on the event loop. Every change is published on the feed.
Bounded: a channel keeps its newest messages and forgets the rest.
"""

from __future__ import annotations

import random
import string
import time
from dataclasses import dataclass, replace
from functools import partial

from bot.sandbox.slack.state.feed import Feed, Signal
from bot.sandbox.slack.state.files import Files
from bot.sandbox.slack.state.functions import FunctionExecution
from bot.sandbox.slack.state.ids import new_id, with_ids
from bot.sandbox.slack.state.inputs import state_of
from bot.sandbox.slack.state.model import (
    SLACKBOT,
    AppShortcut,
    Channel,
    Clock,
    Command,
    Json,
    Message,
    Team,
    User,
    UserGroup,
    View,
)
from bot.sandbox.slack.state.shapes import page_channel, page_message, page_user, view_object
from bot.sandbox.slack.state.uploads import Uploads

MESSAGES_KEPT = 2_000
EPHEMERALS_KEPT = 500
VIEWS_IN_A_STACK = 3

DEFAULT_TEAM = Team("T0MUDDA001", "Springfield", "springfield")
DEFAULT_BOT = User("U0MUDDABOT", "mudda", "Mudda", is_bot=True, color="4a154b")
DEFAULT_PEOPLE = (
    User("U0PRIYA001", "priya", "Priya Raman", "Clerk, city hall", color="2f6fde"),
    User("U0MARCO001", "marco", "Marco Bellini", "Director of public works", color="b8560f", is_admin=True),
    User("U0DANA0001", "dana", "Dana Whitfield", "Water foreman", color="2a7d46"),
)
DEFAULT_GROUPS = (
    UserGroup("S0WATERCRW", "water-crew", "Water crew", ("U0DANA0001", "U0MARCO001")),
    UserGroup("S0NIGHTSHF", "night-shift", "Night shift, with nobody in it yet"),
)
DEFAULT_CHANNELS = (
    ("C0WORKS001", "works", "Roads, trees, lights", False),
    ("C0WATER001", "water", "Mains, hydrants, meters", False),
    ("C0SQUARE01", "town-square", "Mudda is not in this channel until you /invite it", False),
    ("C0COUNCIL1", "council", "Council staff only", True),
)
DEFAULT_COMMANDS = (
    Command("/mudda", "Draft a plan for a civic issue", "what has happened, or: ask …, help", should_escape=True),
    Command("/components", "What plans can be made of", "[search]"),
    Command("/workflows", "The plans there are", "[open, mine, waiting, words, or #number]", should_escape=True),
)
DEFAULT_SHORTCUTS = (
    AppShortcut(
        "message.plan", "Plan this issue", "Drafts a plan for what this message reports", is_for_messages=True
    ),
    AppShortcut(
        "issue.report",
        "Report an issue",
        "Opens a form for what is wrong, and drafts a plan",
        is_for_messages=False,
    ),
)


@dataclass(slots=True)
class Setup:
    """What a workspace starts with. `bot_channels` are the names of the channels that the bot is in."""

    team: Team = DEFAULT_TEAM
    app_id: str = "A0MUDDA001"
    bot_id: str = "B0MUDDA001"
    bot: User = DEFAULT_BOT
    people: tuple[User, ...] = DEFAULT_PEOPLE
    groups: tuple[UserGroup, ...] = DEFAULT_GROUPS
    channels: tuple[tuple[str, str, str, bool], ...] = DEFAULT_CHANNELS  # id, name, topic, is_private
    bot_channels: tuple[str, ...] = ("works", "water", "council")
    commands: tuple[Command, ...] = DEFAULT_COMMANDS
    shortcuts: tuple[AppShortcut, ...] = DEFAULT_SHORTCUTS
    enterprise_id: str | None = None


class Workspace:
    """One Slack workspace with one app in it."""

    def __init__(self, setup: Setup | None = None, *, clock: Clock = time.time) -> None:
        self.messages_kept = MESSAGES_KEPT
        setup = setup or Setup()
        self.team, self.app_id, self.bot_id, self.bot = setup.team, setup.app_id, setup.bot_id, setup.bot
        self.commands, self.shortcuts = setup.commands, setup.shortcuts
        # Its organisation; whether the app is in all of that, or has been kept out of this workspace.
        self.enterprise_id = setup.enterprise_id
        self.is_org_wide = self.is_kept_out = False
        # Whether the app is an agent here: a paid plan, and an app that is declared as one.
        self.has_agents = True
        # Whether work objects are turned on; which one a trigger asks for, and what is in each person's pane.
        self.has_work_objects = True
        self.wanted: dict[str, str] = {}
        self.panes: dict[str, Json] = {}
        self.executions: dict[str, FunctionExecution] = {}
        self.clock = clock
        self.signal = Signal()
        self.feed = Feed(self.signal, first_id=int(clock() * 1_000_000))
        self.users = {user.id: user for user in (*setup.people, setup.bot)}
        self.groups = {group.id: group for group in setup.groups}
        self.files = Files()
        self.uploads = Uploads()
        self.channels: dict[str, Channel] = {}
        self.stacks: dict[str, list[View]] = {user.id: [] for user in setup.people}
        self.homes: dict[str, View] = {}
        self._random = random.Random()
        self._last_micros = 0
        people = [user.id for user in setup.people]
        for channel_id, name, topic, is_private in setup.channels:
            members = [*people, *([setup.bot.id] if name in setup.bot_channels else [])]
            self.channels[channel_id] = Channel(channel_id, name, members, topic, is_private)
        for user in people:
            self.open_dm([user, setup.bot.id])

    @property
    def people(self) -> list[User]:
        """The humans whose accounts are open, in the order they were set up."""
        return [user for user in self.users.values() if not user.is_bot and not user.is_deactivated]

    def set_locale(self, user: User, locale: str) -> User:
        """Give somebody another language; returns who they are now."""
        changed = replace(user, locale=locale)
        self.users[user.id] = changed
        self.feed.publish("user_changed", lambda: {"user": page_user(self.users[user.id])})
        return changed

    def next_ts(self) -> str:
        """A message's ts: now, in Slack's form, unique and later than every one before."""
        self._last_micros = max(int(self.clock() * 1_000_000), self._last_micros + 1)
        return f"{self._last_micros // 1_000_000}.{self._last_micros % 1_000_000:06d}"

    def new_id(self, prefix: str) -> str:
        """An id as Slack makes them, e.g. `V0ABCDEFGHI`."""
        return new_id(prefix, self._random)

    def token(self, length: int = 24) -> str:
        """A random word of letters and digits."""
        return "".join(self._random.choices(string.ascii_letters + string.digits, k=length))

    def find_user(self, name: str) -> User | None:
        """A user by id or by name."""
        found = self.users.get(name)
        return found or next((user for user in self.users.values() if user.name == name.lstrip("@")), None)

    def find_group(self, handle: str) -> UserGroup | None:
        """A user group by its handle."""
        return next((group for group in self.groups.values() if group.handle == handle), None)

    def find_channel(self, name: str) -> Channel | None:
        """A channel by id or by name, with or without the #."""
        wanted = name.removeprefix("#")
        found = self.channels.get(name)
        return found or next((c for c in self.channels.values() if c.name == wanted and not c.is_im), None)

    def open_dm(self, members: list[str]) -> Channel:
        """The direct or group message among `members`, made if there is none."""
        for channel in self.channels.values():
            if (channel.is_im or channel.is_mpim) and set(channel.members) == set(members):
                return channel
        direct = len(members) <= 2
        name = "" if direct else "mpdm-" + "--".join(self.users[member].name for member in members) + "-1"
        channel = Channel(
            self.new_id("D" if direct else "G"), name, list(members), is_im=direct, is_mpim=not direct
        )
        self.channels[channel.id] = channel
        self._announce_channel(channel, members)
        return channel

    def join(self, channel: Channel, user: str) -> None:
        """Add a user, or the bot, to a channel; nothing if they are in it."""
        if user not in channel.members:
            channel.members.append(user)
            self._announce_channel(channel, channel.members)

    def _announce_channel(self, channel: Channel, members: list[str]) -> None:
        for member in members:
            self.feed.publish("channel_joined", partial(self._joined, channel, member), user=member)

    def _joined(self, channel: Channel, viewer: str) -> Json:
        return {"channel": page_channel(channel, viewer, self.users)}

    def add(self, message: Message) -> Message:
        """Put a message into its channel, or before one user's eyes if it is ephemeral."""
        channel = self.channels[message.channel]
        message.blocks = with_ids(message.blocks, self._random)
        if message.ephemeral_to is not None:
            _keep(channel.ephemerals, message, EPHEMERALS_KEPT)
            self._publish("ephemeral", message)
            return message
        _keep(channel.messages, message, self.messages_kept)
        self._publish("message", message)
        if message.is_reply:
            self._count_reply(channel, message)
        if message.bot_id is not None:
            self.set_status(channel, message.thread_ts or message.ts, "")
        return message

    def set_status(self, channel: Channel, thread_ts: str, text: str) -> None:
        """Show below a thread what the bot is about; empty: nothing."""
        if channel.statuses.pop(thread_ts, "") == text:
            return
        if text:
            channel.statuses[thread_ts] = text
        self.feed.publish(
            "status",
            lambda: {"channel": channel.id, "thread_ts": thread_ts, "text": text},
            channel=channel.id,
        )

    def set_session(self, channel: Channel, thread_ts: str, status: str) -> None:
        """How the bot's session as an agent in a thread stands, e.g. "processing"."""
        if channel.sessions.get(thread_ts) == status:
            return
        channel.sessions[thread_ts] = status
        self.feed.publish(
            "session",
            lambda: {"channel": channel.id, "thread_ts": thread_ts, "status": status},
            channel=channel.id,
        )

    def suggest(self, channel: Channel, prompts: list[Json]) -> None:
        """What the bot suggests to write to it in a direct message."""
        channel.prompts = prompts
        self.feed.publish("prompts", lambda: {"channel": channel.id, "prompts": prompts}, channel=channel.id)

    def _count_reply(self, channel: Channel, reply: Message) -> None:
        parent = channel.messages.get(reply.thread_ts or "")
        if parent is None:  # it has been forgotten
            return
        reply.parent_user_id = parent.user
        parent.thread_ts = parent.ts
        parent.reply_count += 1
        parent.latest_reply = reply.ts
        if reply.user not in parent.reply_users:
            parent.reply_users.append(reply.user)
        self.changed(parent)

    def changed(self, message: Message) -> None:
        """Say that a message is not what it was."""
        self._publish("message_changed", message)

    def set_blocks(self, message: Message, blocks: list[Json]) -> None:
        """Replace a message's blocks; the caller says `changed`."""
        message.blocks = with_ids(blocks, self._random)

    def remove(self, message: Message) -> None:
        """Delete a message. One with replies leaves a tombstone, as in Slack."""
        channel = self.channels[message.channel]
        if message.ephemeral_to is None and message.reply_count:
            message.subtype, message.text = "tombstone", "This message was deleted."
            message.blocks, message.attachments, message.metadata = [], [], None
            message.user, message.bot_id = SLACKBOT, None
            self.changed(message)
            return
        shelf = channel.messages if message.ephemeral_to is None else channel.ephemerals
        del shelf[message.ts]
        parent = channel.messages.get(message.thread_ts or "") if message.is_reply else None
        if parent is not None:
            parent.reply_count -= 1
            self.changed(parent)
        self.feed.publish(
            "message_deleted",
            lambda: {"channel": message.channel, "ts": message.ts},
            channel=message.channel,
            user=message.ephemeral_to,
        )

    def _publish(self, name: str, message: Message) -> None:
        self.feed.publish(
            name,
            lambda: {"channel": message.channel, "message": page_message(message)},
            channel=message.channel,
            user=message.ephemeral_to,
        )

    def notice(self, user: str, channel: str | None, text: str) -> None:
        """Tell one user something that Slack's client itself would say."""
        self.feed.publish("notice", lambda: {"channel": channel, "text": text}, user=user)

    def view_json(self, view: View) -> Json:
        """A view as Slack returns it."""
        return view_object(view, team=self.team, app_id=self.app_id, bot_id=self.bot_id)

    def new_view(self, user: str, body: Json) -> View:
        """A view for a user, not shown yet."""
        blocks = with_ids(body["blocks"], self._random)
        view_id = self.new_id("V")
        values = state_of(blocks, {})
        return View(view_id, user, body, blocks, self._view_hash(), root_view_id=view_id, values=values)

    def _view_hash(self) -> str:
        return f"{int(self.clock())}.{self.token(8)}"

    def find_view(self, view_id: str | None = None, external_id: str | None = None) -> View | None:
        """An open modal or a published App Home, by id or by the app's own id."""
        for view in [*self.homes.values(), *(view for stack in self.stacks.values() for view in stack)]:
            if view.id == view_id or (external_id and view.body.get("external_id") == external_id):
                return view
        return None

    def open_view(self, view: View) -> None:
        """Show a modal instead of whatever modals the user has open."""
        self.close_views(view.user)
        self.stacks[view.user] = [view]
        self._publish_view("view_opened", view)

    def push_view(self, view: View) -> None:
        """Show a modal on top of the others."""
        stack = self.stacks[view.user]
        view.root_view_id, view.previous_view_id = stack[0].id, stack[-1].id
        stack.append(view)
        self._publish_view("view_opened", view)

    def replace_view(self, view: View, body: Json) -> None:
        """Give a view new content and a new hash; what was typed is kept where block and action stay."""
        view.body, view.blocks, view.hash = body, with_ids(body["blocks"], self._random), self._view_hash()
        view.values = state_of(view.blocks, view.values)
        self._publish_view("view_updated" if view.is_modal else "home_updated", view)

    def publish_home(self, view: View) -> None:
        """Publish an App Home for the first time."""
        self.homes[view.user] = view
        self._publish_view("home_updated", view)

    def close_views(self, user: str, *, top_only: bool = False) -> list[View]:
        """Close the user's modals, or the one on top; the closed ones, top first."""
        closed = []
        stack = self.stacks[user]
        while stack:
            view = stack.pop()
            closed.append(view)
            self.feed.publish("view_closed", partial(dict, view_id=view.id), user=user)
            if top_only:
                break
        return closed

    def _publish_view(self, name: str, view: View) -> None:
        self.feed.publish(name, lambda: {"view": self.view_json(view)}, user=view.user)


def _keep(shelf: dict[str, Message], message: Message, limit: int) -> None:
    shelf[message.ts] = message
    while len(shelf) > limit:
        del shelf[next(iter(shelf))]
