"""Whoever asked for something hears of it, even if it fails for good."""

from __future__ import annotations

from bot.jobs import HANDLERS


def test_what_a_person_asked_for_is_not_given_up_without_a_word() -> None:
    # What came from Slack names its workspace by Slack's own id; what the bot asks of itself, by the row's.
    asked = [handler for handler in HANDLERS if "team" in handler.job.model_fields]
    assert len(asked) > 5
    assert [handler.job.entrypoint for handler in asked if handler.give_up is None] == []
