"""Answers that come in full, and not quite as HTTP has it: read as what they are.

Whether a POST has reached the other side is known once its answer is here. An answer with a body behind 204, with
one length stated twice, or with bytes after its end must not make that unknown. No other answer is read from its
connection, though: what follows could be taken for the answer to somebody else's request.
"""

from __future__ import annotations

import re
from typing import Any

from aiohttp import ClientConnectionError, ClientPayloadError
from aiohttp.client_proto import ResponseHandler

_END = re.compile(rb"\r?\n\r?\n")
_STATUS = re.compile(rb"HTTP/\d\.\d (\d{3})")
_LENGTH = re.compile(rb"(?im)^content-length:[ \t]*(\d+)[ \t]*\r?$\n?")
_CHUNKED = re.compile(rb"(?im)^transfer-encoding:")
_WITHOUT_BODY = frozenset({204, 304})
_LAST_CHUNK = b"0\r\n\r\n"

MAX_HEAD_BYTES = 1_048_576
"""Bytes of a head that are waited for; a longer one is left to the parser, which refuses it."""


class CutOff(ClientConnectionError):
    """The connection ended after an answer had begun, and before its head was over."""


class TolerantHandler(ResponseHandler):
    """Reads the answers of a connection, one after another; after one whose end is in doubt it is closed."""

    _head: bytes = b""
    _has_begun = False
    _is_past_head = False
    _left: int | None = None
    """Bytes of the body that are still to come; None where its end is found otherwise."""
    _last: bytes = b""
    """The last bytes of such a body."""

    def set_response_params(self, **options: Any) -> None:
        """Called by aiohttp before each request: what comes from now on is its answer."""
        self._head = self._last = b""
        self._has_begun = self._is_past_head = False
        self._left = None
        super().set_response_params(**options)

    @property
    def should_close(self) -> bool:
        """Whether no other request may be sent over this connection."""
        has_end = self._left == 0 or self._last == _LAST_CHUNK
        return super().should_close or (self._is_past_head and not has_end)

    def is_connected(self) -> bool:
        """Whether it is open, and nothing came over it unasked since it was used."""
        return super().is_connected() and not self.should_close

    def connection_lost(self, exc: BaseException | None) -> None:
        """Called by the event loop."""
        is_cut_off = self._has_begun and not self._is_past_head
        super().connection_lost(CutOff() if is_cut_off else exc)

    def data_received(self, data: bytes) -> None:
        """Called by the event loop."""
        self._has_begun = self._has_begun or bool(data)
        if self._is_past_head:
            self._body(data)
            return
        self._head += data
        while not self._is_past_head and (end := _END.search(self._head)):
            head, self._head = self._head[: end.end()], self._head[end.end() :]
            self._read_head(head)
        if self._is_past_head or len(self._head) > MAX_HEAD_BYTES:
            self._is_past_head = True
            rest, self._head = self._head, b""
            self._body(rest)

    def _read_head(self, head: bytes) -> None:
        status = _STATUS.match(head)
        if status is not None and status[1].startswith(b"1"):
            super().data_received(head)  # such as 100 Continue: another head follows
            return
        self._is_past_head = True
        lengths = _LENGTH.findall(head)
        if len(lengths) > 1:
            self.force_close()
        if status is not None and int(status[1]) in _WITHOUT_BODY:
            self._left = 0
        elif len(set(lengths)) == 1 and not _CHUNKED.search(head):
            self._left = int(lengths[0])
            head = _once(head) if len(lengths) > 1 else head
        super().data_received(head)

    def _body(self, data: bytes) -> None:
        if self._left is None:
            self._last = (self._last + data)[-len(_LAST_CHUNK) :]
        else:
            if len(data) > self._left:
                self.force_close()
            data = data[: self._left]
            self._left -= len(data)
        if data:
            super().data_received(data)
        if self.exception() is not None and self._payload is not None:
            # aiohttp tells who waits for a head; who reads the body would wait for ever.
            self._payload.set_exception(ClientPayloadError("not HTTP"))


def _once(head: bytes) -> bytes:
    """The head with its length stated once."""
    first = _LENGTH.search(head)
    if first is None:
        return head
    return head[: first.end()] + _LENGTH.sub(b"", head[first.end() :])
