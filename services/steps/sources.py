"""What the steps of runs are made from: the components as they were when the run began, and earlier answers.

Read for as many steps as are wanted at once, with a statement for each kind of thing and not for each step.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy import ARRAY, Integer, Text, Uuid, bindparam, func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import Run, StepRun, WorkflowPlan
from db.models.documents import FailedTest
from db.prepared import PreparedStatement
from services.components.builtins import BUILTINS
from services.components.definitions import ComponentDefinition
from services.connectors import prepare
from services.connectors.errors import CallError
from services.plans.model import Step, references
from services.plans.polls import polled_key
from services.plans.references import RESERVED
from services.steps.calls import ComponentCall, StepCall, prepare_builtin
from services.steps.conditions import failed_tests
from services.steps.files import check_files
from services.steps.origins import check_origins
from services.steps.resolving import Values, resolve_inputs

RunAndStep = tuple[Run, StepRun]


class RunOfStep(Protocol):
    """What is needed of a run."""

    @property
    def id(self) -> UUID:
        """Its id."""

    @property
    def plan_id(self) -> UUID:
        """Its plan's."""


class StepOfRun(Protocol):
    """What is needed of a step."""

    @property
    def id(self) -> UUID:
        """Its id."""

    @property
    def step(self) -> Mapping[str, Any]:
        """As it stands in the plan."""

    @property
    def gated(self) -> bool:
        """Whether a person agrees to it before it is sent."""


_KEPT = 10_000
"""Definitions of runs that are remembered; they never change, so all that this costs is memory."""


_AT_ONCE = 16
"""All definitions of a run that has no more are read when the first one is wanted: the others will be, too."""


class StepFault(Exception):
    """A step can't be sent as it is: `error` is what its snapshot says."""

    def __init__(self, error: Mapping[str, Any]) -> None:
        super().__init__(str(error.get("code")))
        self.error = dict(error)


@dataclass(frozen=True, slots=True)
class StepSource:
    """A step as it stands in the plan, with all that it is resolved from. `definitions` are by component key.

    `gated`: a person agrees to it, and to what it sends, before it is sent.
    """

    wire: Step
    values: Values
    definitions: Mapping[str, ComponentDefinition] = field(default_factory=dict)
    gated: bool = False

    def definition(self, key: str | None = None) -> ComponentDefinition:
        """The step's component, or another of the run's. Raises StepFault if it was not to be had at the start."""
        wanted = key or self.wire.component_id
        if wanted not in self.definitions:
            raise StepFault({"code": "component_missing", "component": wanted})
        return self.definitions[wanted]

    def failed_tests(self) -> list[FailedTest] | None:
        """Why the step's condition does not hold; None if it does, or if it has none. Raises StepFault."""
        try:
            return None if self.wire.when is None else failed_tests(self.wire.when, self.values)
        except CallError as error:
            raise StepFault(error.to_dict()) from error

    def call(self) -> StepCall:
        """What the step is about to do, its references resolved. Raises StepFault."""
        try:
            if self.wire.component_id in BUILTINS:
                key = polled_key(self.wire)
                polled = None if key is None else self.definition(key)
                self._check_origins(polled)
                return prepare_builtin(self.wire, self.values, polled)
            definition = self.definition()
            self._check_origins(definition)
            request = prepare(definition, resolve_inputs(self.wire, definition, self.values))
            check_files(request, self.values)
            return ComponentCall(request, definition)
        except CallError as error:
            raise StepFault(error.to_dict()) from error

    def _check_origins(self, called: ComponentDefinition | None) -> None:
        check_origins(self.wire, called, self.values.components, at_gate=self.gated)


@dataclass(frozen=True, slots=True)
class Answered:
    """A step that has answered, and the component that did."""

    name: str
    component_key: str
    output: Any

    @property
    def components(self) -> Mapping[str, str]:
        """As `Values` has them."""
        return {self.name: self.component_key}


