"""Plans as lines of a list: how each stands, its run, who is waited for, and where its card is.

One query however many lines there are: what a line says of its run and of the steps that wait stands beside it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    any_,
    case,
    cast,
    exists,
    false,
    func,
    literal,
    literal_column,
    or_,
    select,
    true,
    type_coerce,
)
from sqlalchemy.dialects.postgresql import JSONB, aggregate_order_by
from sqlalchemy.orm import aliased

from db.models import Card, PlanVersion, Run, StepGate, StepRun, WorkflowPlan
from services.approvals import ApprovalRules
from services.components.builtins import ASK_PERSON
from services.queries.filters import PlanFilter
from services.queries.snapshots import Awaited, AwaitedKind, PlanLine
from services.queries.standing import GOING, is_in, is_open
from services.states import OVER, PlanState, RunState, StepState

TITLE_CHARACTERS = 300
"""Of an issue or a title: lists show less."""

MAX_WAITS = 20
"""So many waiting steps of a run are looked at for whom it waits for."""


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who looks at a list, and under which rules; `channel` is where they look, if it is in one.

    `absent` are those in whose place they decide at the moment.
    """

    user: str
    rules: ApprovalRules
    channel: str = ""
    absent: tuple[str, ...] = ()

    @property
    def hands(self) -> tuple[str, ...]:
        """The approvers that they are, or stand in for."""
        return tuple(user for user in (self.user, *self.absent) if user in self.rules.approvers)


# The last run of a plan.
_last_number = select(func.max(Run.number)).where(Run.plan_id == WorkflowPlan.id).correlate(WorkflowPlan)
OF_LAST_RUN = and_(Run.plan_id == WorkflowPlan.id, Run.number == _last_number.scalar_subquery())

_is_asking = and_(
    StepRun.state == StepState.WAITING,
    StepRun.component_key == ASK_PERSON,
    StepRun.wait["attempt"].as_integer() == StepRun.attempt,
)
_of_gate = and_(StepGate.step_run_id == StepRun.id, StepGate.revision == StepRun.revision)

# Each is looked up by itself: PostgreSQL takes the steps that wait for fewer than they are, and would read all
# gates for each of them.
GATE = aliased(StepGate, select(StepGate).where(_of_gate).limit(1).correlate(StepRun).lateral("gate"))
"""The gate at which a step stands now, in a query of steps that joins it on true."""


def visible(viewer: Viewer) -> ColumnElement[bool]:
    """Whether the viewer may see a plan, in a query that has its card.

    Approvers see all, since they decide; everybody sees what they reported, what is shown where they are, and
    what is shown in a public channel. A channel of which Slack has not been asked yet is taken for a public one
    if its id may be that of one.
    """
    if viewer.hands:
        return true()
    where = func.coalesce(Card.channel_id, WorkflowPlan.channel_id)
    # Row-level security keeps statistics out of it: PostgreSQL would guess that one in 200 begins with a C,
    # and read all plans for a page of twenty. Of those that begin with nothing else it guesses nearly all.
    public = and_(where.op("!~")(literal_column("'^[^C]'")), Card.is_private.is_not(true()))
    here = [where == viewer.channel] if viewer.channel else []
    return or_(WorkflowPlan.reporter_id == viewer.user, public, *here)


def may_decide(viewer: Viewer) -> ColumnElement[bool]:
    """Whether it is for the viewer to decide about a plan or its steps, gates that name others aside."""
    rules = viewer.rules
    if not rules.approvers:
        return visible(viewer)
    mine = true() if rules.self_approval else _is_no_asker(viewer.user)
    ways = [mine if user == viewer.user else and_(mine, _is_no_asker(user)) for user in viewer.hands]
    return or_(false(), *ways)


def _is_no_asker(user: str) -> ColumnElement[bool]:
    """Whether they neither reported it nor had it planned."""
    return and_(WorkflowPlan.reporter_id != user, WorkflowPlan.requester_id.is_distinct_from(user))


