"""How a workspace is set up, for its admins; and who may do what, in a line each."""

from __future__ import annotations

from collections.abc import Sequence

from bot.languages import LANGUAGES, _, ngettext, number
from bot.slack.ids import (
    ACTION_HOME_APPROVERS,
    ACTION_HOME_SETTINGS,
    COMMAND_COMPONENTS,
)
from bot.slack.messages import Block, Element
from bot.views.kit import blocks as kit
from bot.views.kit.text import clip
from services.planners import planners
from services.queries.snapshots import HomeSnapshot
from services.workspaces.settings import Defaults, plan_emoji


def setup(home: HomeSnapshot, defaults: Defaults) -> list[Block]:
    """Components, approvers and settings, and the buttons that change them."""
    rows = [
        (_("Components"), _components(home)),
        (_("Approvers"), _approvers(home)),
        (_("May have plans drafted"), _people(planners(home.settings, home.rules.approvers), _("everybody"))),
        (_("Own reports"), [kit.span(_own(home))]),
        (_("Reminder"), [kit.span(_reminder(home.rules.remind_after_minutes))]),
        (_("Plans from no channel"), _channel(home)),
        (_("Emoji that plans a message"), [kit.span(plan_emoji(home.settings) or _("none"))]),
        (_("Language of cards"), [kit.span(_language(home))]),
        (_("Time zone"), [kit.span(clip(home.settings.get("time_zone", defaults.time_zone), 60))]),
        (_("Model"), [kit.span(_tokens(home.settings.get("tokens_per_day", defaults.tokens_per_day)))]),
        (_("Learns from earlier plans"), [kit.span(_yes(home.settings.get("learn_from_plans", defaults.learns)))]),
        (_("Plans that are over"), [kit.span(_kept(home.settings.get("plan_days", defaults.plan_days)))]),
    ]
    return [
        kit.header(_("Setup")),
        kit.rich_text(
            *(kit.paragraph(kit.span(f"{label}: ", bold=True), *value) for label, value in rows),
        ),
        kit.actions(
            kit.button(_("Change settings"), ACTION_HOME_SETTINGS, "settings"),
            kit.button(_("Change approvers"), ACTION_HOME_APPROVERS, "approvers"),
        ),
    ]


def _components(home: HomeSnapshot) -> list[Element]:
    how = kit.typed(_("`{command}` lists them", command=COMMAND_COMPONENTS))
    return [kit.span(f"{number(home.components)} · "), *how]


def _approvers(home: HomeSnapshot) -> list[Element]:
    rules = home.rules
    shown = _people(rules.approvers or None, _("nobody is named, so anyone may decide"))
    if rules.quorum < 2:
        return shown
    agree = ngettext("{count} must agree to a step", "{count} must agree to a step", rules.quorum)
    return [*shown, kit.span(f" · {agree}")]


def _people(people: Sequence[str] | None, everybody: str) -> list[Element]:
    return [kit.span(everybody)] if people is None else kit.people(people)


def _own(home: HomeSnapshot) -> str:
    if not home.rules.approvers:
        return _("anyone may decide about what they reported themselves, while nobody is named as an approver")
    if home.rules.self_approval:
        return _("approvers may decide about what they reported themselves")
    return _("nobody decides about what they reported themselves")


def _reminder(minutes: float) -> str:
    if not minutes:
        return _("never")
    return _("after {minutes} minutes without a decision", minutes=f"{minutes:g}")


def _channel(home: HomeSnapshot) -> list[Element]:
    channel = home.settings.get("default_channel")
    return (
        [kit.place(channel)] if channel else [kit.span(_("a direct message, which asks where to show the plan"))]
    )


def _tokens(limit: int) -> str:
    if not limit:
        return _("as many tokens as it takes")
    return ngettext("at most {count} token a day", "at most {count} tokens a day", limit)


def _yes(learns: bool) -> str:
    return _("yes") if learns else _("no")


def _kept(days: int) -> str:
    return ngettext("kept for {count} day", "kept for {count} days", days) if days else _("kept for good")


def _language(home: HomeSnapshot) -> str:
    return LANGUAGES.get(home.settings.get("language", ""), _("each plan's own: that of whoever asked for it"))
