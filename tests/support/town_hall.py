"""A bot at work: the real one, in this process, between the stand-ins, on a database of the test's own."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

import pytest
from pydantic import SecretStr
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource

from bot.config import Settings
from bot.deps import Deps
from bot.sandbox.gemini.server import GeminiStandIn
from bot.sandbox.slack import Message, SlackStandIn
from bot.sandbox.town import Town, sandbox_pack
from bot.serve import RunningBot, running_bot
from bot.slack.ids import METADATA_CARD
from bot.workspaces.tenants import OneWorkspace
from db.session import Database
from services import workspaces
from services.ai.usage import STAND_IN_MODEL
from services.components.definitions import ComponentDefinition
from services.components.packs import parse_pack
from services.components.service import ComponentService

_SOMEWHERE = "http://town.invalid"

LEAK = "Water is coming up through the road at 5th and Main"


@dataclass(slots=True, repr=False)
class TownHall:
    """Everything that a test of the whole bot looks at.

    It has no words for itself: asyncio asks a fixture's task for those, and they are all of a bot's parts.
    """

    slack: SlackStandIn
    gemini: GeminiStandIn
    town: Town
    bot: RunningBot
    database: Database

    @property
    def deps(self) -> Deps:
        """What listeners and jobs work with."""
        assert isinstance(self.bot.tenants, OneWorkspace)
        return self.bot.tenants.deps

    async def deps_now(self) -> Deps:
        """The same, once what was changed about the workspace is known."""
        found = await self.bot.tenants.of(self.deps.workspace.id)
        assert found is not None
        return found


@asynccontextmanager
async def town_hall(
    database_url: str,
    *,
    components: bool = True,
    slack: SlackStandIn | None = None,
    gemini: GeminiStandIn | None = None,
    **settings: Any,
) -> AsyncIterator[TownHall]:
    """Start it. `settings` override what the bot is set to; without components there is nothing to plan with."""
    async with (
        slack or SlackStandIn(retry_delays=(0.0, 0.1, 0.2)) as slack_stand_in,
        gemini or GeminiStandIn() as gemini_stand_in,
        Town() as town,
        running_bot(
            bot_settings(
                slack_stand_in,
                gemini_stand_in,
                database_url,
                **{"component_allowed_hosts": town.url.removeprefix("http://"), **settings},
            ),
            secrets=town.environment.get,
        ) as bot,
    ):
        slack_stand_in.request_url = f"http://127.0.0.1:{bot.port}/slack/events"
        if components:
            await load_pack(bot.parts.database.everywhere(), slack_stand_in, town.url)
        yield TownHall(slack_stand_in, gemini_stand_in, town, bot, bot.parts.database.everywhere())


def bot_settings(slack: SlackStandIn, gemini: GeminiStandIn, database_url: str, **settings: Any) -> Settings:
    """Settings for a bot between the stand-ins; nothing of the tester's own environment gets in."""
    given = {
        "slack_bot_token": SecretStr(slack.bot_token),
        "slack_signing_secret": SecretStr(slack.signing_secret),
        "slack_app_token": None,
        "slack_api_url": slack.api_url,
        "gemini_api_key": SecretStr("stand-in"),
        "gemini_model": STAND_IN_MODEL,
        "gemini_api_endpoint": gemini.url,
        # Each has a thread that is there from the start.
        "gemini_max_concurrency": 16,
        "database_url": database_url,
        "host": "127.0.0.1",
        "port": 0,
        "card_interval_seconds": 0.2,
        **settings,
    }
    return _Given(_env_file=None, **given)


class _Given(Settings):
    """What is given, and nothing else: to look for each setting in the environment takes longer than the rest."""

    @classmethod
    def settings_customise_sources(
        cls, settings_cls: type[BaseSettings], init_settings: PydanticBaseSettingsSource, *_: Any, **__: Any
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return (init_settings,)


async def load_pack(database: Database, slack: SlackStandIn, town_url: str = _SOMEWHERE) -> None:
    """Register the sandbox's components for the stand-in's workspace."""
    async with database.transaction() as session:
        workspace_id = await workspaces.ensure(session, slack.workspace.team.id, slack.workspace.team.name)
        await ComponentService().load(session, workspace_id, sandbox_components(town_url))


@cache
def _sandbox_components() -> tuple[ComponentDefinition, ...]:
    return tuple(parse_pack(sandbox_pack(_SOMEWHERE)))


def sandbox_components(town_url: str) -> list[ComponentDefinition]:
    """The sandbox's components over a town. The pack is read once: that takes longer than to load it."""
    return [
        each.model_copy(update={"endpoint_url": each.endpoint_url.replace(_SOMEWHERE, town_url)})
        for each in _sandbox_components()
    ]


@pytest.fixture
async def hall(database_url: str) -> AsyncIterator[TownHall]:
    """A bot at work, with the sandbox's components."""
    async with town_hall(database_url) as running:
        yield running


def cards(slack: SlackStandIn, channel: str = "works") -> list[Message]:
    """The cards in a channel: in its root, and in the threads of people's messages."""
    found = slack.channel(channel).messages.values()
    return [message for message in found if (message.metadata or {}).get("event_type") == METADATA_CARD]


def card_text(message: Message) -> str:
    """All that a card says, to look for words in."""
    return json.dumps(message.blocks, ensure_ascii=False)


def buttons(message: Message) -> dict[str, dict[str, Any]]:
    """A card's buttons by their label."""
    return {
        element["text"]["text"]: element
        for block in message.blocks or []
        if block["type"] == "actions"
        for element in block["elements"]
        if element["type"] == "button"
    }


async def drafted(hall: TownHall, channel: str = "works", *, timeout: float = 60) -> Message:  # noqa: ASYNC109
    """Wait for a card with something to decide: a plan, or the reason why there is none."""
    return await hall.slack.wait_for(
        lambda: next((card for card in cards(hall.slack, channel) if buttons(card)), None), timeout
    )


async def plan_card(hall: TownHall) -> Message:
    await hall.slack.send_command("priya", "works", "/mudda", LEAK)
    return await drafted(hall)
