"""The aiohttp application round the bot: Slack's one URL, health, readiness and metrics."""

from __future__ import annotations

import time
from collections.abc import Sequence

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from bot.metrics import Metrics
from bot.monitoring import Readiness, read_gauges
from bot.slack.dispatch import Dispatcher
from bot.slack.http import HttpRequest
from bot.slack.signature import is_signed

# Slack's own payloads stay far below; a view's state is the largest, at 250 KB.
MAX_BODY_BYTES = 1024 * 1024


class Web:
    """The handlers."""

    def __init__(
        self,
        dispatcher: Dispatcher | None,
        signing_secret: str | None,
        metrics: Metrics,
        readiness: Readiness,
    ) -> None:
        self._dispatcher = dispatcher
        self._signing_secret = signing_secret
        self._metrics = metrics
        self._readiness = readiness

    def application(self, routes: Sequence[web.RouteDef] = ()) -> web.Application:
        """The application, ready to be run, with `routes` beside its own."""
        application = web.Application(client_max_size=MAX_BODY_BYTES)
        application.router.add_get("/healthz", self.healthz)
        application.router.add_get("/readyz", self.readyz)
        application.router.add_get("/metrics", self.metrics)
        if self._dispatcher is not None and self._signing_secret is not None:
            application.router.add_post("/slack/events", self.slack_events)
        application.router.add_routes(routes)
        return application

    async def slack_events(self, request: web.Request) -> web.Response:
        """Commands, events and interactivity: signature, then the dispatcher."""
        body = await request.read()
        assert self._dispatcher is not None and self._signing_secret is not None  # noqa: S101, PT018 - else no route
        if not is_signed(self._signing_secret, request.headers, body, now=time.time()):
            self._metrics.requests.labels("unsigned", "401").inc()
            return web.Response(status=401)
        answer = await self._dispatcher.answer(
            lambda: HttpRequest(body.decode(), request.headers.get("Content-Type", ""))
        )
        return web.Response(
            status=answer.status, body=answer.body.encode(), headers=answer.first_headers_without_set_cookie()
        )

    async def healthz(self, _: web.Request) -> web.Response:
        """The process is alive."""
        return web.json_response({"status": "ok"})

    async def readyz(self, _: web.Request) -> web.Response:
        """The database answers and can be written to, the worker works, and Slack's socket is there."""
        faults = await self._readiness.faults()
        is_ready = not any(faults.values())
        status = "ready" if is_ready else "not ready"
        parts = {name: fault or "ok" for name, fault in faults.items()}
        return web.json_response({"status": status, **parts}, status=200 if is_ready else 503)

    async def metrics(self, _: web.Request) -> web.Response:
        """Prometheus's text format."""
        await read_gauges(self._metrics, self._readiness)
        return web.Response(
            body=generate_latest(self._metrics.registry), headers={"Content-Type": CONTENT_TYPE_LATEST}
        )
