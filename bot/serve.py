"""A running bot: database, Slack, model, worker and web, started in order and ended in reverse."""

from __future__ import annotations

import asyncio
import gc
import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Literal

from aiohttp import web
from sqlalchemy import text

from bot.app import build_app
from bot.config import Settings, component_secret
from bot.deps import Deps
from bot.dispatch import Dispatcher
from bot.errors import SettingsError, SlackError
from bot.intake import WRITERS, Intake
from bot.slack import Identity, Slack, slack_client
from bot.socket_mode import SocketMode
from bot.step_commits import StepCommits
from bot.web import Web
from bot.worker import Worker
from db.embedded import embedded_postgres
from db.migrate import UnsuitableDatabase, migrate
from db.session import DATABASE_ERRORS, Database, sqlstate
from services import workspaces
from services.ai import AIService
from services.approvals import ApprovalService
from services.attempts import AttemptService
from services.builtin_steps import BuiltinService
from services.cards import CardService
from services.components import ComponentService
from services.connectors import Connector
from services.connectors.auth import Secrets
from services.gemini import GeminiClient
from services.progress import Progress
from services.reminders import ReminderService
from services.run_inputs import RunInputs
from services.runs import RunService
from services.workflows import WorkflowService

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
        database_url = await stack.enter_async_context(database_for(settings))
        await migrated(database_url)
        database = Database(database_url)
        stack.push_async_callback(database.close)
        deps = await _deps(settings, database, secrets, stack)
        worker = None if only == "web" else await _worker(settings, deps, database_url, stack)
        port = await _serve_http(settings, deps, worker, with_slack=only != "worker", stack=stack)
        if only != "worker" and settings.slack_app_token is not None:
            await _serve_socket_mode(settings, deps, stack)
        # Nothing of what has been imported and built is garbage: a full collection over it took 26 ms of the loop.
        gc.collect()
        gc.freeze()
        yield RunningBot(deps, port, worker)
        logger.info("Stopping")


@asynccontextmanager
async def database_for(settings: Settings) -> AsyncIterator[str]:
    """The database that is set, or one of our own."""
    if settings.database_url is not None:
        yield settings.database_url
    else:
        async with embedded_postgres(settings.mudda_home.resolve() / "postgres") as url:
            yield url


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
    async with slack_client(settings.slack_bot_token.get_secret_value(), settings.slack_api_url) as slack:
        return (await _identified(slack)).team_id


async def _deps(settings: Settings, database: Database, secrets: Secrets, stack: AsyncExitStack) -> Deps:
    assert settings.slack_bot_token is not None and settings.gemini_api_key is not None  # noqa: S101, PT018
    token = settings.slack_bot_token.get_secret_value()
    slack = await stack.enter_async_context(slack_client(token, settings.slack_api_url))
    identity = await _identified(slack)
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
    for_intake = Database(database.url, pool_size=WRITERS)
    stack.push_async_callback(for_intake.close)
    intake = Intake(for_intake)
    stack.push_async_callback(intake.close)
    connector = Connector(allowed_hosts=settings.allowed_hosts, secrets=secrets)
    stack.push_async_callback(connector.aclose)
    cards, components, approvals = CardService(), ComponentService(), ApprovalService()
    inputs = RunInputs()
    progress = Progress(cards, approvals, inputs)
    runs, attempts = RunService(progress, components, approvals), AttemptService(progress, inputs)
    steps = StepCommits(database, attempts)
    stack.push_async_callback(steps.close)
    return Deps(
        database=database,
        intake=intake,
        slack=slack,
        identity=identity,
        workspace_id=workspace_id,
        ai=AIService(gemini, max_steps=settings.plan_max_steps),
        components=components,
        cards=cards,
        approvals=approvals,
        workflows=WorkflowService(cards, approvals),
        runs=runs,
        attempts=attempts,
        steps=steps,
        builtins=BuiltinService(runs, progress),
        reminders=ReminderService(runs, progress, approvals),
        connector=connector,
    )


async def _identified(slack: Slack) -> Identity:
    try:
        return await slack.identity()
    except SlackError as error:
        raise SettingsError([f"SLACK_BOT_TOKEN: Slack does not take it ({error.code})."]) from error


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
    settings: Settings, deps: Deps, worker: Worker | None, *, with_slack: bool, stack: AsyncExitStack
) -> int:
    async def readiness() -> dict[str, bool]:
        parts = {"database": await _answers(deps.database)}
        return parts if worker is None else {**parts, "worker": worker.ready.is_set()}

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


async def _answers(database: Database) -> bool:
    try:
        async with asyncio.timeout(2), database.reading() as session:
            await session.execute(text("SELECT 1"))
    except DATABASE_ERRORS:
        return False
    return True


async def _serve_socket_mode(settings: Settings, deps: Deps, stack: AsyncExitStack) -> None:
    assert settings.slack_app_token is not None  # noqa: S101
    app = build_app(deps)
    dispatcher = Dispatcher(app, deps.identity.team_id, deps.metrics)
    handler = SocketMode(app, settings.slack_app_token.get_secret_value(), dispatcher)
    await handler.connect_async()  # type: ignore[no-untyped-call]
    stack.push_async_callback(handler.close_async)