def waiting_step(viewer: Viewer) -> ColumnElement[bool]:
    """Whether a step waits for the viewer, in a query of steps with their plans, cards, versions and GATE."""
    people = PlanVersion.gate_people[StepRun.step_id]
    mine = (viewer.user, *viewer.absent)
    named = or_(people.is_(None), *(people.contains(cast([user], JSONB)) for user in mine))
    is_mine = or_(
        GATE.assigned_to.is_(None),
        GATE.assigned_to.in_(mine),
        GATE.assigned_to == any_(GATE.agreed),
    )
    gate = and_(StepRun.state == StepState.WAITING, ~_asks(), named, is_mine, ~_has_agreed(viewer))
    trouble = StepRun.state.in_((StepState.UNCERTAIN, StepState.FAILED))
    asked = and_(_is_asking, StepRun.wait["asked"].contains(cast([{"person": viewer.user}], JSONB)))
    return or_(asked, and_(or_(gate, trouble), may_decide(viewer)))


def _has_agreed(viewer: Viewer) -> ColumnElement[bool]:
    """Whether the viewer has agreed at a gate, for themselves or for another; or all whose hand they are."""
    agreed = {user: literal(user) == any_(GATE.agreed) for user in (viewer.user, *viewer.hands)}
    own = [agreed[viewer.user], *(GATE.deputies[user].as_string() == viewer.user for user in viewer.absent)]
    everybody = [and_(*(agreed[user] for user in viewer.hands))] if viewer.hands else []
    return func.coalesce(or_(*own, *everybody), false())


def _asks() -> ColumnElement[bool]:
    return func.coalesce(_is_asking, false())


def with_steps(query: Select[Any]) -> Select[Any]:
    """A query of plans and their cards with the runs that are not over, and those of their steps that wait."""
    return (
        query.join(Run, and_(Run.plan_id == WorkflowPlan.id, is_in(Run.state, GOING)))
        .join(StepRun, and_(StepRun.run_id == Run.id, StepRun.is_stuck))
        .join(PlanVersion, and_(PlanVersion.plan_id == Run.plan_id, PlanVersion.version == Run.version))
        .outerjoin(GATE, true())
    )


def to_review(viewer: Viewer) -> ColumnElement[bool]:
    """Whether a plan is a draft that waits for the viewer, in a query that has its card."""
    return and_(WorkflowPlan.state == PlanState.DRAFT, WorkflowPlan.version.is_not(None), may_decide(viewer))


def is_asking() -> ColumnElement[bool]:
    """Whether an answer about an issue is awaited before it is planned."""
    # Written out: PostgreSQL sees that an index of what is unfinished has it.
    drafting = WorkflowPlan.state == literal_column("'DRAFTING'")
    asked = WorkflowPlan.clarification
    return and_(drafting, asked.is_not(None), ~asked.has_key("outcome"))


def to_answer(viewer: Viewer) -> ColumnElement[bool]:
    """Whether it is for the viewer to say what an issue lacks: they reported it, or asked for the plan."""
    return and_(
        is_asking(), or_(WorkflowPlan.reporter_id == viewer.user, WorkflowPlan.requester_id == viewer.user)
    )


def lines(workspace_id: UUID) -> Select[Any]:
    """The query of lines, to be narrowed, ordered and cut; `line_of` reads its rows."""
    return _lines().where(WorkflowPlan.workspace_id == workspace_id)


