"""Jobs of the bot as an agent: in its direct messages, and as a step of workflows of Workflow Builder."""

from __future__ import annotations

from typing import ClassVar

from db.queue import Job


class SuggestPrompts(Job):
    """Somebody opened their direct message with the bot: suggest what they may want to write there."""

    entrypoint: ClassVar[str] = "suggest_prompts"

    user: str
    channel: str


class StopAnswer(Job):
    """Somebody pressed Stop in a thread: what is being answered to them there is answered no more."""

    entrypoint: ClassVar[str] = "stop_answer"

    user: str
    channel: str
    thread_ts: str
