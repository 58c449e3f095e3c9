"""A running bot: database, Slack, model, worker and web, started in order and ended in reverse."""

from __future__ import annotations

import asyncio
import gc
import logging
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Literal
from zoneinfo import ZoneInfo

from aiohttp import web
from pydantic import SecretStr

from bot.config import Settings, component_secret
from bot.deps import Deps
from bot.errors import SettingsError, SlackError
from bot.jobs.runs.slack_steps import register_slack_steps
from bot.jobs.worker import Worker
from bot.listeners.app import build_app
from bot.metrics import Metrics
from bot.monitoring import Readiness
from bot.slack.client import slack_client
from bot.slack.dispatch import Dispatcher
from bot.slack.intake import WRITERS, Intake
from bot.slack.socket_mode import SocketMode
from bot.starting import check_app_token, identified
from bot.web import Web
from db.embedded import embedded_postgres
from db.migrate import UnsuitableDatabase, migrate
from db.session import DATABASE_ERRORS, Database, is_behind_pooler, sqlstate
from services import workspaces
from services.ai.gemini import GeminiClient
from services.ai.service import AIService
from services.approvals import ApprovalService
from services.cards import CardService
from services.components.service import ComponentService
from services.connectors import Connector
from services.connectors.auth import Secrets
from services.queries.workflows import WorkflowQueries
from services.runs.attempts import AttemptService
from services.runs.batches import StepBatches
from services.runs.decisions import DecisionService
from services.runs.executor import Executor
from services.runs.gates import GateService
from services.runs.progress import RunProgress
from services.runs.questions import QuestionService
from services.runs.reminders import ReminderService
from services.runs.service import RunService
from services.steps.sources import StepSources
from services.workflows.service import WorkflowService

logger = logging.getLogger("mudda.serve")

Part = Literal["web", "worker"]

# A thread in a blocking call of the model can't be cancelled; its job has been handed back by then.
CLOSE_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class RunningBot:
    """What a started bot can be asked."""

    deps: Deps
    port: int | None
    worker: Worker | None


@asynccontextmanager
async def running_bot(
    settings: Settings, *, only: Part | None = None, secrets: Secrets = component_secret
) -> AsyncIterator[RunningBot]:
    """Start the bot; it is ready when this yields. Raises SettingsError if what is set can't be used.

    `secrets` finds what components' packs name as `env:NAME`.
    """
    async with AsyncExitStack() as stack:
        direct_url = await stack.enter_async_context(database_for(settings))
        is_pooled = await _is_pooled(settings)
        await migrated(direct_url)
        database = Database(settings.database_url or direct_url, is_pooled=is_pooled)
        stack.push_async_callback(database.close)
        deps = await _deps(settings, database, secrets, stack)
        readiness = Readiness(database)
        if only != "web":
            readiness.worker = await _worker(settings, deps, direct_url, stack)
        port = await _serve_http(settings, deps, readiness, with_slack=only != "worker", stack=stack)
        if only != "worker" and settings.slack_app_token is not None:
            readiness.socket = await _serve_socket_mode(settings.slack_app_token, deps, stack)
        # Nothing of what has been imported and built is garbage: a full collection over it took 26 ms of the loop.
        gc.collect()
        gc.freeze()
        yield RunningBot(deps, port, readiness.worker)
        logger.info("Stopping")


@asynccontextmanager
async def database_for(settings: Settings) -> AsyncIterator[str]:
    """The database that is set, for migrations and the queue as for all else; or one of our own."""
    direct_url = settings.database_direct_url or settings.database_url
    if direct_url is not None:
        yield direct_url
        return
    home = settings.mudda_home.resolve()
    try:
        home.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=home):
            pass
    except OSError as error:
        raise SettingsError([f"MUDDA_HOME: can't write to {home} ({error.strerror})."]) from error
    async with embedded_postgres(home / "postgres") as url:
        yield url


async def _is_pooled(settings: Settings) -> bool:
    """Whether DATABASE_URL leads to a pooler. Raises SettingsError if it does, and nothing leads past it."""
    if settings.database_url is None:
        return False
    try:
        is_pooled = await is_behind_pooler(settings.database_url)
    except DATABASE_ERRORS as error:
        raise SettingsError([f"DATABASE_URL: {_trouble(error)}"]) from error
    if is_pooled and settings.database_direct_url is None:
        raise SettingsError(
            [
                "DATABASE_DIRECT_URL is missing: DATABASE_URL leads to a pooler, as PgBouncer is one, and the "
                "queue and the migrations need a connection past it."
            ]
        )
    return is_pooled


async def migrated(database_url: str) -> None:
    """Bring the database up to date. Raises SettingsError if none answers, or one that can't be used."""
    try:
        await migrate(database_url)
    except UnsuitableDatabase as error:
        raise SettingsError([f"DATABASE_URL: {error}"]) from error
    except DATABASE_ERRORS as error:
        raise SettingsError([f"DATABASE_URL: {_trouble(error)}"]) from error


