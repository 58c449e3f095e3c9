"""From either transport to Bolt: what has not the outer shape, or is another workspace's, never gets there."""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from slack_bolt import BoltResponse
from slack_bolt.async_app import AsyncApp
from slack_bolt.request.async_request import AsyncBoltRequest

from bot.errors import MalformedPayload
from bot.metrics import Metrics
from bot.slack.envelopes import LIFECYCLE, kind_of, organisation_of, workspace_of
from bot.slack.noise import is_noise
from db.errors import DATABASE_ERRORS

logger = logging.getLogger("mudda.dispatch")

DEPS = "deps"
"""Under this name the context of a request holds what its listener works with."""

Finder = Callable[[str | None, str | None], Awaitable[object | None]]

Lifecycle = Callable[[Mapping[str, Any]], Awaitable[None]]

NOT_HERE = "Mudda is not installed in this workspace. Somebody who may install apps here can add it."

UNREADABLE = (ValueError, TypeError, AttributeError, LookupError, RecursionError)
"""What Bolt raises while it reads a body that holds something else than it expects."""


class Dispatcher:
    """Answers what Slack sends, over HTTP or Socket Mode; counts and times it.

    `find` gives what the listeners work with for the workspace that a payload is for, or None for one that is not
    served here. They get it as DEPS of Bolt's context. `lifecycle` is told of workspaces that come and go.
    """

    def __init__(self, app: AsyncApp, find: Finder, metrics: Metrics, lifecycle: Lifecycle | None = None) -> None:
        self.app = app
        self._find = find
        self._metrics = metrics
        self._lifecycle = lifecycle

    async def answer(self, read: Callable[[], AsyncBoltRequest]) -> BoltResponse:
        """The answer to a request that `read` makes of what came: 400 if that can't be read."""
        started = time.perf_counter()
        try:
            request = read()
            kind = kind_of(request.body)
            if kind == "event_callback" and is_noise(request.body):
                kind = "noise"
        except (MalformedPayload, *UNREADABLE) as error:
            logger.warning("Refused a payload: %s", error if isinstance(error, MalformedPayload) else "unreadable")
            kind, answer = "malformed", BoltResponse(status=400)
        else:
            answer = await self._answer(request, kind)
        self._metrics.ack_seconds.observe(time.perf_counter() - started)
        self._metrics.requests.labels(kind, str(answer.status)).inc()
        return answer

    async def _answer(self, request: AsyncBoltRequest, kind: str) -> BoltResponse:
        if kind == "url_verification":
            return await self.app.async_dispatch(request)
        if kind == LIFECYCLE:
            return await self._told(request.body)
        if kind == "noise":
            return BoltResponse(status=200)
        if kind == "other":
            # With 200, so that Slack does not send it again.
            logger.debug("Nothing listens to this kind of payload")
            return BoltResponse(status=200)
        deps = await self._find(workspace_of(request.body), organisation_of(request.body))
        if deps is None:
            logger.info("Refused a payload of another workspace")
            return BoltResponse(status=200, body=NOT_HERE if kind == "command" else "")
        request.context[DEPS] = deps
        return await self.app.async_dispatch(request)

    async def _told(self, body: Mapping[str, Any]) -> BoltResponse:
        """Have a workspace's coming or going written down; what could not be is sent again by Slack."""
        if self._lifecycle is None:
            logger.error("Slack says that the app or its token was taken back; nothing goes until that is mended")
            return BoltResponse(status=200)
        try:
            await self._lifecycle(body)
        except MalformedPayload as error:
            logger.warning("Ignored a payload: %s", error)
        except DATABASE_ERRORS as error:
            logger.warning("Asked Slack to send it again: %s", type(error).__name__)
            return BoltResponse(status=503)
        return BoltResponse(status=200)
