"""What a step that is over lets start is begun in its transaction, and goes on in the row of its job."""

from __future__ import annotations

from uuid import UUID

import pytest
from sqlalchemy import text

from db.session import Database
from services.jobs import JobDeferral
from services.runs.claims import Attempt, NextStep
from tests.support.picked_steps import claimed, ids, picked, queue, recorded, started
from tests.support.run_graphs import DO, RESULTS
from tests.support.run_starts import registered, step, step_states


@pytest.fixture
async def workspace(database: Database, workspace_id: UUID) -> UUID:
    await registered(database, workspace_id, DO)
    return workspace_id


async def test_the_next_step_goes_on_in_the_same_row(database: Database, workspace: UUID) -> None:
    run_id = await started(database, workspace, step("one", "do", then=["two"]), step("two", "do"))
    named = await ids(database, run_id)
    jobs = await picked(database)
    [following] = await recorded(database, jobs, await claimed(database, jobs))
    assert isinstance(following, NextStep)
    assert isinstance(following.begun, Attempt)
    assert following.job.step == named["two"]
    assert await step_states(database, run_id) == {"one": "DONE", "two": "RUNNING"}
    assert await queue(database) == {jobs[0][0].id: ("picked", named["two"])}
    assert await recorded(database, [(jobs[0][0], following.job)], [following.begun]) == [True]
    assert await step_states(database, run_id) == {"one": "DONE", "two": "DONE"}


@pytest.mark.parametrize("why", ["it is somebody else's turn", "another worker has the row"])
async def test_else_it_goes_through_the_queue(database: Database, workspace: UUID, why: str) -> None:
    run_id = await started(database, workspace, step("one", "do", then=["two"]), step("two", "do"))
    named = await ids(database, run_id)
    jobs = await picked(database, may_go_on=why != "it is somebody else's turn")
    claims = await claimed(database, jobs)
    if why == "another worker has the row":
        async with database.transaction() as session:
            await session.execute(text("UPDATE pgqueuer SET queue_manager_id = gen_random_uuid()"))
    assert await recorded(database, jobs, claims) == [True]
    assert await step_states(database, run_id) == {"one": "DONE", "two": "READY"}
    rows = await queue(database)
    assert rows.pop(jobs[0][0].id) == ("picked", named["one"])
    assert list(rows.values()) == [("queued", named["two"])]


async def test_as_many_as_there_are_places(database: Database, workspace: UUID) -> None:
    after = [f"after{number}" for number in range(3)]
    run_id = await started(
        database, workspace, step("one", "do", then=after), *(step(name, "do") for name in after)
    )
    jobs = await picked(database)
    await recorded(database, jobs, await claimed(database, jobs))
    assert sorted((await step_states(database, run_id)).values()) == ["DONE", "READY", "READY", "RUNNING"]
    assert sorted(state for state, _ in (await queue(database)).values()) == ["picked", "queued", "queued"]


async def test_two_that_end_at_once_have_one_follower(database: Database, workspace: UUID) -> None:
    run_id = await started(
        database, workspace, step("a", "do", then=["c"]), step("b", "do", then=["c"]), step("c", "do")
    )
    jobs = await picked(database)
    came = await recorded(database, jobs, await claimed(database, jobs))
    assert sorted(type(each).__name__ for each in came) == ["NextStep", "bool"]
    assert await step_states(database, run_id) == {"a": "DONE", "b": "DONE", "c": "RUNNING"}


async def test_a_follower_at_a_gate_or_with_a_condition_starts_as_ever(
    database: Database, workspace: UUID
) -> None:
    run_id = await started(database, workspace, step("one", "do", then=["gated"]), step("gated", "do", gate=True))
    jobs = await picked(database)
    assert await recorded(database, jobs, await claimed(database, jobs)) == [True]
    assert await step_states(database, run_id) == {"one": "DONE", "gated": "WAITING"}


async def test_a_follower_that_cannot_be_sent_fails_and_its_place_is_free(
    database: Database, workspace: UUID
) -> None:
    run_id = await started(
        database, workspace, step("one", "do", then=["two"]), step("two", "do", body__name="{{one.missing}}")
    )
    jobs = await picked(database)
    [following] = await recorded(database, jobs, await claimed(database, jobs))
    assert isinstance(following, NextStep)
    assert following.begun is None
    assert await step_states(database, run_id) == {"one": "DONE", "two": "FAILED"}


async def test_a_commit_of_which_nobody_told_is_found_by_its_row(database: Database, workspace: UUID) -> None:
    """The connection broke after the commit: the result is recorded again, and the row is the next step's."""
    run_id = await started(database, workspace, step("one", "do", then=["two"]), step("two", "do"))
    jobs = await picked(database)
    claims = await claimed(database, jobs)
    await recorded(database, jobs, claims)
    [again] = await recorded(database, jobs, claims)
    assert isinstance(again, NextStep)
    assert isinstance(again.begun, JobDeferral)
    assert await step_states(database, run_id) == {"one": "DONE", "two": "RUNNING"}


async def test_what_fails_is_nobody_elses_place(database: Database, workspace: UUID) -> None:
    run_id = await started(database, workspace, step("one", "do", then=["two"]), step("two", "do"))
    jobs = await picked(database)
    assert await recorded(database, jobs, await claimed(database, jobs), RESULTS["fail"]) == [True]
    assert await step_states(database, run_id) == {"one": "FAILED", "two": "PENDING"}
