"""InquiryService: a question is answered by the model in rounds of look-ups, and what it answers is checked.

No session is open while the model is asked: whoever calls hands in how to look things up.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from services.ai.errors import GeminiError, GeminiMalformed, GeminiTimeout
from services.ai.prompts import today_in
from services.ai.questions import Question, Questioner, shaped
from services.ai.usage import Usage
from services.mentions import Part
from services.queries.inquiries import prompt as prompts
from services.queries.inquiries.notebook import Notebook, Page
from services.queries.inquiries.wording import NOTHING, Piece, cited_rows, faults_of, pieces
from services.queries.lookups import LookUpRefused, names_for
from services.queries.lookups.rows import Facts, Row, Scope, Wanted

AGENT = "inquiry"

MAX_ROUNDS = 6
"""So many answers of the model at most: look-ups, and then the answer itself."""

SECONDS = 40.0
"""After so long what has been found is shown as it is."""

LookUpDoor = Callable[[Scope, Wanted], Awaitable[Facts]]
"""Looks one thing up, in a session of its own. Raises LookUpRefused, and NotWanted."""


class Trouble(StrEnum):
    """Why the model did not answer, so that plain rules did."""

    UNAVAILABLE = "unavailable"
    BUDGET = "budget"
    LATE = "late"
    ROUNDS = "rounds"
    UNFOUNDED = "unfounded"
    STOPPED = "stopped"


class NotWanted(Exception):
    """Whoever asked wants no answer any more; raised by what looks things up."""


@dataclass(frozen=True, slots=True)
class Inquiry:
    """A question: `text` as it reads, its `parts`, and the number of the plan in whose thread it was asked."""

    text: str
    parts: Sequence[Part] = ()
    plan_number: int | None = None


@dataclass(frozen=True, slots=True)
class Answered:
    """What came of a question.

    `pieces` are the answer in words, none where plain rules answered, for a `trouble` or for want of a model.
    `rows` are those to be shown below it. `is_off_record`: it has nothing to do with what is on record.
    """

    pieces: tuple[Piece, ...] = ()
    rows: tuple[Row, ...] = ()
    pages: tuple[Page, ...] = ()
    usages: tuple[Usage, ...] = ()
    trouble: Trouble | None = None
    is_off_record: bool = False


class InquiryService:
    """Answers questions with one model. A deadline is a reading of the running loop's clock."""

    def __init__(self, questioner: Questioner) -> None:
        self._questioner = questioner

    async def answer(
        self, inquiry: Inquiry, scope: Scope, look_up: LookUpDoor, *, deadline: float | None = None
    ) -> Answered:
        """Ask, look up, ask again, until there is an answer that stands in the rows.

        What can't be had of the model is said as `trouble`, with the rows that were found until then.
        """
        deadline = asyncio.get_running_loop().time() + SECONDS if deadline is None else deadline
        notebook, usages = Notebook(scope), list[Usage]()
        for rounds_left in reversed(range(MAX_ROUNDS)):
            try:
                said, spent = await self._ask(inquiry, notebook, rounds_left, deadline)
            except GeminiError as error:
                return _so_far(notebook, (*usages, *error.usages), _trouble(error))
            usages += spent
            if said.answer:
                return _answered(said.answer, notebook, tuple(usages))
            try:
                for wanted in _new(said, notebook):
                    await write(notebook, scope, wanted, look_up)
            except NotWanted:
                return _so_far(notebook, tuple(usages), Trouble.STOPPED)
        return _so_far(notebook, tuple(usages), Trouble.ROUNDS)

    async def _ask(
        self, inquiry: Inquiry, notebook: Notebook, rounds_left: int, deadline: float
    ) -> tuple[prompts.Answer, tuple[Usage, ...]]:
        names = tuple(names_for(notebook.scope))
        scope = notebook.scope

        def read(document: Any) -> prompts.Answer:
            said = shaped(prompts.Answer, document)
            if wrong := _wrong(said, notebook, rounds_left):
                raise GeminiMalformed("unfounded", wrong[0][:200], tuple(wrong))
            return said

        text = prompts.prompt(
            inquiry.text,
            inquiry.parts,
            notebook.shown(),
            today=today_in(ZoneInfo(scope.time_zone), scope.now),
            asker=scope.asker,
            names=names,
            plan=inquiry.plan_number,
            rounds_left=rounds_left,
        )
        question = Question(AGENT, prompts.SYSTEM, text, lambda _: prompts.schema(names), (), read)
        return await self._questioner.ask(question, deadline)


async def write(notebook: Notebook, scope: Scope, wanted: Wanted, look_up: LookUpDoor) -> None:
    """Look something up and put down what was found, or why nothing could be."""
    try:
        notebook.write(wanted, await look_up(scope, wanted))
    except LookUpRefused as error:
        notebook.refuse(wanted, error.reason)


def _new(said: prompts.Answer, notebook: Notebook) -> Sequence[Wanted]:
    """The look-ups that were not made before, as many as may be made at a time."""
    wanted = [
        Wanted(asked.name, {each.name: each.value for each in asked.arguments if each.value.strip()})
        for asked in said.look_ups
    ]
    unique = [each for index, each in enumerate(wanted) if each not in wanted[:index]]
    return [each for each in unique if not notebook.has(each)][: prompts.MAX_LOOK_UPS]


def _wrong(said: prompts.Answer, notebook: Notebook, rounds_left: int) -> list[str]:
    if said.answer.strip() == NOTHING:
        return []
    if said.answer:
        return faults_of(said.answer, notebook.rows, notebook.scope)
    if not said.look_ups:
        return ["both look_ups and answer are empty: one of them is needed"]
    if not rounds_left:
        return ["nothing more can be looked up: the answer is needed now"]
    return [] if _new(said, notebook) else ["all of that was looked up before: its rows are there"]


def _answered(answer: str, notebook: Notebook, usages: tuple[Usage, ...]) -> Answered:
    pages = tuple(notebook.pages)
    if answer.strip() == NOTHING:
        return Answered(pages=pages, usages=usages, is_off_record=True)
    found, _ = pieces(answer.strip(), notebook.rows)
    return Answered(tuple(found), cited_rows(found), pages, usages)


def _so_far(notebook: Notebook, usages: tuple[Usage, ...], trouble: Trouble) -> Answered:
    rows = tuple(notebook.rows.values())
    return Answered(rows=rows, pages=tuple(notebook.pages), usages=usages, trouble=trouble)


def _trouble(error: GeminiError) -> Trouble:
    if isinstance(error, GeminiMalformed) and error.fault == "unfounded":
        return Trouble.UNFOUNDED
    return Trouble.LATE if isinstance(error, GeminiTimeout) else Trouble.UNAVAILABLE
