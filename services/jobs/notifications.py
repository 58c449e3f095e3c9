"""Jobs that tell people what waits for them, and what people set or do about that."""

from __future__ import annotations

from datetime import date, datetime
from typing import ClassVar
from uuid import UUID

from db.queue import Job
from services.jobs.requests import Act, Press


class PostNotification(Job):
    """Write to a person that they are asked to act, once; nothing if that is over."""

    entrypoint: ClassVar[str] = "post_notification"

    notification: UUID


class DrawNotification(Job):
    """Show at the message to a person what has become of what it asks for."""

    entrypoint: ClassVar[str] = "draw_notification"

    notification: UUID


class RemindPerson(Job):
    """Remind a person of what still waits for them; `by` whom, where somebody pressed Remind."""

    entrypoint: ClassVar[str] = "remind_person"

    notification: UUID
    reminder: int
    by: str | None = None


class SendDigest(Job):
    """Write to a person all that waits for them in one message, which is due at `at`."""

    entrypoint: ClassVar[str] = "send_digest"

    user: str
    at: datetime


class TellUnreached(Job):
    """Say in the thread of the card that none of those who are asked about a step could be written to."""

    entrypoint: ClassVar[str] = "tell_unreached"

    plan: UUID
    run: UUID
    step: UUID
    revision: int


class NudgeGate(Press):
    """Somebody wants those reminded who are asked about the step `target`."""

    entrypoint: ClassVar[str] = "nudge_gate"

    target: UUID


class PostNudge(Job):
    """Remind those who are asked at a `gate`, for the `nudge`th time that somebody wants it, from 1."""

    entrypoint: ClassVar[str] = "post_nudge"

    step: UUID
    gate: UUID
    nudge: int
    by: str


class HandOverGate(Press):
    """Somebody hands the decision about the step `target` to another `person`."""

    entrypoint: ClassVar[str] = "hand_over_gate"

    target: UUID
    person: str


class AskAtGate(Press):
    """Somebody asks a `person` what they want to know before they decide about the step `target`."""

    entrypoint: ClassVar[str] = "ask_at_gate"

    target: UUID
    person: str
    text: str


class PostGateRequest(Job):
    """Put what somebody wants to know about a step, the `number`th from 1, into the thread of the card."""

    entrypoint: ClassVar[str] = "post_gate_request"

    step: UUID
    revision: int
    number: int


class SetNotifications(Act):
    """A person sets how they are told, and who decides for them on the days `first` to `last`."""

    entrypoint: ClassVar[str] = "set_notifications"

    mode: str
    deputy: str | None = None
    first: date | None = None
    last: date | None = None
    response_url: str | None = None


class TellDeputy(Job):
    """Tell somebody that they may decide in the place of `user`."""

    entrypoint: ClassVar[str] = "tell_deputy"

    user: str