class StepSources:
    """Reads the inputs of steps. One per process."""

    def __init__(self) -> None:
        self._definitions: dict[tuple[UUID, str], ComponentDefinition] = {}

    async def one(self, session: AsyncSession, run: Run, step: StepRun) -> StepSource:
        """The inputs of one step."""
        return (await self.load(session, [(run, step)]))[step.id]

    def at_hand(self, run: RunOfStep, step: StepOfRun, before: Answered) -> StepSource | None:
        """The inputs of a step for which nothing has to be read, but for an answer that is not written down yet.

        None where anything else is needed. What PostgreSQL would give back otherwise than it was written, as some
        numbers, is to be read from there.
        """
        wire = Step.model_validate(step.step)
        named = list(references(wire))
        keys = _keys(wire)
        if wire.component_id in BUILTINS or any((run.id, key) not in self._definitions for key in keys):
            return None
        values = Values({}) if not named else Values({before.name: before.output}, components=before.components)
        if any(each.source != before.name or not _is_kept_to_the_letter(values.find(each)) for each in named):
            return None
        return StepSource(wire, values, {key: self._definitions[run.id, key] for key in keys}, gated=step.gated)

    async def load(
        self, session: AsyncSession, steps: Sequence[tuple[RunOfStep, StepOfRun]]
    ) -> dict[UUID, StepSource]:
        """The inputs of steps of any runs, by the steps' own ids."""
        if not steps:
            return {}
        wires = {step.id: Step.model_validate(step.step) for _, step in steps}
        values = await self._values(session, [(run, wires[step.id]) for run, step in steps])
        wanted = {(run.id, key) for run, step in steps for key in _keys(wires[step.id])}
        definitions = await self._frozen(session, wanted)
        return {
            step.id: StepSource(
                wires[step.id],
                values[run.id],
                {key: definitions[run.id, key] for key in _keys(wires[step.id]) if (run.id, key) in definitions},
                gated=step.gated,
            )
            for run, step in steps
        }

    async def _frozen(
        self, session: AsyncSession, wanted: set[tuple[UUID, str]]
    ) -> Mapping[tuple[UUID, str], ComponentDefinition]:
        known = {pair: self._definitions[pair] for pair in wanted & self._definitions.keys()}
        unknown = wanted - known.keys()
        if not unknown:
            return known
        rows = await _FROZEN.rows(
            session, runs=[run_id for run_id, _ in unknown], keys=[key for _, key in unknown], at_once=_AT_ONCE
        )
        found = {(run_id, key): _read(document) for run_id, key, document in rows}
        if len(self._definitions) > _KEPT:
            self._definitions = {}
        self._definitions |= found
        return known | found

    async def _values(
        self, session: AsyncSession, steps: Sequence[tuple[RunOfStep, Step]]
    ) -> Mapping[UUID, Values]:
        """What the references of steps can point to, by run. Most calls of a wide run refer to nothing.

        Of the plan only what the report says can be referred to, and built-in steps take their people from it.
        """
        named = {(run.id, reference.source) for run, step in steps for reference in references(step)}
        sources = [(run_id, name) for run_id, name in named if name not in RESERVED]
        outputs: dict[UUID, dict[str, Any]] = {run.id: {} for run, _ in steps}
        components: dict[UUID, dict[str, str]] = {run.id: {} for run, _ in steps}
        if sources:
            found = await _OUTPUTS.rows(
                session, runs=[run_id for run_id, _ in sources], names=[name for _, name in sources]
            )
            for run_id, step_id, component_key, output in found:
                outputs[run_id][step_id] = output
                components[run_id][step_id] = component_key
        asked = {run_id for run_id, name in named if name in RESERVED}
        wanted = {run.plan_id for run, step in steps if step.component_id in BUILTINS or run.id in asked}
        plans = {}
        if wanted:
            plans = {plan.id: plan for plan in await session.scalars(_PLANS, {"plans": list(wanted)})}
        return {
            run.id: _values_of(run, outputs[run.id], components[run.id], plans.get(run.plan_id))
            for run, _ in steps
        }


_FROZEN = PreparedStatement(
    text("""
        SELECT run.id, component.key, component.value
        FROM workflow_executions AS run, jsonb_each_text(run.components) AS component
        WHERE run.id = ANY(:runs)
            AND (
                component.key = ANY(:keys)
                OR (SELECT count(*) FROM jsonb_object_keys(run.components)) <= :at_once
            )
    """).bindparams(
        bindparam("runs", type_=ARRAY(Uuid)),
        bindparam("keys", type_=ARRAY(Text)),
        bindparam("at_once", type_=Integer),
    )
)
_OUTPUTS = PreparedStatement(
    text("""
        SELECT step.run_id, step.step_id, step.component_key, step.output
        FROM unnest(:runs, :names) AS named (run_id, step_id) JOIN step_runs AS step USING (run_id, step_id)
        WHERE step.run_id = ANY(:runs) AND step.state IN ('DONE', 'SKIPPED')
    """).bindparams(bindparam("runs", type_=ARRAY(Uuid)), bindparam("names", type_=ARRAY(Text)))
)
_PLANS = select(WorkflowPlan).where(WorkflowPlan.id == func.any(bindparam("plans", type_=ARRAY(Uuid))))


def _is_kept_to_the_letter(value: Any) -> bool:
    return isinstance(value, str | int)


def _keys(step: Step) -> set[str]:
    """The components that a step may call."""
    return {key for key in (step.component_id, polled_key(step)) if key is not None and key not in BUILTINS}


def _values_of(
    run: RunOfStep, outputs: Mapping[str, Any], components: Mapping[str, str], plan: WorkflowPlan | None
) -> Values:
    if plan is None:
        return Values(outputs, components=components)
    return Values(
        outputs=outputs,
        issue_text=plan.issue_text,
        issue_reporter=plan.reporter_id,
        issue_channel=plan.channel_id,
        issue_place=plan.place or "",
        issue_urgency=plan.urgency or "",
        run_id=str(run.id),
        components=components,
    )


@lru_cache(maxsize=512)
def _read(document: str) -> ComponentDefinition:
    """A definition from its JSON. Checking one takes milliseconds, and runs use the same ones again and again."""
    return ComponentDefinition.model_validate_json(document)
