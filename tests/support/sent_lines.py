"""What a request holds, line by line, as cards and modals say it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.views.plan.sent import Known, lines
from bot.views.plan.steps import PlanStepView
from bot.views.run.requests import Origins, values
from services.components.specs import ComponentSpec
from services.plans.model import Issue, Step
from tests.support.slack_rules import words


def sent_lines(
    request: Mapping[str, Any],
    most: int,
    longest: int,
    origins: Origins | None = None,
    *,
    step: Step | None = None,
    spec: ComponentSpec | None = None,
    outputs: Mapping[str, Any] | None = None,
    is_made: bool = True,
) -> list[str]:
    """A line for each value; of `step`, the inputs that go into the address are told too."""
    wire = step or Step(step_id="x", component_id="x")
    view = PlanStepView(1, "", "", "", (), (), locked=False, step=wire)
    known = Known(Issue("It leaks", reporter="U0LEELA01"), {"find": 1, "ask": 2}, outputs)
    drawn = lines(values(view, spec, request, known, origins, is_made=is_made), most, longest)
    return [words(line).replace("\n", "") for line in drawn]
