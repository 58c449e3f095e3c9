"""What a Home shows, read from rows: what waits for whom, what runs, and what nobody else may see."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import event, update

from db.models import Card, NotificationPreference, Run, StepGate, StepRun, WorkflowPlan
from db.session import Database
from services import homes
from services.approvals import ApprovalRules
from services.audit import Actor
from services.cards import CardService
from services.errors import NotFound
from services.jobs import DraftPlan
from services.queries import home
from services.queries.filters import PlanFilter, read
from services.queries.lines import Viewer
from services.queries.snapshots import AwaitedKind, HomeSnapshot
from services.states import RunState, StepState
from services.workflows.clarifications import Found, Lack, LookAlike
from services.workflows.clarifying import ClarifyingService
from tests.support import runs_on_record
from tests.support.gates import approvals, queries
from tests.support.plans_on_record import NOW, drafted, issue, opened, workflows

clarifying = ClarifyingService(CardService(), approvals)

ANA, BEN, CAT = "U0ANA00001", "U0BEN00001", "U0CAT00001"


async def home_of(database: Database, workspace_id: UUID, user: str) -> HomeSnapshot:
    async with database.transaction() as session:
        await homes.opened(session, workspace_id, user, None, NOW)
    async with database.reading() as session:
        return await home.read(session, workspace_id, user, NOW + timedelta(days=1))


async def plan_to_review(database: Database, workspace_id: UUID, key: str = "k1", *, channel: str = "C1") -> UUID:
    request = issue(key).model_copy(update={"reporter": ANA, "channel": channel})
    plan_id = await opened(database, workspace_id, request)
    await drafted(database, workspace_id, plan_id)
    return plan_id


async def rules(database: Database, workspace_id: UUID, *approvers: str, self_approval: bool = False) -> None:
    async with database.transaction() as session:
        set_to = ApprovalRules(approvers, self_approval=self_approval)
        await approvals.set_settings(session, workspace_id, set_to, Actor(ANA))


async def stuck_run(database: Database, workspace_id: UUID, state: StepState, **changes: object) -> UUID:
    """A run whose only step is in this state; returns the id of the step's run."""
    async with database.transaction() as session:
        plan_id = await runs_on_record.plan(session, workspace_id)
        run_id = await runs_on_record.run(session, workspace_id, plan_id)
        going = RunState.FAILED if state is StepState.FAILED else RunState.WAITING
        await session.execute(update(Run).where(Run.id == run_id).values(state=going, ended_at=None))
        change = (
            update(StepRun).where(StepRun.run_id == run_id).values(state=state, **changes).returning(StepRun.id)
        )
        return (await session.scalars(change)).one()


async def test_a_home_that_nobody_opened_is_not_there(database: Database, workspace_id: UUID) -> None:
    async with database.reading() as session:
        with pytest.raises(NotFound):
            await home.read(session, workspace_id, ANA, NOW)


async def test_a_new_workspace_has_nothing_yet(database: Database, workspace_id: UUID) -> None:
    found = await home_of(database, workspace_id, ANA)
    assert found.is_new
    assert (found.waiting.total, found.running.total, found.reports.total) == (0, 0, 0)
    assert found.figures.median_seconds is None


async def test_a_draft_waits_for_those_who_may_decide(database: Database, workspace_id: UUID) -> None:
    await plan_to_review(database, workspace_id)
    for user in (ANA, BEN):  # nobody is named, so anyone may
        assert (await home_of(database, workspace_id, user)).waiting.total == 1
    await rules(database, workspace_id, ANA, BEN)
    assert [(await home_of(database, workspace_id, user)).waiting.total for user in (ANA, BEN, CAT)] == [0, 1, 0]
    await rules(database, workspace_id, ANA, BEN, self_approval=True)
    assert (await home_of(database, workspace_id, ANA)).waiting.total == 1


async def test_a_gate_waits_until_one_has_agreed_and_for_those_whom_a_policy_names(
    database: Database, workspace_id: UUID
) -> None:
    step_id = await stuck_run(database, workspace_id, StepState.WAITING, gated=True)
    await rules(database, workspace_id, ANA, BEN)
    found = await home_of(database, workspace_id, BEN)
    assert [item.step for item in found.waiting.items] == [step_id]
    item = found.waiting.items[0]
    assert item.plan.run is not None
    assert item.plan.run.steps[0].id == step_id
    async with database.transaction() as session:
        session.add(StepGate(workspace_id=workspace_id, step_run_id=step_id, revision=1, agreed=[BEN]))
    assert (await home_of(database, workspace_id, BEN)).waiting.total == 0
    assert (await home_of(database, workspace_id, ANA)).waiting.total == 1


