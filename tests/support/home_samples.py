"""Sample Homes and lists, one for each thing that they can show, and some that mean them harm."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from services.approvals import ApprovalRules
from services.pages import Page
from services.queries.snapshots import (
    Awaited,
    AwaitedKind,
    HomeFigures,
    HomeSnapshot,
    PlanLine,
    PlanSnapshot,
    WaitingItem,
)
from services.states import PlanState, RunState, StepState
from tests.support import clarify_samples, run_samples, samples

ME, OTHER = samples.DECIDER, samples.REPORTER
LINK = "https://springfield.slack.com/archives/C0WORKS01/p1773045660000100"


def line(number: int, title: str, awaited: Awaited | None = None, **changes: object) -> PlanLine:
    """A plan as a line."""
    made = PlanLine(
        id=UUID(int=number),
        number=number,
        state=PlanState.APPROVED,
        title=title,
        reporter_id=OTHER,
        channel_id=samples.CHANNEL,
        created_at=samples.MADE_AT,
        steps=6,
        run_state=RunState.RUNNING,
        done=3,
        total=6,
        awaited=awaited,
        link=LINK,
        shown_in=samples.CHANNEL,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


LINES = (
    line(18, "Streetlight out on Oak Street"),
    line(
        17,
        "Burst water main at 5th and Main",
        Awaited(AwaitedKind.GATE, (ME,)),
        run_state=RunState.WAITING,
    ),
    line(16, "Tree over the road at Elm and 2nd", Awaited(AwaitedKind.FAILED, (ME,)), run_state=RunState.FAILED),
    line(15, "Pothole on Mill Road", Awaited(AwaitedKind.ANSWER, (OTHER,)), run_state=RunState.WAITING, done=5),
    line(14, "Graffiti at the station", Awaited(AwaitedKind.REVIEW, None), state=PlanState.DRAFT, run_state=None),
    line(
        13, "Noise at the quarry", Awaited(AwaitedKind.NO_PLAN), state=PlanState.FAILED, run_state=None, steps=None
    ),
    line(12, "Missed collection in Ward 4", run_state=RunState.COMPLETED, done=6),
    line(11, "Blocked drain", run_state=RunState.CANCELLED, link=None, shown_in="D0000001"),
)


def _items(snapshot: PlanSnapshot) -> list[WaitingItem]:
    """An item for each step of the plan's run that waits for people."""
    stuck = (StepState.WAITING, StepState.FAILED, StepState.UNCERTAIN)
    steps = snapshot.run.steps if snapshot.run else ()
    return [WaitingItem(snapshot, samples.MADE_AT, step.id) for step in steps if step.state in stuck]


def runs_that_wait() -> list[WaitingItem]:
    """Every step of the samples that people have to do with."""
    return [item for snapshot in run_samples.GALLERY.values() for item in _items(snapshot)]


NEW = HomeSnapshot(
    user=OTHER,
    is_admin=False,
    is_stranger=False,
    notice=None,
    is_new=True,
    waiting=Page((), 1, 4, 0),
    running=Page((), 1, 5, 0),
    reports=Page((), 1, 5, 0),
    figures=HomeFigures(),
    components=24,
    rules=ApprovalRules(),
    settings={},
)

FIGURES = HomeFigures(plans=48, ended=40, done=37, median_seconds=5_640, tokens=312_400)

ASKED = replace(clarify_samples.GALLERY["Asking whether it is the same"], link=LINK, shown_in=samples.CHANNEL)

CLERK = replace(
    NEW,
    is_new=False,
    waiting=Page((WaitingItem(ASKED, samples.MADE_AT),), 1, 4, 1),
    running=Page(LINES[:4], 1, 5, 4),
    reports=Page(LINES[3:], 1, 5, 12),
    figures=FIGURES,
    rules=ApprovalRules((ME,)),
)

DRAFT = replace(samples.DRAFT, link=LINK, shown_in=samples.CHANNEL, approvers=(ME,))

APPROVER = replace(
    CLERK,
    user=ME,
    is_admin=True,
    waiting=Page((WaitingItem(DRAFT, samples.MADE_AT), *runs_that_wait()[:2]), 1, 4, 6),
    reports=Page((), 1, 5, 0),
    settings={"may_plan": "named", "planners": [OTHER], "tokens_per_day": 500_000, "default_channel": "C0WORKS01"},
)

GALLERY: Mapping[str, HomeSnapshot] = {
    "Home, in a new workspace": NEW,
    "Home of a clerk": CLERK,
    "Home of an approver": APPROVER,
    "Home, with a word about what was pressed": replace(CLERK, notice="not_approver"),
    "Home of somebody of another organisation": replace(CLERK, is_stranger=True),
}
"""Homes, by what the gallery calls them."""


def hostile(text: str) -> HomeSnapshot:
    """A Home on which everything that somebody else wrote is `text`."""
    plan = replace(samples.hostile_plan(text), link=text, shown_in=text, approvers=(text,))
    lines = tuple(
        line(
            number,
            text,
            Awaited(AwaitedKind.GATE, (text,) * 9),
            reporter_id=text,
            channel_id=text,
            shown_in=text,
            link=text,
        )
        for number in range(1, 6)
    )
    runs = [WaitingItem(replace(item.plan, link=text), item.since, item.step) for item in runs_that_wait()]
    items = (WaitingItem(plan, samples.MADE_AT - timedelta(days=1)), *runs[:3])
    settings = {"time_zone": text, "default_channel": text, "planners": [text] * 30, "may_plan": "named"}
    return replace(
        APPROVER,
        user=text,
        waiting=Page(items, 2, 4, 99),
        running=Page(lines, 2, 5, 99),
        reports=Page(lines, 2, 5, 99),
        rules=ApprovalRules((text,)),
        settings=settings,  # type: ignore[arg-type]
    )
