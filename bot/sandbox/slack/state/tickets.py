"""What Slack hands out for a short while: trigger ids (3 s, once) and response URLs (30 min, five times)."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import TypeVar

from bot.sandbox.slack.errors import SlackError
from bot.sandbox.slack.state.workspace import Workspace

TRIGGER_SECONDS = 3.0
RESPONSE_URL_SECONDS = 30 * 60.0
RESPONSE_URL_USES = 5
_KEPT = 5_000

T = TypeVar("T")


@dataclass(slots=True)
class Trigger:
    """The right to open one modal for a user; `in_view` if it came from within a modal."""

    user: str
    at: float
    in_view: bool = False
    exchanged: bool = False


@dataclass(slots=True)
class ResponseUrl:
    """The right to answer in a channel; `original` is the ts of the message whose button was clicked."""

    user: str
    channel: str
    at: float
    original: str | None = None
    uses: int = 0


class Tickets:
    """Trigger ids and response URLs that are out, the newest few thousand of each."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._triggers: OrderedDict[str, Trigger] = OrderedDict()
        self._response_urls: OrderedDict[str, ResponseUrl] = OrderedDict()
        self._count = 0

    def new_trigger(self, user: str, *, in_view: bool = False) -> str:
        """A trigger id in Slack's form, good from now on."""
        self._count += 1
        trigger_id = f"{self._count}.{int(self._workspace.clock())}.{self._workspace.token(32).lower()}"
        _remember(self._triggers, trigger_id, Trigger(user, self._workspace.clock(), in_view))
        return trigger_id

    def sent(self, trigger_id: str) -> None:
        """A trigger id is handed out now: what was prepared earlier is clicked when it is sent."""
        if trigger_id in self._triggers:
            self._triggers[trigger_id].at = self._workspace.clock()

    def exchange_trigger(self, trigger_id: object) -> Trigger:
        """Use a trigger id up. Raises invalid_, expired_ or exchanged_trigger_id."""
        trigger = self._triggers.get(trigger_id) if isinstance(trigger_id, str) else None
        if trigger is None:
            raise SlackError("invalid_trigger_id")
        if trigger.exchanged:
            raise SlackError("exchanged_trigger_id")
        if self._workspace.clock() - trigger.at > TRIGGER_SECONDS:
            raise SlackError("expired_trigger_id")
        trigger.exchanged = True
        return trigger

    def new_response_url(self, user: str, channel: str, *, original: str | None = None) -> str:
        """The token at the end of a new response URL."""
        token = self._workspace.token()
        _remember(self._response_urls, token, ResponseUrl(user, channel, self._workspace.clock(), original))
        return token

    def use_response_url(self, token: str) -> ResponseUrl:
        """Use a response URL once. Raises used_url or expired_url."""
        ticket = self._response_urls.get(token)
        if ticket is None or self._workspace.clock() - ticket.at > RESPONSE_URL_SECONDS:
            raise SlackError("expired_url")
        if ticket.uses >= RESPONSE_URL_USES:
            raise SlackError("used_url")
        ticket.uses += 1
        return ticket


def _remember(kept: OrderedDict[str, T], key: str, value: T) -> None:
    kept[key] = value
    while len(kept) > _KEPT:
        kept.popitem(last=False)
