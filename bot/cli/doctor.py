"""`mudda doctor`: whether everything that `mudda serve` needs is there, each thing tried once."""

from __future__ import annotations

import argparse
import platform
from collections.abc import AsyncIterator
from dataclasses import dataclass
from urllib.parse import quote

import aiohttp

from bot import VERSION
from bot.cli.command import Commands
from bot.config import Settings, check_serve
from bot.errors import SettingsError, SlackError
from bot.metrics import Metrics
from bot.slack.client import slack_client
from bot.slack.scopes import BOT_SCOPES
from bot.startup.database import database_for, is_pooled
from db.migrate import is_up_to_date
from db.session import DATABASE_ERRORS

GEMINI_URL = "https://generativelanguage.googleapis.com"
TIMEOUT_SECONDS = 10.0


def add(commands: Commands) -> None:
    """Add the command."""
    doctor = commands.add_parser("doctor", help="try all that `mudda serve` needs, and say what to mend")
    doctor.set_defaults(run=run)


async def run(settings: Settings, _: argparse.Namespace) -> int:
    """Print a line for each thing, as soon as it is known; the exit status is 1 if one is wrong."""
    is_well = True
    async for finding in examine(settings):
        print(finding, flush=True)
        is_well = is_well and not finding.fault
    return 0 if is_well else 1


@dataclass(frozen=True, slots=True)
class Finding:
    """What came of looking at one thing: `fault` says what to mend, and is empty where there is nothing."""

    subject: str
    found: str
    fault: str = ""

    def __str__(self) -> str:
        """A line for a terminal."""
        return f"{'wrong' if self.fault else 'ok':5}  {self.subject}: {self.fault or self.found}"


async def examine(settings: Settings) -> AsyncIterator[Finding]:
    """Look at everything, one thing after the other; nothing is changed."""
    yield Finding("Mudda", f"{VERSION}, on Python {platform.python_version()}")
    for finding in _settings(settings):
        yield finding
    yield await _database(settings)
    if settings.slack_bot_token is not None:
        yield await _bot_token(settings, settings.slack_bot_token.get_secret_value())
    if settings.slack_app_token is not None:
        yield await _app_token(settings, settings.slack_app_token.get_secret_value())
    if settings.gemini_api_key is not None:
        yield await _gemini(settings, settings.gemini_api_key.get_secret_value())


def _settings(settings: Settings) -> list[Finding]:
    try:
        check_serve(settings)
    except SettingsError as error:
        return [Finding("Settings", "", line) for line in error.lines]
    return [Finding("Settings", "all that `mudda serve` needs is set")]


async def _database(settings: Settings) -> Finding:
    try:
        async with database_for(settings) as url:
            pooled = await is_pooled(settings)
            is_ready = await is_up_to_date(url)
    except SettingsError as error:
        return Finding("Database", "", " ".join(error.lines))
    except DATABASE_ERRORS as error:
        return Finding("Database", "", f"none answers there ({type(error).__name__}).")
    kind = "its own, in MUDDA_HOME" if settings.database_url is None else "the one of DATABASE_URL"
    way = ", through a pooler" if pooled else ""
    tables = "up to date" if is_ready else "made or brought up to date at the next start"
    return Finding("Database", f"{kind}{way}; its tables are {tables}")


async def _bot_token(settings: Settings, token: str) -> Finding:
    async with slack_client(token, settings.slack_api_url, Metrics()) as slack:
        try:
            identity = await slack.identity()
        except SlackError as error:
            return Finding("Slack", "", f"it does not take SLACK_BOT_TOKEN ({error.code}).")
    if lacking := [scope for scope in BOT_SCOPES if identity.scopes and scope not in identity.scopes]:
        scopes = ", ".join(lacking)
        return Finding("Slack", "", f"the app lacks scopes: {scopes}. Add them, and install the app again.")
    return Finding("Slack", f"the workspace {identity.team_name} ({identity.team_id})")


async def _app_token(settings: Settings, token: str) -> Finding:
    async with slack_client(None, settings.slack_api_url, Metrics()) as slack:
        try:
            await slack.check_app_token(token)
        except SlackError as error:
            return Finding("Socket Mode", "", f"Slack does not take SLACK_APP_TOKEN ({error.code}).")
    return Finding("Socket Mode", "Slack gives an address to connect to")


async def _gemini(settings: Settings, key: str) -> Finding:
    """Ask for the model itself, which costs no tokens: https://ai.google.dev/api/models#method:-models.get."""
    endpoint = (settings.gemini_api_endpoint or GEMINI_URL).rstrip("/")
    url = f"{endpoint}/v1beta/models/{quote(settings.gemini_model, safe='')}"
    timeout = aiohttp.ClientTimeout(total=TIMEOUT_SECONDS)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout, trust_env=True) as http,
            http.get(url, headers={"x-goog-api-key": key}, allow_redirects=False) as answer,
        ):
            status = answer.status
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        return Finding("Gemini", "", f"it does not answer ({type(error).__name__}).")
    match status:
        case 200:
            return Finding("Gemini", f"the model {settings.gemini_model}")
        case 404:
            return Finding("Gemini", "", f"there is no model {settings.gemini_model} (GEMINI_MODEL).")
        case 400 | 401 | 403:
            return Finding("Gemini", "", "it does not take GEMINI_API_KEY.")
        case _:
            return Finding("Gemini", "", f"it answers with status {status}.")
