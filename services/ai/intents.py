"""What somebody meant who wrote to the bot, or in a thread of its: a typed question to the model.

What they wrote, and what stands above it, is data like any issue: fenced, and never followed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from services.ai import prompts
from services.ai.answer_schemas import Answer
from services.ai.errors import GeminiMalformed
from services.ai.gemini import GeminiClient
from services.ai.questions import Question, Questioner, shaped
from services.ai.usage import Usage

AGENT = "intent"
MAX_WORDS = 4_000
"""As many characters of what was written go to the model; what is meant shows before that."""

MAX_LINES = 12
MAX_LINE = 400
"""Of the thread above: so many messages, the root and the newest, and so many characters of each."""


class Intent(StrEnum):
    """What somebody means. `not_for_me`: people talk to each other, and the bot keeps silent."""

    ISSUE = "issue"
    CHANGE = "change"
    QUESTION = "question"
    DECISION = "decision"
    SMALLTALK = "smalltalk"
    NOT_FOR_ME = "not_for_me"
    UNCLEAR = "unclear"


class Where(StrEnum):
    """Where something was said: to the bot by command, mention or direct message, or in a thread of its."""

    COMMAND = "command"
    MENTION = "mention"
    DM = "dm"
    THREAD = "thread"


@dataclass(frozen=True, slots=True)
class PlanInThread:
    """The plan that a thread is about, as far as it takes to know what is said of it."""

    number: int
    title: str
    state: str


@dataclass(frozen=True, slots=True)
class Line:
    """A message above what was said: who wrote it, by name, and what."""

    by: str
    text: str


@dataclass(frozen=True, slots=True)
class Saying:
    """What was said, where, and what stands above it. `by` is who said it, by name if that is known."""

    text: str
    where: Where
    by: str = ""
    plan: PlanInThread | None = None
    above: tuple[Line, ...] = ()

    @property
    def is_to_bot(self) -> bool:
        """Whether the bot was called: what is said in a thread of its may be meant for others."""
        return self.where is not Where.THREAD


class Judgement(BaseModel):
    """The model's answer. `about_plan` is the number of a plan that was named; 0: none.

    `missing` is what an issue does not say.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    intent: Intent
    about_plan: int = Field(0, ge=0, lt=2**31)
    missing: tuple[str, ...] = ()


SYSTEM = f"""\
You are the ear of Mudda, a bot that plans civic work for the people who run a town. Somebody has written in Slack.
Judge what they mean, and nothing else: you neither answer nor plan. Choose one intent:

- issue: something is reported that the town should do something about, or the bot is asked to plan for it. Where
  they point to a message above ("please handle this", "can you take this one"), that message is the issue.
- change: they want the plan of this thread, or one that they name by its number, to be different: more, less,
  other steps, another order, somebody else to be told.
- question: they want to know something: about plans, runs, steps, components, people, or what the bot can do.
- decision: they agree to a plan or a step, refuse it, or want a run stopped, in words ("looks good, go").
- smalltalk: a greeting, thanks, praise, a joke: nothing is to be done.
- not_for_me: people talk to each other, and nobody wants anything of the bot. Where "called" is true this is rare.
- unclear: a lone word, or something that could be meant in several of these ways and would be acted on wrongly.

A request in the form of a question ("can you send somebody to fix the light at 5th and Main?") is an issue, or in
the thread of a plan a change. A report is an issue even if it is angry, short of facts or badly spelled. In the
thread of a plan, what changes how this plan is carried out is a change, and not another issue.
- about_plan: the number of the plan that they name, such as 12 for "#12"; else 0.
- missing: for an issue only, what is not said and without which nobody can begin: "place" where somebody has to
  go there and nothing says where, in whatever words; "time" where something is to be done at a certain time and
  nothing says when; "what" where nothing says what is wrong; "crew" where one certain crew is asked for and
  nothing says which. Else []: what would only be good to know is not missing.

{prompts.UNTRUSTED}"""


def intent_schema(keys: object = ()) -> Answer:
    """The shape of the answer; there are no components in it."""
    return {
        "type": "object",
        "properties": {
            "intent": {"type": "string", "format": "enum", "enum": [each.value for each in Intent]},
            "about_plan": {"type": "integer"},
            "missing": {"type": "array", "items": {"type": "string"}},
        },
        "required": ["intent", "about_plan", "missing"],
    }


def intent_prompt(said: Saying) -> str:
    """Ask what was meant."""
    stated: Mapping[str, Any] = {
        "text": said.text[:MAX_WORDS],
        "where": said.where.value,
        "called": said.is_to_bot,
        "by": said.by,
    }
    known = {name: value for name, value in stated.items() if value != ""}
    parts = ["What does this mean?", prompts.data_block("said", known)]
    if said.plan is not None:
        plan = {"number": said.plan.number, "title": said.plan.title[:MAX_LINE], "state": said.plan.state}
        parts += ["It was written in the thread of this plan:", prompts.data_block("plan", plan)]
    if lines := _shown(said.above):
        parts += ["This stands above it, the first message first:"]
        shown = ({"by": each.by, "text": each.text[:MAX_LINE]} for each in lines)
        parts.append(prompts.data_block("above", *shown))
    return "\n".join(parts)


def _shown(above: tuple[Line, ...]) -> tuple[Line, ...]:
    return above if len(above) <= MAX_LINES else (above[0], *above[1 - MAX_LINES :])


class IntentJudge:
    """Asks the model what was meant. A deadline is a reading of the running loop's clock."""

    def __init__(self, gemini: GeminiClient) -> None:
        self._questioner = Questioner(gemini)

    async def judge(self, said: Saying, *, deadline: float) -> tuple[Judgement, tuple[Usage, ...]]:
        """What was meant, and what it cost to know. Raises a GeminiError with the usages of every call."""
        question = Question(AGENT, SYSTEM, intent_prompt(said), intent_schema, (), _read)
        return await self._questioner.ask(question, deadline)


def _read(document: Any) -> Judgement:
    if isinstance(document, dict) and isinstance(document.get("intent"), str):
        document = {**document, "intent": document["intent"].strip().lower()}
    judged = shaped(Judgement, document)
    if any(len(each) > MAX_LINE for each in judged.missing[:MAX_LINES]):
        raise GeminiMalformed("wrong_shape", "missing")
    return judged.model_copy(update={"missing": judged.missing[:MAX_LINES]})