@pytest.mark.parametrize("state", [StepState.FAILED, StepState.UNCERTAIN])
async def test_what_went_wrong_waits_for_those_who_may_decide(
    database: Database, workspace_id: UUID, state: StepState
) -> None:
    await stuck_run(database, workspace_id, state)
    await rules(database, workspace_id, BEN)
    assert (await home_of(database, workspace_id, BEN)).waiting.total == 1
    assert (await home_of(database, workspace_id, CAT)).waiting.total == 0


async def test_a_question_waits_for_those_who_were_asked_and_nobody_else(
    database: Database, workspace_id: UUID
) -> None:
    await stuck_run(
        database,
        workspace_id,
        StepState.WAITING,
        component_key="slack.ask_person",
        wait={"attempt": 1, "asked": [{"person": CAT, "channel": "D1"}]},
    )
    await rules(database, workspace_id, BEN)
    assert (await home_of(database, workspace_id, CAT)).waiting.total == 1
    assert (await home_of(database, workspace_id, BEN)).waiting.total == 0
    line = (await home_of(database, workspace_id, BEN)).running.items[0]
    assert line.awaited is not None
    assert (line.awaited.kind, line.awaited.people) == (AwaitedKind.ANSWER, (CAT,))


async def asked_about(
    database: Database, workspace_id: UUID, key: str, *, channel: str = "C1", look_alike: UUID | None = None
) -> UUID:
    """A plan of Ana's that waits for an answer before it is drafted; Ben asked for it."""
    request = issue(key).model_copy(update={"reporter": ANA, "requester": BEN, "channel": channel})
    plan_id = await opened(database, workspace_id, request)
    claim, job = uuid4(), DraftPlan(workspace=workspace_id, plan=plan_id, draft=1)
    found = Found(lacks=(Lack.PLACE,) if look_alike is None else (), look_alike=look_alike, is_wide=True)
    async with database.transaction() as session:
        await workflows.begin_draft(session, workspace_id, job, claim)
        assert await clarifying.ask(session, job, claim, found, wait=timedelta(hours=1), now=NOW)
    return plan_id


async def test_what_is_asked_before_planning_waits_for_the_reporter_and_who_asked_for_it(
    database: Database, workspace_id: UUID
) -> None:
    plan_id = await asked_about(database, workspace_id, "a")
    await plan_to_review(database, workspace_id, "b")
    await rules(database, workspace_id, CAT)
    assert [(await home_of(database, workspace_id, user)).waiting.total for user in (ANA, BEN, CAT)] == [1, 1, 1]
    item = (await home_of(database, workspace_id, ANA)).waiting.items[0]
    assert (item.plan.id, item.plan.is_asking, item.plan.version) == (plan_id, True, None)

    async def listed(user: str) -> list[int]:
        viewer = Viewer(user, ApprovalRules((CAT,)))
        async with database.reading() as session:
            page = await queries.list(session, workspace_id, wanted=read("waiting"), viewer=viewer)
        return [line.number for line in page.items]

    assert [await listed(user) for user in (ANA, BEN, CAT)] == [[1], [1], [2]]
    async with database.transaction() as session:
        await clarifying.end(session, workspace_id, plan_id)
    assert (await home_of(database, workspace_id, ANA)).waiting.total == 0


async def test_the_plan_that_it_may_be_the_same_as_is_named_where_it_may_be_seen(
    database: Database, workspace_id: UUID
) -> None:
    public = await plan_to_review(database, workspace_id, "a", channel="C2")
    await asked_about(database, workspace_id, "b", look_alike=public)

    async def other() -> LookAlike | None:
        items = (await home_of(database, workspace_id, BEN)).waiting.items
        return next(item.plan.look_alike for item in items if item.plan.is_asking)

    hidden = await other()
    assert hidden is not None
    assert (hidden.number, hidden.title, hidden.reporter) == (1, "", "")
    async with database.transaction() as session:
        await session.execute(update(Card).values(is_private=False))
    seen = await other()
    assert seen is not None
    assert (seen.number, seen.title, seen.reporter) == (1, "Stop the leak", ANA)


async def away(database: Database, workspace_id: UUID, absent: str, deputy: str) -> None:
    days = {"deputy_from": NOW - timedelta(days=3), "deputy_until": NOW + timedelta(days=3)}
    async with database.transaction() as session:
        session.add(
            NotificationPreference(workspace_id=workspace_id, user_id=absent, mode="each", deputy=deputy, **days)
        )


async def waits(database: Database, workspace_id: UUID, *users: str) -> list[int]:
    return [(await home_of(database, workspace_id, user)).waiting.total for user in users]


