"""Dry runs: what a plan would send, step by step. Reads are really made; nothing else is called."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Self
from uuid import UUID, uuid4

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import AuditEvent
from db.models.documents import FailedTest, RequestPreview
from services import audit
from services.audit import Actor
from services.components.builtins import BUILTINS
from services.components.definitions import ComponentDefinition
from services.components.service import ComponentService
from services.components.specs import ApprovalPolicy, ComponentSpec
from services.connectors import Connector, PreparedRequest, call_component, prepare, preview
from services.connectors.errors import CallError
from services.health.door import Caller, Door
from services.plans.model import Issue, Plan, Step, dependencies, levels, references
from services.plans.polls import component_keys, polled_key
from services.plans.references import Reference, scan
from services.plans.validation import Fault, validate
from services.states import StepState
from services.steps.calls import BuiltinCall, prepare_builtin
from services.steps.conditions import failed_tests
from services.steps.contexts import CallContexts
from services.steps.origins import check_origins
from services.steps.resolving import Values, resolve_inputs
from services.steps.results import result_of

ACTION = "plan.dry_run"
"""What a dry run is called in the audit trail."""

MAX_CONCURRENT_CALLS = 8
"""So many components are called at the same time."""

MAX_OUTPUT_BYTES = 20_000
"""Of an answer, as JSON; a longer one is used, and not put on record."""

_OPEN, _CLOSE = "\ue000", "\ue001"


class StepVerdict(StrEnum):
    """What a dry run found of a step: a write as it would be sent, a read that was made, one that was not."""

    WOULD_SEND = "would_send"
    WOULD_WAIT = "would_wait"
    READ = "read"
    NOT_READ = "not_read"
    WOULD_FAIL = "would_fail"
    WOULD_SKIP = "would_skip"


@dataclass(frozen=True, slots=True)
class StepForecast:
    """One step of a dry run.

    `request` is a preview as `services.connectors` writes it, None where none could be made. In it each of the
    references in `awaits`, as they are written, stands between marks (see `mark`): their values are known only in
    a run. `gated`: in a run a person would have to agree first. `output` is what a read answered, `error` why
    the step would fail, `skip` the tests for which it would be skipped: none where it is for steps before it.
    `held`: a read that could not be made just now, by what (see services.health.door.Held).
    """

    step_id: str
    fate: StepVerdict
    gated: bool
    request: Mapping[str, Any] | None = None
    awaits: tuple[str, ...] = ()
    output: Any = None
    error: Mapping[str, Any] | None = None
    skip: Sequence[FailedTest] | None = None
    held: str = ""

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "step_id": self.step_id,
            "fate": self.fate.value,
            "gated": self.gated,
            "request": self.request,
            "awaits": list(self.awaits),
            "output": self.output if _is_short(self.output) else None,
            "error": self.error,
            **({} if self.skip is None else {"skip": list(self.skip)}),
            **({"held": self.held} if self.held else {}),
        }

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> Self:
        """From the audit trail."""
        return cls(**{**document, "fate": StepVerdict(document["fate"]), "awaits": tuple(document["awaits"])})


@dataclass(frozen=True, slots=True)
class DryRun:
    """What a dry run found: its steps in the plan's order, and what is wrong with the plan as things are now."""

    id: UUID
    version: int
    user: str
    at: datetime
    steps: tuple[StepForecast, ...]
    faults: tuple[Fault, ...] = ()


def mark(reference: str) -> str:
    """A reference whose value is not known yet, as it stands in a preview."""
    return f"{_OPEN}{reference}{_CLOSE}"


async def definitions(
    session: AsyncSession, workspace_id: UUID, plan: Plan, components: ComponentService
) -> tuple[dict[str, ComponentDefinition], dict[str, ComponentSpec]]:
    """The components of a plan as they are now: those that can be called, and what is known of all of them."""
    keys = component_keys(plan)
    documents = await components.definitions(session, workspace_id, keys)
    found = {key: ComponentDefinition.model_validate(document) for key, document in documents.items()}
    own = {key: BUILTINS[key] for key in keys & BUILTINS.keys()}
    return found, {**await components.by_keys(session, workspace_id, keys), **own}


