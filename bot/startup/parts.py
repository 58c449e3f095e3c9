"""The parts of the bot, built once and put together."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from bot.config import Settings, keys_of
from bot.deps import Deps, Workspace
from bot.metrics import Metrics
from bot.slack.client import Slack
from bot.slack.intake import CONNECTIONS, Intake
from bot.startup.slack import identified
from bot.views.plan.faults import for_the_model
from bot.workspaces.directory import InstalledWorkspaces
from bot.workspaces.tenants import OneWorkspace
from db.models import Workspace as WorkspaceRow
from db.session import Database
from services import workspaces
from services.ai.budget import TokenBudget
from services.ai.gemini import GeminiClient
from services.ai.intents import IntentJudge
from services.ai.questions import Questioner
from services.ai.service import AIService
from services.approvals import ApprovalService
from services.cards import CardService
from services.components.service import ComponentService
from services.connectors import Connector
from services.connectors.auth import Secrets
from services.connectors.network.addresses import AddressRules
from services.connectors.network.transport import Transport
from services.conversations.threads import OwnedThreads
from services.health.door import Door
from services.imports.documents import DocumentImports
from services.learning.notes import NoteService
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
from services.runs.attempts import AttemptService
from services.runs.batches import StepBatches
from services.runs.decisions import DecisionService
from services.runs.executor import Executor
from services.runs.gate_acts import GateActService
from services.runs.gates import GateService
from services.runs.progress import RunProgress
from services.runs.questions import QuestionService
from services.runs.reminders import ReminderService
from services.runs.service import RunService
from services.selection.offers import OfferService
from services.steps.contexts import CallContexts
from services.steps.sources import StepSources
from services.webhooks.service import WebhookService
from services.workflows.clarifying import ClarifyingService
from services.workflows.rechecks import RecheckService
from services.workflows.refining import RefiningService
from services.workflows.service import WorkflowService
from services.workspaces.component_secrets import ComponentSecrets
from services.workspaces.installations import InstallationService
from services.workspaces.renewed_tokens import RenewedTokens
from services.workspaces.secrets import SecretBox
from services.workspaces.settings import Defaults

# A thread in a blocking call of the model can't be cancelled; its job has been handed back by then.
CLOSE_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Parts:
    """What the whole process shares. `bind` gives what listeners and jobs work with, for one workspace."""

    database: Database
    metrics: Metrics
    executor: Executor
    contexts: CallContexts
    bind: Callable[[Workspace], Deps]


async def shared_parts(
    settings: Settings, database: Database, metrics: Metrics, secrets: Secrets, stack: AsyncExitStack
) -> Parts:
    """Build them; `stack` closes them. `secrets` finds what components' packs name as `env:NAME`."""
    assert settings.gemini_api_key is not None  # noqa: S101 - check_serve has seen to it
    gemini = GeminiClient(
        api_key=settings.gemini_api_key.get_secret_value(),
        model=settings.gemini_model,
        endpoint=settings.gemini_api_endpoint,
        timeout=settings.gemini_timeout_seconds,
        max_concurrency=settings.gemini_max_concurrency,
        sdk=settings.gemini_sdk,
        thinking=settings.gemini_thinking,
    )
    stack.push_async_callback(_closed_soon, gemini)
    # Its own connections: jobs that wait for a row must not keep Slack waiting for its 200.
    for_intake = Database(database.url, pool_size=CONNECTIONS, is_pooled=database.is_pooled)
    stack.push_async_callback(for_intake.close)
    intake = Intake(for_intake)
    stack.push_async_callback(intake.close)
    connector = Connector(allowed_hosts=settings.allowed_hosts, secrets=secrets)
    stack.push_async_callback(connector.aclose)
    cards = CardService(timedelta(seconds=settings.card_interval_seconds))
    components, approvals = ComponentService(), ApprovalService()
    inputs = StepSources()
    gates = GateService(approvals)
    progress = RunProgress(cards, gates, inputs)
    runs, attempts = RunService(progress, components, approvals), AttemptService(progress, inputs)
    door = Door(database)
    batches, questions = StepBatches(database, attempts, look=door.look), QuestionService(runs, progress)
    stack.push_async_callback(batches.close)
    queries = WorkflowQueries(approvals)
    posts, draws = CardPosts(database, cards, queries), CardDraws(database, cards, queries)
    replies = RunReplies(database, queries)
    for batched in (posts, draws, replies):
        stack.push_async_callback(batched.close)
    meter = partial(metrics.timed, metrics.component_calls, metrics.component_seconds)
    key = settings.mudda_secret_key
    box = SecretBox(keys_of(key)) if key else None
    kept_secrets = ComponentSecrets(box)
    contexts = CallContexts(database, kept_secrets, RenewedTokens(box))
    executor = Executor(database, batches, attempts, questions, connector, contexts, door, meter=meter)
    bind = partial(
        _bound,
        settings=settings,
        database=database,
        intake=intake,
        ai=AIService(gemini, max_steps=settings.plan_max_steps, explain=for_the_model),
        components=components,
        offers=OfferService(components),
        cards=cards,
        approvals=approvals,
        notes=NoteService(approvals),
        workflows=WorkflowService(cards, approvals),
        refining=RefiningService(cards, approvals),
        clarifying=ClarifyingService(cards, approvals),
        rechecks=RecheckService(components, PolicyService(), settings.plan_max_steps),
        queries=queries,
        posts=posts,
        draws=draws,
        replies=replies,
        inquiries=InquiryService(Questioner(gemini)),
        runs=runs,
        decisions=DecisionService(progress, approvals),
        attempts=attempts,
        executor=executor,
        questions=questions,
        reminders=ReminderService(runs, progress, approvals, gates),
        gate_acts=GateActService(approvals, cards),
        connector=connector,
        contexts=contexts,
        door=door,
        secrets=kept_secrets,
        intents=IntentJudge(gemini),
        threads=OwnedThreads(asyncio.get_running_loop().time),
        webhooks=_webhooks(settings, stack),
        retention=settings.retention,
        clarify_after=timedelta(minutes=settings.clarify_minutes),
        metrics=metrics,
        imports=DocumentImports(frozenset(settings.allowed_hosts)),
        pictures=PictureService(),
        photos=PhotoReader(),
    )
    return Parts(database, metrics, executor, contexts, bind)


