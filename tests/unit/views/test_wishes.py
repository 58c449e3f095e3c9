"""What a form puts into words for the agents is read by people, too, and in their language."""

from __future__ import annotations

import pytest

from bot.languages import _, language_of, speaking
from bot.slack.payloads.refining import WishForm
from bot.views.plan.wishes import ASKED_BEFORE, LEFT_OUT, UP_TO_DATE, wish_words
from services.workflows import refining


def formed(**given: object) -> str:
    blank = {"key": "k", "channel": "C1", "message_ts": "1", "thread_ts": None, "user": "U1", "value": "v"}
    return WishForm(**blank, **given).wish  # type: ignore[arg-type]


def test_the_words_are_those_of_the_forms() -> None:
    wish = formed(text="Be quick. {x}", left_out=("Close a road",), asked_before=("Order a {crane}",))
    assert wish.split("\n") == [
        "Be quick. {x}",
        LEFT_OUT.format(title="Close a road"),
        ASKED_BEFORE.replace("{title}", "Order a {crane}"),
    ]
    assert wish_words(wish) == wish
    assert refining.UP_TO_DATE == UP_TO_DATE


@pytest.mark.parametrize("locale", ["de-DE", "hi-IN"])
def test_they_are_said_in_the_language_of_whoever_reads_them(locale: str) -> None:
    wish = formed(text="Be quick. {x}", left_out=("Close a road",), asked_before=("Order a {crane}",))
    with speaking(language_of(locale)):
        assert wish_words(wish).split("\n") == [
            "Be quick. {x}",
            _(LEFT_OUT, title="Close a road"),
            _(ASKED_BEFORE, title="Order a {crane}"),
        ]
        assert wish_words(UP_TO_DATE) == _(UP_TO_DATE)
