"""How long things are kept, and forgetting what is older.

What people did stays in the audit trail for good: that is what it is for. A plan goes with its versions, runs,
steps, attempts and decisions, and only once it is over.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Delete, delete, exists, literal, select
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import (
    AICall,
    AnswerStream,
    ApiRequest,
    ComponentImport,
    Conversation,
    FunctionExecution,
    HeardMessage,
    InboxEntry,
    Installation,
    RenewedToken,
    Run,
    WebhookDelivery,
    WorkflowPlan,
    Workspace,
)
from services.imports.offers import KEPT_FOR
from services.states import PlanState, RunState

UNUSED_FOR = timedelta(days=365)
"""A token that was not renewed for so long is renewed by nobody."""

MAX_BATCH_ROWS = 500
"""So many rows of a kind go in one statement: none holds its locks for long."""

NEVER = "never"


@dataclass(frozen=True, slots=True)
class Retention:
    """For how many days each kind of thing is kept; None: for good.

    `inbox`: the ids of what Slack sent, by which it is done once (Slack sends again for an hour at most), and
    what it was taken for. `model_calls`: what each call of the model cost, and which threads are listened to.
    `plans`: from their last change. `removed`: all of a workspace from which the app was removed, its audit trail
    with it.
    """

    inbox: int | None = 7
    model_calls: int | None = 90
    plans: int | None = None
    removed: int | None = 30

    @classmethod
    def parse(cls, text: str) -> Retention:
        """Read `inbox=7,plans=never` and the like; what is not named is as by default. Raises ValueError."""
        given: dict[str, int | None] = {}
        for part in filter(None, (part.strip() for part in text.split(","))):
            name, _, value = part.partition("=")
            if name not in ("inbox", "model_calls", "plans", "removed"):
                raise ValueError(f"there is no {name!r} to keep; there are inbox, model_calls, plans and removed")
            if value != NEVER and not (value.isdecimal() and 0 < int(value) <= 36_500):
                raise ValueError(f"{name} must be a number of days, or {NEVER}")
            given[name] = None if value == NEVER else int(value)
        return cls(**given)


async def purge(session: AsyncSession, retention: Retention, now: datetime) -> Mapping[str, int]:
    """Forget a batch of each kind of what is older; how many there were."""
    statements = {
        "inbox": _inbox(now, retention.inbox),
        "heard_messages": _heard(now, retention.inbox),
        "answer_streams": _answer_streams(now, retention.inbox),
        "function_executions": _ended_functions(now, retention.inbox),
        "api_requests": _api_requests(now, retention.inbox),
        "webhook_deliveries": _webhook_deliveries(now, retention.inbox),
        "component_imports": _component_imports(now),
        "renewed_tokens": _renewed_tokens(now),
        "conversations": _conversations(now, retention.model_calls),
        "model_calls": _model_calls(now, retention.model_calls),
        "plans": _plans(now, retention.plans),
    }
    counts = {name: await _deleted(session, statement) for name, statement in statements.items()}
    counts["plans"] += await _deleted(session, _plans_of_some(now))
    if retention.removed is not None:
        removed = Workspace.removed_at < now - timedelta(days=retention.removed)
        counts["workspaces"] = await purge_removed(session, removed)
    return counts


async def purge_removed(session: AsyncSession, which: ColumnElement[bool]) -> int:
    """Forget a batch of what there is of the workspaces for which `which` is true; how many rows that were.

    Their plans go first, with all that belongs to these: what is left of a workspace then is small.
    """
    gone = select(Workspace.id).where(which, Workspace.removed_at.is_not(None))
    plans = select(WorkflowPlan.id).where(WorkflowPlan.workspace_id.in_(gone)).limit(MAX_BATCH_ROWS)
    if count := await _deleted(session, delete(WorkflowPlan).where(WorkflowPlan.id.in_(plans))):
        return count
    count = await _deleted(session, delete(Workspace).where(Workspace.id.in_(gone)))
    unused = ~exists().where(Workspace.installation_id == Installation.id)
    await _deleted(session, delete(Installation).where(Installation.token.is_(None), unused))
    return count


async def _deleted(session: AsyncSession, statement: Delete | None) -> int:
    result: Any = None if statement is None else await session.execute(statement)
    return 0 if result is None else int(result.rowcount)


def _inbox(now: datetime, days: int | None) -> Delete | None:
    if days is None:
        return None
    old = select(InboxEntry.key).where(InboxEntry.received_at < now - timedelta(days=days)).limit(MAX_BATCH_ROWS)
    return delete(InboxEntry).where(InboxEntry.key.in_(old))


def _heard(now: datetime, days: int | None) -> Delete | None:
    if days is None:
        return None
    before = now - timedelta(days=days)
    old = select(HeardMessage.id).where(HeardMessage.created_at < before).limit(MAX_BATCH_ROWS)
    return delete(HeardMessage).where(HeardMessage.id.in_(old))


def _answer_streams(now: datetime, days: int | None) -> Delete | None:
    """Those of workers that died for good; of any other the row is gone when the answer is there."""
    if days is None:
        return None
    before = now - timedelta(days=days)
    old = select(AnswerStream.id).where(AnswerStream.created_at < before).limit(MAX_BATCH_ROWS)
    return delete(AnswerStream).where(AnswerStream.id.in_(old))


def _ended_functions(now: datetime, days: int | None) -> Delete | None:
    if days is None:
        return None
    ended = FunctionExecution.completed_at < now - timedelta(days=days)
    old = select(FunctionExecution.id).where(ended).limit(MAX_BATCH_ROWS)
    return delete(FunctionExecution).where(FunctionExecution.id.in_(old))


def _api_requests(now: datetime, days: int | None) -> Delete | None:
    if days is None:
        return None
    before = now - timedelta(days=days)
    old = select(ApiRequest.id).where(ApiRequest.created_at < before).limit(MAX_BATCH_ROWS)
    return delete(ApiRequest).where(ApiRequest.id.in_(old))


def _webhook_deliveries(now: datetime, days: int | None) -> Delete | None:
    """Those that are over, delivered or dead."""
    if days is None:
        return None
    before = now - timedelta(days=days)
    old = select(WebhookDelivery.id).where(WebhookDelivery.ended_at < before).limit(MAX_BATCH_ROWS)
    return delete(WebhookDelivery).where(WebhookDelivery.id.in_(old))


def _component_imports(now: datetime) -> Delete:
    """Documents whose preview is too old to choose from; what was imported of them is long components."""
    old = select(ComponentImport.id).where(ComponentImport.created_at < now - KEPT_FOR).limit(MAX_BATCH_ROWS)
    return delete(ComponentImport).where(ComponentImport.id.in_(old))


def _renewed_tokens(now: datetime) -> Delete:
    """Those of former ways to sign in: one that is in use has been renewed since."""
    old = select(RenewedToken.id).where(RenewedToken.renewed_at < now - UNUSED_FOR).limit(MAX_BATCH_ROWS)
    return delete(RenewedToken).where(RenewedToken.id.in_(old))


def _conversations(now: datetime, days: int | None) -> Delete | None:
    if days is None:
        return None
    before = now - timedelta(days=days)
    old = select(Conversation.id).where(Conversation.created_at < before).limit(MAX_BATCH_ROWS)
    return delete(Conversation).where(Conversation.id.in_(old))


def _model_calls(now: datetime, days: int | None) -> Delete | None:
    if days is None:
        return None
    old = select(AICall.id).where(AICall.created_at < now - timedelta(days=days)).limit(MAX_BATCH_ROWS)
    return delete(AICall).where(AICall.id.in_(old))


_OWN_DAYS = Workspace.settings["plan_days"]
"""For how many days a workspace itself wants its plans kept; null where it leaves that to the deployment."""


def _plans(now: datetime, days: int | None) -> Delete | None:
    """The old plans of workspaces that have not set how long theirs are kept."""
    if days is None:
        return None
    before = literal(now - timedelta(days=days))
    return _old_plans(before, _OWN_DAYS.is_(None))


def _plans_of_some(now: datetime) -> Delete:
    """The old plans of workspaces that have set how long theirs are kept; 0 days is for good."""
    days = _OWN_DAYS.as_integer()
    before = literal(now) - days * literal(timedelta(days=1))
    return _old_plans(before, days > 0)


def _old_plans(before: ColumnElement[datetime], which: ColumnElement[bool]) -> Delete:
    """Plans that nobody has to do with any more: a run under way, failed or waiting keeps its plan."""
    goes_on = exists().where(
        Run.plan_id == WorkflowPlan.id,
        (Run.state.not_in((RunState.COMPLETED, RunState.CANCELLED))) | (Run.ended_at >= before),
    )
    old = (
        select(WorkflowPlan.id)
        .join(Workspace, Workspace.id == WorkflowPlan.workspace_id)
        .where(
            which,
            WorkflowPlan.updated_at < before,
            # As it was made before that, too, which an index knows: of what is kept few are so old.
            WorkflowPlan.created_at < before,
            WorkflowPlan.state.in_((PlanState.APPROVED, PlanState.DISCARDED, PlanState.FAILED)),
            ~goes_on,
        )
        .limit(MAX_BATCH_ROWS)
    )
    return delete(WorkflowPlan).where(WorkflowPlan.id.in_(old))
