"""`mudda doctor`: whether everything that `mudda serve` needs is there, each thing tried once."""

from __future__ import annotations

import argparse
import json
import platform
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote

import aiohttp

from bot import VERSION
from bot.cli.command import Commands, look_into
from bot.cli.component_checks import lost_tokens, missing_secrets, silent_hosts
from bot.config import Settings, check_serve, lines_of_gemini_sdk
from bot.errors import SettingsError, SlackError
from bot.jobs.workflows.reasons import code_of, failure_of
from bot.metrics import Metrics
from bot.slack.client import slack_client
from bot.slack.scopes import BOT_SCOPES
from bot.startup.database import database_for, is_pooled
from bot.startup.model import end_of_model
from bot.views.plan.failures import SENTENCES, sentence
from db.errors import DATABASE_ERRORS
from db.migrate import is_up_to_date
from services.ai.errors import GeminiError
from services.ai.gemini import GeminiClient, RetryPolicy
from services.ai.models import is_same_model, short_name
from services.ai.transports.transport import GOOGLE, api_failure
from services.states import FailureCode

TIMEOUT_SECONDS = 10.0

_WORD = {"type": "object", "properties": {"there": {"type": "boolean"}}, "required": ["there"]}


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
    """What came of looking at one thing: `fault` says what to mend, and is empty where there is nothing.

    `warning` says what works, and may not be what is wanted.
    """

    subject: str
    found: str
    fault: str = ""
    warning: str = ""

    def __str__(self) -> str:
        """A line for a terminal."""
        kind = "wrong" if self.fault else "warn" if self.warning else "ok"
        return f"{kind:5}  {self.subject}: {self.fault or self.warning or self.found}"


async def examine(settings: Settings) -> AsyncIterator[Finding]:
    """Look at everything, one thing after the other; nothing is changed."""
    yield Finding("Mudda", f"{VERSION}, on Python {platform.python_version()}")
    for finding in _settings(settings):
        yield finding
    yield await _database(settings)
    async for finding in _components(settings):
        yield finding
    if settings.slack_bot_token is not None:
        yield await _bot_token(settings, settings.slack_bot_token.get_secret_value())
    if settings.slack_app_token is not None:
        yield await _app_token(settings, settings.slack_app_token.get_secret_value())
    if settings.gemini_api_key is not None:
        async for finding in _gemini(settings, settings.gemini_api_key.get_secret_value()):
            yield finding


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


async def _components(settings: Settings) -> AsyncIterator[Finding]:
    """What is said of a database that is not there, or not up to date, is said already."""
    try:
        async with look_into(settings) as database:
            if database is None:
                return
            missing = await missing_secrets(settings, database)
            warnings = [*await lost_tokens(settings, database), *await silent_hosts(database)]
    except (SettingsError, *DATABASE_ERRORS):
        return
    for line in missing:
        yield Finding("Components", "", line)
    for line in warnings:
        yield Finding("Components", "", warning=line)


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


async def _gemini(settings: Settings, key: str) -> AsyncIterator[Finding]:
    """Look for the model by its name, which costs no tokens; then ask it a word, which costs some hundred."""
    model = settings.gemini_model
    if told := end_of_model(model, datetime.now(UTC).date()):
        yield Finding("Gemini", "", warning=told)
    if fault := await _fault_of_model(settings, key):
        yield Finding("Gemini", "", fault)
        return
    if lines_of_gemini_sdk(settings):  # said with the other settings
        return
    try:
        answered = await _answering_model(settings, key)
    except GeminiError as error:
        yield Finding("Gemini", "", f"the model {model} was asked a word. {sentence(failure_of(error))}")
        return
    if is_same_model(model, answered):
        yield Finding("Gemini", f"the model {model} answers")
    else:
        yield Finding(
            "Gemini", "", warning=f"the model {model} was asked, and {answered} answered (GEMINI_MODEL)."
        )


async def _fault_of_model(settings: Settings, key: str) -> str:
    """What is wrong with the model's name or the key: https://ai.google.dev/api/models#method:-models.get."""
    endpoint = (settings.gemini_api_endpoint or GOOGLE).rstrip("/")
    version = "v1" if settings.gemini_sdk == "genai" else "v1beta"
    url = f"{endpoint}/{version}/models/{quote(short_name(settings.gemini_model), safe='')}"
    timeout = aiohttp.ClientTimeout(total=TIMEOUT_SECONDS)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout, trust_env=True) as http,
            http.get(url, headers={"x-goog-api-key": key}, allow_redirects=False) as answer,
        ):
            status, text = answer.status, await answer.text(errors="replace")
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        return f"it does not answer ({type(error).__name__})."
    return "" if status == 200 else _refusal(settings.gemini_model, status, text, key)


def _refusal(model: str, status: int, text: str, key: str) -> str:
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        body = None
    match code_of(api_failure(status, body, "", key).error):
        case FailureCode.GEMINI_MODEL:
            return f"there is no model {model} (GEMINI_MODEL)."
        case FailureCode.GEMINI_KEY:
            return "it does not take GEMINI_API_KEY."
        case FailureCode.GEMINI_REFUSED | FailureCode.GEMINI_UNAVAILABLE:
            return f"it answers with status {status}."
        case code:
            return SENTENCES[code]


async def _answering_model(settings: Settings, key: str) -> str:
    """The name of the model that answers. Raises GeminiError."""
    gemini = GeminiClient(
        key,
        settings.gemini_model,
        endpoint=settings.gemini_api_endpoint,
        timeout=settings.gemini_timeout_seconds,
        max_concurrency=1,
        retries=RetryPolicy(attempts=1),
        sdk=settings.gemini_sdk,
        thinking=settings.gemini_thinking,
    )
    try:
        answer = await gemini.generate_async(
            system="You are asked whether you are there.", prompt="Are you?", schema=_WORD, agent="doctor"
        )
    finally:
        await gemini.aclose(grace=0)
    return answer.usage.model
