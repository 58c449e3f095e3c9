"""One component in a modal: what it does, how its calls went, and what may be done about it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bot.languages import _, ngettext
from bot.slack.ids import (
    ACTION_COMPONENT_EDIT,
    ACTION_COMPONENT_SECRET,
    ACTION_COMPONENT_SWITCH,
    ACTION_COMPONENT_TRY,
    ACTION_COMPONENT_UNDO,
    VIEW_COMPONENT,
)
from bot.slack.messages import Block, Element, View
from bot.views.kit import blocks as kit
from bot.views.kit.text import clip, lasted, one_line
from bot.views.plan.overview import STATES
from bot.views.registry.origin import Origin, ref
from bot.views.registry.words import GATES, inputs, outputs, sign_in
from bot.views.run.lines import RUNS, card_link
from services.connectors.trying import is_tryable
from services.health.door import host_of
from services.queries.components import CallRecord, ComponentDetails, PlansThatUse, PlanThatUses
from services.states import PlanState

_NAME, _DESCRIPTION, _FACT, _TITLE = 140, 2_500, 150, 60
_LISTED = 20


def component_modal(details: ComponentDetails, origin: Origin, *, is_admin: bool) -> View:
    """All that there is to know; with buttons for what the reader may do, and why there are no others."""
    definition = details.entry.definition
    return {
        "type": "modal",
        "callback_id": VIEW_COMPONENT,
        "title": kit.plain(_("Component")),
        "close": kit.plain(_("Close")),
        "private_metadata": origin.metadata(details),
        "blocks": [
            kit.header(clip(one_line(definition.name), _NAME)),
            *_standing(details),
            kit.rich_text(kit.paragraph(kit.span(clip(definition.description, _DESCRIPTION)))),
            *_buttons(details, is_admin=is_admin),
            kit.rich_text(
                *(kit.paragraph(kit.span(f"{name}: ", bold=True), *value) for name, value in _facts(details))
            ),
            *_listed(_("What it takes"), inputs(definition), _("It takes nothing.")),
            *_listed(_("What it answers with"), outputs(definition), _("Its answer is not described.")),
            *_plans(details.plans),
        ],
    }


def plan_runs(plan: PlanThatUses) -> list[Element]:
    """A plan as a line: its number, its title, and how it stands."""
    state = (
        STATES[plan.state]
        if plan.run_state is None or plan.state is not PlanState.APPROVED
        else RUNS[plan.run_state]
    )
    title = f"#{plan.number} {clip(one_line(plan.title), _TITLE)}"
    return [card_link(plan.link, title), kit.span(f" · {_(state)}")]


def _standing(details: ComponentDetails) -> Iterator[Block]:
    """What stands in its way now."""
    if not details.entry.active:
        yield kit.context(kit.plain(_("It is switched off: no new plan calls it.")))
    if (host := details.host) is not None and host.closed_until is not None:
        said = kit.runs(
            _("*{host} does not answer* since {since}. Calls wait until {until}; then one is made to see."),
            host=clip(one_line(host.host), _FACT),
            since=kit.moment(host.since),
            until=kit.moment(host.closed_until),
        )
        yield kit.rich_text(kit.paragraph(*said))


def _buttons(details: ComponentDetails, *, is_admin: bool) -> Iterator[Block]:
    value = ref(details)
    buttons = []
    if is_tryable(details.entry.definition) and details.entry.active:
        buttons.append(kit.button(_("Try it"), ACTION_COMPONENT_TRY, value))
    if is_admin:
        buttons.append(kit.button(_("Edit"), ACTION_COMPONENT_EDIT, value))
        if details.sealed and details.can_keep:
            buttons.append(kit.button(_("Set a secret"), ACTION_COMPONENT_SECRET, value))
        if details.undoable is not None:
            buttons.append(kit.button(_("Undo the last change"), ACTION_COMPONENT_UNDO, value))
        if details.entry.active:
            buttons.append(kit.button(_("Switch off"), ACTION_COMPONENT_SWITCH, value, style="danger"))
        else:
            buttons.append(kit.button(_("Switch on"), ACTION_COMPONENT_SWITCH, value))
    if buttons:
        yield kit.actions(*buttons)
    if not is_admin:
        yield kit.context(kit.plain(_("Only admins of the workspace can change components.")))


def _facts(details: ComponentDetails) -> Iterator[tuple[str, list[Element]]]:
    definition = details.entry.definition
    host = clip(one_line(host_of(definition)), _FACT)
    kind = f"{definition.type} {definition.http_method}" if definition.type == "REST" else definition.type
    yield _("Approval"), [kit.span(_(GATES[definition.approval]))]
    yield _("Kind"), [kit.span(_("{kind} at {host}", kind=kind, host=host))]
    yield _("Sign-in"), [kit.span(sign_in(definition)), *_secrets(details)]
    yield _("Last 30 days"), [kit.span(calls(details.record))]
    if limits := _limits(details):
        yield _("Limits"), [kit.span(limits)]
    for name, value in (
        (_("Category"), definition.category),
        (_("Owner"), definition.owner_service),
        (_("Version"), definition.version),
        (_("Key"), definition.key),
    ):
        if value:
            yield name, [kit.span(clip(one_line(value), _FACT))]
    if details.undoable is not None:
        who, when = kit.person(details.undoable.by), kit.moment(details.undoable.at)
        yield _("Last changed"), kit.runs(_("by {who}, {moment}"), who=who, moment=when)


def calls(record: CallRecord) -> str:
    """How calls went: "120 calls, 98% went well, usually 0.3 s"."""
    if not record.calls:
        return _("not called")
    counted = ngettext("{count} call", "{count} calls", record.calls)
    share = round(100 * record.good / record.calls)
    # 99.6 of a hundred are not all of them.
    share = min(share, 99) if record.good < record.calls else share
    return _(
        "{calls}, {share}% went well; half of them took {usual} at most, nearly all {long}",
        calls=counted,
        share=share,
        usual=_seconds(record.usual_seconds),
        long=_seconds(record.long_seconds),
    )


def _seconds(seconds: float) -> str:
    return (
        lasted(seconds)
        if seconds >= 10
        else _("{seconds} s", seconds=f"{seconds:.2g}" if seconds >= 0.01 else "0.01")
    )


def _limits(details: ComponentDetails) -> str:
    definition = details.entry.definition
    said = []
    if definition.max_concurrent is not None:
        said.append(ngettext("{count} call at once", "{count} calls at once", definition.max_concurrent))
    if definition.per_minute is not None:
        said.append(ngettext("{count} call a minute", "{count} calls a minute", definition.per_minute))
    return " · ".join(said)


def _secrets(details: ComponentDetails) -> Iterator[Element]:
    """Which secrets it takes, and whether they are there; never what they are."""
    kept = {line.name: line for line in details.secrets}
    for name in details.sealed:
        line = kept.get(name)
        yield kit.span("\n")
        if line is None:
            yield from kit.runs(_("{name}: *not set*"), name=clip(name, _FACT))
        elif not line.opens:
            yield from kit.runs(_("{name}: *can't be read any more*; set it again"), name=clip(name, _FACT))
        else:
            who = kit.person(line.set_by)
            yield from kit.runs(
                _("{name}: set by {who}, {moment}"),
                name=clip(name, _FACT),
                who=who,
                moment=kit.moment(line.set_at),
            )
    for name in details.variables:
        yield kit.span("\n" + _("{name}: from the environment of whoever runs Mudda", name=clip(name, _FACT)))
    if details.sealed and not details.can_keep:
        yield kit.span("\n" + _("Secrets can't be kept here: whoever runs Mudda has to set a key for them."))


def _listed(title: str, lines: Sequence[str], none: str) -> Iterator[Block]:
    shown = list(lines[:_LISTED])
    if len(lines) > _LISTED:
        shown.append(_("…and {count} more", count=len(lines) - _LISTED))
    body = kit.bullets(shown) if shown else kit.paragraph(kit.span(none))
    yield kit.rich_text(kit.paragraph(kit.span(title, bold=True)), body)


def _plans(plans: PlansThatUse) -> Iterator[Block]:
    lines = [plan_runs(plan) for plan in plans.plans]
    if plans.others and lines:
        lines.append([kit.span(_("…and {count} more", count=plans.others))])
    title = kit.paragraph(kit.span(_("The newest plans that use it"), bold=True))
    body = kit.listed(lines) if lines else kit.paragraph(kit.span(_("None that you can see.")))
    yield kit.rich_text(title, body)
