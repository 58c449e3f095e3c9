"""Between rows and snapshots: how a plan, its versions and its failure are kept, and read back."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from db.models import PlanVersion, WorkflowPlan
from services.ai.service import Draft
from services.mentions import PARTS
from services.plans.attached import AttachedPicture
from services.plans.model import Issue
from services.plans.polls import component_keys
from services.plans.validation import Fault
from services.states import FailureCode


def version_row(plan: WorkflowPlan, version: int, draft: Draft) -> PlanVersion:
    """The row that keeps a draft, with the components as they are now: a later edit does not change it."""
    used = component_keys(draft.plan) | set(draft.selected)
    return PlanVersion(
        workspace_id=plan.workspace_id,
        plan_id=plan.id,
        version=version,
        document=draft.plan.model_dump(mode="json", by_alias=True),
        components=[asdict(spec) for key, spec in draft.components.items() if key in used],
        selected=list(draft.selected),
        warnings=[fault.to_dict() for fault in draft.warnings],
        gate_people={step: list(people) for step, people in draft.gate_people.items()},
        citations=[citation.to_dict() for citation in draft.citations],
        model=draft.model if draft.usages else "",
        tokens=sum(usage.total_tokens for usage in draft.usages),
        seconds=draft.seconds,
    )


def issue_of(plan: WorkflowPlan) -> Issue:
    """What was reported."""
    return Issue(
        plan.issue_text,
        plan.place,
        plan.urgency,
        plan.reporter_id,
        plan.channel_id,
        PARTS.validate_python(plan.issue_parts),
        plan.permalink,
        tuple(map(AttachedPicture.from_dict, plan.pictures)),
        place_found=plan.place_found,
    )


def failure_to_json(failure: Failure) -> dict[str, Any]:
    """For the database."""
    faults = [fault.to_dict() for fault in failure.faults]
    return {"code": failure.code.value, "faults": faults, "word": failure.word}


def failure_from_json(document: dict[str, Any]) -> Failure:
    """From the database."""
    faults = tuple(Fault.from_dict(fault) for fault in document["faults"])
    return Failure(FailureCode(document["code"]), faults, document.get("word", ""))


@dataclass(frozen=True, slots=True)
class Failure:
    """Why drafting ended without a plan, with the validator's faults where they are the reason.

    `word` is the API's own for why the model gave no answer, such as SPII.
    """

    code: FailureCode
    faults: tuple[Fault, ...] = ()
    word: str = ""
