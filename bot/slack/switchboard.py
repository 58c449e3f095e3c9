"""The Bolt app, which goes straight to the listener that a payload is for.

Bolt asks its listeners one after the other, and puts together for each question all that a listener may be given:
for the last of them that is most of the time until it runs.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from slack_bolt import BoltResponse
from slack_bolt.async_app import AsyncApp
from slack_bolt.context.async_context import AsyncBoltContext
from slack_bolt.middleware.async_middleware import AsyncMiddleware
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.util.utils import get_arg_names_of_callable

Named = str | re.Pattern[str]
Listener = Callable[..., Awaitable[BoltResponse | None]]

GIVEN = frozenset({"ack", "body", "context"})
"""What a listener may take that is found here."""

MAX_KNOWN = 1_000


@dataclass(frozen=True, slots=True)
class _Entry:
    name: Named
    listener: Listener
    takes: Sequence[str]

    def fits(self, name: str) -> bool:
        return self.name == name if isinstance(self.name, str) else self.name.search(name) is not None


class Switchboard(AsyncMiddleware):
    """Runs the first listener of a kind whose name fits; what it does not find is left to Bolt.

    As with Bolt it is the first that was added. One that says nothing is acked: Slack need not send it again.
    """

    def __init__(self) -> None:
        self._entries: dict[str, list[_Entry]] = {}
        self._of_bolt: set[str] = set()
        self._known: dict[tuple[str, str], _Entry | None] = {}

    def add(self, kind: str, constraints: Sequence[Any], functions: Sequence[Listener]) -> None:
        """Note what was added to Bolt. Where one of a kind can't be told by a name alone, all of it are Bolt's."""
        self._known.clear()
        if len(constraints) == 1 and len(functions) == 1 and isinstance(constraints[0], str | re.Pattern):
            takes = get_arg_names_of_callable(functions[0])
            if set(takes) <= GIVEN:
                self._entries.setdefault(kind, []).append(_Entry(constraints[0], functions[0], takes))
                return
        self._of_bolt.add(kind)

    async def async_process(
        self,
        *,
        req: AsyncBoltRequest,
        resp: BoltResponse,
        next: Callable[[], Awaitable[BoltResponse]],  # noqa: A002
    ) -> BoltResponse:
        """Run it, after all of Bolt's own middleware."""
        entry = self._find(req.body)
        if entry is None:
            return await next()
        ack = req.context.ack
        given = {"ack": ack, "body": req.body, "context": req.context}
        answer = await entry.listener(**{name: given[name] for name in entry.takes})
        return answer or ack.response or await ack()

    def _find(self, body: Mapping[str, Any]) -> _Entry | None:
        wanted = kind, name = named(body)
        if wanted not in self._known:
            if len(self._known) >= MAX_KNOWN:
                self._known.clear()
            entries = [] if kind in self._of_bolt else self._entries.get(kind, [])
            self._known[wanted] = next((entry for entry in entries if entry.fits(name)), None)
        return self._known[wanted]


class SwitchedApp(AsyncApp):
    """An AsyncApp whose listeners, added as ever, are found by a Switchboard.

    `client_of` gives the client of the workspace that a request is for; None where that is not known.
    """

    def __init__(self, client_of: Callable[[AsyncBoltContext], Any], **options: Any) -> None:
        super().__init__(**options)
        self._client_of = client_of
        self._switchboard = Switchboard()
        self.use(self._switchboard)

    def event(self, *constraints: Any, **more: Any) -> Callable[..., Any]:
        """As AsyncApp has it."""
        return self._noted("event", super().event, constraints, more)

    def command(self, *constraints: Any, **more: Any) -> Callable[..., Any]:
        """As AsyncApp has it."""
        return self._noted("command", super().command, constraints, more)

    def action(self, *constraints: Any, **more: Any) -> Callable[..., Any]:
        """As AsyncApp has it."""
        return self._noted("action", super().action, constraints, more)

    def view(self, *constraints: Any, **more: Any) -> Callable[..., Any]:
        """As AsyncApp has it."""
        return self._noted("view", super().view, constraints, more)

    def view_closed(self, *constraints: Any, **more: Any) -> Callable[..., Any]:
        """As AsyncApp has it."""
        return self._noted("view_closed", super().view_closed, constraints, more)

    def shortcut(self, *constraints: Any, **more: Any) -> Callable[..., Any]:
        """As AsyncApp has it."""
        return self._noted("shortcut", super().shortcut, constraints, more)

    def options(self, *constraints: Any, **more: Any) -> Callable[..., Any]:
        """As AsyncApp has it."""
        return self._noted("options", super().options, constraints, more)

    def _init_context(self, req: AsyncBoltRequest) -> None:
        # Bolt's own, and not public: by another name one day it would make a client for each request as ever, so
        # that each can have a token of its own. Those of one workspace have the same, in the same client.
        client = self._client_of(req.context)
        if client is None:
            super()._init_context(req)
            return
        req.context.update(
            logger=self.logger, token=client.token, client=client, listener_runner=self.listener_runner
        )

    def _noted(
        self, kind: str, register: Callable[..., Any], constraints: Sequence[Any], more: Mapping[str, Any]
    ) -> Callable[..., Any]:
        decorate = register(*constraints, **more)

        def add(*functions: Any, **lazy: Any) -> Any:
            self._switchboard.add(kind, (*constraints, *more.values()), (*functions, *lazy.values()))
            return decorate(*functions, **lazy)

        return add


def named(body: Mapping[str, Any]) -> tuple[str, str]:
    """The kind and the name by which a listener is found; both empty for what has none.

    The body has the outer shape of its kind (bot/slack/envelopes.py).
    """
    if "command" in body:
        return "command", body["command"]
    match body.get("type"):
        case "event_callback":
            return "event", body["event"]["type"]
        case "block_actions":
            return "action", body["actions"][0]["action_id"]
        case "view_submission":
            return "view", body["view"]["callback_id"]
        case "view_closed":
            return "view_closed", body["view"]["callback_id"]
        case "shortcut" | "message_action":
            return "shortcut", body["callback_id"]
        case "block_suggestion":
            return "options", body["action_id"]
    return "", ""