@cache
def _lines() -> Select[Any]:
    step = aliased(StepRun)
    of_run = and_(step.run_id == Run.id, Run.id.is_not(None))
    done = select(func.count()).where(of_run, step.state.in_(OVER)).correlate(Run).scalar_subquery()
    total = select(func.count()).where(of_run).correlate(Run).scalar_subquery()
    version = func.coalesce(Run.version, WorkflowPlan.version)
    people = (
        select(PlanVersion.gate_people)
        .where(PlanVersion.plan_id == WorkflowPlan.id, PlanVersion.version == version)
        .correlate(WorkflowPlan, Run)
        .scalar_subquery()
    )
    return (
        select(
            WorkflowPlan.id,
            WorkflowPlan.number,
            WorkflowPlan.revision,
            WorkflowPlan.state,
            func.left(func.coalesce(WorkflowPlan.title, WorkflowPlan.issue_text), TITLE_CHARACTERS).label("title"),
            WorkflowPlan.reporter_id,
            WorkflowPlan.channel_id,
            WorkflowPlan.created_at,
            WorkflowPlan.steps,
            WorkflowPlan.requester_id,
            WorkflowPlan.clarification,
            Card.link,
            Card.channel_id.label("shown_in"),
            Run.state.label("run_state"),
            done.label("done"),
            total.label("total"),
            _waits().label("waits"),
            people.label("gate_people"),
        )
        .select_from(WorkflowPlan)
        .outerjoin(Card, Card.plan_id == WorkflowPlan.id)
        .outerjoin(Run, OF_LAST_RUN)
    )


def _waits() -> ColumnElement[Any]:
    """The steps that people have to do with: [its id, its state, who was asked or null, to whom it was handed]."""
    asked = type_coerce(StepRun.wait["asked"], JSONB)
    each = func.jsonb_build_array(StepRun.step_id, StepRun.state, case((_asks(), asked)), StepGate.assigned_to)
    first = (
        select(each.label("each"), StepRun.position)
        .outerjoin(StepGate, _of_gate)
        .where(StepRun.run_id == Run.id, StepRun.is_stuck, is_in(Run.state, GOING))
        .order_by(StepRun.position)
        .limit(MAX_WAITS)
        .correlate(Run)
        .subquery()
    )
    return select(func.jsonb_agg(aggregate_order_by(first.c.each, first.c.position))).scalar_subquery()


def line_of(row: Any, rules: ApprovalRules) -> PlanLine:
    """A line, read from a row of `lines`."""
    state = PlanState(row.state)
    run_state = None if row.run_state is None else RunState(row.run_state)
    return PlanLine(
        id=row.id,
        number=row.number,
        revision=row.revision,
        state=state,
        title=row.title,
        reporter_id=row.reporter_id,
        channel_id=row.channel_id,
        created_at=row.created_at,
        steps=row.steps,
        run_state=run_state,
        done=row.done,
        total=row.total,
        awaited=_awaited(state, row, rules),
        link=row.link,
        shown_in=row.shown_in or row.channel_id,
    )


def _awaited(state: PlanState, row: Any, rules: ApprovalRules) -> Awaited | None:
    """Who is waited for, and for what: for the first of these, of several steps."""
    deciders = rules.deciders(row.reporter_id, row.requester_id)
    if state is PlanState.DRAFTING and row.clarification is not None and "outcome" not in row.clarification:
        asked = dict.fromkeys(user for user in (row.reporter_id, row.requester_id) if user)
        return Awaited(AwaitedKind.ANSWER, tuple(asked))
    if state is PlanState.DRAFT:
        return Awaited(AwaitedKind.REVIEW, deciders)
    if state is PlanState.FAILED:
        return Awaited(AwaitedKind.NO_PLAN, None)
    waits = row.waits or ()
    people = row.gate_people or {}
    return None if not waits else _of_step(*waits[0], gate_people=people, deciders=deciders)


def _of_step(
    step_id: str,
    state: str,
    asked: Sequence[Mapping[str, str]] | None,
    assigned_to: str | None,
    *,
    gate_people: Mapping[str, Sequence[str]],
    deciders: Sequence[str] | None,
) -> Awaited:
    if asked is not None:
        return Awaited(AwaitedKind.ANSWER, tuple(each["person"] for each in asked))
    if state != StepState.WAITING:
        kind = AwaitedKind.FAILED if state == StepState.FAILED else AwaitedKind.UNCERTAIN
        return Awaited(kind, None if deciders is None else tuple(deciders))
    if assigned_to is not None:
        return Awaited(AwaitedKind.GATE, (assigned_to,))
    named = gate_people.get(step_id)
    if named is None or deciders is None:
        people = deciders if named is None else named
    else:
        people = [user for user in deciders if user in named]
    return Awaited(AwaitedKind.GATE, None if people is None else tuple(people))


