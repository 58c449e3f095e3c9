"""Jobs about webhooks."""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

from db.queue import Job


class DeliverWebhook(Job):
    """Tell a webhook of an event, as the `attempt` of its delivery, which counts from 1.

    The first one is put into the queue by PostgreSQL itself, with the delivery (migration 0028).
    """

    entrypoint: ClassVar[str] = "deliver_webhook"

    delivery: UUID
    attempt: int