def _webhooks(settings: Settings, stack: AsyncExitStack) -> WebhookService:
    """Webhooks, at addresses that components may be called at, too."""
    key = settings.mudda_secret_key
    transport = Transport(AddressRules(settings.allowed_hosts))
    stack.push_async_callback(transport.aclose)
    return WebhookService(SecretBox(keys_of(key)) if key else None, transport)


def _bound(
    workspace: Workspace,
    *,
    settings: Settings,
    database: Database,
    ai: AIService,
    notes: NoteService,
    **parts: Any,
) -> Deps:
    """What listeners and jobs of a workspace work with: a database with nothing else's rows in it."""
    zone = ZoneInfo(workspace.settings.get("time_zone", settings.time_zone))
    tokens = workspace.settings.get("tokens_per_day", settings.tokens_per_day)
    learns = workspace.settings.get("learn_from_plans", settings.learn_from_plans)
    return Deps(
        workspace,
        database=database.of(workspace.id),
        ai=ai.in_zone(zone),
        budget=TokenBudget(tokens, zone),
        learning=LearningService(notes, learns),
        notifications=NotificationService(zone),
        zone=zone,
        defaults=Defaults(
            settings.time_zone, settings.tokens_per_day, settings.learn_from_plans, settings.retention.plans or 0
        ),
        **parts,
    )


async def one_workspace(parts: Parts, slack: Slack, database_url: str, stack: AsyncExitStack) -> OneWorkspace:
    """The workspace of the bot token; its settings are kept up to date until `stack` ends.

    Raises SettingsError if Slack does not take the token.
    """
    identity = await identified(slack)
    async with parts.database.everywhere().transaction() as session:
        workspace_id = await workspaces.ensure(session, identity.team_id, identity.team_name)
        own = (await session.get_one(WorkspaceRow, workspace_id)).settings
    workspace = Workspace(
        id=workspace_id,
        team_id=identity.team_id,
        name=identity.team_name,
        bot_id=identity.bot_id,
        bot_user_id=identity.bot_user_id,
        slack=slack,
        settings=own,
    )
    tenant = OneWorkspace(parts.bind(workspace), parts.bind, parts.database.everywhere())
    watched(tenant.watch(database_url), stack)
    return tenant


async def _closed_soon(gemini: GeminiClient) -> None:
    await gemini.aclose(grace=CLOSE_SECONDS)


async def installed_workspaces(
    parts: Parts, slack: Slack, installations: InstallationService, database_url: str, stack: AsyncExitStack
) -> InstalledWorkspaces:
    """The workspaces that install the app; what is known of them is kept up to date until `stack` ends."""
    tenants = InstalledWorkspaces(parts.database.everywhere(), installations, slack, parts.bind)
    watched(tenants.watch(database_url), stack)
    return tenants


def watched(watch: Coroutine[Any, Any, None], stack: AsyncExitStack) -> None:
    """Watch until `stack` ends."""
    watching = asyncio.create_task(watch)

    async def stop() -> None:
        watching.cancel()
        with suppress(asyncio.CancelledError):
            await watching

    stack.push_async_callback(stop)
