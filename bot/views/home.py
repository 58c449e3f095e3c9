"""A person's Home: what waits for them, what they reported, what runs, and for admins how things are set up."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TypeVar

from bot.languages import N_, _, ngettext, number, percent
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
from bot.views.kit.text import lasted
from bot.views.private.notes import note_text
from bot.views.run.lines import plan_line
from services.jobs import HomeList
from services.pages import Page
from services.queries.snapshots import HomeFigures, HomeSnapshot, PlanLine, WaitingItem
from services.workspaces.settings import Defaults

T = TypeVar("T")

_TITLE = 120
_STRANGER = N_(
    "Only people of the organisation that runs Mudda have a page here. You can still report an issue in a channel "
    "that you share with them: `{command}` and what has happened."
)
_WELCOME = N_(
    "Mudda turns a civic issue into a plan that people can review: who is sent, what is filed, who is told. "
    "Nothing is sent to anyone before a person has agreed."
)
_BEGIN = N_(
    "Say what has happened with `{command}` in a channel, mention `@mudda` there, or press the button above."
)
_NO_COMPONENTS = N_(
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
        return [kit.rich_text(kit.paragraph(*kit.typed(_(_STRANGER, command=COMMAND_MUDDA))))]
    return [
        *_notice(home),
        kit.actions(kit.button(_("Report an issue"), ACTION_HOME_ISSUE, "issue", style="primary")),
        *(_welcome(home) if home.is_new else _work(home, level)),
        *(setup(home, defaults) if home.is_admin else []),
    ]


def _notice(home: HomeSnapshot) -> list[Block]:
    return [kit.section(f":point_right: {note_text(home.notice)}"), {"type": "divider"}] if home.notice else []


def _welcome(home: HomeSnapshot) -> list[Block]:
    missing = [] if home.components else [kit.paragraph(kit.span(_(_NO_COMPONENTS), bold=True))]
    return [
        kit.header(_("Welcome to Mudda")),
        kit.rich_text(
            kit.paragraph(kit.span(_(_WELCOME))),
            kit.paragraph(kit.span("\n"), *kit.typed(_(_BEGIN, command=COMMAND_MUDDA))),
            *missing,
        ),
        kit.context(kit.plain(_("What waits for you, what you reported and what runs now will be shown here."))),
    ]


def _work(home: HomeSnapshot, level: Level) -> list[Block]:
    return [
        *_listed(
            "waiting",
            _("Waiting for you"),
            home.waiting,
            lambda item: _item(level, item),
            _("Nothing waits for you."),
        ),
        *_listed("running", _("Running now"), home.running, _line, _("Nothing runs now.")),
        *_listed("reports", _("Your reports"), home.reports, _own_line, _("You have not reported anything yet.")),
        *_figures(home.figures),
        kit.context(
            kit.mrkdwn(_("`{command}` lists and finds all plans that you may see.", command=COMMAND_WORKFLOWS))
        ),
    ]


def _listed(
    listing: HomeList, title: str, page: Page[T], draw: Callable[[T], list[Block]], nothing: str
) -> list[Block]:
    heading = kit.header(f"{title} · {number(page.total)}" if page.total else title)
    if not page.total:
        return [heading, kit.context(kit.plain(nothing))]
    return [heading, *(block for item in page.items for block in draw(item)), *_pager(listing, page)]


def _pager(listing: HomeList, page: Page[T]) -> list[Block]:
    if page.pages == 1:
        return []
    turns = (("previous", _("Previous"), page.page - 1), ("next", _("Next"), page.page + 1))
    buttons = [
        kit.button(label, f"{ACTION_HOME_PAGE}.{turn}", PageRef(to, listing).encode())
        for turn, label, to in turns
        if 1 <= to <= page.pages
    ]
    where = _("Page {page} of {pages}", page=page.page, pages=page.pages)
    return [kit.context(kit.plain(where)), kit.actions(*buttons)]


def _item(level: Level, item: WaitingItem) -> list[Block]:
    return [*waiting_item(item, level), {"type": "divider"}]


def _line(line: PlanLine) -> list[Block]:
    return [kit.rich_text(plan_line(line, _TITLE))]


def _own_line(line: PlanLine) -> list[Block]:
    return [kit.rich_text(plan_line(line, _TITLE, is_own=True))]


def _figures(figures: HomeFigures) -> list[Block]:
    facts = [ngettext("{count} plan", "{count} plans", figures.plans), _done(figures)]
    if figures.median_seconds is not None:
        facts.append(_("half of them within {time}", time=lasted(figures.median_seconds)))
    facts.append(ngettext("{count} token", "{count} tokens", figures.tokens))
    return [kit.header(_("The last 30 days")), kit.section(" · ".join(facts))]


def _done(figures: HomeFigures) -> str:
    if not figures.ended:
        return _("no run has ended")
    # Rounded down: as long as one is not done, it is not all of them.
    share = percent(figures.done * 100 // figures.ended / 100)
    return ngettext(
        "{done} of {count} run done ({share})",
        "{done} of {count} runs done ({share})",
        figures.ended,
        done=figures.done,
        share=share,
    )
