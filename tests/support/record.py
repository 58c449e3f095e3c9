"""A town's record to ask about: plans that stand in every way there is, and what another town has.

It is Tuesday, 24 November 2026, nine in the morning in UTC, where the town is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncSession

from bot.sandbox.town import sandbox_pack
from db.models import (
    AICall,
    ApprovalRulesRow,
    Card,
    Decision,
    PlanVersion,
    Run,
    StepAttempt,
    StepGate,
    StepRun,
    WorkflowPlan,
    Workspace,
)
from db.session import Database
from services import audit
from services.components.packs import parse_pack
from services.components.service import ComponentService
from services.policies.documents import parse_policy
from services.policies.service import PolicyService
from services.queries.lookups.rows import Scope
from tests.support.policies import ROAD_WORKS

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
PRIYA, MARCO, DANA = "U0PRIYA001", "U0MARCO001", "U0DANA0001"
WORKS, DM = "C0WORKS001", "D0PRIYA001"
SECRET = "Secret of another town"


@dataclass
class Recorded:
    """A step of a run: what it does, with which component, how it stands, and what its attempts came to."""

    title: str
    component: str
    state: str = "DONE"
    outcomes: Sequence[str] = ("done",)
    columns: dict[str, Any] = field(default_factory=dict)


@dataclass
class Writer:
    """Writes the rows of one workspace."""

    session: AsyncSession
    workspace: UUID

    async def plan(
        self,
        number: int,
        words: str,
        state: str = "APPROVED",
        *,
        title: str | None = None,
        place: str | None = None,
        reporter: str = PRIYA,
        days: float = 3,
        channel: str = WORKS,
        decided_by: str | None = None,
    ) -> UUID:
        """A plan that was reported so many days ago, with its card and a version where there is one."""
        at = NOW - timedelta(days=days)
        plan_id = uuid4()
        has_version = state in ("DRAFT", "APPROVED", "DISCARDED")
        self.session.add(
            WorkflowPlan(
                id=plan_id,
                workspace_id=self.workspace,
                number=number,
                inbox_key=f"k{number}",
                source="command",
                channel_id=channel,
                reporter_id=reporter,
                issue_text=words,
                place=place,
                state=state,
                version=1 if has_version else None,
                title=title if has_version else None,
                steps=2 if has_version else None,
                decided_by=decided_by,
                decided_at=at + timedelta(hours=1) if decided_by else None,
                created_at=at,
                updated_at=at,
            )
        )
        await self.session.flush()
        self.session.add(
            Card(workspace_id=self.workspace, plan_id=plan_id, channel_id=channel, ts=f"1764000000.{number:06d}")
        )
        if has_version:
            self.session.add(
                PlanVersion(
                    workspace_id=self.workspace,
                    plan_id=plan_id,
                    version=1,
                    document={"workflow_name": title or words, "steps": [{"step_id": "a", "component_id": "x"}]},
                    components=[{"key": "x", "name": "Do it"}],
                    selected=[],
                    warnings=[],
                    model="m",
                    tokens=1,
                    seconds=0.1,
                )
            )
        await self.session.flush()
        return plan_id

    async def run(
        self, plan: UUID, state: str, steps: Sequence[Recorded], *, days: float = 2, took_hours: float = 5
    ) -> dict[str, UUID]:
        """The run of a plan that began so many days ago, and the ids of its steps by their titles."""
        began = NOW - timedelta(days=days)
        is_over = state in ("COMPLETED", "CANCELLED", "FAILED")
        run = Run(
            id=uuid4(),
            workspace_id=self.workspace,
            plan_id=plan,
            version=1,
            number=1,
            state=state,
            components={},
            started_by=MARCO,
            ended_at=began + timedelta(hours=took_hours) if is_over else None,
            ended_by=PRIYA if state == "CANCELLED" else None,
            created_at=began,
        )
        self.session.add(run)
        await self.session.flush()
        ids: dict[str, UUID] = {"": run.id}
        for position, step in enumerate(steps):
            ids[step.title] = await self._step(run.id, step, position, began)
        return ids

    async def _step(self, run: UUID, step: Recorded, position: int, began: datetime) -> UUID:
        step_id = uuid4()
        self.session.add(
            StepRun(
                id=step_id,
                workspace_id=self.workspace,
                run_id=run,
                step_id=f"s{position}",
                position=position,
                step={"step_id": f"s{position}", "description": step.title},
                component_key=step.component,
                followers=[],
                waiting_for=0,
                state=step.state,
                attempt=len(step.outcomes) or 1,
                started_at=began,
                ended_at=began + timedelta(hours=1) if step.state in ("DONE", "SKIPPED", "FAILED") else None,
                **{"gated": False, **step.columns},
            )
        )
        await self.session.flush()
        for number, outcome in enumerate(step.outcomes, start=1):
            at = began + timedelta(minutes=number)
            self.session.add(
                StepAttempt(
                    workspace_id=self.workspace,
                    step_run_id=step_id,
                    number=number,
                    outcome=outcome,
                    started_at=at,
                    ended_at=at + timedelta(seconds=30),
                )
            )
        return step_id

    async def decided(
        self, run: UUID, step: UUID | None, kind: str, user: str, reason: str | None = None, *, days: float = 2
    ) -> None:
        """Somebody decided about a run or a step of it."""
        self.session.add(
            Decision(
                workspace_id=self.workspace,
                run_id=run,
                step_run_id=step,
                kind=kind,
                user_id=user,
                reason=reason,
                created_at=NOW - timedelta(days=days) + timedelta(minutes=30),
            )
        )
        await self.session.flush()


GATED = {"gated": True, "revision": 3}


async def town(database: Database, workspace_id: UUID) -> None:
    """Write the town's record, and another town's."""
    async with database.transaction() as session:
        await _plans(Writer(session, workspace_id))
        await _rest(session, workspace_id)
        other = (
            await session.execute(insert(Workspace).values(team_id="T0009", name="Rival").returning(Workspace.id))
        ).scalar_one()
        rival = Writer(session, other)
        plan = await rival.plan(2, SECRET, title=SECRET, place="Ward 4", decided_by=MARCO)
        steps = [Recorded(SECRET, "crews.assign", "FAILED", ("failed",) * 9)]
        ids = await rival.run(plan, "FAILED", steps)
        await rival.decided(ids[""], ids[SECRET], "approve", DANA, SECRET)
        session.add(_call(other, "planner", 77_777, days=0))


async def _plans(write: Writer) -> None:
    await write.plan(1, "Streetlight out at 3rd and Pine", "DRAFT", title="Mend the streetlight", place="Ward 4")
    plan = await write.plan(
        2, "Burst main floods the underpass", title="Stop the flood", place="Mill Road, Ward 4", decided_by=MARCO
    )
    ids = await write.run(
        plan,
        "WAITING",
        [
            Recorded("Create a work order", "workorders.create"),
            Recorded("Close Mill Road", "traffic.close_road", "WAITING", (), GATED),
        ],
    )
    write.session.add(
        StepGate(
            workspace_id=write.workspace,
            step_run_id=ids["Close Mill Road"],
            revision=3,
            created_at=NOW - timedelta(hours=6),
        )
    )
    plan = await write.plan(3, "A tree fell on Oak Avenue", title="Clear Oak Avenue", decided_by=MARCO, days=5)
    ids = await write.run(
        plan,
        "COMPLETED",
        [
            Recorded("Order a crane", "workorders.create", columns={**GATED, "approved": True}),
            Recorded("Assign a crew", "crews.assign"),
        ],
        days=4,
    )
    await write.decided(ids[""], ids["Order a crane"], "approve", DANA, "the tree blocks the bus", days=4)
    plan = await write.plan(4, "Pothole on Elm Street", title="Fill the pothole", place="Ward 2", decided_by=DANA)
    error = {"code": "http_status", "status": 409, "message": "No crew is free"}
    ids = await write.run(
        plan,
        "FAILED",
        [
            Recorded("Assign a crew", "crews.assign", "FAILED", ("failed", "failed"), {"error": error}),
            Recorded("Close Elm Street", "traffic.close_road", "FAILED", (), {**GATED, "decided_by": DANA}),
        ],
    )
    await write.decided(ids[""], ids["Assign a crew"], "retry", MARCO)
    await write.decided(ids[""], ids["Close Elm Street"], "reject", DANA, "the market is on", days=1)
    await write.plan(5, "Graffiti on the school wall", "DISCARDED", title="Clean the wall", decided_by=MARCO)
    plan = await write.plan(
        6, "Missed bins", title="Collect the bins", place="Ward 4", decided_by=MARCO, reporter=DANA, days=40
    )
    ids = await write.run(
        plan,
        "COMPLETED",
        [
            Recorded("Assign a crew", "crews.assign", outcomes=("failed", "done")),
            Recorded("Notify residents", "notifications.notify_residents", "SKIPPED", ()),
        ],
        days=39,
        took_hours=1,
    )
    await write.decided(ids[""], ids["Notify residents"], "skip", MARCO, days=39)
    await write.plan(7, "Broken swing in Hill Park", "DRAFTING", days=0.01)
    await write.plan(8, "Flooded basement at the library", "FAILED")
    plan = await write.plan(9, "Gas smell near the market", title="Find the gas", decided_by=DANA, reporter=MARCO)
    await write.run(
        plan,
        "RUNNING",
        [
            Recorded("Notify residents", "notifications.notify_residents", "UNCERTAIN", ("uncertain",)),
            Recorded("Create a work order", "workorders.create", "RUNNING", ()),
        ],
    )
    plan = await write.plan(10, "Dead deer on Route 9", title="Remove the deer", decided_by=MARCO, reporter=MARCO)
    asked = {"wait": {"attempt": 1, "asked": [{"person": DANA, "channel": "D0DANA0001"}]}}
    await write.run(
        plan, "WAITING", [Recorded("Ask whether the road is clear", "slack.ask_person", "WAITING", (), asked)]
    )
    await write.plan(11, "Heaved sidewalk", "DRAFT", title="Level the sidewalk", place="Ward 14", reporter=MARCO)
    plan = await write.plan(
        12, "Hydrant leaks", title="Shut the hydrant", place="Ward 4", decided_by=MARCO, days=9
    )
    ids = await write.run(
        plan, "CANCELLED", [Recorded("Shut off the water", "water.shut_off", "CANCELLED", ())], days=8
    )
    await write.decided(ids[""], None, "cancel", PRIYA, days=8)
    await write.plan(
        13, "Noise of a neighbour", "DRAFT", title="Talk to the neighbour", place="Ward 7", channel=DM
    )


async def _rest(session: AsyncSession, workspace_id: UUID) -> None:
    await ComponentService().load(session, workspace_id, parse_pack(sandbox_pack("http://town.invalid")))
    document = parse_policy(ROAD_WORKS.encode(), "road-works")
    await PolicyService().load(session, workspace_id, document, audit.OPERATOR)
    session.add(
        ApprovalRulesRow(
            workspace_id=workspace_id,
            approvers=[MARCO, DANA],
            quorum=1,
            remind_after_minutes=60,
            limit_minutes=None,
            limit_outcome="wait",
        )
    )
    session.add_all(
        [
            _call(workspace_id, "planner", 1_200, days=0),
            _call(workspace_id, "selector", 300, days=0),
            _call(workspace_id, "planner", 5_000, days=30),
        ]
    )


def _call(workspace_id: UUID, agent: str, tokens: int, *, days: float) -> AICall:
    return AICall(
        workspace_id=workspace_id,
        agent=agent,
        model="m",
        prompt_tokens=tokens,
        output_tokens=0,
        total_tokens=tokens,
        latency_ms=10,
        attempts=1,
        outcome="ok",
        created_at=NOW - timedelta(days=days, hours=1),
    )


def scope(workspace_id: UUID, **given: Any) -> Scope:
    """Priya asks, privately, unless it says otherwise."""
    return Scope(**{"workspace_id": workspace_id, "asker": PRIYA, "now": NOW, "time_zone": "UTC", **given})
