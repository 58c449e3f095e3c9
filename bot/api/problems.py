"""What goes wrong, as `application/problem+json` (RFC 9457)."""

from __future__ import annotations

import json
from typing import Any

from aiohttp import web

CONTENT_TYPE = "application/problem+json"


class Problem(Exception):
    """A request that is not carried out: its HTTP `status`, a `code` for programs, a sentence for people.

    `facts` are further members; `headers` go with the answer.
    """

    def __init__(
        self, status: int, code: str, detail: str, headers: dict[str, str] | None = None, **facts: Any
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.headers = headers or {}
        self.facts = facts

    def response(self) -> web.Response:
        """The answer."""
        document = {
            "type": f"urn:mudda:problem:{self.code}",
            "title": self.code.replace("_", " "),
            "status": self.status,
            "detail": self.detail,
            **self.facts,
        }
        body = json.dumps(document, ensure_ascii=False).encode()
        return web.Response(
            status=self.status,
            body=body,
            content_type=CONTENT_TYPE,
            headers={"Cache-Control": "no-store"} | self.headers,
        )


def unauthorized() -> Problem:
    """The same whatever is wrong with the token: none, unknown, revoked, expired."""
    return Problem(
        401, "unauthorized", "A bearer token that is good is needed.", {"WWW-Authenticate": 'Bearer realm="mudda"'}
    )


def not_found() -> Problem:
    """The same for what there is not, what is another workspace's, and what the token may not see."""
    return Problem(404, "not_found", "There is nothing here under this key, number or id.")


def forbidden(detail: str, code: str = "forbidden") -> Problem:
    """The token is good, and not for this."""
    return Problem(403, code, detail)


def too_many(seconds: int) -> Problem:
    """More requests than a token may make."""
    return Problem(429, "too_many_requests", f"Try again in {seconds} s.", {"Retry-After": str(seconds)})


def unavailable() -> Problem:
    """The database, or Slack, does not answer."""
    return Problem(503, "unavailable", "Try again in a moment.", {"Retry-After": "5"})
