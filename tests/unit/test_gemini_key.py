"""A client is made of a key, and of nothing that may be none."""

from __future__ import annotations

import subprocess
import sys

import pytest

from services.ai.gemini import GeminiClient


@pytest.mark.parametrize("key", ["", " ", "secret\n", "se cret", "sécret"])
def test_a_crooked_key_is_refused_without_showing_it(key: str) -> None:
    with pytest.raises(ValueError, match="API key") as caught:
        GeminiClient(key, "gemini-3.8-flash")
    assert "cret" not in str(caught.value)


@pytest.mark.parametrize("transport", ["generativeai", "genai"])
def test_importing_warns_of_nothing(transport: str) -> None:
    module = f"services.ai.transports.{transport}"
    subprocess.run([sys.executable, "-W", "error", "-c", f"import {module}"], check=True)


@pytest.mark.parametrize(
    ("sdk", "there", "missing"),
    [
        ("generativeai", "google.generativeai", "google.genai"),
        ("genai", "google.genai", "google.generativeai"),
    ],
)
def test_only_the_chosen_sdk_is_imported(sdk: str, there: str, missing: str) -> None:
    code = (
        "import asyncio, sys, services.ai.service, services.ai.gemini as gemini\n"
        "loaded = {'google.generativeai', 'google.genai'} & sys.modules.keys()\n"
        "async def make():\n"
        f"    await gemini.GeminiClient('key', 'm', sdk={sdk!r}, max_concurrency=1).aclose()\n"
        "asyncio.run(make())\n"
        f"assert not loaded and {there!r} in sys.modules and {missing!r} not in sys.modules, loaded\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
