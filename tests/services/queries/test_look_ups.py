"""Look-ups: each finds what is on record of its own workspace, and what may be told."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, text, update

from bot.views.messages.facts import _SENTENCES as SENTENCES
from db.models import WorkflowPlan
from db.session import Database
from services.queries.lookups import LOOK_UPS, LookUpRefused, look_up, names_for
from services.queries.lookups.rows import Facts, People, Person, Scope, Wanted
from tests.support.record import DANA, DM, MARCO, PRIYA, SECRET, WORKS, scope, town


@pytest.fixture
async def recorded(database: Database, workspace_id: UUID) -> Database:
    await town(database, workspace_id)
    return database.of(workspace_id)


async def found(database: Database, of: Scope, name: str, **arguments: Any) -> Facts:
    async with database.reading() as session:
        return await look_up(session, of, Wanted(name, {key: str(value) for key, value in arguments.items()}))


def numbers(facts: Facts) -> list[Any]:
    return [fact.values["number"] for fact in facts.rows]


PLANS: list[tuple[dict[str, str], list[int]]] = [
    ({"state": "open", "text": "Ward 4"}, [2, 1]),
    ({"state": "open"}, [13, 11, 10, 9, 8, 7, 4, 2, 1]),
    ({"state": "done"}, [6, 3]),
    ({"state": "running"}, [9]),
    ({"state": "waiting"}, [10, 2]),
    ({"state": "failed"}, [4]),
    ({"state": "cancelled"}, [12]),
    ({"state": "discarded"}, [5]),
    ({"state": "drafting"}, [7]),
    ({"state": "to_review"}, [13, 11, 1]),
    ({"state": "no_plan"}, [8]),
    ({"text": "ward 4"}, [12, 6, 2, 1]),
    ({"text": "flood"}, [8, 2]),
    ({"reporter": "me", "state": "done"}, [3]),
    ({"reporter": MARCO}, [11, 10, 9]),
    ({"component": "Assign a crew"}, [6, 4, 3]),
    ({"component": "crew assignment", "state": "failed"}, [4]),
    ({"since": "2026-11-24"}, [7]),
    ({"until": "2026-10-31"}, [6]),
    ({"text": "zeppelin"}, []),
]


async def test_plans_are_found(recorded: Database, workspace_id: UUID) -> None:
    for arguments, wanted in PLANS:
        facts = await found(recorded, scope(workspace_id), "plans", **arguments)
        assert (arguments, numbers(facts), facts.found) == (arguments, wanted, len(wanted))


async def test_a_plan_says_what_it_waits_for_and_who_can_end_it(recorded: Database, workspace_id: UUID) -> None:
    facts = await found(recorded, scope(workspace_id), "plan", number="#2")
    plan, run, *steps = facts.rows
    assert str(plan.values["waits_for"]) == "approval of “Close Mill Road”"
    assert run.values["state"] == "waiting for a person"
    step = next(step for step in steps if step.values.get("title") == "Close Mill Road")
    assert step.values["people"] == People((MARCO, DANA))
    assert plan.plan is not None
    assert (plan.plan.channel_id, plan.plan.ts) == (WORKS, "1764000000.000002")


async def test_a_failed_step_says_why(recorded: Database, workspace_id: UUID) -> None:
    facts = await found(recorded, scope(workspace_id), "plan", number=4)
    assert any("No crew is free" in str(fact.values.get("error")) for fact in facts.rows)


async def test_a_draft_lists_its_steps(recorded: Database, workspace_id: UUID) -> None:
    facts = await found(recorded, scope(workspace_id), "plan", number=1)
    assert [fact.values.get("component") for fact in facts.rows if "step" in fact.values] == ["Do it"]


async def test_what_waits_is_told_with_those_who_can_end_it(recorded: Database, workspace_id: UUID) -> None:
    everything = await found(recorded, scope(workspace_id), "waiting")
    assert {2, 4, 9, 10, 1, 11, 13} == set(numbers(everything))
    danas = await found(recorded, scope(workspace_id, asker=DANA), "waiting", person="me")
    assert set(numbers(danas)) == {2, 4, 9, 10, 1, 11, 13}
    # Marco was not asked about the deer, and does not decide about what he reported himself.
    marcos = await found(recorded, scope(workspace_id, asker=MARCO), "waiting", person="me")
    assert set(numbers(marcos)) == {2, 4, 1, 13}
    assert numbers(await found(recorded, scope(workspace_id), "waiting", person=PRIYA)) == []


DECISIONS: list[tuple[dict[str, str], list[tuple[int, str]]]] = [
    ({"what": "approved", "text": "crane"}, [(3, DANA)]),
    ({"what": "rejected"}, [(4, DANA)]),
    ({"what": "skipped"}, [(6, MARCO)]),
    ({"what": "discarded"}, [(5, MARCO)]),
    ({"what": "stopped"}, [(12, PRIYA)]),
    ({"what": "retried", "person": MARCO}, [(4, MARCO)]),
    ({"what": "approved", "person": DANA, "since": "2026-11-21"}, [(9, DANA), (4, DANA)]),
    # Nobody agreed to this step by itself: it was approved with its plan.
    ({"what": "approved", "text": "shut water"}, [(12, MARCO)]),
]


async def test_decisions_are_found(recorded: Database, workspace_id: UUID) -> None:
    for arguments, wanted in DECISIONS:
        facts = await found(recorded, scope(workspace_id), "decisions", **arguments)
        of_people = [(number, Person(user)) for number, user in wanted]
        assert [(fact.values["number"], fact.values["by"]) for fact in facts.rows] == of_people, arguments


async def test_failures_are_counted_in_a_period(recorded: Database, workspace_id: UUID) -> None:
    month = await found(recorded, scope(workspace_id), "failures", component="crew assignment", since="2026-11-01")
    values = month.rows[0].values
    assert (values["component"], values["failed"], values["calls"]) == ("Assign a crew", 2, 3)
    year = {"component": "crew assignment", "since": "2026-01-01"}
    always = await found(recorded, scope(workspace_id), "failures", **year)
    assert (always.rows[0].values["failed"], always.more["calls"]) == (3, 5)
    never = await found(recorded, scope(workspace_id), "failures", component="Restore the water")
    assert never.rows[0].values["failed"] == 0
    assert (await found(recorded, scope(workspace_id), "failures", component="zeppelin")).rows == ()


async def test_components_are_found_without_their_addresses(recorded: Database, workspace_id: UUID) -> None:
    facts = await found(recorded, scope(workspace_id), "components", text="notify residents")
    assert [fact.values["key"] for fact in facts.rows] == ["notifications.notify_residents"]
    assert "town.invalid" not in repr(facts)
    own = await found(recorded, scope(workspace_id), "components", text="ask person")
    assert [fact.values["key"] for fact in own.rows] == ["slack.ask_person"]


async def test_the_rest_is_found(recorded: Database, workspace_id: UUID) -> None:
    of = scope(workspace_id)
    assert (await found(recorded, of, "approvers")).rows[0].values["people"] == People((MARCO, DANA))
    assert (await found(recorded, of, "tokens")).more == {"tokens": 1_500, "calls": 2}
    assert (await found(recorded, of, "tokens", until="2026-10-31")).more == {"tokens": 5_000, "calls": 1}
    durations = await found(recorded, of, "durations", since="2026-11-01")
    assert durations.rows[0].values["plans"] == 1
    policies = await found(recorded, of, "policies", text="residents water")
    assert "told once it is known" in str(policies.rows[0].values["text"])
    assert (await found(recorded, of, "policies")).rows[0].values["policy"] == "Road works"
    counts = await found(recorded, of, "counts", by="reporter")
    assert counts.rows[0].values == {"reporter": Person(PRIYA), "plans": 9}
    assert counts.more == {"plans": 13}
    states = await found(recorded, of, "counts", by="state")
    assert {fact.values["state"]: fact.values["plans"] for fact in states.rows}["done"] == 2


async def test_nothing_of_another_workspace_is_told(recorded: Database, workspace_id: UUID) -> None:
    """Even to a query that PostgreSQL does not hold back: here it is bound to no workspace."""
    everywhere = recorded.everywhere()
    for name in LOOK_UPS:
        given: dict[str, str] = {"plan": {"number": "2"}, "counts": {"by": "place"}}.get(name, {})
        facts = await found(everywhere, scope(workspace_id), name, **given)
        assert SECRET not in repr(facts), name
        assert "77777" not in repr(facts)
        assert facts.more.get("failed") in (None, 2)
        assert facts.more.get("plans") in (None, 13)


async def test_what_lies_in_a_private_place_is_not_told_where_others_read_along(
    recorded: Database, workspace_id: UUID
) -> None:
    public = scope(workspace_id, places=frozenset({WORKS}))
    assert 13 not in numbers(await found(recorded, public, "plans", state="open"))
    assert (await found(recorded, public, "plan", number=13)).rows == ()
    assert 13 not in numbers(await found(recorded, public, "waiting"))
    assert (await found(recorded, public, "counts")).more == {"plans": 12}
    there = scope(workspace_id, places=frozenset({DM}))
    assert numbers(await found(recorded, there, "plans")) == [13]


async def test_a_stranger_hears_of_the_plan_of_the_thread_and_of_nothing_else(
    recorded: Database, workspace_id: UUID
) -> None:
    async with recorded.reading() as session:
        plan = await session.scalar(select(WorkflowPlan.id).where(WorkflowPlan.number == 2))
    stranger = scope(workspace_id, is_stranger=True, only=plan)
    assert list(names_for(stranger)) == ["plan"]
    assert (await found(recorded, stranger, "plan", number=2)).rows
    assert (await found(recorded, stranger, "plan", number=3)).rows == ()
    with pytest.raises(LookUpRefused):
        await found(recorded, stranger, "plans")
    assert list(names_for(scope(workspace_id, is_stranger=True))) == []
    assert "tokens" not in names_for(scope(workspace_id, is_shared=True))


REFUSED: list[tuple[str, dict[str, str], str]] = [
    ("plans", {"state": "lost"}, "state"),
    ("plans", {"days": "3"}, "days"),
    ("plan", {}, "number"),
    ("plan", {"number": "-1"}, "number"),
    ("plans", {"since": "yesterday"}, "since"),
    ("plans", {"reporter": "Priya'; DROP TABLE"}, "reporter"),
    ("drop_tables", {}, "no such look-up"),
]


async def test_what_a_look_up_does_not_take_is_refused_in_words(recorded: Database, workspace_id: UUID) -> None:
    for name, arguments, reason in REFUSED:
        with pytest.raises(LookUpRefused, match=reason) as refused:
            await found(recorded, scope(workspace_id), name, **arguments)
        assert refused.value.reason.words in SENTENCES


HOSTILE = ["'; DROP TABLE workflow_plans; --", "%", "\\", ".*", "(((", "\x00", "🌊", "x" * 99]


async def test_words_mean_nothing_to_the_database(recorded: Database, workspace_id: UUID) -> None:
    for words in HOSTILE:
        for name in ("plans", "decisions", "components", "policies", "durations"):
            await found(recorded, scope(workspace_id), name, text=words)
    async with recorded.reading() as session:
        assert await session.scalar(text("SELECT count(*) FROM workflow_plans")) == 13


async def test_what_is_asked_before_planning_waits_for_whoever_reported_it(
    recorded: Database, workspace_id: UUID
) -> None:
    asked = {
        "lacks": ["place"],
        "choices": [],
        "at": "2026-11-24T08:00:00+00:00",
        "due": "2026-11-24T10:00:00+00:00",
    }
    async with recorded.transaction() as session:
        change = update(WorkflowPlan).where(WorkflowPlan.number == 7).values(clarification=asked)
        reporter = (await session.scalars(change.returning(WorkflowPlan.reporter_id))).one()
    [plan] = (await found(recorded, scope(workspace_id), "plan", number=7)).rows
    assert (str(plan.values["waits_for"]), plan.values["people"]) == (
        "an answer before it is planned",
        People((reporter,)),
    )
    theirs = await found(recorded, scope(workspace_id, asker=reporter), "waiting", person="me")
    assert 7 in numbers(theirs)
    async with recorded.transaction() as session:
        settled = {**asked, "outcome": "answered"}
        await session.execute(update(WorkflowPlan).where(WorkflowPlan.number == 7).values(clarification=settled))
    assert 7 not in numbers(await found(recorded, scope(workspace_id), "waiting"))
