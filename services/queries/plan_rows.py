"""What cards show of plans, as it is read: each with its card, a run and the rules of its workspace."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import ARRAY, Integer, Select, Uuid, any_, bindparam, exists, func, select, true

from db.models import ApprovalRulesRow, Card, FunctionExecution, Notification, Run, WorkflowPlan
from db.prepared import PreparedStatement, row_type
from services.approvals import ApprovalRules, rules_of
from services.states import OPEN_NOTIFICATIONS
from services.workflows import look_alikes

_OF_PLAN = (
    *("id", "workspace_id", "number", "revision", "state", "version", "channel_id", "reporter_id", "requester_id"),
    *("issue_text", "issue_parts", "place", "place_found", "urgency", "permalink", "pictures", "locale"),
    *("phase", "phase_facts", "failure", "change", "clarification", "same_as"),
    *("decided_by", "decided_for", "decided_at", "created_at"),
)
_OF_RUN = ("id", "number", "version", "state", "started_by", "created_at", "ended_at", "ended_by")
_OF_RULES = (
    *("workspace_id", "approvers", "quorum", "remind_after_minutes", "limit_minutes", "limit_outcome"),
    "self_approval",
)

# Rows have the names that the columns have, and are read as if they were the objects: to make those took longer
# than all the rest of it.
_Plan = row_type("_Plan", _OF_PLAN)
_Run = row_type("_Run", _OF_RUN)
_Rules = row_type("_Rules", _OF_RULES)

_RUN_FROM = len(_OF_PLAN)
_RULES_FROM = _RUN_FROM + len(_OF_RUN)
_REST_FROM = _RULES_FROM + len(_OF_RULES)


@dataclass(frozen=True, slots=True)
class PlanRow:
    """What one row says: a plan, the run of it that is asked for if there is one, the rules of now, its card."""

    plan: WorkflowPlan
    run: Run | None
    rules: ApprovalRules
    shown_in: str | None
    thread: str | None
    link: str | None
    others: int
    has_copies: bool
    is_awaited: bool

    @classmethod
    def of(cls, row: Sequence[Any]) -> PlanRow:
        """Read a row of `_plans`."""
        plan, run = _Plan._make(row[:_RUN_FROM]), _Run._make(row[_RUN_FROM:_RULES_FROM])
        rules = _Rules._make(row[_RULES_FROM:_REST_FROM])
        return cls(
            cast("WorkflowPlan", plan),
            None if run.id is None else cast("Run", run),
            rules_of(None if rules.workspace_id is None else cast("ApprovalRulesRow", rules)),
            *row[_REST_FROM:],
        )


def _plans() -> Select[Any]:
    """Plans with their cards and the rules of the workspace; which run of each is left to be said."""
    return (
        select(
            *(getattr(WorkflowPlan, name) for name in _OF_PLAN),
            *(getattr(Run, name) for name in _OF_RUN),
            *(getattr(ApprovalRulesRow, name) for name in _OF_RULES),
            Card.channel_id,
            func.coalesce(Card.thread_ts, Card.ts),
            Card.link,
            look_alikes.others(),
            exists().where(Notification.plan_id == WorkflowPlan.id, Notification.state.in_(OPEN_NOTIFICATIONS)),
            exists().where(FunctionExecution.plan_id == WorkflowPlan.id, FunctionExecution.completed_at.is_(None)),
        )
        .select_from(WorkflowPlan)
        .outerjoin(Card, Card.plan_id == WorkflowPlan.id)
        .outerjoin(ApprovalRulesRow, ApprovalRulesRow.workspace_id == WorkflowPlan.workspace_id)
        .where(WorkflowPlan.workspace_id == bindparam("workspace", type_=Uuid))
    )


def _with_last_run() -> Select[Any]:
    # Beside it and not compared with it: behind row-level security PostgreSQL would read the runs of all plans.
    of_plan = select(Run.id).where(Run.plan_id == WorkflowPlan.id).order_by(Run.number.desc()).limit(1)
    last = of_plan.correlate(WorkflowPlan).lateral("last")
    return _plans().outerjoin(last, true()).outerjoin(Run, Run.id == last.c.id)


# Put together once, for each card that is drawn asks one of them.
BY_ID = PreparedStatement(_with_last_run().where(WorkflowPlan.id == any_(bindparam("plans", type_=ARRAY(Uuid)))))
BY_NUMBER = PreparedStatement(_with_last_run().where(WorkflowPlan.number == bindparam("number", type_=Integer)))
BY_RUN = PreparedStatement(
    _plans().join(Run, Run.plan_id == WorkflowPlan.id).where(Run.id == any_(bindparam("runs", type_=ARRAY(Uuid))))
)
