"""What an evaluation measures of each issue, and the document that an evaluation is kept in."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from services.errors import MuddaError


class NotAnEvaluation(MuddaError):
    """A document that is not one of ours; `reason` says where it differs."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class _Kept(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class CaseResult(_Kept):
    """What became of one issue.

    `faults_at_first` are those of the first plan, `faults` those of the last, and `warnings` those of the valid
    plan, each as how many by code. `missing` are the expected components that the plan lacks, alternatives joined
    by "|"; `avoided` those in it that a right plan leaves out. `error` is empty, "rejected" (still invalid after
    every repair), "nothing_fits" or the outcome of a GeminiError. `calls` counts the answers that were asked for;
    `seconds` is from the issue to its plan or error.
    """

    case: str
    town: str
    language: str
    valid_at_first: bool = False
    valid: bool = False
    repairs: int = 0
    faults_at_first: Mapping[str, int] = {}
    faults: Mapping[str, int] = {}
    warnings: Mapping[str, int] = {}
    components: tuple[str, ...] = ()
    steps: int = 0
    missing: tuple[str, ...] = ()
    avoided: tuple[str, ...] = ()
    calls: int = 0
    prompt_tokens: int = 0
    output_tokens: int = 0
    total_tokens: int = 0
    seconds: float = 0.0
    model: str = ""
    error: str = ""
    detail: str = ""

    @property
    def as_expected(self) -> bool:
        """Whether the plan is valid, uses what it must and leaves out what it must not use."""
        return self.valid and not self.missing and not self.avoided


class Evaluation(_Kept):
    """All results, with what two evaluations must share to be compared.

    `model` is what was asked for; each result names the model that answered. `is_stand_in`: rules answered, and no
    model. `prompts` and `cases` are the fingerprints of what the agents are told, and of the set.
    """

    format: Literal["mudda-evaluation-1"] = "mudda-evaluation-1"
    version: str
    model: str
    is_stand_in: bool
    prompts: str
    cases: str
    begun_at: datetime
    concurrency: int
    results: tuple[CaseResult, ...]

    def to_json(self) -> str:
        """The document, for a file."""
        return self.model_dump_json(indent=1) + "\n"

    @classmethod
    def from_json(cls, text: str | bytes) -> Evaluation:
        """Read a document. Raises NotAnEvaluation."""
        try:
            return cls.model_validate_json(text)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            where = ".".join(str(part) for part in first["loc"])
            raise NotAnEvaluation(": ".join(filter(None, (where, first["msg"])))) from None
