"""The reply to whoever reported an issue, in the thread of the card: how the run ended, and what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

from bot.languages import N_, _, ngettext
from bot.slack.ids import METADATA_OUTCOME
from bot.slack.messages import Element, Message
from bot.views.kit import blocks as kit
from bot.views.kit.blocks import as_mrkdwn
from bot.views.kit.mentions import ids_in, naming
from bot.views.kit.text import clip, is_user, lasted
from bot.views.plan.overview import title
from bot.views.run import overview
from bot.views.run import steps as run_steps
from bot.views.run.answers import answer_summary
from bot.views.run.steps import RunStepView
from services.queries.snapshots import PlanSnapshot, RunSnapshot
from services.states import StepState

_RESULTS = 4
_NAME = 80
_RESULT = 200


def outcome_message(snapshot: PlanSnapshot) -> Message:
    """The reply once a run is over; its metadata carries the run's id. Raises ValueError if there is no run."""
    run, version = snapshot.run, snapshot.version
    if run is None or version is None:
        raise ValueError("no run to reply about")
    steps = run_steps.in_order(version, run)
    reporter = snapshot.issue.reporter if is_user(snapshot.issue.reporter) else ""
    said = _said(run, steps, clip(title(snapshot), _NAME))
    opening = [kit.person(reporter), kit.span(" ")] if reporter else []
    results = _results(steps)
    block = kit.rich_text(kit.paragraph(*opening, *said), *([kit.listed(results)] if results else []))
    return Message(
        text="".join(map(as_mrkdwn, [*opening, *said])),
        blocks=kit.seal([block], "outcome"),
        metadata={"event_type": METADATA_OUTCOME, "event_payload": {"run": str(run.id)}},
    )


def _said(run: RunSnapshot, steps: Sequence[RunStepView], name: str) -> list[Element]:
    """How it ended: "Done in 41 s, 6 steps: Burst water main"."""
    if run.ended_by:
        words = (
            N_("“{name}” was cancelled by {who} after {time}, {progress}.")
            if run.ended_at
            else N_("“{name}” was cancelled by {who}, {progress}.")
        )
        return kit.runs(
            _(words),
            name=name,
            who=kit.person(run.ended_by),
            time=lasted((run.ended_at - run.started_at).total_seconds()) if run.ended_at else "",
            progress=", ".join(filter(None, [overview.progress(run), _under_way(run)])),
        )
    quoted = _("“{text}”", text=name)
    return [kit.span(f"{quoted}: "), *overview.told(run, steps, _RESULT)]


def _under_way(run: RunSnapshot) -> str:
    """What a cancel could not stop: "1 call was under way"."""
    calls = sum(step.state is StepState.RUNNING for step in run.steps)
    if not calls:
        return ""
    return ngettext("{count} call was under way", "{count} calls were under way", calls)


def _results(steps: Sequence[RunStepView]) -> list[list[Element]]:
    """What came of the steps that say most: those that changed something before those that looked something up."""
    done = sorted((step for step in steps if step.now.state is StepState.DONE), key=_is_lookup)
    told = ((step, words) for step in done if (words := answer_summary(step.now.output, step.spec, limit=_RESULT)))
    chosen = sorted(islice(told, _RESULTS), key=lambda item: item[0].view.number)
    return [naming(f"{clip(step.view.title, _NAME)}: {words}", ids_in(step.now.output)) for step, words in chosen]


def _is_lookup(step: RunStepView) -> bool:
    return step.spec is not None and step.spec.http_method.upper() == "GET"