async def keep(
    session: AsyncSession,
    workspace_id: UUID,
    plan_id: UUID,
    *,
    key: str,
    version: int,
    actor: Actor,
    steps: Sequence[StepForecast],
    faults: Sequence[Fault],
) -> DryRun:
    """Put a dry run on record, under Slack's own id of what asked for it."""
    await audit.record(
        session,
        workspace_id,
        subject=plan_id,
        actor=actor,
        action=ACTION,
        key=key,
        version=version,
        steps=[step.to_dict() for step in steps],
        faults=[fault.to_dict() for fault in faults],
    )
    kept = await kept_under(session, workspace_id, plan_id, key)
    assert kept is not None  # noqa: S101 - it was written two lines above
    return kept


async def kept_under(session: AsyncSession, workspace_id: UUID, plan_id: UUID, key: str) -> DryRun | None:
    """The dry run that was put on record under a key."""
    event = await session.scalar(
        select(AuditEvent).where(
            AuditEvent.workspace_id == workspace_id,
            AuditEvent.subject_id == plan_id,
            AuditEvent.action == ACTION,
            AuditEvent.facts["key"].astext == key,
        )
    )
    if event is None:
        return None
    return DryRun(
        id=event.id,
        version=event.facts["version"],
        user=event.actor,
        at=event.created_at,
        steps=tuple(StepForecast.from_dict(step) for step in event.facts["steps"]),
        faults=tuple(Fault.from_dict(fault) for fault in event.facts["faults"]),
    )


