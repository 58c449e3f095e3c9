"""Plans as the services write them down."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID, uuid4

from db.session import Database
from services.ai.service import Draft
from services.ai.usage import Usage
from services.approvals import ApprovalService
from services.audit import Actor
from services.cards import CardService
from services.components.specs import ComponentSpec
from services.jobs import DraftPlan, OpenPlan
from services.plans.model import Plan, Step
from services.plans.validation import validate
from services.queries.workflows import WorkflowQueries
from services.workflows.service import WorkflowService

NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)

MARCO = Actor("U2")

workflows, queries = WorkflowService(CardService(), ApprovalService()), WorkflowQueries(ApprovalService())


def issue(key: str = "k1", words: str = "A leak at 5th and Main", workspace: UUID | None = None) -> OpenPlan:
    return OpenPlan(
        key=key, workspace=workspace or uuid4(), source="command", channel="C1", reporter="U1", text=words
    )


def draft() -> Draft:
    spec = ComponentSpec(key="look", name="Look")
    plan = Plan(workflow_name="Stop the leak", steps=(Step(step_id="a", component_id="look"),))
    usage = Usage("model", "planner", 10, 5, 15, 100, "ok", 1)
    report = validate(plan, {"look": spec})
    return Draft(plan, report, ("look",), {"look": spec}, (usage,), 0.1)


async def opened(database: Database, workspace_id: UUID, request: OpenPlan | None = None) -> UUID:
    async with database.transaction() as session:
        return await workflows.open_plan(
            session, (request or issue()).model_copy(update={"workspace": workspace_id})
        )


async def drafted(database: Database, workspace_id: UUID, plan_id: UUID) -> None:
    claim = uuid4()
    async with database.transaction() as session:
        job = DraftPlan(workspace=workspace_id, plan=plan_id, draft=1)
        assert await workflows.begin_draft(session, workspace_id, job, claim)
        assert await workflows.store_version(session, workspace_id, plan_id, claim, draft())
