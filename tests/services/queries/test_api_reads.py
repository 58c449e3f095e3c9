"""What a read over HTTP asks PostgreSQL for: how often, for programs ask over and over."""

from __future__ import annotations

from dataclasses import asdict
from uuid import UUID

from db.models import ApprovalRulesRow, Card, WorkflowPlan
from db.session import Database
from services.approvals import ApprovalRules
from services.queries import records
from services.queries.records import EVERYTHING, NOBODY, Eyes
from tests.support import runs_on_record
from tests.support.sent_statements import statements

EYES = Eyes(NOBODY)


async def test_a_run_a_plan_and_a_page_of_plans_take_few_statements(
    database: Database, workspace_id: UUID
) -> None:
    async with database.transaction() as session:
        plan = await runs_on_record.plan(session, workspace_id)
        session.add(Card(workspace_id=workspace_id, plan_id=plan, channel_id="C1", is_private=False))
        run = await runs_on_record.run(session, workspace_id, plan)
        rules = {**asdict(ApprovalRules()), "approvers": ["U7"]}
        session.add(ApprovalRulesRow(workspace_id=workspace_id, **rules))
        draft = await session.get_one(WorkflowPlan, await runs_on_record.plan(session, workspace_id, 13))
        draft.state = "DRAFT"
    async with database.reading() as session:
        await records.run(session, workspace_id, EYES, run)  # The driver asks about types, once for a connection.
    with statements(database) as sent:
        async with database.reading() as session:
            found = await records.run(session, workspace_id, EYES, run)
    assert (found.plan, len(found.run.steps), len(sent)) == (12, 1, 2)
    with statements(database) as sent:
        async with database.reading() as session:
            assert (await records.plan(session, workspace_id, EYES, 12)).runs[0].id == run
    assert len(sent) == 2
    with statements(database) as sent:
        async with database.reading() as session:
            page = await records.plan_lines(session, workspace_id, EYES, before=None, limit=9, wanted=EVERYTHING)
    assert [line.number for line in page] == [13, 12]
    assert page[0].awaited is not None
    assert page[0].awaited.people == ("U7",)
    assert len(sent) == 1
