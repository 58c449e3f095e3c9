"""One workflow in words, for whoever asked by its number."""

from __future__ import annotations

from collections.abc import Sequence

from bot.languages import _, ngettext
from bot.slack.ids import ACTION_CARD_HERE, ACTION_CARD_LINK, ACTION_CARD_SHOW, Ref
from bot.slack.messages import Block, Element, Message
from bot.views.card import summary
from bot.views.kit import blocks as kit
from bot.views.kit.fitting import Draw, Level, fit
from bot.views.kit.mentions import quoted
from bot.views.kit.text import channel
from bot.views.plan import steps as plan_steps
from bot.views.plan.forecast import expected
from bot.views.plan.overview import STATES, decision, failure_block, origin, show_all, title
from bot.views.plan.steps import PlanStepView
from bot.views.run import overview
from bot.views.run import steps as run_steps
from bot.views.run.history import MAX_DETAIL_CHARACTERS, sections
from bot.views.run.lines import card_button
from services.queries.snapshots import History, PlanSnapshot, RunSnapshot
from services.states import PlanState


def workflow_details(snapshot: PlanSnapshot, history: History | None = None) -> Message:
    """A plan for one person's eyes: where it stands, what was reported, its steps in a line each, or its run.

    With its history, the runs there were and what happened in the one that is shown. All that can be decided from
    here is to run it again, once the last run is over: this message is not redrawn when the plan or a run goes on.
    """
    outline, steps = _outline(snapshot, is_last=_is_last(snapshot, history))
    which = _which(snapshot, history)
    where = snapshot.shown_in or snapshot.channel_id

    def draw(level: Level, most: int) -> list[Block]:
        return [
            kit.header(f"#{snapshot.number} {title(snapshot)}"),
            kit.context(
                kit.mrkdwn(" · ".join([_standing(snapshot), _("in {channel}", channel=channel(where)), *which]))
            ),
            origin(snapshot),
            quoted(snapshot.issue, level.quote),
            *outline(level, most),
            kit.actions(
                *card_button(snapshot.link, ACTION_CARD_LINK, Ref(snapshot.id, snapshot.revision).encode()),
                kit.button(_("Show card"), ACTION_CARD_SHOW, Ref(snapshot.id, snapshot.revision).encode()),
                kit.button(
                    _("Show the card here"), ACTION_CARD_HERE, Ref(snapshot.id, snapshot.revision).encode()
                ),
            ),
            *_history(snapshot, history, level),
        ]

    return Message(text=kit.fallback(summary(snapshot)), blocks=fit(draw, steps, f"plan.{snapshot.revision}"))


def _standing(snapshot: PlanSnapshot) -> str:
    decided = snapshot.state in (PlanState.APPROVED, PlanState.DISCARDED)
    return decision(snapshot) if decided else _(STATES[snapshot.state])


def _is_last(snapshot: PlanSnapshot, history: History | None) -> bool:
    """Whether the run that is shown is the plan's last."""
    if snapshot.run is None or history is None or not history.runs:
        return True
    return history.runs[0].id == snapshot.run.id


def _which(snapshot: PlanSnapshot, history: History | None) -> list[str]:
    """Which of the plan's runs is shown, where there is more than one."""
    if snapshot.run is None or history is None or history.all_runs < 2:
        return []
    return [_("run {number} of {all}", number=snapshot.run.number, all=history.all_runs)]


def _outline(snapshot: PlanSnapshot, *, is_last: bool) -> tuple[Draw, int]:
    """What draws the lower half of the message, and how many steps it has."""
    version, run = snapshot.version, snapshot.run
    if snapshot.state is PlanState.FAILED:
        return (lambda level, most: [failure_block(snapshot, level)]), 0
    if version is None:
        return (lambda level, most: []), 0
    if run is not None:
        under_way = run_steps.in_order(version, run)
        drawing = overview.RunDrawing(snapshot, run, under_way)
        again = overview.again(snapshot, run) if is_last else []
        end = _run_end(snapshot, run, again)
        return (lambda level, most: [*drawing.outline(level, most), *end]), len(under_way)
    steps = plan_steps.in_order(version)
    return (lambda level, most: _plan_outline(snapshot, steps, most)), len(steps)


def _run_end(snapshot: PlanSnapshot, run: RunSnapshot, again: Sequence[Element]) -> list[Block]:
    return [
        kit.context(kit.mrkdwn(overview.standing(run))),
        kit.actions(
            overview.details_button(snapshot, run), show_all(snapshot), *again, *overview.report(snapshot, run)
        ),
    ]


def _history(snapshot: PlanSnapshot, history: History | None, level: Level) -> list[Block]:
    if history is None or snapshot.version is None:
        return []
    return sections(
        history,
        snapshot.version,
        plan=snapshot.number,
        lines=level.lines,
        detail=min(level.field, MAX_DETAIL_CHARACTERS),
        longest=kit.SECTION,
    )


def _plan_outline(snapshot: PlanSnapshot, steps: Sequence[PlanStepView], most: int) -> list[Block]:
    lines = [plan_steps.headline(step) for step in steps[:most]]
    more = len(steps) - most
    left_out = [ngettext("…and {count} more step", "…and {count} more steps", more)] if more > 0 else []
    return [
        kit.rich_text(
            kit.paragraph(kit.span(plan_steps.shape(steps), bold=True)),
            *(kit.paragraph(kit.span(line)) for line in [*lines, *left_out]),
        ),
        *expected(snapshot),
        kit.actions(show_all(snapshot)),
    ]
