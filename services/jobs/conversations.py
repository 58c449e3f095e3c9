"""Jobs about what people say: judged, answered, settled; and a policy that somebody sends."""

from __future__ import annotations

from typing import ClassVar, Literal
from uuid import UUID

from db.queue import Job
from services.jobs.requests import Act, Press
from services.jobs.runs import AnswerFile

ReplyKind = Literal[
    "help", "empty", "picture", "smalltalk", "decision", "which_plan", "unclear", "stranger", "enough", "lacking"
]
Lacking = Literal["budget", "unavailable"]
Settlement = Literal["issue", "change", "question"]
MessageSource = Literal["shortcut", "emoji"]


class Hear(Act):
    """Somebody said something to the bot, or in a thread of its: find out what is meant, and have it done.

    `key` is Slack's own id of it, `where` the way it came (as Where has it), `markup` Slack's own form of `text`.
    `thread_ts` is the thread that it was said in, if it was one. `is_stranger`: of another organisation. By
    `response_url` whoever used a slash command is answered privately.
    """

    entrypoint: ClassVar[str] = "hear"

    key: str
    where: str
    text: str
    markup: str
    thread_ts: str | None = None
    response_url: str | None = None
    is_stranger: bool = False
    files: tuple[AnswerFile, ...] = ()

    @property
    def reply_thread(self) -> str | None:
        """The thread that an answer belongs in; None behind a slash command, which has none."""
        return self.thread_ts or self.message_ts


class PlanMessage(Act):
    """Plan what the message `message_ts` says, as `user` asks by a shortcut or an emoji: `source` says which.

    `key` is Slack's own id of that. By `response_url` whoever used the shortcut is answered privately.
    """

    entrypoint: ClassVar[str] = "plan_message"

    key: str
    message_ts: str
    source: MessageSource
    response_url: str | None = None


class Say(Job):
    """Answer what was heard, once. `about` is a plan, `lacking` why the model could not be asked."""

    entrypoint: ClassVar[str] = "say"

    heard: UUID
    kind: ReplyKind
    in_private: bool = False
    about: UUID | None = None
    lacking: Lacking | None = None
    response_url: str | None = None
    reply_thread: str | None = None


class LockReply(Job):
    """Take the buttons away under an answer to a decision in words: the plan `about` is decided about."""

    entrypoint: ClassVar[str] = "lock_reply"

    heard: UUID
    about: UUID


class Settle(Press):
    """Whoever wrote what could be meant in several ways says by a button which it was."""

    entrypoint: ClassVar[str] = "settle"

    heard: UUID
    choice: Settlement
    response_url: str | None = None


class LoadPolicyFile(Act):
    """Somebody sent files of a policy to the bot: load them if they may, and say what came of it."""

    entrypoint: ClassVar[str] = "load_policy_file"

    heard: UUID
    files: tuple[AnswerFile, ...]
    thread_ts: str
    is_stranger: bool = False
