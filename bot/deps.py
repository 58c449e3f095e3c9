"""What listeners and jobs work with, built once in __main__ and handed down."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from bot.metrics import Metrics
from bot.slack.client import Slack
from bot.slack.intake import Intake
from bot.slack.surfaces import Surfaces
from db.models.documents import WorkspaceSettings
from db.session import Database
from services.ai.budget import TokenBudget
from services.ai.intents import IntentJudge
from services.ai.service import AIService
from services.approvals import ApprovalService
from services.cards import CardService
from services.components.registry import RegistryService
from services.components.search import ComponentSearch
from services.components.service import ComponentService
from services.connectors import Connector
from services.conversations.service import ConversationService
from services.conversations.threads import OwnedThreads
from services.health.door import Door
from services.imports.documents import DocumentImports
from services.learning.service import LearningService
from services.notifications.service import NotificationService
from services.pictures.photos import PhotoReader
from services.pictures.service import PictureService
from services.policies.service import PolicyService
from services.queries.draws import CardDraws
from services.queries.inquiries.asking import InquiryService
from services.queries.posts import CardPosts
from services.queries.replies import RunReplies
from services.queries.workflows import WorkflowQueries
from services.retention import Retention
from services.runs.attempts import AttemptService
from services.runs.decisions import DecisionService
from services.runs.executor import Executor
from services.runs.gate_acts import GateActService
from services.runs.questions import QuestionService
from services.runs.reminders import ReminderService
from services.runs.service import RunService
from services.selection.offers import OfferService
from services.steps.contexts import CallContexts
from services.webhooks.service import WebhookService
from services.workflows.clarifying import ClarifyingService
from services.workflows.rechecks import RecheckService
from services.workflows.refining import RefiningService
from services.workflows.service import WorkflowService
from services.workspaces.component_secrets import ComponentSecrets
from services.workspaces.settings import Defaults


def utc_now() -> datetime:
    """The time, with zone."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Workspace:
    """A Slack workspace that the bot serves: the `id` of its row, who the bot is there, and the way to it."""

    id: UUID
    team_id: str
    name: str
    bot_id: str
    bot_user_id: str
    slack: Slack
    enterprise_id: str | None = None
    settings: WorkspaceSettings = field(default_factory=lambda: WorkspaceSettings())


@dataclass(frozen=True, slots=True)
class Deps:
    """What a listener or a job works with: the parts of the running bot, and the workspace that it is about."""

    workspace: Workspace
    database: Database
    intake: Intake
    ai: AIService
    components: ComponentService
    offers: OfferService
    learning: LearningService
    cards: CardService
    approvals: ApprovalService
    workflows: WorkflowService
    refining: RefiningService
    clarifying: ClarifyingService
    rechecks: RecheckService
    queries: WorkflowQueries
    posts: CardPosts
    draws: CardDraws
    replies: RunReplies
    inquiries: InquiryService
    runs: RunService
    decisions: DecisionService
    attempts: AttemptService
    executor: Executor
    questions: QuestionService
    reminders: ReminderService
    gate_acts: GateActService
    notifications: NotificationService
    connector: Connector
    contexts: CallContexts
    budget: TokenBudget
    intents: IntentJudge
    threads: OwnedThreads
    secrets: ComponentSecrets
    webhooks: WebhookService
    door: Door
    registry: RegistryService = field(default_factory=RegistryService)
    search: ComponentSearch = field(default_factory=ComponentSearch)
    conversations: ConversationService = field(default_factory=ConversationService)
    retention: Retention = field(default_factory=Retention)
    metrics: Metrics = field(default_factory=Metrics)
    imports: DocumentImports = field(default_factory=DocumentImports)
    policies: PolicyService = field(default_factory=PolicyService)
    pictures: PictureService = field(default_factory=PictureService)
    photos: PhotoReader = field(default_factory=PhotoReader)
    surfaces: Surfaces = field(default_factory=Surfaces)
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))
    defaults: Defaults = field(default_factory=Defaults)
    clarify_after: timedelta = timedelta(hours=1)
    now: Callable[[], datetime] = utc_now

    @property
    def slack(self) -> Slack:
        """Slack, as the bot of the workspace."""
        return self.workspace.slack
