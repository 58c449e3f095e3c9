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


def test_importing_warns_of_nothing() -> None:
    subprocess.run([sys.executable, "-W", "error", "-c", "import services.ai.gemini"], check=True)
