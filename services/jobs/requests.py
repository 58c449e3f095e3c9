"""What every job that a person asks for has: who, where, and as it was shown."""

from __future__ import annotations

from datetime import timedelta

from db.queue import Job
from services.audit import Actor


class JobDeferral(Exception):
    """Not now: run this job again after `delay`. It may be deferred for ever."""

    def __init__(self, delay: timedelta, reason: str) -> None:
        super().__init__(reason)
        self.delay = delay


class Request(Job):
    """What a person asks for in Slack: whoever asked hears of it, even if it fails for good."""


class Act(Request):
    """What a person does in a message, with a slash command, or on their Home, which is in no channel."""

    user: str
    channel: str
    message_ts: str | None = None

    @property
    def actor(self) -> Actor:
        """Who it is, and the message in which they do it; on their Home there is none."""
        return Actor(self.user, self.channel or None, self.message_ts or None)


class Press(Act):
    """A press of a button about something, as it was shown at `revision`. `key` is Slack's own id of the press."""

    key: str | None = None
    revision: int
    thread_ts: str | None = None

    @property
    def actor(self) -> Actor:
        """Who it is, the message, and which press."""
        return Actor(self.user, self.channel or None, self.message_ts or None, self.key)
