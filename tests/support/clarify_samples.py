"""Sample snapshots of issues about which people are asked before they are planned."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from services.plans.model import Issue
from services.queries.snapshots import PlanSnapshot
from services.states import Phase, PlanState
from services.workflows.clarifications import Clarification, Lack, LookAlike, Settled
from tests.support import samples

OTHER = LookAlike(
    UUID(int=9),
    9,
    "Burst water main at 5th and Main",
    samples.REPORTER,
    samples.MADE_AT - timedelta(hours=3),
    "https://example.slack.com/archives/C0WORKS01/p1",
)
PLACES = ("5th and Main, Ward 4", "5th and Main, Ward 9")


def asked(**what: Any) -> Clarification:
    """Something that is asked, to be answered within an hour."""
    given = {"lacks": (), "choices": (), **what}
    return Clarification(at=samples.MADE_AT, due=samples.MADE_AT + timedelta(hours=1), **given)


def asking(**what: Any) -> PlanSnapshot:
    """A plan that waits for an answer; with `look_alike` it asks whether it is the same."""
    look_alike = what.pop("look_alike", None)
    clarification = asked(**what, look_alike=look_alike.id if look_alike else None)
    return replace(samples.drafting(Phase.WAITING), clarification=clarification, look_alike=look_alike)


def settled(outcome: Settled, snapshot: PlanSnapshot = samples.DRAFT, **what: Any) -> PlanSnapshot:
    """A plan about which people were asked."""
    by = samples.REPORTER if outcome is not Settled.UNANSWERED else None
    return replace(snapshot, clarification=replace(asked(**what), outcome=outcome, by=by))


PLACELESS = Issue("The street light is broken and it is dark", reporter=samples.REPORTER)
PUT_AWAY = replace(
    settled(Settled.SAME, samples.decided(PlanState.DISCARDED), look_alike=OTHER.id),
    version=None,
    look_alike=OTHER,
)

GALLERY: Mapping[str, PlanSnapshot] = {
    "Asking where it is": replace(asking(lacks=(Lack.PLACE,)), issue=PLACELESS),
    "Asking which place": asking(choices=PLACES),
    "Asking whether it is the same": asking(look_alike=OTHER),
    "Planned without an answer": settled(Settled.UNANSWERED, lacks=(Lack.TIME,)),
    "Put away as the same issue": PUT_AWAY,
    "Reported by several": replace(samples.DRAFT, people=3),
}
"""The states of a card, by what the gallery calls them."""