@dataclass(slots=True)
class DryRunner:
    """One dry run under way; it holds no session. `components` are the definitions that can be called now."""

    plan: Plan
    issue: Issue
    components: Mapping[str, ComponentDefinition]
    connector: Connector
    contexts: CallContexts
    workspace_id: UUID
    door: Door
    _outputs: dict[str, Any] = field(default_factory=dict)
    _turns: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(MAX_CONCURRENT_CALLS))

    async def forecasts(self) -> tuple[StepForecast, ...]:
        """Go through the steps as a run would, as many side by side as the plan allows."""
        steps = {step.step_id: step for step in self.plan.steps}
        needs = dependencies(self.plan)
        found: dict[str, StepForecast] = {}
        for level in levels(needs):
            before = [[found[other].fate is StepVerdict.WOULD_SKIP for other in needs[name]] for name in level]
            forecasts = await asyncio.gather(
                *(self._forecast(steps[name], skipped) for name, skipped in zip(level, before, strict=True))
            )
            found.update(zip(level, forecasts, strict=True))
        return tuple(found[step_id] for step_id in steps if step_id in found)

    async def _forecast(self, step: Step, before: Sequence[bool]) -> StepForecast:
        """What a run would do with a step; `before` says of each step before it whether it would be skipped."""
        if any(before) if step.needs == "all" else before and all(before):
            return StepForecast(step.step_id, StepVerdict.WOULD_SKIP, gated=False, skip=())
        try:
            tests = self._failed_tests(step)
        except CallError as error:
            return StepForecast(step.step_id, StepVerdict.WOULD_FAIL, gated=False, error=error.to_dict())
        if tests is not None:
            return StepForecast(step.step_id, StepVerdict.WOULD_SKIP, gated=False, skip=tests)
        return await self._carry_out(step)

    def _failed_tests(self, step: Step) -> list[FailedTest] | None:
        """Why the condition of a step would not hold, as far as that is known before a run."""
        if step.when is None:
            return None
        asked = [found for test in step.when.tests for text in (test.value, *test.to) for found in scan(text)]
        is_known = all(isinstance(found, Reference) and self._is_known(found) for found in asked)
        return failed_tests(step.when, self._values(())) if is_known else None

    async def _carry_out(self, step: Step) -> StepForecast:
        awaits = tuple(dict.fromkeys(found.text for found in references(step) if not self._is_known(found)))
        if step.component_id in BUILTINS:
            return self._builtin(step, awaits)
        definition = self.components.get(step.component_id)
        if definition is None:
            error = {"code": "component_missing", "component": step.component_id}
            return StepForecast(step.step_id, StepVerdict.WOULD_FAIL, step.requires_approval, error=error)
        gated = step.requires_approval or definition.approval == ApprovalPolicy.STEP
        shown: RequestPreview | None = None
        try:
            check_origins(step, definition, self._keys, at_gate=gated)
            request = prepare(definition, resolve_inputs(step, definition, self._values(awaits)))
            shown = preview(request)
            async with self._turns:
                # What a person has to agree to is not done before one has, and be it a read.
                if definition.http_method == "GET" and not awaits and not gated:
                    return await self._read(step, definition, request)
                context = await self.contexts.of(self.workspace_id, definition)
                await self.connector.check(request, timeout=definition.timeout_seconds, context=context)
        except CallError as error:
            return StepForecast(step.step_id, StepVerdict.WOULD_FAIL, gated, shown, awaits, error=error.to_dict())
        fate = StepVerdict.NOT_READ if definition.http_method == "GET" else StepVerdict.WOULD_SEND
        return StepForecast(step.step_id, fate, gated, shown, awaits)

    async def _read(self, step: Step, definition: ComponentDefinition, request: PreparedRequest) -> StepForecast:
        """Call a component that changes nothing, unless its host is left alone or it is not its turn."""
        shown = preview(request)
        async with self.door.call(Caller(self.workspace_id, uuid4(), {}), definition) as held:
            if held is not None:
                return StepForecast(step.step_id, StepVerdict.NOT_READ, gated=False, request=shown, held=held.by)
            answer = await call_component(
                request,
                definition,
                idempotency_key=f"dry-run:{step.step_id}",
                connector=self.connector,
                context=await self.contexts.of(self.workspace_id, definition),
            )
        await self.door.note(self.workspace_id, definition, answer)
        result = result_of(answer, definition, definition.attempts)
        if result.state is not StepState.DONE:
            return StepForecast(
                step.step_id, StepVerdict.WOULD_FAIL, gated=False, request=shown, error=result.error
            )
        self._outputs[step.step_id] = result.output
        return StepForecast(step.step_id, StepVerdict.READ, gated=False, request=shown, output=result.output)

    def _builtin(self, step: Step, awaits: tuple[str, ...]) -> StepForecast:
        """What Mudda would do itself, which it never does in a dry run, not even wait."""
        values = self._values(awaits)
        fate = (
            StepVerdict.WOULD_WAIT if BUILTINS[step.component_id].http_method == "GET" else StepVerdict.WOULD_SEND
        )
        polled = self.components.get(polled_key(step) or "")
        try:
            check_origins(step, polled, self._keys, at_gate=step.requires_approval)
            if awaits:
                # What is not known yet can't be checked, and must not be taken for a misfit.
                given = resolve_inputs(step, BUILTINS[step.component_id], values).body or {}
                call = BuiltinCall(step.component_id, given)
            else:
                call = prepare_builtin(step, values, polled)
        except CallError as error:
            return StepForecast(
                step.step_id, StepVerdict.WOULD_FAIL, step.requires_approval, awaits=awaits, error=error.to_dict()
            )
        return StepForecast(step.step_id, fate, step.requires_approval, call.preview(), awaits)

    @property
    def _keys(self) -> dict[str, str]:
        return {step.step_id: step.component_id for step in self.plan.steps}

    def _is_known(self, reference: Reference) -> bool:
        return reference.source == "issue" or reference.source in self._outputs

    def _values(self, awaits: Sequence[str]) -> Values:
        return _ValuesWithGaps(
            outputs=self._outputs,
            issue_text=self.issue.text,
            issue_reporter=self.issue.reporter,
            issue_channel=self.issue.channel,
            issue_place=self.issue.place or "",
            issue_urgency=self.issue.urgency or "",
            awaits=frozenset(awaits),
        )


@dataclass(frozen=True, slots=True)
class _ValuesWithGaps(Values):
    """Values of which some are not known yet."""

    awaits: frozenset[str] = frozenset()

    def find(self, reference: Reference) -> Any:
        """The value that a reference points to; for one that is not known yet, its text between marks."""
        return mark(reference.text) if reference.text in self.awaits else Values.find(self, reference)

    def knows(self, text: str) -> bool:
        """Whether nothing in the text of an input is still to come."""
        return not any(gap in text for gap in self.awaits)


def faults_of(plan: Plan, specs: Mapping[str, ComponentSpec]) -> tuple[Fault, ...]:
    """What makes a plan invalid with its components as they are now; it is not too long since it was drafted."""
    return validate(plan, specs, max_steps=len(plan.steps)).errors


def _is_short(output: Any) -> bool:
    return len(json.dumps(output, ensure_ascii=False)) <= MAX_OUTPUT_BYTES
