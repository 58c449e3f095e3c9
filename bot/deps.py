"""What listeners and jobs work with, built once in __main__ and handed down."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

from bot.metrics import Metrics
from bot.slack.client import Identity, Slack
from bot.slack.intake import Intake
from db.session import Database
from services.ai.service import AIService
from services.approvals import ApprovalService
from services.cards import CardService
from services.components.service import ComponentService
from services.connectors import Connector
from services.queries.workflows import WorkflowQueries
from services.retention import Retention
from services.runs.attempts import AttemptService
from services.runs.decisions import DecisionService
from services.runs.executor import Executor
from services.runs.questions import QuestionService
from services.runs.reminders import ReminderService
from services.runs.service import RunService
from services.workflows.service import WorkflowService


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
    queries: WorkflowQueries
    runs: RunService
    decisions: DecisionService
    attempts: AttemptService
    executor: Executor
    questions: QuestionService
    reminders: ReminderService
    connector: Connector
    retention: Retention = field(default_factory=Retention)
    metrics: Metrics = field(default_factory=Metrics)
    now: Callable[[], datetime] = utc_now