_TROUBLE = {
    "28": "the server does not take this user or password.",
    "3D": "the server has no database of this name.",
    "42501": "the user may not make tables there; it must own the database.",
}
"""By SQLSTATE or its class: what can be wrong with a database that answers."""


def _trouble(error: Exception) -> str:
    code = sqlstate(error)
    return _TROUBLE.get(code) or _TROUBLE.get(code[:2]) or f"no database answers there ({type(error).__name__})."


async def team_of_token(settings: Settings) -> str:
    """The workspace of the bot token. Raises SettingsError without a token that Slack takes."""
    if settings.slack_bot_token is None:
        raise SettingsError(["Which workspace? Give --workspace TEAM_ID, or set SLACK_BOT_TOKEN."])
    token = settings.slack_bot_token.get_secret_value()
    async with slack_client(token, settings.slack_api_url, Metrics()) as slack:
        try:
            return (await slack.identity()).team_id
        except SlackError as error:
            line = f"SLACK_BOT_TOKEN: Slack does not say whose it is ({error.code}). Give --workspace TEAM_ID."
            raise SettingsError([line]) from error


async def _deps(settings: Settings, database: Database, secrets: Secrets, stack: AsyncExitStack) -> Deps:
    assert settings.slack_bot_token is not None and settings.gemini_api_key is not None  # noqa: S101, PT018
    token = settings.slack_bot_token.get_secret_value()
    metrics = Metrics()
    slack = await stack.enter_async_context(slack_client(token, settings.slack_api_url, metrics))
    identity = await identified(slack)
    async with database.transaction() as session:
        workspace_id = await workspaces.ensure(session, identity.team_id, identity.team_name)
    gemini = GeminiClient(
        api_key=settings.gemini_api_key.get_secret_value(),
        model=settings.gemini_model,
        endpoint=settings.gemini_api_endpoint,
        timeout=settings.gemini_timeout_seconds,
        max_concurrency=settings.gemini_max_concurrency,
    )
    stack.push_async_callback(_closed_soon, gemini)
    # Its own connections: jobs that wait for a row must not keep Slack waiting for its 200.
    for_intake = Database(database.url, pool_size=WRITERS, is_pooled=database.is_pooled)
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
    batches, questions = StepBatches(database, attempts), QuestionService(runs, progress)
    stack.push_async_callback(batches.close)
    meter = partial(metrics.timed, metrics.component_calls, metrics.component_seconds)
    deps = Deps(
        database=database,
        intake=intake,
        slack=slack,
        identity=identity,
        workspace_id=workspace_id,
        ai=AIService(gemini, max_steps=settings.plan_max_steps, zone=ZoneInfo(settings.time_zone)),
        components=components,
        cards=cards,
        approvals=approvals,
        workflows=WorkflowService(cards, approvals),
        queries=WorkflowQueries(approvals),
        runs=runs,
        decisions=DecisionService(runs, progress, approvals, gates),
        attempts=attempts,
        executor=Executor(database, batches, attempts, questions, connector, meter=meter),
        questions=questions,
        reminders=ReminderService(runs, progress, approvals, gates),
        connector=connector,
        retention=settings.retention,
        metrics=metrics,
    )
    register_slack_steps(deps)
    return deps


async def _closed_soon(gemini: GeminiClient) -> None:
    await gemini.aclose(grace=CLOSE_SECONDS)


async def _worker(settings: Settings, deps: Deps, database_url: str, stack: AsyncExitStack) -> Worker:
    worker = Worker(deps, database_url, slow=settings.gemini_max_concurrency)
    task = asyncio.create_task(worker.run())

    async def stop() -> None:
        await worker.stop()
        await task

    stack.push_async_callback(stop)
    ready = asyncio.create_task(worker.ready.wait())
    await asyncio.wait({task, ready}, return_when=asyncio.FIRST_COMPLETED)
    return worker


async def _serve_http(
    settings: Settings, deps: Deps, readiness: Readiness, *, with_slack: bool, stack: AsyncExitStack
) -> int:
    secret = settings.slack_signing_secret
    dispatcher = (
        Dispatcher(build_app(deps), deps.identity.team_id, deps.metrics)
        if with_slack and secret is not None
        else None
    )
    served = Web(dispatcher, secret.get_secret_value() if secret else None, deps.metrics, readiness)
    runner = web.AppRunner(served.application(), access_log=None, shutdown_timeout=2.0)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    site = web.TCPSite(runner, settings.host, settings.port)
    try:
        await site.start()
    except OSError as error:
        raise SettingsError(
            [f"PORT: can't listen on {settings.host}:{settings.port} ({error.strerror})."]
        ) from error
    return int(runner.addresses[0][1])


async def _serve_socket_mode(app_token: SecretStr, deps: Deps, stack: AsyncExitStack) -> SocketMode:
    token = app_token.get_secret_value()
    await check_app_token(deps.slack, token)
    app = build_app(deps)
    handler = SocketMode(app, token, Dispatcher(app, deps.identity.team_id, deps.metrics))
    await handler.connect_async()  # type: ignore[no-untyped-call]
    stack.push_async_callback(handler.close_async)
    return handler
