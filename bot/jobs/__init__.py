"""What happens after the ack: one handler per job, each written to be run twice."""

from __future__ import annotations

from typing import Any

from bot.jobs import cards, drafts, dry_runs, gates, plans, private, questions, replies, runs, showing
from bot.jobs.registry import Handler

HANDLERS: tuple[Handler[Any], ...] = (
    *plans.HANDLERS,
    *drafts.HANDLERS,
    *dry_runs.HANDLERS,
    *cards.HANDLERS,
    *showing.HANDLERS,
    *runs.HANDLERS,
    *gates.HANDLERS,
    *questions.HANDLERS,
    *replies.HANDLERS,
    *private.HANDLERS,
)
