"""What a workspace is made of: people, channels, messages and views, in memory.

Plain records. What they look like on the wire stands in `shapes`, what may be done to them in `workspace`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]
Blocks = list[Json]
Clock = Callable[[], float]  # seconds since the epoch, as time.time

SLACKBOT = "USLACKBOT"


@dataclass(frozen=True, slots=True)
class Team:
    """A Slack workspace."""

    id: str
    name: str
    domain: str


@dataclass(frozen=True, slots=True)
class User:
    """A person or the bot; `name` is what follows the @, `color` six hex digits.

    `team_id` is that of the person's own organisation, where that is not the workspace's. `is_admin` of this one.
    `locale` is what they have chosen in Slack: a language and a country.
    """

    id: str
    name: str
    real_name: str
    title: str = ""
    is_bot: bool = False
    color: str = "3c989f"
    is_deactivated: bool = False
    team_id: str | None = None
    is_admin: bool = False
    locale: str = "en-US"


@dataclass(frozen=True, slots=True)
class UserGroup:
    """A user group; `handle` is what follows the @, `users` are the members' ids."""

    id: str
    handle: str
    name: str
    users: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Command:
    """A slash command that the app has registered; `command` starts with the slash.

    `should_escape`: people, groups and channels in its text come as marks with ids, else as they were typed.
    """

    command: str
    description: str = ""
    usage_hint: str = ""
    should_escape: bool = False


@dataclass(frozen=True, slots=True)
class AppShortcut:
    """A shortcut that the app has registered: in the menu of every message, or from anywhere."""

    callback_id: str
    name: str
    description: str
    is_for_messages: bool


@dataclass(slots=True)
class Stream:
    """What a message that is being streamed holds so far: `parts` in order, text and tasks and blocks.

    `mode` is "markdown" or "chunks", whichever came first. `is_stopped`: a person has pressed Stop.
    """

    started_at: float
    mode: str | None = None
    parts: Blocks = field(default_factory=list)
    own_blocks: int = 0
    is_stopped: bool = False

    @property
    def blocks(self) -> Blocks:
        """The parts as blocks of a message."""
        return [dict(part) for part in self.parts]

    @property
    def text(self) -> str:
        """What was streamed as text."""
        return "".join(part["text"] for part in self.parts if part["type"] == "markdown")

    def add_text(self, text: str) -> None:
        """Text that goes on where the last one ended."""
        if self.parts and self.parts[-1]["type"] == "markdown":
            self.parts[-1]["text"] += text
        else:
            self.parts.append({"type": "markdown", "text": text})

    def add_blocks(self, blocks: Blocks) -> None:
        """Blocks below what there is."""
        self.parts += blocks
        self.own_blocks += len(blocks)

    def set_task(self, task_id: str, title: str, status: str) -> None:
        """A new task, or what has become of one."""
        task = next((part for part in self.parts if part.get("task_id") == task_id), None)
        if task is None:
            self.parts.append({"type": "task_card", "task_id": task_id, "title": title, "status": status})
        else:
            task |= {"title": title, "status": status}

    def give_up_tasks(self) -> None:
        """A task that goes on when its stream ends is shown as failed."""
        for part in self.parts:
            if part.get("status") == "in_progress":
                part["status"] = "error"


@dataclass(slots=True)
class Message:
    """One message. `ephemeral_to` is the only user who sees it; `blocks` have their ids filled in."""

    channel: str
    ts: str
    user: str
    text: str = ""
    blocks: Blocks = field(default_factory=list)
    attachments: list[Json] = field(default_factory=list)
    bot_id: str | None = None
    app_id: str | None = None
    subtype: str | None = None
    thread_ts: str | None = None
    parent_user_id: str | None = None
    reply_count: int = 0
    reply_users: list[str] = field(default_factory=list)
    latest_reply: str | None = None
    edited: Json | None = None
    metadata: Json | None = None
    entities: list[Json] = field(default_factory=list)
    reactions: dict[str, list[str]] = field(default_factory=dict)
    ephemeral_to: str | None = None
    client_msg_id: str | None = None
    files: tuple[Json, ...] = ()
    stream: Stream | None = None
    # What each user has chosen in the message's menus: user -> block_id -> action_id -> state value.
    selections: dict[str, dict[str, Json]] = field(default_factory=dict)

    @property
    def is_reply(self) -> bool:
        """Whether it stands in a thread below another message."""
        return self.thread_ts is not None and self.thread_ts != self.ts


@dataclass(slots=True)
class Channel:
    """A channel, private channel, direct message or group message; `messages` by ts, in order.

    `statuses` are what the bot is about, by the ts of the thread; `sessions` how its sessions as an agent stand.
    `prompts` are what it suggests to write to it.
    """

    id: str
    name: str
    members: list[str]
    topic: str = ""
    is_private: bool = False
    is_im: bool = False
    is_mpim: bool = False
    created: int = 1_700_000_000
    messages: dict[str, Message] = field(default_factory=dict)
    ephemerals: dict[str, Message] = field(default_factory=dict)
    statuses: dict[str, str] = field(default_factory=dict)
    sessions: dict[str, str] = field(default_factory=dict)
    prompts: list[Json] = field(default_factory=list)

    @property
    def kind(self) -> str:
        """Slack's word for it in `conversations.list`'s `types`."""
        if self.is_im:
            return "im"
        if self.is_mpim:
            return "mpim"
        return "private_channel" if self.is_private else "public_channel"


@dataclass(slots=True)
class View:
    """A modal on a user's stack, or the App Home published for a user; `body` as the app sent it."""

    id: str
    user: str
    body: Json
    blocks: Blocks
    hash: str
    root_view_id: str
    previous_view_id: str | None = None
    values: dict[str, Json] = field(default_factory=dict)

    @property
    def is_modal(self) -> bool:
        """Whether it is a modal rather than an App Home."""
        return self.body.get("type") == "modal"
