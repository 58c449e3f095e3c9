"""What people do on their Home: they open it, and submit the form of settings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from bot.slack import ids
from bot.slack.payloads.reading import CHANNEL, KEY, USER, Body, if_given, matching, parser, text


@dataclass(frozen=True, slots=True)
class HomeOpened:
    """Somebody opened the bot's page in Slack. `view_hash` is Slack's name of the Home they see, if there is one.

    `is_home`: they see the Home, and not the messages beside it, which are in the direct message `dm`.
    """

    key: str
    user: str
    is_home: bool
    view_hash: str | None
    dm: str | None = None
    channel: str = ""


@dataclass(frozen=True, slots=True)
class SettingsForm:
    """The form of settings was submitted. Its texts are as they were typed or chosen; empty for nothing."""

    key: str
    user: str
    may_plan: str
    planners: tuple[str, ...]
    self_approval: str
    remind_after: str
    default_channel: str
    time_zone: str
    tokens_per_day: str
    learn_from_plans: str
    plan_days: str
    plan_emoji: str
    language: str | None = None
    channel: str = ""


@parser
def home_opened(body: Body) -> HomeOpened:
    """An app_home_opened event. Slack's id of it is its own; `tab` may be missing, and then it is the Home."""
    event = body["event"]
    return HomeOpened(
        key=f"event:{matching(KEY, body['event_id'])}",
        user=matching(USER, event["user"]),
        is_home=event.get("tab") in (None, "home"),
        view_hash=if_given(KEY, (event.get("view") or {}).get("hash")),
        dm=if_given(CHANNEL, event.get("channel")),
    )


@parser
def settings(body: Body) -> SettingsForm:
    """A submission of the form of settings."""
    view = body["view"]
    given = {action_id: state for block in view["state"]["values"].values() for action_id, state in block.items()}
    return SettingsForm(
        key=f"view:{matching(KEY, view['id'])}",
        user=matching(USER, body["user"]["id"]),
        may_plan=_option(given[ids.INPUT_MAY_PLAN]),
        planners=_people(given[ids.INPUT_PLANNERS].get("selected_users") or ()),
        self_approval=_option(given[ids.INPUT_SELF_APPROVAL]),
        remind_after=text(given[ids.INPUT_REMIND_AFTER].get("value")).strip(),
        default_channel=if_given(CHANNEL, given[ids.INPUT_DEFAULT_CHANNEL].get("selected_conversation")) or "",
        time_zone=text(given[ids.INPUT_TIME_ZONE].get("value")).strip(),
        tokens_per_day=text(given[ids.INPUT_TOKENS].get("value")).strip(),
        learn_from_plans=_option(given[ids.INPUT_LEARN]),
        plan_days=text(given[ids.INPUT_PLAN_DAYS].get("value")).strip(),
        plan_emoji=text(given[ids.INPUT_PLAN_EMOJI].get("value")).strip(),
        # A form that was opened under the version before has no such field, and changes nothing about it.
        language=_option(given[ids.INPUT_LANGUAGE]) if ids.INPUT_LANGUAGE in given else None,
    )


def _option(state: Mapping[str, Any]) -> str:
    return text((state.get("selected_option") or {}).get("value"))


def _people(chosen: Iterable[Any]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(matching(USER, user) for user in chosen))
