"""The HTTP API as its clients see it: with curl, and with a token made as an operator makes it."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import Any

from bot.cli import tokens
from bot.deps import utc_now
from tests.support.town_hall import TownHall
from tests.support.waiting import answered


@dataclass(frozen=True, slots=True)
class Answer:
    """What curl was answered."""

    status: int
    headers: dict[str, str]
    body: Any


async def token(
    hall: TownHall, name: str = "t", rights: str = "read,draft,cancel", *, days: int = 1, private: bool = False
) -> str:
    """A token in Priya's name."""
    return await tokens.create(
        hall.database,
        hall.slack.workspace.team.id,
        name,
        rights,
        person=hall.slack.user("priya").id,
        days=days,
        sees_private=private,
        now=utc_now(),
    )


async def curl(port: int | None, path: str, *arguments: str, bearer: str | None = None) -> Answer:
    """Ask with curl; a body that is JSON is read."""
    headers = ["-H", f"Authorization: Bearer {bearer}"] if bearer else []
    process = await asyncio.create_subprocess_exec(
        "curl", "-sS", "-i", *headers, *arguments, f"http://127.0.0.1:{port}{path}", stdout=asyncio.subprocess.PIPE
    )
    head, _, body = (
        (await answered(process)).decode().replace("HTTP/1.1 100 Continue\r\n\r\n", "").partition("\r\n\r\n")
    )
    status, *lines = head.split("\r\n")
    found = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    is_json = "json" in found.get("content-type", "")
    return Answer(int(status.split()[1]), found, json.loads(body) if is_json else body)


def post(document: Any, *more: str) -> tuple[str, ...]:
    """curl's arguments for a body of JSON."""
    return ("-X", "POST", "-H", "Content-Type: application/json", "-d", json.dumps(document), *more)
