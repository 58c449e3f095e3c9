"""What is too old is forgotten, and nothing else."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from bot.jobs.upkeep import purge_all
from db.models import (
    AICall,
    ApiRequest,
    ApiToken,
    AuditEvent,
    Conversation,
    HeardMessage,
    InboxEntry,
    RenewedToken,
    Run,
    StepRun,
    Webhook,
    WebhookDelivery,
    WorkflowPlan,
    Workspace,
)
from db.session import Database
from services.retention import Retention
from tests.support.run_starts import begun, step

NOW = datetime(2027, 6, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "retention"),
    [
        ("", Retention(7, 90, None)),
        ("plans=365", Retention(7, 90, 365)),
        ("inbox=never, model_calls=never,plans=never", Retention(None, None, None)),
    ],
)
def test_what_is_set_is_read(text: str, retention: Retention) -> None:
    assert Retention.parse(text) == retention


@pytest.mark.parametrize("text", ["plan=3", "plans", "plans=0", "plans=-1", "plans=soon", "90"])
def test_what_is_no_retention_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"there is no|must be"):
        Retention.parse(text)


async def count(database: Database, table: type) -> int:
    async with database.reading() as session:
        return await session.scalar(select(func.count()).select_from(table)) or 0


async def of_api(session: AsyncSession, workspace_id: UUID, at: datetime) -> None:
    """An answer that was kept, a delivery that was made, and one that is still to be made."""
    of_it = {"workspace_id": workspace_id}
    token = ApiToken(id=uuid4(), name=f"{at}", hash=f"{at}", rights=["read"], **of_it)
    hook = Webhook(id=uuid4(), url=f"https://hook.example/{at}", events=["run.ended"], secret="sealed", **of_it)
    session.add_all([token, hook])
    await session.flush()
    session.add(ApiRequest(token_id=token.id, key="k", fingerprint="f", created_at=at, **of_it))
    told = {"webhook_id": hook.id, "event": "run.ended", "subject_id": uuid4(), "happened_at": at, **of_it}
    session.add(WebhookDelivery(event_id=uuid4(), state="dead", ended_at=at, **told))
    session.add(WebhookDelivery(event_id=uuid4(), state="pending", created_at=at, **told))


async def test_inbox_and_model_calls_are_forgotten_in_time(database: Database, workspace_id: UUID) -> None:
    async with database.transaction() as session:
        for days in (1, 8, 89, 91):
            at = NOW - timedelta(days=days)
            session.add(InboxEntry(key=f"k{days}", kind="open_plan", received_at=at))
            session.add(
                AICall(
                    workspace_id=workspace_id,
                    agent="planner",
                    model="m",
                    prompt_tokens=1,
                    output_tokens=1,
                    total_tokens=2,
                    latency_ms=1,
                    attempts=1,
                    outcome="ok",
                    created_at=at,
                )
            )
            place = {"workspace_id": workspace_id, "channel_id": "C1", "created_at": at}
            judged = {"user_id": "U1", "intent": "question", "judged_by": "model"}
            session.add(HeardMessage(key=f"k{days}", **place, **judged))
            session.add(Conversation(thread_ts=f"{days}.1", opened_by="U1", **place))
            await of_api(session, workspace_id, at)
    assert await purge_all(database, Retention(), NOW) == {
        "inbox": 3,
        "heard_messages": 3,
        "answer_streams": 0,
        "function_executions": 0,
        "api_requests": 3,
        "webhook_deliveries": 3,
        "component_imports": 0,
        "renewed_tokens": 0,
        "conversations": 1,
        "model_calls": 1,
        "plans": 0,
        "workspaces": 0,
    }
    assert (await count(database, InboxEntry), await count(database, AICall)) == (1, 3)
    assert (await count(database, ApiRequest), await count(database, WebhookDelivery)) == (1, 5)


async def test_more_than_a_batch_is_forgotten_at_once(database: Database) -> None:
    async with database.transaction() as session:
        await session.execute(
            text(
                "INSERT INTO inbox (key, kind, received_at)"
                " SELECT n::text, 'k', '2020-01-01' FROM generate_series(1, 1200) n"
            )
        )
    assert (await purge_all(database, Retention(), NOW))["inbox"] == 1200


async def test_what_a_former_sign_in_was_renewed_to_is_forgotten(database: Database, workspace_id: UUID) -> None:
    async with database.transaction() as session:
        for days in (1, 364, 366, 800):
            at = NOW - timedelta(days=days)
            session.add(RenewedToken(workspace_id=workspace_id, client=f"c{days}", sealed="s", renewed_at=at))
    assert (await purge_all(database, Retention(), NOW))["renewed_tokens"] == 2
    async with database.reading() as session:
        assert set(await session.scalars(select(RenewedToken.client))) == {"c1", "c364"}


@pytest.mark.parametrize(
    ("state", "ended_days_ago", "goes"),
    [("COMPLETED", 400, True), ("CANCELLED", 400, True), ("COMPLETED", 10, False), ("WAITING", None, False)],
)
async def test_a_plan_goes_with_its_runs_once_all_is_over(
    database: Database, workspace_id: UUID, state: str, ended_days_ago: int | None, goes: bool
) -> None:
    async with database.transaction() as session:
        await begun(session, workspace_id, [step("look", "open311.find_requests")])
    async with database.transaction() as session:
        ended_at = None if ended_days_ago is None else NOW - timedelta(days=ended_days_ago)
        await session.execute(update(Run).values(state=state, ended_at=ended_at))
        long_ago = NOW - timedelta(days=400)
        values = {"state": "APPROVED", "created_at": long_ago, "updated_at": long_ago}
        await session.execute(update(WorkflowPlan).values(values))
    assert (await purge_all(database, Retention(plans=365), NOW))["plans"] == int(goes)
    assert await count(database, StepRun) == int(not goes)
    # What people did stays on record.
    assert await count(database, AuditEvent) > 0


@pytest.mark.parametrize(
    ("deployment", "own", "left"),
    [(None, None, 1), (None, 60, 0), (None, 120, 1), (60, 0, 1), (60, 120, 1), (60, None, 0), (120, 60, 0)],
)
async def test_a_workspace_may_say_how_long_its_plans_are_kept(
    database: Database, workspace_id: UUID, deployment: int | None, own: int | None, left: int
) -> None:
    async with database.transaction() as session:
        await opened_long_ago(session, workspace_id, days=90)
        kept = {} if own is None else {"plan_days": own}
        await session.execute(update(Workspace).where(Workspace.id == workspace_id).values(settings=kept))
    await purge_all(database, Retention(plans=deployment), NOW)
    assert await count(database, WorkflowPlan) == left


async def opened_long_ago(session: AsyncSession, workspace_id: UUID, *, days: int) -> None:
    """A plan that was discarded so many days ago."""
    session.add(
        WorkflowPlan(
            workspace_id=workspace_id,
            number=1,
            inbox_key="k1",
            source="command",
            channel_id="C1",
            reporter_id="U1",
            issue_text="A leak",
            state="DISCARDED",
            updated_at=NOW - timedelta(days=days),
        )
    )
    await session.flush()
