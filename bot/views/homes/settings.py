"""How a workspace is set up, for its admins; and who may do what, in a line each."""

from __future__ import annotations

from collections.abc import Sequence

from bot.slack.ids import (
    ACTION_HOME_APPROVERS,
    ACTION_HOME_SETTINGS,
    COMMAND_COMPONENTS,
)
from bot.slack.messages import Block, Element
from bot.views.kit import blocks as kit
from bot.views.kit.text import clip, count
from services.planners import planners
from services.queries.snapshots import HomeSnapshot
from services.workspaces.settings import Defaults, plan_emoji


def setup(home: HomeSnapshot, defaults: Defaults) -> list[Block]:
    """Components, approvers and settings, and the buttons that change them."""
    rows = [
        ("Components", [kit.span(f"{home.components:,} · "), *kit.typed(f"`{COMMAND_COMPONENTS}` lists them")]),
        ("Approvers", _approvers(home)),
        ("May have plans drafted", _people(planners(home.settings, home.rules.approvers), "everybody")),
        ("Own reports", [kit.span(_own(home))]),
        ("Reminder", [kit.span(_reminder(home.rules.remind_after_minutes))]),
        ("Plans from no channel", _channel(home)),
        ("Emoji that plans a message", [kit.span(plan_emoji(home.settings) or "none")]),
        ("Time zone", [kit.span(clip(home.settings.get("time_zone", defaults.time_zone), 60))]),
        ("Model", [kit.span(_tokens(home.settings.get("tokens_per_day", defaults.tokens_per_day)))]),
        ("Learns from earlier plans", [kit.span(_yes(home.settings.get("learn_from_plans", defaults.learns)))]),
        ("Plans that are over", [kit.span(_kept(home.settings.get("plan_days", defaults.plan_days)))]),
    ]
    return [
        kit.header("Setup"),
        kit.rich_text(
            *(kit.paragraph(kit.span(f"{label}: ", bold=True), *value) for label, value in rows),
        ),
        kit.actions(
            kit.button("Change settings", ACTION_HOME_SETTINGS, "settings"),
            kit.button("Change approvers", ACTION_HOME_APPROVERS, "approvers"),
        ),
    ]


def _approvers(home: HomeSnapshot) -> list[Element]:
    rules = home.rules
    quorum = [kit.span(f" · {rules.quorum} must agree to a step")] if rules.quorum > 1 else []
    return [*_people(rules.approvers or None, "nobody is named, so anyone may decide"), *quorum]


def _people(people: Sequence[str] | None, everybody: str) -> list[Element]:
    return [kit.span(everybody)] if people is None else kit.people(people)


def _own(home: HomeSnapshot) -> str:
    if not home.rules.approvers:
        return "anyone may decide about what they reported themselves, while nobody is named as an approver"
    if home.rules.self_approval:
        return "approvers may decide about what they reported themselves"
    return "nobody decides about what they reported themselves"


def _reminder(minutes: float) -> str:
    return f"after {minutes:g} minutes without a decision" if minutes else "never"


def _channel(home: HomeSnapshot) -> list[Element]:
    channel = home.settings.get("default_channel")
    return [kit.place(channel)] if channel else [kit.span("a direct message, which asks where to show the plan")]


def _tokens(limit: int) -> str:
    return f"at most {count(limit, 'token')} a day" if limit else "as many tokens as it takes"


def _yes(learns: bool) -> str:
    return "yes" if learns else "no"


def _kept(days: int) -> str:
    return f"kept for {count(days, 'day')}" if days else "kept for good"
