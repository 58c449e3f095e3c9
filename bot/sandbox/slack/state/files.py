"""Files that people have uploaded: kept in memory, within limits, described as Slack does, and served back."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import quote

from aiohttp import web

from bot.sandbox.slack.state.model import Json, Team

FILE_BYTES = 10_000_000
"""Of one file; more than that Slack's file_input does not take. With a message, much more can be sent."""

KEPT_BYTES = 100_000_000
_NAME = 200
_MIMETYPES = {
    "gif": "image/gif",
    "heic": "image/heic",
    "jpeg": "image/jpeg",
    "jpg": "image/jpeg",
    "md": "text/markdown",
    "mp4": "video/mp4",
    "pdf": "application/pdf",
    "png": "image/png",
    "txt": "text/plain",
    "webp": "image/webp",
    "yaml": "text/x-yaml",
    "yml": "text/x-yaml",
}
_SHOWN = frozenset({"image/gif", "image/jpeg", "image/png", "image/webp"})
"""What a browser shows in the page; all else it is told to save, since a file can hold anything."""


@dataclass(frozen=True, slots=True)
class File:
    """An uploaded file; `at` is in seconds since the epoch."""

    id: str
    user: str
    name: str
    mimetype: str
    content: bytes
    at: float


class Files:
    """The newest files, as many as fit into KEPT_BYTES."""

    def __init__(self) -> None:
        self._files: dict[str, File] = {}
        self._bytes = 0

    def add(self, file: File, most: int = FILE_BYTES) -> None:
        """Keep a file, and forget the oldest where there is no room. Raises ValueError if it is too large."""
        if len(file.content) > most:
            raise ValueError(f"{file.name} is larger than {most} bytes")
        if file.id in self._files:
            self.forget(file.id)
        self._files[file.id] = file
        self._bytes += len(file.content)
        while self._bytes > KEPT_BYTES:
            oldest = self._files.pop(next(iter(self._files)))
            self._bytes -= len(oldest.content)

    def forget(self, file_id: str) -> None:
        """Somebody has deleted a file."""
        self._bytes -= len(self._files.pop(file_id).content)

    def get(self, file_id: str) -> File | None:
        """A file by its id, unless it has been forgotten."""
        return self._files.get(file_id)


def mimetype_of(name: str) -> str:
    """What a file of this name is taken for."""
    return _MIMETYPES.get(_extension(name), "application/octet-stream")


def file_object(file: File, team: Team, url: str) -> Json:
    """A file as Slack describes it; `url` is the stand-in's own.

    The permalink is on the team's domain, as Slack's are: the page leads it to the stand-in itself.
    """
    path = quote(re.sub(r"[^a-z0-9._]+", "_", file.name.lower()))
    kind = _extension(file.name)
    private = f"{url}/files-pri/{team.id}-{file.id}"
    return {
        "id": file.id,
        "created": int(file.at),
        "timestamp": int(file.at),
        "name": file.name,
        "title": file.name,
        "mimetype": file.mimetype,
        "filetype": kind,
        "pretty_type": kind.upper(),
        "user": file.user,
        "user_team": team.id,
        "editable": False,
        "size": len(file.content),
        "mode": "hosted",
        "is_external": False,
        "external_type": "",
        "is_public": False,
        "public_url_shared": False,
        "display_as_bot": False,
        "username": "",
        "url_private": f"{private}/{path}",
        "url_private_download": f"{private}/download/{path}",
        "permalink": f"https://{team.domain}.slack.com/files/{file.user}/{file.id}/{path}",
        "comments_count": 0,
        "shares": {},
        "channels": [],
        "groups": [],
        "ims": [],
        "has_more_shares": False,
        "has_rich_preview": False,
        "file_access": "visible",
    }


_SIGN_IN = "<!DOCTYPE html><html><head><title>Sign in | Slack</title></head><body>Sign in</body></html>"


def file_routes(files: Files, tokens: Collection[str], may_read: Callable[[], bool]) -> list[web.RouteDef]:
    """Where files are fetched: by people at their permalinks, by the app with its token at url_private.

    `may_read`: whether the token has the scope for it. Without it Slack shows a page to sign in at, with 200.
    """

    async def shown(request: web.Request) -> web.Response:
        return _served(files.get(request.match_info["file"]))

    async def private(request: web.Request) -> web.Response:
        if request.headers.get("Authorization", "").removeprefix("Bearer ") not in tokens:
            return web.Response(status=403, text=_SIGN_IN, content_type="text/html")
        if not may_read():
            return web.Response(text=_SIGN_IN, content_type="text/html")
        return _served(files.get(request.match_info["file"]))

    return [
        web.get("/files/{user}/{file}/{name}", shown),
        web.get("/files-pri/{team}-{file}/{name}", private),
        web.get("/files-pri/{team}-{file}/download/{name}", private),
    ]


def clean_name(name: str) -> str:
    """The name of a file that somebody chose, without the folders that it was in."""
    return PurePosixPath(name.replace("\\", "/")).name[-_NAME:] or "file"


def _served(file: File | None) -> web.Response:
    if file is None:
        raise web.HTTPNotFound
    is_shown = file.mimetype in _SHOWN
    headers = {
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "Content-Disposition": "inline" if is_shown else "attachment",
        "X-Content-Type-Options": "nosniff",
    }
    mimetype = file.mimetype if is_shown else "application/octet-stream"
    return web.Response(body=file.content, content_type=mimetype, headers=headers)


def _extension(name: str) -> str:
    return PurePosixPath(name).suffix[1:].lower()
