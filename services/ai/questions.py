"""A typed question to the model: asked, read, and asked once more where the answer is of no use."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from services.ai import prompts
from services.ai.errors import (
    GeminiBlocked,
    GeminiEmpty,
    GeminiError,
    GeminiMalformed,
    GeminiRefused,
    GeminiTruncated,
)
from services.ai.gemini import GeminiClient, ModelAnswer
from services.ai.usage import Usage

log = logging.getLogger(__name__)

_T = TypeVar("_T")


_OF_CONTENT = (HTTPStatus.BAD_REQUEST, HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
"""By these the API may mean the pictures that it was sent."""


@dataclass(slots=True)
class _EnumLimit:
    """The longest enum that the API may take, by what it has refused so far; one for all towns."""

    most: float = math.inf


@dataclass(frozen=True, slots=True)
class Question(Generic[_T]):
    """What an agent is asked, and how its answer is read; `read` raises GeminiMalformed.

    `pictures` are JPEGs that the model is shown with it.
    """

    agent: str
    system: str
    prompt: str
    schema: Callable[[Collection[str]], Mapping[str, Any]]
    keys: tuple[str, ...]
    read: Callable[[Any], _T]
    pictures: tuple[bytes, ...] = ()


class Questioner:
    """Asks typed questions with one Gemini client. A deadline is a reading of the running loop's clock."""

    def __init__(self, gemini: GeminiClient) -> None:
        self._gemini = gemini
        self._enums = _EnumLimit()

    @property
    def least(self) -> float:
        """As in GeminiClient."""
        return self._gemini.least

    async def ask(self, question: Question[_T], deadline: float | None) -> tuple[_T, tuple[Usage, ...]]:
        """Ask, and ask once more if the answer is of no use: what was cut or garbled is often right next time.

        Raises a GeminiError with the usages of every call.
        """
        try:
            return await self._ask_once(question, deadline)
        except (GeminiEmpty, GeminiTruncated, GeminiMalformed) as first:
            usages = first.usages
            again = replace(question, prompt=question.prompt + prompts.reminder(first))
        except (GeminiRefused, GeminiBlocked) as first:
            if not question.pictures or (isinstance(first, GeminiRefused) and first.status not in _OF_CONTENT):
                raise
            # A model that takes no pictures, or not these, still knows what was said.
            log.warning("The question is asked again without its pictures: %s", first)
            usages = first.usages
            again = replace(question, pictures=())
        try:
            value, more = await self._ask_once(again, deadline)
        except GeminiError as second:
            second.usages = (*usages, *second.usages)
            raise
        return value, (*usages, *more)

    async def _ask_once(self, question: Question[_T], deadline: float | None) -> tuple[_T, tuple[Usage, ...]]:
        answer, usages = await self._generate(question, deadline)
        try:
            return question.read(answer.document), (*usages, answer.usage)
        except GeminiMalformed as error:
            error.usages = (*usages, replace(answer.usage, outcome=error.outcome))
            raise

    async def _generate(
        self, question: Question[_T], deadline: float | None
    ) -> tuple[ModelAnswer, tuple[Usage, ...]]:
        """Ask with the ids of the components as an enum, and without where the API finds that too large."""
        refused: tuple[Usage, ...] = ()
        if question.keys and len(question.keys) <= self._enums.most:
            try:
                return await self._generate_with(question, question.schema(question.keys), deadline), ()
            except GeminiRefused as error:
                if error.status != HTTPStatus.BAD_REQUEST or error.reason:
                    raise
                log.warning(
                    "The API took no enum of %d ids, so it is asked without: %s", len(question.keys), error
                )
                refused = error.usages
        try:
            answer = await self._generate_with(question, question.schema(()), deadline)
        except GeminiError as error:
            error.usages = (*refused, *error.usages)
            raise
        if refused:
            # It was the enum; the next one that long would be refused as well.
            self._enums.most = len(question.keys) - 1
        return answer, refused

    async def _generate_with(
        self, question: Question[_T], schema: Mapping[str, Any], deadline: float | None
    ) -> ModelAnswer:
        return await self._gemini.generate_async(
            system=question.system,
            prompt=question.prompt + (prompts.of_pictures(len(question.pictures)) if question.pictures else ""),
            schema=schema,
            agent=question.agent,
            deadline=deadline,
            pictures=question.pictures,
        )


class SelectorAnswer(BaseModel):
    """What the selector answers with."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    selected_component_ids: tuple[str, ...]


_DETAILS = 5
"""So many things that are wrong with the shape of an answer are told to the model."""

_M = TypeVar("_M", bound=BaseModel)


def shaped(model: type[_M], document: Any) -> _M:
    """An answer as `model` has it. Raises GeminiMalformed, which says what is wrong with its shape."""
    if isinstance(document, list) and len(document) == 1:
        document = document[0]
    try:
        return model.model_validate(_without_nulls(document))
    except ValidationError as exc:
        errors = exc.errors(include_input=False, include_url=False)
        places = [".".join(str(part) for part in error["loc"]) for error in errors]
        details = tuple(f"{place}: {error['msg']}" for place, error in zip(places, errors, strict=True))
        raise GeminiMalformed("wrong_shape", places[0], details[:_DETAILS]) from None


def _without_nulls(value: Any) -> Any:
    """A null is how models leave a member out. The depth is bounded by the JSON reader."""
    if isinstance(value, dict):
        return {name: _without_nulls(member) for name, member in value.items() if member is not None}
    if isinstance(value, list):
        return [_without_nulls(item) for item in value if item is not None]
    return value