def numbers(workspace_id: UUID) -> Select[Any]:
    """The ids and numbers of plans, with their cards at hand: what a list is narrowed by before lines are made."""
    found: Select[Any] = _NUMBERS.where(WorkflowPlan.workspace_id == workspace_id)
    return found


_NUMBERS: Any = select(WorkflowPlan.id, WorkflowPlan.number).outerjoin(Card, Card.plan_id == WorkflowPlan.id)


def narrowed(query: Select[Any], workspace_id: UUID, wanted: PlanFilter, viewer: Viewer | None) -> Select[Any]:
    """The query of those plans that a filter wants, and the viewer may see; None sees all.

    It has the plans and their cards.
    """
    if viewer is not None:
        query = query.where(visible(viewer))
    me = viewer.user if viewer is not None else ""
    if wanted.mode == "open":
        query = query.where(is_open(workspace_id))
    elif wanted.mode == "mine":
        query = query.where(WorkflowPlan.reporter_id == me)
    elif wanted.mode == "waiting" and viewer is not None:
        # The few that are open are looked at closely, which takes long, and none of the others.
        query = query.where(is_open(workspace_id), _waits_for(viewer))
    if wanted.reporter:
        query = query.where(WorkflowPlan.reporter_id == (me if wanted.reporter == "me" else wanted.reporter))
    if wanted.days:
        query = query.where(WorkflowPlan.created_at >= func.now() - timedelta(days=wanted.days))
    if wanted.component:
        query = query.where(_uses(wanted.component))
    if wanted.place:
        query = query.where(_in_any((WorkflowPlan.place, WorkflowPlan.issue_text), wanted.place))
    if wanted.words:
        columns = (WorkflowPlan.issue_text, WorkflowPlan.place, WorkflowPlan.title)
        query = query.where(_in_any(columns, wanted.words))
    return query


def _in_any(columns: Sequence[Any], words: str) -> ColumnElement[bool]:
    return or_(*(column.icontains(words, autoescape=True) for column in columns))


def _waits_for(viewer: Viewer) -> ColumnElement[bool]:
    plan, card = WorkflowPlan, Card
    step = (
        select(literal(1))
        .select_from(Run)
        .join(StepRun, and_(StepRun.run_id == Run.id, StepRun.is_stuck))
        .join(PlanVersion, and_(PlanVersion.plan_id == Run.plan_id, PlanVersion.version == Run.version))
        .outerjoin(GATE, true())
        .where(Run.plan_id == plan.id, is_in(Run.state, GOING), waiting_step(viewer))
        .correlate(plan, card)
    )
    return or_(to_review(viewer), to_answer(viewer), step.exists())


def _uses(words: str) -> ColumnElement[bool]:
    """Whether a step of the plan calls a component whose key or name has these words in it."""
    step = func.jsonb_array_elements(PlanVersion.document["steps"]).table_valued("value").alias("step")
    spec = func.jsonb_array_elements(PlanVersion.components).table_valued("value").alias("spec")
    key = type_coerce(spec.c.value, JSONB)["key"].as_string()
    name = type_coerce(spec.c.value, JSONB)["name"].as_string()
    used = type_coerce(step.c.value, JSONB)["component_id"].as_string()
    return exists(
        select(literal(1))
        .select_from(PlanVersion)
        .join(step, true())
        .join(spec, used == key)
        .where(
            PlanVersion.plan_id == WorkflowPlan.id,
            PlanVersion.version == WorkflowPlan.version,
            _in_any((key, name), words),
        )
        .correlate(WorkflowPlan)
    )
