"""A running bot: database, Slack, model, worker and web, started in order and ended in reverse."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from typing import Literal

from aiohttp import web
from pydantic import SecretStr

from bot.api.callers import Callers
from bot.api.changes import Changes
from bot.api.limits import RateLimiter
from bot.api.server import Api
from bot.app import build_app
from bot.config import Settings, component_secret, keys_of
from bot.errors import SettingsError
from bot.jobs.runs.files import fetch_file
from bot.jobs.runs.slack_steps import register_slack_steps
from bot.jobs.worker import Worker
from bot.languages import load_catalogs
from bot.metrics import Metrics
from bot.monitoring import Readiness
from bot.slack.client import Slack, slack_client
from bot.slack.dispatch import Dispatcher
from bot.slack.socket_mode import SocketMode
from bot.startup.database import database_for, is_pooled, migrated
from bot.startup.parts import Parts, installed_workspaces, one_workspace, shared_parts, watched
from bot.startup.slack import check_app_token
from bot.web import Web
from bot.workspaces.lifecycle import Lifecycle
from bot.workspaces.oauth import OAuth
from bot.workspaces.tenants import Tenants
from db.session import Database
from services.connectors.auth import Secrets
from services.workspaces.installations import InstallationService
from services.workspaces.secrets import SecretBox

logger = logging.getLogger("mudda.serve")

Part = Literal["web", "worker"]

API_CONNECTIONS = 4
"""Who reads over HTTP waits for one of these, and never takes one from Slack's listeners or the worker."""


@dataclass(frozen=True, slots=True)
class RunningBot:
    """What a started bot can be asked."""

    tenants: Tenants
    parts: Parts
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
        await asyncio.to_thread(load_catalogs)
        direct_url = await stack.enter_async_context(database_for(settings))
        pooled = await is_pooled(settings)
        await migrated(direct_url)
        database = Database(settings.database_url or direct_url, is_pooled=pooled)
        stack.push_async_callback(database.close)
        metrics = Metrics()
        token = settings.slack_bot_token.get_secret_value() if settings.slack_bot_token else None
        slack = await stack.enter_async_context(slack_client(token, settings.slack_api_url, metrics))
        parts = await shared_parts(settings, database, metrics, secrets, stack)
        oauth = _oauth(settings, database.everywhere(), slack)
        tenants: Tenants = (
            await one_workspace(parts, slack, direct_url, stack)
            if oauth is None
            else await installed_workspaces(parts, slack, oauth.installations, direct_url, stack)
        )
        register_slack_steps(parts.executor, tenants)
        parts.contexts.fetch_with(partial(fetch_file, tenants))
        readiness = Readiness(database.everywhere())
        if only != "web":
            readiness.worker = await _worker(settings, parts, tenants, direct_url, stack)
        dispatcher = None
        if only != "worker":
            lifecycle = Lifecycle(database.everywhere(), oauth.installations).handle if oauth else None
            dispatcher = Dispatcher(build_app(slack.client), tenants.of_team, metrics, lifecycle)
        routes = oauth.routes() if oauth is not None and dispatcher is not None else []
        if dispatcher is not None:
            routes += await _api(settings, parts, tenants, direct_url, stack)
        port = await _serve_http(settings, dispatcher, routes, metrics, readiness, stack)
        if dispatcher is not None and settings.slack_app_token is not None:
            readiness.socket = await _serve_socket_mode(settings.slack_app_token, dispatcher, slack, stack)
        yield RunningBot(tenants, parts, port, readiness.worker)
        logger.info("Stopping")


def _oauth(settings: Settings, database: Database, slack: Slack) -> OAuth | None:
    """How workspaces install the app; None if it is in one only, by its token."""
    secret, keys = settings.slack_client_secret, settings.mudda_secret_key
    if settings.slack_client_id is None or secret is None or keys is None:
        return None
    box = SecretBox(keys_of(keys))
    return OAuth(
        settings.slack_client_id,
        secret.get_secret_value(),
        slack,
        settings.slack_api_url,
        database,
        InstallationService(box),
        box,
        settings.allowed_teams,
    )


async def _api(
    settings: Settings, parts: Parts, tenants: Tenants, database_url: str, stack: AsyncExitStack
) -> list[web.RouteDef]:
    """The routes of the HTTP API, and of the MCP server if its package is there."""
    shared = parts.database
    database = Database(shared.url, pool_size=API_CONNECTIONS, max_overflow=0, is_pooled=shared.is_pooled)
    stack.push_async_callback(database.close)
    callers = Callers(database.everywhere(), tenants, RateLimiter(asyncio.get_running_loop().time))
    changes = Changes(callers.forget)
    watched(changes.watch(database_url), stack)
    routes = Api(callers, changes, database, parts.metrics).routes()
    if find_spec("mcp") is not None:
        from bot.api.mcp.server import serving_mcp

        secret = settings.slack_signing_secret
        signing_secret = secret.get_secret_value() if secret else None
        mcp = serving_mcp(callers, changes, tenants, database, parts.metrics, signing_secret)
        routes += await stack.enter_async_context(mcp)
    return routes


async def _worker(
    settings: Settings, parts: Parts, tenants: Tenants, database_url: str, stack: AsyncExitStack
) -> Worker:
    worker = Worker(
        tenants, parts.database, parts.metrics, settings.retention, database_url, settings.gemini_max_concurrency
    )
    task = asyncio.create_task(worker.run())

    async def stop() -> None:
        await worker.stop()
        await task

    stack.push_async_callback(stop)
    ready = asyncio.create_task(worker.ready.wait())
    await asyncio.wait({task, ready}, return_when=asyncio.FIRST_COMPLETED)
    return worker


async def _serve_http(
    settings: Settings,
    dispatcher: Dispatcher | None,
    routes: Sequence[web.RouteDef],
    metrics: Metrics,
    readiness: Readiness,
    stack: AsyncExitStack,
) -> int:
    secret = settings.slack_signing_secret.get_secret_value() if settings.slack_signing_secret else None
    served = Web(dispatcher if secret else None, secret, metrics, readiness)
    runner = web.AppRunner(served.application(routes), access_log=None, shutdown_timeout=2.0)
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


async def _serve_socket_mode(
    app_token: SecretStr, dispatcher: Dispatcher, slack: Slack, stack: AsyncExitStack
) -> SocketMode:
    token = app_token.get_secret_value()
    await check_app_token(slack, token)
    handler = SocketMode(dispatcher, token)
    await handler.connect_async()  # type: ignore[no-untyped-call]
    stack.push_async_callback(handler.close_async)
    return handler
