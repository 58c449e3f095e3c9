"""Whether "Understood as" says anything that the title and the report do not."""

import pytest

from bot.views.card import card
from bot.views.plan.sameness import says_something_new
from tests.support import samples
from tests.support.slack_rules import words

TITLE = "Burst water main at 5th and Main"
REPORT = "Water is coming up through the road at 5th and Main since six this morning."


@pytest.mark.parametrize(
    ("text", "title", "report", "is_new"),
    [
        (REPORT, TITLE, REPORT, False),
        (f"6 steps for: {REPORT}", TITLE, REPORT, False),
        (f"The report: {REPORT.lower()}!", TITLE, REPORT, False),
        (f"Plan for {TITLE}", TITLE, REPORT, False),
        ("Water comes up through the roads at Main", TITLE, REPORT, False),
        ("", TITLE, REPORT, False),
        ("A crew has to shut the valve and repair the pipe.", TITLE, REPORT, True),
        (f"{REPORT} A crew has to shut the valve, repair the pipe and tell everybody near.", TITLE, REPORT, True),
        ("Leak", "Broken streetlight", "It is dark.", True),
        ("道路から水が出ています", "水漏れ", "道路から水が出ています。", False),
        ("水道管が破裂したので作業員を派遣します", "水漏れ", "道路から水が出ています。", True),
        ("Ein Rohr ist gebrochen", "Rohrbruch", "Ein Rohr ist gebrochen, Wasser läuft.", False),
    ],
)
def test_what_is_new(text: str, title: str, report: str, is_new: bool) -> None:
    assert says_something_new(text, title, report) is is_new


@pytest.mark.parametrize(
    ("description", "is_told"),
    [(f"6 steps for: {samples.ISSUE.text}", False), (samples.VERSION.plan.description, True)],
)
def test_the_card_leaves_out_what_says_nothing_new(description: str, is_told: bool) -> None:
    plan = samples.VERSION.plan.model_copy(update={"description": description})
    seen = words(card(samples.draft(plan=plan), card_id=samples.CARD_ID).blocks)
    assert ("Understood as" in seen) is is_told
