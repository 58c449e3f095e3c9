"""Whoever asked for something hears of it, even if it fails for good."""

from __future__ import annotations

from bot.jobs import HANDLERS
from services.jobs import Request


def test_what_a_person_asked_for_is_not_given_up_without_a_word() -> None:
    asked = [handler for handler in HANDLERS if issubclass(handler.job, Request)]
    assert len(asked) > 5
    assert [handler.job.entrypoint for handler in asked if handler.give_up is None] == []
