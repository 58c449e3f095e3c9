"""The audit trail: who did what, when, and from which message.

Acts of people and changes of plans and runs are put on record here, by those who make them. Changes of steps are
put there by PostgreSQL itself (`db/migrations/versions/0004_audit.py`), whatever it is that makes them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from db.models import AuditEvent


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, by Slack's id, and the message in which they do.

    A slash command, and the form behind one, are used in a channel and in no message. `press` is Slack's own id of
    the press of a button, which tells it from another press of the same button.
    """

    user: str
    channel: str | None = None
    message_ts: str | None = None
    press: str | None = None


SYSTEM = Actor("mudda")
"""The actor of what no person did."""

OPERATOR = Actor("operator")
"""Whoever used a command on the machine itself, where nobody has a Slack id."""


async def record(
    session: AsyncSession, workspace_id: UUID, *, subject: UUID, actor: Actor, action: str, **facts: Any
) -> None:
    """Write one event down, in the transaction of what it tells of; it precedes what comes of it."""
    session.add(
        AuditEvent(
            workspace_id=workspace_id,
            subject_id=subject,
            actor=actor.user,
            channel_id=actor.channel,
            message_ts=actor.message_ts,
            action=action,
            facts=with_press(actor, facts),
        )
    )
    await session.flush()


def with_press(actor: Actor, facts: dict[str, Any]) -> dict[str, Any]:
    """The facts of an event, with the press of the button that it comes of."""
    return facts if actor.press is None else {**facts, "press": actor.press}
