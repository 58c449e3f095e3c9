"""What happens after the ack: one handler per job, each written to be run twice."""

from __future__ import annotations

from typing import Any

from bot.jobs import home, notes, workspaces
from bot.jobs.messages import cards, placing, private, replies, showing
from bot.jobs.registry import Handler
from bot.jobs.runs import decisions as run_decisions
from bot.jobs.runs import gates, questions, steps
from bot.jobs.workflows import decisions as plan_decisions
from bot.jobs.workflows import drafts, dry_runs, issues

HANDLERS: tuple[Handler[Any], ...] = tuple(
    handler
    for module in (
        issues,
        drafts,
        dry_runs,
        plan_decisions,
        steps,
        run_decisions,
        gates,
        questions,
        cards,
        showing,
        replies,
        private,
        notes,
        home,
        placing,
        workspaces,
    )
    for handler in module.HANDLERS
)
