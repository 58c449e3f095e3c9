"""What happens after the ack: one handler per job, each written to be run twice."""

from __future__ import annotations

from typing import Any

from bot.jobs import cards, drafts, plans, private
from bot.jobs.registry import Handler

HANDLERS: tuple[Handler[Any], ...] = (
    *plans.HANDLERS,
    *drafts.HANDLERS,
    *cards.HANDLERS,
    *private.HANDLERS,
)
