"""Files in Slack's keeping: fetched with the bot's token, from Slack's own hosts alone, within a limit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from bot.errors import FileRefused, SlackUnavailable

_SLACK = ".slack.com"
_METHOD = "file"


@dataclass(frozen=True, slots=True)
class ListedFile:
    """What Slack says of a file, and the address that takes the token."""

    name: str
    mimetype: str
    url: str


@dataclass(frozen=True, slots=True)
class FetchedFile:
    """A file with its content; name and mimetype are whoever sent it's, and may be anything."""

    name: str
    mimetype: str
    content: bytes


def listed(file: Mapping[str, Any], limit: int, api_url: str) -> ListedFile:
    """A file as `files.info` has it. `api_url` is where Slack's Web API is: files may come from there, too.

    Raises FileRefused if it is larger than `limit` bytes, or not Slack's to give.
    """
    url = str(file.get("url_private_download") or file.get("url_private") or "")
    if not url:
        raise FileRefused(_METHOD, "not_given")
    if int(file.get("size") or 0) > limit:
        raise FileRefused(_METHOD, "too_large")
    if not is_slacks(url, api_url):
        # The token goes to nobody else: a file may be kept elsewhere, at an address that its sender chose.
        raise FileRefused(_METHOD, "not_slacks")
    return ListedFile(str(file.get("name") or file.get("id")), str(file.get("mimetype") or ""), url)


def is_slacks(url: str, api_url: str) -> bool:
    """Whether an address may be told the bot's token."""
    try:
        wanted, api = urlsplit(url), urlsplit(api_url)
        if (wanted.scheme, wanted.hostname, wanted.port) == (api.scheme, api.hostname, api.port):
            return True
        return wanted.scheme == "https" and wanted.port is None and (wanted.hostname or "").endswith(_SLACK)
    except ValueError:
        return False


async def fetched(session: aiohttp.ClientSession, token: str, url: str, limit: int) -> bytes:
    """What is at an address of Slack's. Raises FileRefused or SlackUnavailable.

    Without the right to a file Slack leads to a page to sign in at, or shows one: neither is the file.
    """
    headers = {"Authorization": f"Bearer {token}"}
    try:
        async with session.get(url, headers=headers, allow_redirects=False) as answer:
            if answer.status == 429 or answer.status >= 500:
                raise SlackUnavailable(_METHOD, str(answer.status))
            if answer.status != 200 or answer.content_type == "text/html":
                raise FileRefused(_METHOD, "not_given")
            content = bytearray()
            async for piece in answer.content.iter_any():
                content += piece
                if len(content) > limit:
                    raise FileRefused(_METHOD, "too_large")
            return bytes(content)
    except (aiohttp.ClientError, TimeoutError) as error:
        raise SlackUnavailable(_METHOD, type(error).__name__) from error
