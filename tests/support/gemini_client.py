"""A Gemini client before the stand-in, over each of the SDKs: for tests of what it does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, get_args

import pytest

from bot.sandbox.gemini.server import GeminiStandIn
from services.ai.errors import GeminiError
from services.ai.gemini import GeminiClient, ModelAnswer, RetryPolicy, Sdk

KEY = "AIza-secret-0123456789"
QUICK = RetryPolicy(attempts=3, base=0.01, least=0.05)
SCHEMA = {
    "type": "object",
    "properties": {"selected_component_ids": {"type": "array", "items": {"type": "string"}}},
    "required": ["selected_component_ids"],
}
PROMPT = '<data name="issue">\n{"text":"A pothole"}\n</data>\n<data name="components">\n</data>'

ClientMaker = Callable[..., GeminiClient]


@pytest.fixture
async def gemini() -> AsyncIterator[GeminiStandIn]:
    async with GeminiStandIn() as stand_in:
        yield stand_in


@pytest.fixture(params=get_args(Sdk))
def sdk(request: pytest.FixtureRequest) -> Sdk:
    chosen: Sdk = request.param
    return chosen


@pytest.fixture
async def make_client(gemini: GeminiStandIn, sdk: Sdk) -> AsyncIterator[ClientMaker]:
    clients: list[GeminiClient] = []

    def make(**settings: Any) -> GeminiClient:
        defaults = {"endpoint": gemini.url, "max_concurrency": 4, "retries": QUICK, "sdk": sdk}
        client = GeminiClient(settings.pop("api_key", KEY), "gemini-3.8-flash", **{**defaults, **settings})
        clients.append(client)
        return client

    yield make
    await gemini.stop()
    for client in clients:
        await client.aclose()


def ask(client: GeminiClient, *, deadline: float | None = None, prompt: str = PROMPT) -> Awaitable[ModelAnswer]:
    return client.generate_async(
        system="Be brief.", prompt=prompt, schema=SCHEMA, agent="selector", deadline=deadline
    )


def in_seconds(seconds: float) -> float:
    return asyncio.get_running_loop().time() + seconds


async def outcome(awaitable: Awaitable[ModelAnswer]) -> GeminiError:
    with pytest.raises(GeminiError) as caught:
        await awaitable
    return caught.value