async def test_a_deputy_sees_what_waits_for_the_absent_and_not_what_they_may_not_decide(
    database: Database, workspace_id: UUID
) -> None:
    await plan_to_review(database, workspace_id, channel="D1")
    await rules(database, workspace_id, BEN)
    await away(database, workspace_id, BEN, CAT)
    assert await waits(database, workspace_id, ANA, BEN, CAT) == [0, 1, 1]
    # What Ana reported herself she does not decide for another either.
    await away(database, workspace_id, CAT, ANA)
    async with database.transaction() as session:
        await session.execute(update(NotificationPreference).values(deputy=ANA))
    assert await waits(database, workspace_id, ANA, CAT) == [0, 0]


async def test_who_had_it_planned_for_another_does_not_decide_about_it(
    database: Database, workspace_id: UUID
) -> None:
    await plan_to_review(database, workspace_id)
    await rules(database, workspace_id, BEN, CAT)
    async with database.transaction() as session:
        await session.execute(update(WorkflowPlan).values(requester_id=BEN))
    assert await waits(database, workspace_id, BEN, CAT) == [0, 1]
    found = await home_of(database, workspace_id, CAT)
    assert found.waiting.items[0].plan.approvers == (CAT,)
    async with database.reading() as session:
        [line] = (await queries.list(session, workspace_id)).items
    assert line.awaited is not None
    assert line.awaited.people == (CAT,)


async def test_a_gate_that_was_handed_over_waits_for_that_person_or_their_deputy(
    database: Database, workspace_id: UUID
) -> None:
    step_id = await stuck_run(database, workspace_id, StepState.WAITING, gated=True)
    await rules(database, workspace_id, ANA, BEN)
    async with database.transaction() as session:
        gate = StepGate(workspace_id=workspace_id, step_run_id=step_id, revision=1, assigned_to=BEN)
        session.add(gate)
    assert await waits(database, workspace_id, ANA, BEN, CAT) == [0, 1, 0]
    line = (await home_of(database, workspace_id, BEN)).running.items[0]
    assert line.awaited is not None
    assert (line.awaited.kind, line.awaited.people) == (AwaitedKind.GATE, (BEN,))
    await away(database, workspace_id, BEN, CAT)
    assert await waits(database, workspace_id, CAT) == [1]
    # Cat has agreed for Ben: it waits for neither, and for Ana again, whose voice is still wanted.
    async with database.transaction() as session:
        await session.execute(update(StepGate).values(agreed=[BEN], deputies={BEN: CAT}))
    assert await waits(database, workspace_id, ANA, BEN, CAT) == [1, 0, 0]


async def test_what_is_in_a_private_place_is_seen_by_its_reporter_and_approvers(
    database: Database, workspace_id: UUID
) -> None:
    in_dm = await plan_to_review(database, workspace_id, "a", channel="D1")
    private = await plan_to_review(database, workspace_id, "b", channel="C2")
    async with database.transaction() as session:
        await session.execute(update(Card).where(Card.plan_id == private).values(is_private=True))

    async def seen(user: str, channel: str = "") -> list[int]:
        async with database.reading() as session:
            viewer = await queries.viewer(session, workspace_id, user, channel)
            return [line.number for line in (await queries.list(session, workspace_id, viewer=viewer)).items]

    assert await seen(ANA) == [2, 1]
    assert await seen(BEN) == []
    assert await seen(BEN, "C2") == [2]
    assert (await home_of(database, workspace_id, BEN)).waiting.total == 0
    await rules(database, workspace_id, BEN)
    assert await seen(BEN) == [2, 1]
    assert await seen(CAT) == []
    async with database.reading() as session:
        plan = await queries.get(session, workspace_id, in_dm)
        with pytest.raises(NotFound):
            await queries.check_may_see(session, plan, await queries.viewer(session, workspace_id, CAT))
        await queries.check_may_see(session, plan, await queries.viewer(session, workspace_id, ANA))


async def test_lists_keep_to_their_pages_and_to_the_last_one(database: Database, workspace_id: UUID) -> None:
    for number in range(12):
        await plan_to_review(database, workspace_id, f"k{number}")
    async with database.transaction() as session:
        await homes.opened(session, workspace_id, ANA, None, NOW)
        await homes.turn_page(session, workspace_id, ANA, "reports", 2)
        await homes.turn_page(session, workspace_id, ANA, "waiting", 99)
    async with database.reading() as session:
        found = await home.read(session, workspace_id, ANA, NOW)
    assert [line.number for line in found.reports.items] == [7, 6, 5, 4, 3]
    assert (found.waiting.page, found.waiting.total, len(found.waiting.items)) == (3, 12, 4)


