from __future__ import annotations

from bot.config import BOLT_READS, hide_from_bolt


def test_only_what_bolt_reads_itself_is_taken_out_of_the_environment() -> None:
    kept = {"SLACK_ALERTS_TOKEN": "x", "WORKS_TOKEN": "y", "SLACK_API_URL": "https://slack.example/api/"}
    environment = kept | dict.fromkeys(BOLT_READS, "secret")
    hide_from_bolt(environment)
    assert environment == kept
