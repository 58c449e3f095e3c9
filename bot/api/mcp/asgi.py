"""From aiohttp to ASGI and back, for one request with one answer: what the MCP package speaks."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from aiohttp import web

Message = MutableMapping[str, Any]
Application = Callable[
    [MutableMapping[str, Any], Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]],
    Awaitable[None],
]


async def answered(request: web.Request, body: bytes, application: Application, **state: Any) -> web.Response:
    """What the application answers to a request whose body has been read; `state` is put into its scope."""
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": request.method,
        "scheme": request.scheme,
        "path": request.path,
        "raw_path": request.raw_path.encode(),
        "query_string": request.query_string.encode(),
        "headers": [(name.lower(), value) for name, value in request.raw_headers],
        "client": None,
        "server": None,
        **state,
    }
    messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]
    answer = web.Response(status=500)
    written = bytearray()

    async def receive() -> Message:
        # Who asks again waits for the end of the connection, which is for aiohttp to see: it cancels us.
        return messages.pop() if messages else {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            answer.set_status(message["status"])
            for name, value in message.get("headers", ()):
                if name.lower() != b"content-length":
                    answer.headers[name.decode("latin-1")] = value.decode("latin-1")
        else:
            written.extend(message.get("body", b""))

    await application(scope, receive, send)
    answer.body = bytes(written)
    return answer
