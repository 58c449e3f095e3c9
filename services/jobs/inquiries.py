"""Jobs about what people ask of the bot."""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

from services.jobs.requests import Act


class AnswerInquiry(Act):
    """Somebody asked something: answer it from what is on record. `key` is Slack's own id of what they said.

    `markup` is Slack's own form of `inquiry`, where it has one. `plan` is the one in whose thread it was asked.
    It is answered in the thread `thread_ts`, or in a direct message with the bot; by `response_url` where there
    is one, and then privately. `is_stranger`: whoever asks is of another organisation; None: Slack is asked.
    """

    entrypoint: ClassVar[str] = "answer_inquiry"

    key: str
    inquiry: str
    markup: str | None = None
    plan: UUID | None = None
    thread_ts: str | None = None
    response_url: str | None = None
    is_stranger: bool | None = None


class FindAnswer(AnswerInquiry):
    """Find the answer, and put it where "Looking…" stands: in the message `answer_ts`, if there is one.

    `is_streamed`: that message grows before the eyes of whoever asked, until it is ended.
    """

    entrypoint: ClassVar[str] = "find_answer"

    answer_ts: str | None = None
    is_streamed: bool = False
