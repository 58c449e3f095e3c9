"""A person's Home: what waits for them, what they reported, what runs, and for admins how things are set up."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TypeVar

from bot.slack.ids import (
    ACTION_HOME_ISSUE,
    ACTION_HOME_PAGE,
    COMMAND_MUDDA,
    COMMAND_WORKFLOWS,
    VIEW_HOME,
    PageRef,
)
from bot.slack.messages import Block, View
from bot.views.homes.settings import setup
from bot.views.homes.waiting import waiting_item
from bot.views.kit import blocks as kit
from bot.views.kit.fitting import LEVELS, VIEW_SIZE, Level
from bot.views.kit.text import count, lasted
from bot.views.private.notes import note_text
from bot.views.run.lines import plan_line
from services.jobs import HomeList
from services.pages import Page
from services.queries.snapshots import HomeFigures, HomeSnapshot, PlanLine, WaitingItem
from services.workspaces.settings import Defaults

T = TypeVar("T")

_TITLE = 120
_PERCENT = 100
_STRANGER = (
    "Only people of the organisation that runs Mudda have a page here. You can still report an issue in a channel "
    f"that you share with them: `{COMMAND_MUDDA}` and what has happened."
)
_WELCOME = (
    "Mudda turns a civic issue into a plan that people can review: who is sent, what is filed, who is told. "
    "Nothing is sent to anyone before a person has agreed."
)
_BEGIN = (
    f"Say what has happened with `{COMMAND_MUDDA}` in a channel, mention `@mudda` there, "
    "or press the button above."
)
_NO_COMPONENTS = (
    "There is nothing yet that plans could be made of. Whoever runs Mudda first adds components: the town's own "
    "services."
)


def home_view(home: HomeSnapshot, defaults: Defaults) -> View:
    """The Home, within what Slack takes of a view: its longest texts are cut, level by level, until it fits."""
    for level in LEVELS:
        blocks = kit.seal(_blocks(home, defaults, level), "home")
        # With escapes for all that is not ASCII, as the SDK may send it.
        if len(blocks) <= kit.VIEW_BLOCKS and len(json.dumps(blocks)) <= VIEW_SIZE:
            break
    return {"type": "home", "callback_id": VIEW_HOME, "blocks": blocks}


def _blocks(home: HomeSnapshot, defaults: Defaults, level: Level) -> list[Block]:
    if home.is_stranger:
        return [kit.rich_text(kit.paragraph(*kit.typed(_STRANGER)))]
    return [
        *_notice(home),
        kit.actions(kit.button("Report an issue", ACTION_HOME_ISSUE, "issue", style="primary")),
        *(_welcome(home) if home.is_new else _work(home, level)),
        *(setup(home, defaults) if home.is_admin else []),
    ]


def _notice(home: HomeSnapshot) -> list[Block]:
    return [kit.section(f":point_right: {note_text(home.notice)}"), {"type": "divider"}] if home.notice else []


def _welcome(home: HomeSnapshot) -> list[Block]:
    missing = [] if home.components else [kit.paragraph(kit.span(_NO_COMPONENTS, bold=True))]
    return [
        kit.header("Welcome to Mudda"),
        kit.rich_text(
            kit.paragraph(kit.span(_WELCOME)),
            kit.paragraph(kit.span("\n"), *kit.typed(_BEGIN)),
            *missing,
        ),
        kit.context(kit.plain("What waits for you, what you reported and what runs now will be shown here.")),
    ]


def _work(home: HomeSnapshot, level: Level) -> list[Block]:
    return [
        *_listed(
            "waiting", "Waiting for you", home.waiting, lambda item: _item(level, item), "Nothing waits for you."
        ),
        *_listed("running", "Running now", home.running, _line, "Nothing runs now."),
        *_listed("reports", "Your reports", home.reports, _own_line, "You have not reported anything yet."),
        *_figures(home.figures),
        kit.context(kit.mrkdwn(f"`{COMMAND_WORKFLOWS}` lists and finds all plans that you may see.")),
    ]


def _listed(
    listing: HomeList, title: str, page: Page[T], draw: Callable[[T], list[Block]], nothing: str
) -> list[Block]:
    heading = kit.header(f"{title} · {page.total:,}" if page.total else title)
    if not page.total:
        return [heading, kit.context(kit.plain(nothing))]
    return [heading, *(block for item in page.items for block in draw(item)), *_pager(listing, page)]


def _pager(listing: HomeList, page: Page[T]) -> list[Block]:
    if page.pages == 1:
        return []
    turns = (("Previous", page.page - 1), ("Next", page.page + 1))
    buttons = [
        kit.button(label, f"{ACTION_HOME_PAGE}.{label.lower()}", PageRef(number, listing).encode())
        for label, number in turns
        if 1 <= number <= page.pages
    ]
    return [kit.context(kit.plain(f"Page {page.page:,} of {page.pages:,}")), kit.actions(*buttons)]


def _item(level: Level, item: WaitingItem) -> list[Block]:
    return [*waiting_item(item, level), {"type": "divider"}]


def _line(line: PlanLine) -> list[Block]:
    return [kit.rich_text(plan_line(line, _TITLE))]


def _own_line(line: PlanLine) -> list[Block]:
    return [kit.rich_text(plan_line(line, _TITLE, is_own=True))]


def _figures(figures: HomeFigures) -> list[Block]:
    if figures.ended:
        done = (
            f"{figures.done:,} of {count(figures.ended, 'run')} done ({figures.done * _PERCENT // figures.ended}%)"
        )
    else:
        done = "no run has ended"
    took = f"half of them within {lasted(figures.median_seconds)}" if figures.median_seconds is not None else ""
    facts = (count(figures.plans, "plan"), done, took, count(figures.tokens, "token"))
    return [kit.header("The last 30 days"), kit.section(" · ".join(fact for fact in facts if fact))]
