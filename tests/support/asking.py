"""Questions about a town's record, asked of the real service with the model's stand-in behind it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from bot.sandbox.gemini.faults import Text
from bot.sandbox.gemini.server import GeminiStandIn
from bot.views.messages.answer import Known, answer_message, plans_in
from db.session import Database
from services.ai.gemini import GeminiClient, RetryPolicy
from services.ai.questions import Questioner
from services.queries.inquiries.asking import Answered, Inquiry, InquiryService
from services.queries.lookups import look_up
from services.queries.lookups.rows import Facts, Scope, Wanted
from tests.support.record import DANA, MARCO, PRIYA

NAMES = {PRIYA: "Priya", MARCO: "Marco", DANA: "Dana"}


@dataclass
class Desk:
    """Where questions are answered. `looked_up` are the look-ups that were made, in their order."""

    gemini: GeminiStandIn
    service: InquiryService
    database: Database
    looked_up: list[Wanted]

    async def door(self, scope: Scope, wanted: Wanted) -> Facts:
        self.looked_up.append(wanted)
        async with self.database.reading() as session:
            return await look_up(session, scope, wanted)

    async def ask(self, question: str, scope: Scope, *, plan: int | None = None, **given: Any) -> Answered:
        return await self.service.answer(Inquiry(question, plan_number=plan), scope, self.door, **given)


@asynccontextmanager
async def desk(database: Database, workspace_id: UUID) -> AsyncIterator[Desk]:
    """Open it."""
    async with GeminiStandIn() as gemini:
        client = GeminiClient(
            "key", "gemini-3.8-flash", endpoint=gemini.url, retries=RetryPolicy(attempts=1, least=0.05)
        )
        try:
            yield Desk(gemini, InquiryService(Questioner(client)), database.of(workspace_id), [])
        finally:
            await gemini.stop()
            await client.aclose()


def says(answer: str) -> Text:
    """The model answers so."""
    return Text(json.dumps({"look_ups": [], "answer": answer}))


def looks_up(*look_ups: tuple[str, dict[str, str]]) -> Text:
    """The model asks for these look-ups."""
    asked = [
        {"name": name, "arguments": [{"name": each, "value": value} for each, value in arguments.items()]}
        for name, arguments in look_ups
    ]
    return Text(json.dumps({"look_ups": asked, "answer": ""}))


def words_of(blocks: Sequence[Any]) -> str:
    """All that is to be read in blocks, in order."""
    found: list[str] = []

    def collect(part: Any) -> None:
        if isinstance(part, dict):
            if isinstance(part.get("text"), str):
                found.append(part["text"])
            elif part.get("type") == "date":
                found.append(part["fallback"])
            for value in part.values():
                if isinstance(value, (dict, list)):
                    collect(value)
            if part.get("type") in ("rich_text_section", "context"):
                found.append("\n")
        elif isinstance(part, list):
            for each in part:
                collect(each)

    collect(blocks)
    return "".join(found)


def read(answered: Answered) -> str:
    """The answer as people read it."""
    links = {
        plan.id: f"https://town.slack.com/archives/{plan.channel_id}/p{plan.ts}" for plan in plans_in(answered)
    }
    return words_of(answer_message(answered, Known(NAMES, links), uuid4()).blocks)
