"""Private lists, a page at a time: the components that plans are made of, and the plans there are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from bot.languages import N_, Sentence, _, ngettext
from bot.slack.ids import (
    ACTION_CARD_HERE,
    ACTION_COMPONENTS_PAGE,
    ACTION_WORKFLOWS_FILTER,
    ACTION_WORKFLOWS_PAGE,
    COMMAND_COMPONENTS,
    COMMAND_MUDDA,
    COMMAND_WORKFLOWS,
    PageRef,
    Ref,
)
from bot.slack.messages import Block, Element, Message
from bot.views.kit import blocks as kit
from bot.views.kit.text import clean, clip, one_line, weight
from bot.views.plan.failures import LOAD_COMPONENTS
from bot.views.plan.steps import LOCK
from bot.views.run.lines import plan_line
from services.components.specs import ApprovalPolicy, ComponentSpec
from services.pages import Page
from services.queries.filters import Mode, PlanFilter
from services.queries.snapshots import PlanLine

T = TypeVar("T")

EVERYTHING = PlanFilter()
_MODES: tuple[tuple[Mode, Sentence], ...] = (
    ("all", N_("All plans")),
    ("open", N_("Open")),
    ("waiting", N_("Waiting for me")),
    ("mine", N_("Reported by me")),
)
_OPTION = 150

_SEARCH = 140
_CHOICE = 30
"""Of a title in a menu, beside its number."""

_LONGEST = (150, 80, 40, 20, 10)
"""How long names and descriptions may be; the next one if the page is too long."""

_NO_COMPONENTS = N_(
    "There are no components yet, so there is nothing to make a plan of. "
    "Whoever runs Mudda adds some with `{command}`."
)
_NO_PLANS = N_("There are no plans yet. Start one with `{command}` and what has happened.")


def components_list(
    page: Page[ComponentSpec], search: str = "", *, read_as: str = "", row: Sequence[Block] = ()
) -> Message:
    """One page of at most 20 components, or what to do where there is none; `row` stands below it.

    `read_as` are the words that were looked for instead of `search`.
    """
    if not page.total:
        none = _(_NO_COMPONENTS, command=LOAD_COMPONENTS)
        message = _empty("components", _searched_components(search) if search else none)
        return Message(message.text, [*message.blocks, *row])
    heading = _components_heading(page.total, read_as or search)
    return _listing("components", heading, page, search, ACTION_COMPONENTS_PAGE, _component, row)


def workflows_list(page: Page[PlanLine], wanted: PlanFilter = EVERYTHING) -> Message:
    """One page of at most 20 plans, or what to do where there is none; and a choice of which plans are on it."""
    search = wanted.text()
    row = kit.seal([kit.actions(_choice(wanted), *_cards(page))], f"plans.{page.page}.choice")
    if page.total:
        heading = _plans_heading(page.total, search)
        return _listing("plans", heading, page, search, ACTION_WORKFLOWS_PAGE, plan_line, row)
    message = _empty("plans", _searched_plans(search) if search else _(_NO_PLANS, command=COMMAND_MUDDA))
    return Message(message.text, [*message.blocks, *row]) if search else message


def _choice(wanted: PlanFilter) -> Element:
    """Which plans at all: the choice keeps the rest of the filter, where an option has room for it."""
    options = {}
    for mode, label in _MODES:
        value = PageRef(1, clean(wanted.of(mode).text())).encode()
        options[mode] = {"text": kit.plain(_(label)), "value": value if _is_short(value) else f"1:{mode}"}
    return {
        "type": "static_select",
        "action_id": ACTION_WORKFLOWS_FILTER,
        "options": list(options.values()),
        "initial_option": options[wanted.mode],
    }


def _is_short(value: str) -> bool:
    """Whether a value fits into an option, and four of them into a message, however Slack counts."""
    return max(weight(value), len(value.encode())) <= _OPTION


def _cards(page: Page[PlanLine]) -> list[Element]:
    """A menu that has the card of one of the plans shown where the list is."""
    if not page.items:
        return []
    options = [
        {
            "text": kit.plain(f"#{line.number} {clip(one_line(line.title), _CHOICE)}", kit.BUTTON),
            "value": Ref(line.id, line.revision).encode(),
        }
        for line in page.items
    ]
    return [
        {
            "type": "static_select",
            "action_id": ACTION_CARD_HERE,
            "placeholder": kit.plain(_("Show a card here")),
            "options": options,
        }
    ]


def _listing(
    name: str,
    heading: str,
    page: Page[T],
    search: str,
    action_id: str,
    draw: Callable[[T, int], Element],
    row: Sequence[Block] = (),
) -> Message:
    turns = page_turns(page, search, action_id)
    for longest in _LONGEST:
        items = [kit.rich_text(draw(item, longest)) for item in page.items]
        blocks = [*kit.seal([kit.header(heading), *items, *turns], f"{name}.{page.page}"), *row]
        if kit.size(blocks) <= kit.MESSAGE_SIZE:
            break
    return Message(text=kit.fallback(heading), blocks=blocks)


def page_turns(page: Page[T], search: str, action: str) -> list[Block]:
    """The buttons, side by side: each has an action id of its own, for Slack refuses two alike in one block."""
    if page.pages == 1:
        return []
    turns = [
        ("previous", _("Previous"), min(page.page - 1, page.pages)),
        ("next", _("Next"), page.page + 1),
    ]
    buttons = [
        kit.button(label, f"{action}.{turn}", PageRef(to, clean(search)).encode())
        for turn, label, to in turns
        if 1 <= to <= page.pages
    ]
    where = _("Page {page} of {pages}", page=page.page, pages=page.pages)
    return [kit.context(kit.plain(where)), kit.actions(*buttons)]


def _component(spec: ComponentSpec, longest: int) -> Element:
    lock = f" {LOCK}" if spec.approval is ApprovalPolicy.STEP else ""
    off = "" if spec.active else " " + _("(switched off)")
    method = f"{spec.type} {spec.http_method}" if spec.type == "REST" else spec.type
    facts = [clip(fact, longest) for fact in (one_line(spec.category), method, spec.key) if fact]
    description = clip(one_line(spec.description), longest)
    return kit.paragraph(
        kit.span(clip(one_line(spec.name), longest), bold=True),
        kit.span("\n".join([f"{lock}{off}", " · ".join(facts), *([description] if description else [])])),
    )


def _empty(name: str, said: str) -> Message:
    words = kit.typed(said)
    text = "".join(run["text"] for run in words)
    return Message(
        text=kit.fallback(text), blocks=kit.seal([kit.rich_text(kit.paragraph(*words))], f"{name}.none")
    )


def _components_heading(total: int, search: str) -> str:
    if not search:
        return ngettext("{count} component", "{count} components", total)
    return ngettext(
        "{count} component for “{search}”", "{count} components for “{search}”", total, search=_searched(search)
    )


def _plans_heading(total: int, search: str) -> str:
    if not search:
        return ngettext("{count} plan", "{count} plans", total)
    return ngettext("{count} plan for “{search}”", "{count} plans for “{search}”", total, search=_searched(search))


def _searched_components(search: str) -> str:
    facts = {"search": _quotable(search), "command": COMMAND_COMPONENTS}
    return _("No components match “{search}”. Try another word, or `{command}` alone for all of them.", **facts)


def _searched_plans(search: str) -> str:
    facts = {"search": _quotable(search), "command": COMMAND_WORKFLOWS}
    return _("No plans match “{search}”. Try another word, or `{command}` alone for all of them.", **facts)


def _quotable(search: str) -> str:
    """What was searched for, in a sentence in which backticks mean something."""
    return _searched(search).replace("`", "'")


def _searched(search: str) -> str:
    return clip(one_line(search), _SEARCH)
