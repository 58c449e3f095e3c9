"""A question that a step puts to people: whom it was put to, where, and what has become of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from db.models import StepRun, WorkflowPlan
from services.errors import MoveNotAllowed
from services.jobs import AnswerFile, AnswerStep
from services.run_states import RunState, StepState

OPEN = (StepState.RUNNING, StepState.WAITING)
"""While a question may be answered: from when it is about to be posted, for whoever is quick."""


REMINDERS, PAUSE = 3, timedelta(days=1)
"""So often at most is each person reminded who was asked, with so long before each time."""


@dataclass(frozen=True, slots=True)
class Question:
    """A question as its messages and its form show it.

    `attempt` tells this asking from earlier ones of the same step. `people` are those who were asked, `messages`
    where each one's message is (channel, ts) by their id, as far as that is on record. `answer` is None until
    there is one.
    """

    step_id: UUID
    attempt: int
    people: tuple[str, ...]
    question: str
    kind: str
    options: tuple[str, ...]
    plan_number: int
    title: str
    reporter: str
    is_open: bool
    messages: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    answer: str | None = None
    answered_by: str | None = None
    files: tuple[AnswerFile, ...] = ()


def people_asked(wait: Mapping[str, Any] | None) -> Sequence[Mapping[str, Any]]:
    """Those who were asked, in order: {"person", "channel", and once it is posted "ts"}."""
    people: Sequence[Mapping[str, Any]] = (wait or {}).get("asked", ())
    return people


def with_message(wait: Mapping[str, Any], person: str, **place: str) -> dict[str, Any]:
    """`wait` with where the message of a person is: `channel`, `ts` or both."""
    return {
        **wait,
        "asked": [{**each, **place} if each["person"] == person else each for each in people_asked(wait)],
    }


def without(wait: Mapping[str, Any], person: str) -> dict[str, Any]:
    """`wait` without a person who can't be asked after all."""
    return {**wait, "asked": [each for each in people_asked(wait) if each["person"] != person]}


def question_of(step: StepRun, output: Any, plan: WorkflowPlan, run_state: str) -> Question:
    """The question of a step that has begun to ask."""
    inputs: Mapping[str, Any] = (step.request or {})["body"]
    answered = output if isinstance(output, dict) and "answer" in output else {}
    return Question(
        step_id=step.id,
        attempt=step.attempt,
        people=tuple(each["person"] for each in people_asked(step.wait)),
        question=inputs["question"],
        kind=inputs["kind"],
        options=tuple(inputs.get("options", ())),
        plan_number=plan.number,
        title=plan.title or plan.issue_text,
        reporter=plan.reporter_id,
        is_open=step.state in OPEN and run_state != RunState.CANCELLED,
        messages={
            each["person"]: (each["channel"], each["ts"]) for each in people_asked(step.wait) if "ts" in each
        },
        answer=answered.get("answer"),
        answered_by=answered.get("answered_by"),
        files=tuple(AnswerFile.model_validate(file) for file in answered.get("files", ())),
    )


def answered(question: Question, given: AnswerStep) -> dict[str, Any]:
    """What the step answers: a text, or for photos links to them, by whom, and the photos' files.

    Raises MoveNotAllowed for an option that there is not, and for a photo without one.
    """
    if question.kind == "photo":
        if not given.files:
            raise MoveNotAllowed(state=StepState.WAITING, wanted=StepState.DONE)
        links = " ".join(file.permalink or file.name for file in given.files)
        return {"answer": links, "answered_by": given.user, "files": [file.model_dump() for file in given.files]}
    return {"answer": _chosen(question, given.answer), "answered_by": given.user}


def _chosen(question: Question, answer: str) -> str:
    if question.kind != "choice":
        return answer
    if not answer.isdecimal() or int(answer) >= len(question.options):
        raise MoveNotAllowed(state=StepState.WAITING, wanted=StepState.DONE)
    return question.options[int(answer)]
