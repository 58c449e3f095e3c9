from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from bot.config import BOLT_READS, Settings, give_home, hide_from_bolt, lines_of_gemini_sdk


def test_only_what_bolt_reads_itself_is_taken_out_of_the_environment() -> None:
    kept = {"SLACK_ALERTS_TOKEN": "x", "WORKS_TOKEN": "y", "SLACK_API_URL": "https://slack.example/api/"}
    environment = kept | dict.fromkeys(BOLT_READS, "secret")
    hide_from_bolt(environment)
    assert environment == kept


def test_a_user_without_a_home_is_given_one() -> None:
    def homeless() -> Path:
        raise RuntimeError("Could not determine home directory.")

    environment: dict[str, str] = {}
    give_home(environment, homeless)
    assert Path(environment["HOME"]).is_dir()
    environment.clear()
    give_home(environment, Path)
    assert environment == {}


@pytest.mark.parametrize("zone", ["Mars/Olympus", "../etc/passwd", "", "UTC+2"])
def test_a_time_zone_that_there_is_not_is_named(zone: str) -> None:
    with pytest.raises(ValidationError, match="America/Chicago"):
        Settings(_env_file=None, time_zone=zone)


@pytest.mark.parametrize(
    ("sdk", "thinking", "lines"),
    [
        ("generativeai", None, 0),
        ("generativeai", "low", 1),
        ("genai", None, 0),
        ("genai", "high", 0),
    ],
)
def test_how_hard_to_think_takes_the_newer_sdk(sdk: str, thinking: str | None, lines: int) -> None:
    chosen = Settings(_env_file=None, gemini_sdk=sdk, gemini_thinking=thinking)
    assert len(lines_of_gemini_sdk(chosen)) == lines