async def test_figures_are_of_a_month(database: Database, workspace_id: UUID) -> None:
    async with database.transaction() as session:
        plan_id = await runs_on_record.plan(session, workspace_id)
        for number in (1, 2, 3):
            run_id = await runs_on_record.run(session, workspace_id, plan_id, number)
            took = timedelta(minutes=number)
            change = update(Run).where(Run.id == run_id)
            await session.execute(change.values(created_at=NOW, ended_at=NOW + took))
        await session.execute(
            update(Run)
            .where(Run.number == 3)
            .values(state=RunState.CANCELLED, created_at=NOW - timedelta(days=60))
        )
        await session.execute(update(WorkflowPlan).values(created_at=NOW))
    figures = (await home_of(database, workspace_id, ANA)).figures
    assert (figures.plans, figures.ended, figures.done, figures.median_seconds) == (1, 3, 2, 90.0)


async def test_a_home_is_five_queries(database: Database, workspace_id: UUID) -> None:
    await stuck_run(database, workspace_id, StepState.WAITING, gated=True)
    plan_id = await plan_to_review(database, workspace_id)
    await asked_about(database, workspace_id, "same", look_alike=plan_id)
    await home_of(database, workspace_id, ANA)
    asked: list[str] = []

    def count(connection: object, cursor: object, statement: str, *_: object) -> None:
        asked.append(statement)

    event.listen(database.engine.sync_engine, "before_cursor_execute", count)
    try:
        async with database.reading() as session:
            await home.read(session, workspace_id, ANA, NOW)
    finally:
        event.remove(database.engine.sync_engine, "before_cursor_execute", count)
    assert len(asked) <= 5, asked


async def test_filters_find_what_they_say(database: Database, workspace_id: UUID) -> None:
    await stuck_run(database, workspace_id, StepState.FAILED)  # number 12, by U1, with works.create
    await plan_to_review(database, workspace_id)  # number 1, by Ana, with look
    async with database.transaction() as session:
        await session.execute(update(WorkflowPlan).where(WorkflowPlan.number == 1).values(place="Oak Street 5"))

    async def found(text: str, user: str = ANA) -> list[int]:
        async with database.reading() as session:
            viewer = Viewer(user, ApprovalRules((BEN,)))
            page = await queries.list(session, workspace_id, wanted=read(text), viewer=viewer)
            return [line.number for line in page.items]

    assert await found("") == [12, 1]
    assert await found("open") == [12, 1]
    assert await found("mine") == [1]
    assert await found("waiting") == []
    assert await found("waiting", BEN) == [12, 1]
    assert await found("reporter:me") == [1]
    assert await found(f"reporter:{ANA}") == [1]
    assert await found("component:WORK") == [12]
    assert await found("component:look") == [1]
    assert await found('place:"oak street"') == [1]
    assert await found("days:1") == [12, 1]
    assert await found('open component:look place:"nowhere"') == []
    assert await found("a leak component:look") == [1]
    async with database.transaction() as session:
        await session.execute(update(Run).values(state=RunState.COMPLETED))
        await session.execute(
            update(WorkflowPlan).where(WorkflowPlan.number == 1).values(created_at=NOW - timedelta(days=400))
        )
    assert await found("open") == [1]
    assert await found("days:30") == [12]
    async with database.reading() as session:
        behind = await queries.list(session, workspace_id, page=3, size=1)
        last = await queries.list(session, workspace_id, page=2, size=1)
        none = await queries.list(session, workspace_id, wanted=read("place:nowhere"))
    assert ([line.number for line in behind.items], behind.total) == ([], 2)
    assert ([line.number for line in last.items], last.total) == ([1], 2)
    assert (none.items, none.total) == ((), 0)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("", PlanFilter()),
        ("open", PlanFilter("open")),
        ("Mine water main", PlanFilter("mine", words="water main")),
        ("water mine", PlanFilter(words="water mine")),
        ("reporter:@U0ANA00001", PlanFilter(reporter=ANA)),
        ("reporter:ana", PlanFilter(words="reporter:ana")),
        ('place:"5th and Main" days:7', PlanFilter(place="5th and Main", days=7)),
        ("days:0 days:x days:99999999999", PlanFilter(words="days:0 days:x days:99999999999")),
        ('component:"', PlanFilter(words='component:"')),
        ("1:2:3 place:a:b", PlanFilter(words="1:2:3", place="a:b")),
    ],
)
def test_filters_are_read_from_words_and_written_back(text: str, wanted: PlanFilter) -> None:
    assert read(text) == wanted
    assert read(wanted.text()) == wanted
    assert read(replace(wanted, mode="open").text()) == replace(wanted, mode="open")
