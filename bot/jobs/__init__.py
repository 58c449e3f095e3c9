"""What happens after the ack: one handler per job, each written to be run twice."""

from __future__ import annotations

from typing import Any

from bot.jobs import home, inquiries, notes, pictures, webhooks, workspaces
from bot.jobs.agents import functions, prompts, streaming
from bot.jobs.components import changing, importing, offering, trying
from bot.jobs.conversations import hearing, policy_files, replying, settling, shortcuts
from bot.jobs.messages import cards, placing, private, replies, showing
from bot.jobs.notifications import copies, digests, preferences
from bot.jobs.notifications import gates as gate_acts
from bot.jobs.registry import Handler
from bot.jobs.runs import decisions as run_decisions
from bot.jobs.runs import gates, questions, steps
from bot.jobs.workflows import clarifying, drafts, dry_runs, issues, refining
from bot.jobs.workflows import decisions as plan_decisions

HANDLERS: tuple[Handler[Any], ...] = tuple(
    handler
    for module in (
        hearing,
        replying,
        settling,
        policy_files,
        offering,
        importing,
        shortcuts,
        issues,
        drafts,
        clarifying,
        dry_runs,
        refining,
        plan_decisions,
        steps,
        run_decisions,
        gates,
        gate_acts,
        copies,
        digests,
        preferences,
        questions,
        cards,
        showing,
        replies,
        private,
        inquiries,
        streaming,
        prompts,
        functions,
        notes,
        changing,
        trying,
        pictures,
        home,
        placing,
        webhooks,
        workspaces,
    )
    for handler in module.HANDLERS
)
