"""What a workflow of Workflow Builder is told of how a step of ours ended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum

from bot.languages import N_, Sentence, _
from bot.views.kit.text import sentences
from bot.views.plan.failures import SENTENCES
from services.functions import Outcome
from services.queries.snapshots import PlanSnapshot
from services.states import FailureCode

OUTCOMES: Mapping[Outcome, str] = {
    Outcome.DRAFTED: "drafted",
    Outcome.COMPLETED: "completed",
    Outcome.CANCELLED: "cancelled",
}
"""The value `outcome` of a step, by which a workflow may branch."""


class Refusal(StrEnum):
    """Why a step is not begun at all."""

    NO_ISSUE = "no_issue"
    NO_CHANNEL = "no_channel"
    NOT_FOUND = "not_found"
    INTERNAL = "internal"


_REFUSALS: Mapping[Refusal, Sentence] = {
    Refusal.NO_ISSUE: N_("There was no issue to plan: the step was given no text."),
    Refusal.NO_CHANNEL: N_("The step names no channel for the plan's card. Choose one in the workflow."),
    Refusal.NOT_FOUND: N_(
        "There is no plan of that number, or not everybody may see it. If it is in a private channel, choose in "
        "the workflow as whom the step looks."
    ),
    Refusal.INTERNAL: N_("Something went wrong inside Mudda, and the step was not begun. Run the workflow again."),
}


def refusal(reason: Refusal) -> str:
    """A sentence for the log of the workflow."""
    return _(_REFUSALS[reason])


def may_not_plan(people: Sequence[str], *, is_named: bool) -> str:
    """Whoever the workflow runs as may not have plans drafted here."""
    words = (
        N_(
            "Only some people ({count}) may have plans drafted here, and the person as whom it runs is none of "
            "them."
        )
        if is_named
        else N_(
            "Only some people ({count}) may have plans drafted here, and a workflow that runs as nobody is none "
            "of them."
        )
    )
    return _(words, count=len(people))


def failed(outcome: Outcome, plan: PlanSnapshot | None) -> str:
    """Why a step that was begun did not come to its end."""
    if plan is None or outcome == Outcome.FORGOTTEN:
        return _("The plan is not kept any more: it was too old.")
    if outcome == Outcome.DISCARDED:
        return _("Plan #{number} was discarded, so nothing is carried out.", number=str(plan.number))
    code = plan.failure.code if plan.failure else FailureCode.INTERNAL
    why = _(SENTENCES[code])
    return sentences([_("There is no plan to carry out for #{number}.", number=str(plan.number)), why])
