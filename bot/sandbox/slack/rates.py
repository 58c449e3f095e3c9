"""Slack's rate limits as token buckets: per method, and per channel for chat.postMessage."""

from __future__ import annotations

import math
from dataclasses import dataclass

from bot.sandbox.slack.state.model import Clock, Json

# Calls a minute. Slack's tiers: 1 is 1+, 2 is 20+, 3 is 50+, 4 is 100+.
PER_MINUTE: dict[str, int] = {
    "chat.update": 50,
    "chat.delete": 50,
    "chat.postEphemeral": 100,
    "chat.startStream": 20,
    "chat.appendStream": 100,
    "chat.stopStream": 20,
    "agents.sessions.setStatus": 50,
    "assistant.threads.setSuggestedPrompts": 100,
    "functions.completeSuccess": 50,
    "functions.completeError": 50,
    "entity.presentDetails": 50,
    "conversations.history": 50,
    "conversations.replies": 50,
    "conversations.info": 50,
    "conversations.list": 20,
    "conversations.open": 50,
    "conversations.members": 100,
    "views.open": 100,
    "views.update": 100,
    "views.push": 100,
    "views.publish": 100,
    "users.info": 100,
    "users.list": 20,
    "usergroups.list": 20,
    "usergroups.users.list": 20,
    "team.info": 50,
    "reactions.add": 50,
    "files.getUploadURLExternal": 100,
    "files.completeUploadExternal": 100,
}
POSTS_PER_SECOND = 1.0  # per channel
POSTS_BURST = 5.0  # "short bursts" is all that Slack says


@dataclass(slots=True)
class _Bucket:
    capacity: float
    per_second: float
    level: float
    at: float

    def take(self, now: float) -> float:
        """Take one token: 0, or the seconds until there is one."""
        self.level = min(self.capacity, self.level + (now - self.at) * self.per_second)
        self.at = now
        if self.level >= 1:
            self.level -= 1
            return 0.0
        return (1 - self.level) / self.per_second


class RateLimits:
    """Decides whether a call comes too soon."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._buckets: dict[tuple[str, str], _Bucket] = {}

    def retry_after(self, method: str, args: Json) -> int:
        """Whole seconds to wait before this call, at least 1; 0 if it may go through, which uses a token."""
        if method == "chat.postMessage":
            key, capacity, per_second = (method, str(args.get("channel"))), POSTS_BURST, POSTS_PER_SECOND
        elif method in PER_MINUTE:
            limit = PER_MINUTE[method]
            key, capacity, per_second = (method, ""), float(limit), limit / 60
        else:
            return 0
        now = self._clock()
        bucket = self._buckets.setdefault(key, _Bucket(capacity, per_second, capacity, now))
        return math.ceil(bucket.take(now))
