"""Answers that come in full, and not quite as HTTP has it: read as what they are.

Whether a POST has reached the other side is known once its answer is here. An answer with a body behind 204, with
one length stated twice, or with bytes after its end must not make that unknown.
"""

from __future__ import annotations

import re

from aiohttp import ClientPayloadError
from aiohttp.client_proto import ResponseHandler

_END = re.compile(rb"\r?\n\r?\n")
_STATUS = re.compile(rb"HTTP/\d\.\d (\d{3})")
_LENGTH = re.compile(rb"(?im)^content-length:[ \t]*(\d+)[ \t]*\r?$\n?")
_CHUNKED = re.compile(rb"(?im)^transfer-encoding:")
_WITHOUT_BODY = frozenset({204, 304})

MAX_HEAD_BYTES = 1_048_576
"""Bytes of a head that are waited for; a longer one is left to the parser, which refuses it."""


class TolerantHandler(ResponseHandler):
    """Reads the one answer of a connection. No connection is used twice, so what follows it is nobody's."""

    _head: bytes = b""
    _is_past_head = False
    _left: int | None = None
    """Bytes of the body that are still to come; None where its end is found otherwise."""

    def data_received(self, data: bytes) -> None:
        """Called by the event loop."""
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
        lengths = set(_LENGTH.findall(head))
        if status is not None and int(status[1]) in _WITHOUT_BODY:
            self._left = 0
        elif len(lengths) == 1 and not _CHUNKED.search(head):
            self._left = int(lengths.pop())
            head = _once(head)
        super().data_received(head)

    def _body(self, data: bytes) -> None:
        if self._left is not None:
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
