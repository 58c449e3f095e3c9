"""Jobs of the bot as an agent: in its direct messages, and as a step of workflows of Workflow Builder."""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

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


class DraftForWorkflow(Job):
    """A step "Draft a civic plan" of a workflow: `execution` is Slack's id of it, and `key` the intake's.

    `channel` is where the card is to be shown, empty where none was chosen. `user` is as whom it is reported.
    """

    entrypoint: ClassVar[str] = "draft_for_workflow"

    key: str
    execution: str
    text: str
    channel: str = ""
    user: str | None = None


class WaitForPlan(Job):
    """A step "Run plan and wait" of a workflow. `number` is what people call the plan; None: it was given none.

    Only what `user` may see is told of; without one, only what everybody may.
    """

    entrypoint: ClassVar[str] = "wait_for_plan"

    key: str
    execution: str
    number: int | None = None
    user: str | None = None


class CompleteFunction(Job):
    """Tell Slack how a step of a workflow has ended; `step` is the id of its row."""

    entrypoint: ClassVar[str] = "complete_function"

    step: UUID
