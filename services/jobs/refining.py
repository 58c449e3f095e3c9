"""A draft is changed: by a wish in words."""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

from services.audit import Actor
from services.jobs.requests import Act


class RefinePlan(Act):
    """Somebody wants a draft to be different, and says so in words. `key` is Slack's own id of what they did.

    `wish` is readable text. `revision` is of the plan as it was shown; None: whatever is shown now. `thread_ts` is
    the thread in which they are answered.
    """

    entrypoint: ClassVar[str] = "refine_plan"

    key: str
    plan: UUID
    wish: str
    thread_ts: str | None = None
    revision: int | None = None

    @property
    def actor(self) -> Actor:
        """Who it is, the message, and which act."""
        return Actor(self.user, self.channel, self.message_ts, self.key)
