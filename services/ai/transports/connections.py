"""The connections under `google-generativeai`: enough of them, and a way to end the ones that are in use.

A thread that waits for an answer can't be cancelled, and Python joins every thread before it exits. So a
process that must end soon cuts the connections instead; the threads then end by themselves.
"""

from __future__ import annotations

import json
import socket
import threading
from contextlib import suppress
from typing import Any

from google.auth.transport.requests import AuthorizedSession
from requests import PreparedRequest, Response
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection

from services.ai.transports.transport import CONNECT_SECONDS


class _ConnectionSet:
    """The connections in use, and whether there may be new ones."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: set[HTTPConnection] = set()
        self._cut = False

    def add(self, connection: HTTPConnection) -> None:
        with self._lock:
            self._open.add(connection)
            if self._cut:
                _shut(connection)

    def remove(self, connection: HTTPConnection) -> None:
        with self._lock:
            self._open.discard(connection)

    def cut(self) -> None:
        with self._lock:
            self._cut = True
            for connection in self._open:
                _shut(connection)


def _shut(connection: HTTPConnection) -> None:
    with suppress(OSError):  # the other side may have hung up already
        if connection.sock is not None:
            connection.sock.shutdown(socket.SHUT_RDWR)


def _pools(line: _ConnectionSet) -> dict[str, type[HTTPConnectionPool]]:
    """Pools, by URL scheme, whose connections stand in `line` while they are open."""

    class Plain(HTTPConnection):
        def connect(self) -> None:
            self.timeout = min(self.timeout or CONNECT_SECONDS, CONNECT_SECONDS)
            super().connect()
            line.add(self)

        def close(self) -> None:
            line.remove(self)
            super().close()

    class Secure(HTTPSConnection):
        def connect(self) -> None:
            self.timeout = min(self.timeout or CONNECT_SECONDS, CONNECT_SECONDS)
            super().connect()
            line.add(self)

        def close(self) -> None:
            line.remove(self)
            super().close()

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class SecurePool(HTTPSConnectionPool):
        ConnectionCls = Secure

    return {"http": PlainPool, "https": SecurePool}


_NOT_STORED = b'{"store":false,'


class AbortableAdapter(HTTPAdapter):
    """Keeps up to `size` connections open for reuse, and can cut all of them at once.

    It also adds `"store": false` to every request for an answer: see `send`.
    """

    def __init__(self, size: int) -> None:
        self._line = _ConnectionSet()
        super().__init__(pool_connections=1, pool_maxsize=size)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Called by HTTPAdapter to make its pools."""
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = _pools(self._line)

    def send(self, request: PreparedRequest, *args: Any, **kwargs: Any) -> Response:
        """Send, with a word to Google not to keep the request and its answer.

        Google keeps both, for weeks, unless the request says `"store": false`. The SDK has no such field and
        refuses unknown ones, so the word goes in here, where the request is JSON already: a hack, and the one
        place there is for it. What people reported must not lie about at Google.
        """
        if request.method == "POST" and request.path_url.partition("?")[0].endswith(":generateContent"):
            _add_not_stored(request)
        return super().send(request, *args, **kwargs)

    def cut(self) -> None:
        """End every exchange under way, and those that are begun after this."""
        self._line.cut()


def _add_not_stored(request: PreparedRequest) -> None:
    body = request.body.encode() if isinstance(request.body, str) else request.body
    if not isinstance(body, bytes) or not body.startswith(b"{"):
        raise ValueError("the SDK has sent something else than a JSON object")
    request.prepare_body(_NOT_STORED + body[1:], None)


def mount(session: AuthorizedSession, size: int, *, by_proxy: bool) -> AbortableAdapter:
    """Give the session room for `size` connections; `by_proxy`: through the environment's proxy, if it has one."""
    session._max_refresh_attempts = 0  # a key can't be refreshed, and asking thrice makes a refusal no better
    adapter = AbortableAdapter(size)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    session.hooks["response"].append(_unwrap_list)
    session.trust_env = by_proxy
    return adapter


def _unwrap_list(response: Response, *_: Any, **__: Any) -> None:
    """An error may come as a list of one, of which the SDK can make nothing: neither its status nor its words."""
    if response.status_code < 400:
        return
    with suppress(ValueError):
        body = response.json()
        if isinstance(body, list) and body and isinstance(body[0], dict):
            response._content = json.dumps(body[0]).encode()
