"""What listeners and jobs work with, built once in __main__ and handed down."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

from bot.intake import Intake
from bot.metrics import Metrics
from bot.slack import Identity, Slack
from bot.step_commits import StepCommits
from db.session import Database
from services.ai import AIService
from services.approvals import ApprovalService
from services.attempts import AttemptService
from services.builtin_steps import BuiltinService
from services.cards import CardService
from services.components import ComponentService
from services.connectors import Connector
from services.reminders import ReminderService
from services.retention import Retention
from services.runs import RunService
from services.workflows import WorkflowService


def utc_now() -> datetime:
    """The time, with zone."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Deps:
    """The parts of a running bot. `workspace_id` is the row of the workspace in `identity`."""

    database: Database
    intake: Intake
    slack: Slack
    identity: Identity
    workspace_id: UUID
    ai: AIService
    components: ComponentService
    cards: CardService
    approvals: ApprovalService
    workflows: WorkflowService
    runs: RunService
    attempts: AttemptService
    steps: StepCommits
    builtins: BuiltinService
    reminders: ReminderService
    connector: Connector
    retention: Retention = field(default_factory=Retention)
    metrics: Metrics = field(default_factory=Metrics)
    now: Callable[[], datetime] = utc_now
