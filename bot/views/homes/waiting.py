"""What waits for a person, on their Home: decided and answered right there, with the buttons of the card."""

from __future__ import annotations

from bot.languages import _, ngettext
from bot.slack.ids import ACTION_CARD_LINK, ACTION_STEP_ANSWER, Ref
from bot.slack.messages import Block
from bot.views.card import decisions
from bot.views.kit import blocks as kit
from bot.views.kit.fitting import Level
from bot.views.kit.text import clip, one_line
from bot.views.plan import clarifying
from bot.views.plan import steps as plan_steps
from bot.views.plan.overview import origin, show_all, title
from bot.views.run import builtins, gates, leaving
from bot.views.run import steps as run_steps
from bot.views.run.lines import card_button, card_link
from bot.views.run.steps import RunStepView
from services.queries.snapshots import PlanSnapshot, StepSnapshot, WaitingItem

_QUESTION = 1_000
STEPS_SHOWN = 6
"""Of a plan to review; all of them are behind a button."""


def waiting_item(item: WaitingItem, level: Level) -> list[Block]:
    """One thing that waits, as long as `level` lets it be."""
    plan = item.plan
    if item.step is None:
        return _asking(plan, level) if plan.is_asking else _draft(plan, level)
    step = _step(item)
    if step is None:
        return []
    head = [*_head(plan, level), *_card(plan)]
    if builtins.is_asking(step.now):
        return [*head, *_question(step.now, step)]
    every = run_steps.in_order(plan.version, plan.run) if plan.version and plan.run else ()
    return [*head, *gates.section(step, every, level, plan.approvers, leaving.known(plan.issue, every))]


def _step(item: WaitingItem) -> RunStepView | None:
    plan = item.plan
    if plan.version is None or plan.run is None:
        return None
    steps = run_steps.in_order(plan.version, plan.run)
    return next((step for step in steps if step.now.id == item.step), None)


def _head(plan: PlanSnapshot, level: Level) -> list[Block]:
    name = f"#{plan.number} {clip(title(plan), min(kit.HEADER, level.quote))}"
    return [kit.rich_text(kit.paragraph(card_link(plan.link, name))), origin(plan)]


def _draft(plan: PlanSnapshot, level: Level) -> list[Block]:
    if plan.version is None:
        return []
    steps = plan_steps.in_order(plan.version)
    shown = [clip(plan_steps.headline(step), level.field) for step in steps[:STEPS_SHOWN]]
    left_out = len(steps) - STEPS_SHOWN
    more = [ngettext("…and {count} more step", "…and {count} more steps", left_out)] if left_out > 0 else []
    said = clip(one_line(plan.issue.text), level.quote // 2)
    return [
        *_head(plan, level),
        kit.rich_text(
            kit.quote(said),
            kit.paragraph(kit.span(plan_steps.shape(steps), bold=True)),
            *(kit.paragraph(kit.span(line)) for line in [*shown, *more]),
        ),
        kit.actions(*decisions(plan), show_all(plan), *_link(plan)),
    ]


def _asking(plan: PlanSnapshot, level: Level) -> list[Block]:
    """What the issue does not say, with the buttons of the card."""
    if plan.clarification is None:
        return []
    return [
        *_head(plan, level),
        *clarifying.asking(plan, plan.clarification),
        kit.actions(*clarifying.answers(plan, plan.clarification), *_link(plan)),
    ]


def _question(now: StepSnapshot, step: RunStepView) -> list[Block]:
    body = (now.request or {}).get("body")
    asked = str(body.get("question") or "") if isinstance(body, dict) else ""
    answer = kit.button(_("Answer"), ACTION_STEP_ANSWER, Ref(now.id, now.attempt).encode(), style="primary")
    return [
        kit.rich_text(
            kit.paragraph(kit.span(_("A question for you"), bold=True)),
            kit.quote(clip(one_line(asked), _QUESTION) or step.view.title),
        ),
        kit.actions(answer),
    ]


def _card(plan: PlanSnapshot) -> list[Block]:
    return [kit.actions(*found)] if (found := _link(plan)) else []


def _link(plan: PlanSnapshot) -> list[Block]:
    return card_button(plan.link, ACTION_CARD_LINK, Ref(plan.id, plan.revision).encode())
