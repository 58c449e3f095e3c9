"""Policies on the card, in the details and in a modal of their own."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from bot.slack.ids import ACTION_POLICY_READ, Ref
from bot.views.card import card
from bot.views.modals.plan import details_modal
from bot.views.modals.policy import policy_modal, standing
from bot.views.modals.run import run_details_modal
from bot.views.plan.policies import following, name, reading
from services.policies.specs import Citation, PassageSnapshot
from tests.support import run_samples, samples
from tests.support.policies import menu
from tests.support.slack_rules import HARMFUL, check_message, check_modal, words

PASSAGE = PassageSnapshot("Road works", 2, 2, None, None, None, "3.1 Closures", "Only if need be.")


def test_a_step_says_what_it_follows_and_the_menu_lists_it() -> None:
    drawn = card(samples.cited(), card_id=samples.CARD_ID)
    check_message(drawn)
    said = words(drawn.blocks)
    assert "Follows: Road works, 3.1 Closures and Road works, 4 Telling residents." in said
    assert "may not begin at 22:00-06:00: so says “Road works”, 4 Telling residents." in said
    assert menu(drawn.blocks) == {
        "Road works: 3.1 Closures": Ref(samples.CITATIONS[0].passage, 0).encode(),
        "Road works: 4 Telling residents": Ref(samples.CITATIONS[1].passage, 0).encode(),
        "Reports of residents: Answers › Within a day": Ref(samples.CITATIONS[2].passage, 0).encode(),
    }


def test_a_plan_that_follows_nothing_has_no_menu() -> None:
    blocks = card(samples.DRAFT, card_id=samples.CARD_ID).blocks
    assert ACTION_POLICY_READ not in json.dumps(blocks)
    assert reading(()) == []
    assert following(()) == ""


def test_the_whole_plan_and_its_run_have_it_too() -> None:
    view = details_modal(samples.cited())
    check_modal(view)
    assert "Follows: Reports of residents, Answers › Within a day." in words(view["blocks"])
    assert len(menu(view["blocks"])) == 3
    run = next(each for each in run_samples.GALLERY.values() if each.run)
    assert run.version is not None
    steps = samples.cited().version
    assert steps is not None
    cited = replace(run, version=replace(run.version, plan=steps.plan, citations=samples.CITATIONS))
    view = run_details_modal(cited)
    check_modal(view)
    assert len(menu(view["blocks"])) == 3


@pytest.mark.parametrize("text", HARMFUL, ids=lambda text: repr(text[:12]))
def test_harmful_text(text: str) -> None:
    check_modal(policy_modal(replace(PASSAGE, policy=text, heading=text, text=text[:2_000])))
    for heading in ("", text):
        citation = Citation(text, samples.PLAN_ID, text, heading)
        assert len(name(citation)) <= 200
        for block in reading([citation] * 300):
            check_modal({**policy_modal(PASSAGE), "blocks": [block]})


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "Version 2 · in force without end"),
        ({"effective_from": date(2026, 1, 1)}, "Version 2 · in force from 2026-01-01"),
        (
            {"effective_from": date(2026, 1, 1), "effective_until": date(2026, 2, 1), "latest": 3},
            "Version 2 · in force from 2026-01-01 until 2026-02-01 · there is a version 3 by now",
        ),
        ({"removed_at": datetime(2026, 3, 1, tzinfo=UTC)}, "Version 2 · out of force since 2026-03-01"),
    ],
)
def test_since_when_and_until_when(changes: dict[str, object], said: str) -> None:
    assert standing(replace(PASSAGE, **changes)) == said  # type: ignore[arg-type]


def test_a_policy_without_sections_is_called_by_its_name() -> None:
    assert name(Citation("a@1#text", samples.PLAN_ID, "Kindness", "")) == "Kindness"
    assert name(Citation("a@1#text", samples.PLAN_ID, "Kindness", "Kindness")) == "Kindness"
