"""Socket Mode: the same answers as over HTTP, without a public address."""

from __future__ import annotations

import time

from slack_bolt import BoltResponse
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.adapter.socket_mode.async_internals import send_async_response
from slack_bolt.adapter.socket_mode.internals import build_headers
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest

from bot.slack.dispatch import Dispatcher


class SocketMode(AsyncSocketModeHandler):
    """Bolt's handler, with our dispatcher before the app."""

    def __init__(self, dispatcher: Dispatcher, app_token: str) -> None:
        super().__init__(dispatcher.app, app_token)
        self._dispatcher = dispatcher

    async def handle(self, client: SocketModeClient, req: SocketModeRequest) -> None:  # type: ignore[override]
        """Answer one envelope. What is malformed is acked: Slack would only send it again."""
        answer = await self._dispatcher.answer(
            lambda: AsyncBoltRequest(mode="socket_mode", body=req.payload, headers=build_headers(req))
        )
        if answer.status == 400:
            answer = BoltResponse(status=200)
        await send_async_response(client, req, answer, time.time())
