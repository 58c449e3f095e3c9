"""Slack at the start: a token that it does not take ends the start, an outage is waited out."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TypeVar

from bot.config import Settings
from bot.errors import RateLimited, SettingsError, SlackError, SlackUnavailable, TokenRefused
from bot.metrics import Metrics
from bot.slack.client import Identity, Slack, slack_client

logger = logging.getLogger("mudda.start")

T = TypeVar("T")

BASE_DELAY_SECONDS, MAX_DELAY_SECONDS = 1.0, 30.0


async def identified(slack: Slack) -> Identity:
    """Who the bot token is. Raises SettingsError if Slack does not take it; waits while Slack does not answer."""
    return await _answered("SLACK_BOT_TOKEN", slack.identity)


async def check_app_token(slack: Slack, token: str) -> None:
    """The same for the app-level token, of which Socket Mode itself would only say that it tries again."""
    await _answered("SLACK_APP_TOKEN", partial(slack.check_app_token, token))


async def _answered(setting: str, call: Callable[[], Awaitable[T]]) -> T:
    pause = BASE_DELAY_SECONDS
    while True:
        try:
            return await call()
        except SlackError as error:
            if isinstance(error, TokenRefused) or not isinstance(error, (RateLimited, SlackUnavailable)):
                raise SettingsError([f"{setting}: Slack does not take it ({error.code})."]) from error
            logger.warning("Slack does not answer (%s); asking again in %.0f s", error, pause)
            await asyncio.sleep(pause)
            pause = min(2 * pause, MAX_DELAY_SECONDS)


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
