from typing import Any

import pytest

from bot.slack.messages import Message
from bot.views.card import card
from services.queries.snapshots import PlanSnapshot
from services.states import Phase
from tests.support import samples
from tests.support.slack_rules import buttons, check_message, tasks, words


def drawn(snapshot: PlanSnapshot) -> Message:
    message = card(snapshot, card_id=samples.CARD_ID)
    check_message(message)
    return message


def details(task: dict[str, Any]) -> str:
    return words(task.get("details"))


class TestDrafting:
    def test_waiting(self) -> None:
        message = drawn(samples.drafting(Phase.WAITING))
        assert message.blocks[0]["text"]["text"] == "#12 Drafting a plan…"
        assert message.text.startswith("Drafting plan #12: Water is coming up")
        assert {task["status"] for task in tasks(message.blocks)} == {"pending"}
        assert buttons(message.blocks) == []

    @pytest.mark.parametrize(
        ("phase", "statuses"),
        [
            (Phase.SELECTING, ["in_progress", "pending", "pending"]),
            (Phase.PLANNING, ["complete", "in_progress", "pending"]),
            (Phase.CHECKING, ["complete", "complete", "in_progress"]),
            (Phase.REPAIRING, ["complete", "complete", "in_progress", "pending"]),
        ],
    )
    def test_statuses_follow_the_phase(self, phase: Phase, statuses: list[str]) -> None:
        message = drawn(samples.drafting(phase, offered=24, selected=6))
        assert [task["status"] for task in tasks(message.blocks)] == statuses

    def test_facts_are_told(self) -> None:
        chosen = tasks(drawn(samples.drafting(Phase.PLANNING, offered=24, selected=6)).blocks)[0]
        assert (chosen["title"], details(chosen)) == ("Chose components", "6 of 24 components")
        choosing = tasks(drawn(samples.drafting(Phase.SELECTING, offered=1)).blocks)[0]
        assert (choosing["title"], details(choosing)) == ("Choosing components", "From 1 component")
        mending = tasks(drawn(samples.drafting(Phase.REPAIRING, repairs=1, faults=3)).blocks)[2]
        assert (mending["title"], details(mending)) == ("Fixing the plan", "3 things did not fit together")

    def test_a_mended_plan_is_checked_again(self) -> None:
        blocks = drawn(samples.drafting(Phase.CHECKING, repairs=1)).blocks
        assert [task["title"] for task in tasks(blocks)][2:] == ["Fixed the plan", "Checking the plan"]

    @pytest.mark.parametrize(
        ("phase", "repairs", "told"),
        [
            (
                Phase.SAMPLING,
                1,
                [("Fixed the plan", ""), ("Trying other plans", "3 things still did not fit together")],
            ),
            (
                Phase.CHECKING,
                1,
                [("Fixed the plan", ""), ("Tried other plans", "2 other plans"), ("Checking the plan", "")],
            ),
            (
                Phase.REPAIRING,
                2,
                [
                    ("Fixed the plan", ""),
                    ("Tried other plans", "2 other plans"),
                    ("Fixing the plan", "3 things did not fit together"),
                ],
            ),
            (
                Phase.CHECKING,
                2,
                [
                    ("Fixed the plan", ""),
                    ("Tried other plans", "2 other plans"),
                    ("Fixed the plan", ""),
                    ("Checking the plan", ""),
                ],
            ),
        ],
    )
    def test_other_plans_are_tried_before_the_best_is_mended(
        self, phase: Phase, repairs: int, told: list[tuple[str, str]]
    ) -> None:
        shown = tasks(drawn(samples.drafting(phase, repairs=repairs, samples=2, faults=3)).blocks)
        begun = [task for task in shown[2:] if task["status"] != "pending"]
        assert [(task["title"], details(task)) for task in begun] == told
        assert [task["status"] for task in begun] == ["complete"] * (len(told) - 1) + ["in_progress"]
        assert [task["title"] for task in shown[2 + len(told) :]] == ["Check the plan"] * (phase != Phase.CHECKING)

    @pytest.mark.parametrize("nonsense", ["6", None, -1, [6], 2.5])
    def test_facts_of_a_strange_kind_are_left_out(self, nonsense: object) -> None:
        names = ("offered", "selected", "repairs", "samples", "faults")
        for phase in Phase:
            drawn(samples.drafting(phase, **dict.fromkeys(names, nonsense)))
