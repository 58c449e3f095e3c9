"""The life of a plan: what may be done, to which plan, and by whom it can be seen."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, text

from db.models import WorkflowPlan
from db.session import Database
from services import workspaces
from services.errors import MoveNotAllowed, NotFound, StaleVersion
from services.jobs import DraftPlan
from services.queries.filters import PlanFilter
from services.states import FailureCode, PlanState
from services.workflows.drafts import Failure
from tests.support.plans_on_record import MARCO, NOW, draft, drafted, issue, opened, queries, workflows


@pytest.fixture
async def elsewhere(database: Database) -> UUID:
    """Another workspace on the same database."""
    async with database.transaction() as session:
        return await workspaces.ensure(session, "T0002", "Shelbyville")


async def test_opening_twice_under_one_key_is_once(database: Database, workspace_id: UUID) -> None:
    first = await opened(database, workspace_id)
    assert await opened(database, workspace_id) == first
    async with database.reading() as session:
        jobs = (await session.scalars(text("SELECT entrypoint FROM pgqueuer ORDER BY entrypoint"))).all()
    assert jobs == ["draft_plan", "post_card"]


async def test_each_workspace_counts_by_itself(database: Database, workspace_id: UUID, elsewhere: UUID) -> None:
    await opened(database, workspace_id, issue("a"))
    await opened(database, workspace_id, issue("b"))
    await opened(database, elsewhere, issue("a"))
    async with database.reading() as session:
        rows = await session.execute(select(WorkflowPlan.workspace_id, WorkflowPlan.number))
    assert sorted((str(row[0]), row[1]) for row in rows) == sorted(
        [(str(workspace_id), 1), (str(workspace_id), 2), (str(elsewhere), 1)]
    )


async def test_nothing_of_another_workspace_can_be_seen_or_changed(
    database: Database, workspace_id: UUID, elsewhere: UUID
) -> None:
    plan_id = await opened(database, workspace_id)
    async with database.transaction() as session:
        for attempt in (
            queries.get(session, elsewhere, plan_id),
            queries.get_by_number(session, elsewhere, 1),
            workflows.discard(session, elsewhere, plan_id, 1, MARCO, NOW),
            workflows.try_again(session, elsewhere, plan_id, 1, MARCO),
            workflows.fail(session, elsewhere, plan_id, Failure(FailureCode.INTERNAL)),
            queries.origin(session, elsewhere, plan_id),
        ):
            with pytest.raises(NotFound):
                await attempt
        assert (await queries.list(session, elsewhere)).total == 0


async def test_a_draft_is_stored_whole_and_read_back(database: Database, workspace_id: UUID) -> None:
    plan_id = await opened(database, workspace_id)
    await drafted(database, workspace_id, plan_id)
    async with database.reading() as session:
        snapshot = await queries.get(session, workspace_id, plan_id)
    assert snapshot.state is PlanState.DRAFT
    assert snapshot.version is not None
    assert (snapshot.version.plan, snapshot.version.version, snapshot.version.tokens) == (draft().plan, 1, 15)
    assert set(snapshot.version.components) == {"look"}


async def test_a_draft_that_nobody_waits_for_is_not_begun(database: Database, workspace_id: UUID) -> None:
    plan_id = await opened(database, workspace_id)
    async with database.transaction() as session:
        late = DraftPlan(workspace=workspace_id, plan=plan_id, draft=2)
        assert await workflows.begin_draft(session, workspace_id, late, uuid4()) is None


async def test_a_button_of_an_older_card_decides_nothing(database: Database, workspace_id: UUID) -> None:
    plan_id = await opened(database, workspace_id)
    await drafted(database, workspace_id, plan_id)
    async with database.transaction() as session:
        with pytest.raises(StaleVersion):
            await workflows.discard(session, workspace_id, plan_id, 1, MARCO, NOW)
        await workflows.discard(session, workspace_id, plan_id, 2, MARCO, NOW)
    async with database.transaction() as session:
        with pytest.raises(MoveNotAllowed):
            await workflows.try_again(session, workspace_id, plan_id, 3, MARCO)


async def test_a_failed_plan_can_be_tried_again_and_is_a_draft_of_its_own(
    database: Database, workspace_id: UUID
) -> None:
    plan_id = await opened(database, workspace_id)
    async with database.transaction() as session:
        assert await workflows.fail(session, workspace_id, plan_id, Failure(FailureCode.GEMINI_TIMEOUT))
        assert not await workflows.fail(session, workspace_id, plan_id, Failure(FailureCode.INTERNAL))
    async with database.transaction() as session:
        await workflows.try_again(session, workspace_id, plan_id, 2, MARCO)
    async with database.reading() as session:
        keys = (
            await session.scalars(text("SELECT dedupe_key FROM pgqueuer WHERE entrypoint = 'draft_plan'"))
        ).all()
    assert sorted(keys) == [f"draft:{plan_id}:1", f"draft:{plan_id}:2"]


async def test_plans_are_listed_newest_first_and_found_by_their_words(
    database: Database, workspace_id: UUID
) -> None:
    for number in range(1, 13):
        await opened(database, workspace_id, issue(f"k{number}", f"Issue {number}, 100% wet_road"))
    async with database.reading() as session:
        first = await queries.list(session, workspace_id)
        second = await queries.list(session, workspace_id, page=2)
        found = await queries.list(session, workspace_id, wanted=PlanFilter(words="100% WET_road"))
        none = await queries.list(session, workspace_id, wanted=PlanFilter(words="100%wet"))
    assert [line.number for line in first.items] == list(range(12, 2, -1))
    assert [line.number for line in second.items] == [2, 1]
    assert (found.total, none.total) == (12, 0)
