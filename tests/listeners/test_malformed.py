"""Signed, and not of the form that Slack documents: refused or acked, never an error, never a job for nobody."""

from __future__ import annotations

import copy
import json
import logging
import re
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode

import aiohttp
import pytest
from sqlalchemy import text

from bot.jobs import HANDLERS
from bot.sandbox.gemini.server import GeminiStandIn
from bot.sandbox.slack import SlackStandIn
from bot.serve import RunningBot, running_bot
from bot.slack import ids
from db.session import Database
from tests.support.town_hall import TownHall, bot_settings, drafted, town_hall

Path = tuple[str | int, ...]

MISSING = object()


def nested(levels: int) -> Any:
    value: Any = "x"
    for _ in range(levels):
        value = [value]
    return value


VALUES: tuple[Any, ...] = (
    MISSING,
    None,
    "",
    "\x00",
    "\ud800",
    "no-such-thing",
    "x" * 20_000,
    0,
    1.5,
    True,
    [],
    [None],
    {},
    {"id": None},
    nested(500),
)

NOT_ENTERED = frozenset({"blocks", "team", "authorizations"})
"""Nodes that are replaced as a whole only: the rest of them is Slack's own business, or Bolt's."""


def paths(node: Any, above: Path = ()) -> Iterator[Path]:
    members = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for name, inner in members:
        yield (*above, name)
        if name not in NOT_ENTERED:
            yield from paths(inner, (*above, name))


def changed(body: Any, path: Path, value: Any) -> Any:
    whole = copy.deepcopy(body)
    holder = whole
    for part in path[:-1]:
        holder = holder[part]
    if value is MISSING:
        del holder[path[-1]]
    else:
        holder[path[-1]] = value
    return whole


async def recorded(hall: TownHall) -> dict[str, Any]:
    """A payload of each kind, as the bot got them; modals stay open to be submitted."""
    await hall.slack.send_command("priya", "works", "/mudda", "a leak at 5th and Main")
    card = await drafted(hall)
    await hall.slack.send_command("priya", "works", "/mudda")
    [form] = hall.slack.views("priya")
    entered = {ids.BLOCK_ISSUE: {ids.INPUT_ISSUE: "a leak"}}
    submission = hall.slack._do.prepare_submission(hall.slack.user("priya"), form.id, entered)
    await hall.slack.send_command("marco", "works", "/mudda", "approvers")
    [rules] = hall.slack.views("marco")
    people = {ids.BLOCK_APPROVERS: {ids.INPUT_APPROVERS: [hall.slack.user("marco").id]}}
    approvers = hall.slack._do.prepare_submission(hall.slack.user("marco"), rules.id, people)
    click = hall.slack.prepare_click("marco", "works", card.ts, ids.ACTION_DISCARD)
    command = hall.slack.prepare_command("priya", "works", "/mudda", "a leak at 5th and Main")
    _, mention = await hall.slack.send_mention("priya", "works", "a leak")
    return {
        "command": dict(parse_qsl(command.body.decode(), keep_blank_values=True)),
        "event": json.loads(mention.body),
        "click": json.loads(parse_qs(click.body.decode())["payload"][0]),
        "submission": json.loads(parse_qs(submission.body.decode())["payload"][0]),
        "approvers": json.loads(parse_qs(approvers.body.decode())["payload"][0]),
    }


def encoded(kind: str, body: Any) -> tuple[bytes, str]:
    if kind == "event":
        return json.dumps(body).encode(), "application/json"
    form = body if kind == "command" else {"payload": json.dumps(body)}
    return urlencode(form, errors="surrogatepass").encode(), "application/x-www-form-urlencoded"


@pytest.mark.parametrize("nth", [3, pytest.param(1, marks=pytest.mark.soak)])
async def test_any_field_may_be_anything(database_url: str, caplog: pytest.LogCaptureFixture, nth: int) -> None:
    """In each place every value, or every third one: others in the next place."""
    async with town_hall(database_url) as hall:
        bodies = await recorded(hall)
    # Without a worker, so that what is queued can be looked at.
    async with web_only(database_url) as (bot, slack), aiohttp.ClientSession() as session:
        url = f"http://127.0.0.1:{bot.port}/slack/events"
        wrong = [
            case
            for kind, body in bodies.items()
            for place, path in enumerate(paths(body))
            for value in VALUES[place % nth :: nth]
            if (case := await tried(session, url, slack, kind, body, path, value, caplog))
        ]
        jobs = await unusable_jobs(bot.parts.database)
    assert wrong == []
    assert jobs == []


@asynccontextmanager
async def web_only(database_url: str) -> AsyncIterator[tuple[RunningBot, SlackStandIn]]:
    async with (
        SlackStandIn() as slack,
        GeminiStandIn() as gemini,
        running_bot(bot_settings(slack, gemini, database_url), only="web") as bot,
    ):
        yield bot, slack


async def tried(
    session: aiohttp.ClientSession,
    url: str,
    slack: SlackStandIn,
    kind: str,
    body: Any,
    path: Path,
    value: Any,
    caplog: pytest.LogCaptureFixture,
) -> str:
    """What is wrong about the answer, if anything is. In ASCII: half a surrogate pair can't be printed."""
    caplog.clear()
    data, content_type = encoded(kind, changed(body, path, value))
    now = str(int(time.time()))
    headers = {
        "Content-Type": content_type,
        "X-Slack-Request-Timestamp": now,
        "X-Slack-Signature": slack.sign(data, now),
    }
    async with session.post(url, data=data, headers=headers) as answer:
        status = answer.status
    loud = [ascii(record.getMessage()) for record in caplog.records if record.levelno >= logging.ERROR]
    caplog.clear()
    if status in (200, 400) and not loud:
        return ""
    return f"{kind} {'.'.join(map(str, path))} = {ascii(value)[:20]}: {status} {loud}"[:300]


_FORMS = {
    "team": r"T[A-Z0-9]+",
    "channel": r"[CDG][A-Z0-9]+",
    "user": r"[UW][A-Z0-9]+",
    "reporter": r"[UW][A-Z0-9]+",
    "message_ts": r"\d+\.\d+",
    "thread_ts": r"\d+\.\d+",
    "response_url": r"https?://.+",
    "approvers": r"\((.[UW][A-Z0-9]+.,?)*\)",
}


async def unusable_jobs(database: Database) -> list[str]:
    """What waits in the queue, and can't be carried out."""
    readers = {handler.job.entrypoint: handler.job for handler in HANDLERS}
    async with database.reading() as session:
        rows = await session.execute(text("SELECT entrypoint, payload FROM pgqueuer WHERE status = 'queued'"))
        jobs = [readers[row.entrypoint].model_validate_json(row.payload) for row in rows]
    return [
        f"{job.entrypoint}.{name} = {value!a}"
        for job in jobs
        for name, value in job.model_dump(exclude_none=True).items()
        if name in _FORMS and value and not re.fullmatch(_FORMS[name], str(value))
    ]
