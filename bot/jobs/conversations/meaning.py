"""What was said, judged: by plain rules, by the model, or by rules because the model can't be asked."""

from __future__ import annotations

import asyncio
import logging

from bot.deps import Deps
from services.ai.errors import GeminiError
from services.ai.intents import Intent, Saying, Where
from services.ai.usage import Usage
from services.conversations.rules import asks_without_requesting, plainly, weight, without_model
from services.conversations.service import BY_MODEL, BY_RULES, Meant

logger = logging.getLogger("mudda.hearing")

JUDGE_SECONDS = 8.0
"""The model is asked for so long; whoever wrote waits, and plain rules decide after that."""


async def meaning(said: Saying, deps: Deps, *, has_budget: bool) -> tuple[Meant, tuple[Usage, ...]]:
    """What was meant, and the calls of the model that it took to know."""
    plain = plainly(said)
    if plain is not None:
        return Meant(plain, BY_RULES), ()
    if not has_budget:
        return Meant(without_model(said), BY_RULES, "budget"), ()
    deadline = asyncio.get_running_loop().time() + JUDGE_SECONDS
    try:
        judged, usages = await deps.intents.judge(said, deadline=deadline)
    except GeminiError as error:
        logger.warning("What was meant is judged by rules: %s", error)
        return Meant(without_model(said), BY_RULES, "unavailable"), error.usages
    intent = _within_bounds(judged.intent, said)
    return Meant(intent, BY_MODEL, about_plan=judged.about_plan, missing=judged.missing), usages


def _within_bounds(intent: Intent, said: Saying) -> Intent:
    """What the model may not decide: that a lone word or a question is drafted, or who calls is not answered."""
    if intent is Intent.ISSUE and weight(said.text) <= 1 and not (said.is_to_bot and said.above):
        return Intent.UNCLEAR if said.is_to_bot else Intent.NOT_FOR_ME
    if intent is Intent.ISSUE and asks_without_requesting(said.text):
        return Intent.UNCLEAR
    if intent is Intent.NOT_FOR_ME and said.where in (Where.DM, Where.COMMAND):
        return Intent.UNCLEAR
    if intent in (Intent.SMALLTALK, Intent.CHANGE) and said.where is Where.THREAD and said.plan is None:
        return Intent.NOT_FOR_ME
    return Intent.NOT_FOR_ME if intent is Intent.SMALLTALK and not said.is_to_bot else intent
