"""People are told what waits for them, in messages that are locked as soon as one of them is pressed."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import select

from bot.jobs.messages.replies import tell_of_wait
from bot.jobs.notifications.copies import post_notification
from bot.sandbox.slack import DropAfterAccepting, ErrorWord, Fine
from bot.slack import ids
from db.models import Decision, StepRun
from services.approvals import LimitOutcome
from services.jobs import PostNotification, TellOfWait
from tests.support.approvals import rules
from tests.support.notifications import direct, prefers, rows, told
from tests.support.run_starts import until
from tests.support.town_hall import LEAK, TownHall, buttons, card_text, drafted
from tests.support.town_runs import approved, order, outcome, press, run_state, step_states, with_button


async def test_those_who_may_decide_get_what_will_be_sent_with_the_cards_own_buttons(hall: TownHall) -> None:
    await rules(hall, "marco", "dana", "priya", limit_minutes=90, limit_outcome=LimitOutcome.FAIL)
    card = await approved(hall, order(gate=True))
    at_gate = await with_button(hall, "Approve step")
    for name in ("marco", "dana"):
        message = await told(hall, name, count=2)
        assert message.text.startswith("A step waits for your approval: step 1 of plan #1, Do order")
        assert "Mend the main" in card_text(message)
        assert "the step fails." in card_text(message)
        assert f"/archives/{card.channel}/p{card.ts.replace('.', '')}|Open the card>" in card_text(message)
        for label in ("Approve step", "Reject step"):
            assert buttons(message)[label]["value"] == buttons(at_gate)[label]["value"]
    assert direct(hall, "priya") == []
    line = next(each for each in hall.slack.messages("works", thread_ts=card.ts) if "waits for" in each.text)
    assert line.text.startswith(f"<@{hall.slack.user('marco').id}> and <@{hall.slack.user('dana').id}>")


async def test_a_press_in_a_direct_message_locks_the_card_and_all_other_copies(hall: TownHall) -> None:
    await rules(hall, "marco", "dana")
    await approved(hall, order(gate=True))
    hers, his = await told(hall, "dana", count=2), await told(hall, "marco", count=2)
    late = hall.slack.prepare_click("marco", his.channel, his.ts, ids.ACTION_STEP_APPROVE)
    await hall.slack.click("dana", hers.channel, hers.ts, ids.ACTION_STEP_APPROVE)
    await outcome(hall)
    dana = hall.slack.user("dana").id
    for message in (hers, his):
        await hall.slack.wait_for(lambda copy=message: not buttons(copy))  # type: ignore[misc]
        assert "Approved by " in card_text(message)
        assert f'"user_id": "{dana}"' in card_text(message)
        assert '"type": "date"' in card_text(message)
    assert len(hall.town.received("workorders.create")) == 1
    await hall.slack.deliver(late)
    answer, *_ = await hall.slack.wait_for(lambda: hall.slack.ephemerals(his.channel, "marco"))
    assert f"<@{dana}> has already decided" in answer.text
    assert len(hall.town.received("workorders.create")) == 1
    async with hall.database.reading() as session:
        made = list(await session.scalars(select(Decision.user_id).where(Decision.kind == "approve")))
    assert made == [dana]


async def test_a_press_on_the_card_locks_them_too_whatever_it_says(hall: TownHall) -> None:
    await rules(hall, "marco", "dana")
    await approved(hall, order(gate=True))
    hers = await told(hall, "dana", count=2)
    await press(hall, "Cancel run")
    await hall.slack.wait_for(lambda: not buttons(hers))
    assert "The run was ended by " in card_text(hers)
    assert [row.state for row in await rows(hall) if row.kind == "gate"] == ["over", "over"]


async def test_who_has_agreed_shows_at_all_copies_while_others_are_awaited(hall: TownHall) -> None:
    await rules(hall, "marco", "dana", quorum=2)
    await approved(hall, order(gate=True))
    hers, his = await told(hall, "dana", count=2), await told(hall, "marco", count=2)
    await hall.slack.click("dana", hers.channel, hers.ts, ids.ACTION_STEP_APPROVE)
    await hall.slack.wait_for(lambda: "1 of 2 have agreed" in card_text(his))
    assert "Approve step" in buttons(his)
    await hall.slack.click("marco", his.channel, his.ts, ids.ACTION_STEP_APPROVE)
    await hall.slack.wait_for(lambda: not buttons(hers) and not buttons(his))
    for name in ("marco", "dana"):
        assert f'"user_id": "{hall.slack.user(name).id}"' in card_text(hers)


async def test_a_draft_is_put_to_its_approvers_and_approved_where_they_read_it(hall: TownHall) -> None:
    await rules(hall, "marco", "dana")
    await hall.slack.send_command("priya", "works", "/mudda", LEAK)
    card = await drafted(hall)
    hers, his = await told(hall, "dana"), await told(hall, "marco")
    assert buttons(hers)["Approve and run"]["value"] == buttons(card)["Approve and run"]["value"]
    await hall.slack.click("dana", hers.channel, hers.ts, ids.ACTION_APPROVE)
    await hall.slack.wait_for(lambda: "Approve and run" not in buttons(card))
    await hall.slack.wait_for(lambda: not buttons(hers) and not buttons(his))
    assert "Approved by " in card_text(his)
    await hall.slack.wait_for(lambda: card_text(card).find("Started by") > 0)


async def test_with_nobody_named_a_draft_rings_for_nobody(hall: TownHall) -> None:
    await hall.slack.send_command("priya", "works", "/mudda", LEAK)
    await drafted(hall)
    assert await rows(hall) == []


async def test_who_may_not_decide_may_not_in_a_direct_message_either(hall: TownHall) -> None:
    await rules(hall, "marco", "dana")
    await approved(hall, order(gate=True))
    hers = await told(hall, "dana", count=2)
    await rules(hall, "marco")
    await hall.slack.click("dana", hers.channel, hers.ts, ids.ACTION_STEP_APPROVE)
    answer, *_ = await hall.slack.wait_for(lambda: hall.slack.ephemerals(hers.channel, "dana"))
    assert "not among those who may decide" in answer.text
    assert await run_state(hall) == "WAITING"


async def test_a_failed_run_rings_for_whoever_can_see_to_it_and_is_locked_when_it_goes_on(hall: TownHall) -> None:
    await rules(hall, "marco", "dana")
    await approved(hall, order(gate=True))
    await press(hall, "Reject step")
    [view] = await hall.slack.wait_for(lambda: hall.slack.views("marco"))
    await hall.slack.submit_view(view.id, {ids.BLOCK_REASON: {ids.INPUT_REASON: "not now"}})
    hers = await told(hall, "dana", count=3)
    assert hers.text.startswith("A run has stopped, and waits for you: plan #1")
    assert "Retry" in buttons(hers)
    await hall.slack.click("dana", hers.channel, hers.ts, ids.ACTION_STEP_RETRY)
    await hall.slack.wait_for(lambda: not buttons(hers))
    assert "Tried again by " in card_text(hers)
    assert direct(hall, "priya") == []


async def test_jobs_that_run_twice_ring_once(hall: TownHall) -> None:
    await rules(hall, "marco", "dana")
    await approved(hall, order(gate=True))
    await told(hall, "dana", count=2)
    async with hall.database.reading() as session:
        step = (await session.scalars(select(StepRun))).one()
    [plan] = {row.plan_id for row in await rows(hall)}
    workspace = hall.deps.workspace.id
    job = TellOfWait(workspace=workspace, plan=plan, run=step.run_id, step=step.id, revision=step.revision)
    before = await rows(hall)
    await tell_of_wait(job, hall.deps)
    for row in before:
        await post_notification(PostNotification(workspace=workspace, notification=row.id), hall.deps)
    assert [row.id for row in await rows(hall)] == [row.id for row in before]
    assert (len(direct(hall, "dana")), len(direct(hall, "marco"))) == (2, 2)


async def test_a_message_that_was_posted_and_not_recorded_is_found_again(hall: TownHall) -> None:
    await approved(hall, order())
    await outcome(hall)
    hall.slack.faults.script("chat.postMessage", [Fine(), Fine(), DropAfterAccepting()])
    await approved(hall, order(gate=True))
    his = await told(hall, "marco")
    await hall.slack.wait_for(lambda: not hall.slack.faults.pending("chat.postMessage"))

    async def is_recorded() -> bool:
        return {row.state for row in await rows(hall)} == {"sent"}

    await until(is_recorded, 20)
    assert direct(hall, "marco") == [his]
    assert [row.ts for row in await rows(hall)] == [his.ts]


async def test_who_cant_be_written_to_is_not_lost_silently(hall: TownHall) -> None:
    await rules(hall, "marco", "dana")
    for name in ("marco", "dana"):
        user = hall.slack.user(name)
        hall.slack.workspace.users[user.id] = replace(user, is_deactivated=name == "dana")
    hall.slack.faults.script("conversations.open", [ErrorWord("cannot_dm_bot")] * 2)
    card = await approved(hall, order(gate=True))
    await with_button(hall, "Approve step")

    def unreached() -> list[str]:
        thread = hall.slack.messages("works", thread_ts=card.ts)
        return [each.text for each in thread if (each.metadata or {}).get("event_type") == ids.METADATA_UNREACHED]

    async def all_tried() -> bool:
        return len([row for row in await rows(hall) if row.state == "unreachable"]) >= 2

    await until(all_tried, 20)
    assert any("waits for" in each.text for each in hall.slack.messages("works", thread_ts=card.ts))
    reasons = {row.reason for row in await rows(hall) if row.state == "unreachable"}
    assert reasons <= {"user_disabled", "cannot_dm_bot"}
    if all(row.state == "unreachable" for row in await rows(hall) if row.kind == "gate"):
        assert "could be written to" in (await hall.slack.wait_for(unreached))[0]


async def test_reminders_go_to_whoever_is_still_asked_and_name_the_card(hall: TownHall) -> None:
    await rules(hall, "marco", "dana", quorum=2, remind_after_minutes=0.05)
    await approved(hall, order(gate=True))
    hers = await told(hall, "dana", count=2)
    await hall.slack.click("dana", hers.channel, hers.ts, ids.ACTION_STEP_APPROVE)
    reminder = await told(hall, "marco", ids.METADATA_PERSON_REMINDER)
    assert "Still waiting for you: step 1 of plan #1" in reminder.text
    assert "Open the card" in card_text(reminder)
    await told(hall, "marco", ids.METADATA_PERSON_REMINDER, count=2)
    assert len(direct(hall, "dana", ids.METADATA_PERSON_REMINDER)) <= 1


class TestPreferences:
    async def test_only_what_is_mine_leaves_out_what_any_approver_could_do(self, hall: TownHall) -> None:
        await rules(hall, "marco", "dana")
        for name in ("marco", "dana"):
            await prefers(hall, name, "mine")
        await approved(hall, order(gate=True))
        message = await told(hall, "marco")
        assert message.text.startswith("A step waits")
        assert direct(hall, "dana") == []

    async def test_many_at_once_become_one_digest(self, hall: TownHall) -> None:
        await rules(hall, "marco", "dana")
        steps = [{**order(gate=True), "step_id": f"order{number}"} for number in range(9)]
        await approved(hall, *steps)

        async def all_rung() -> bool:
            return len([row for row in await rows(hall) if row.kind == "gate"]) == 18

        await until(all_rung, 40)
        marco = [row for row in await rows(hall) if row.user_id == hall.slack.user("marco").id]
        assert len([row for row in marco if row.state != "held"]) == 5
        assert len([row for row in marco if row.state == "held"]) == 5
        digest = await self._sent(hall, "marco")
        assert digest.text == "10 things wait for you" or digest.text == "9 things wait for you"
        assert "Do order" in card_text(digest)
        assert len(direct(hall, "marco")) == 5

    async def test_who_wants_a_digest_gets_one_and_it_leaves_out_what_is_decided(self, hall: TownHall) -> None:
        await rules(hall, "marco", "dana")
        await prefers(hall, "dana", "digest")
        await approved(hall, order(gate=True))
        await told(hall, "marco", count=2)
        digest = await self._sent(hall, "dana")
        assert digest.text == "1 thing waits for you"
        assert "#1> Stop the leak" in card_text(digest)
        assert "waits for approval" in card_text(digest)
        assert direct(hall, "dana") == []
        assert {row.state for row in await rows(hall) if row.user_id == hall.slack.user("dana").id} <= {
            "told",
            "over",
        }

    async def _sent(self, hall: TownHall, user: str):  # type: ignore[no-untyped-def]
        from sqlalchemy import text

        async with hall.database.transaction() as session:
            await session.execute(
                text("UPDATE pgqueuer SET execute_after = now() WHERE entrypoint = 'send_digest'")
            )
        return await told(hall, user, ids.METADATA_DIGEST)


@pytest.mark.parametrize("label", ["Approve step"])
async def test_a_deputy_is_told_and_decides_in_the_place_of_the_absent(hall: TownHall, label: str) -> None:
    await rules(hall, "marco")
    await approved(hall, order())
    await outcome(hall)
    await prefers(hall, "marco", deputy="dana")
    await approved(hall, order(gate=True))
    hers = await told(hall, "dana", count=2)
    marco, dana = hall.slack.user("marco").id, hall.slack.user("dana").id
    assert f"You stand in for <@{marco}>" in card_text(hers)
    await hall.slack.click("dana", hers.channel, hers.ts, buttons(hers)[label]["action_id"])
    await hall.slack.wait_for(lambda: not buttons(hers))
    assert card_text(hers).index(dana) < card_text(hers).index(" for ") < card_text(hers).rindex(marco)

    async def is_done() -> bool:
        return set((await step_states(hall)).values()) == {"DONE"}

    await until(is_done, 20)
    async with hall.database.reading() as session:
        made = await session.execute(
            select(Decision.user_id, Decision.on_behalf_of).where(Decision.kind == "approve")
        )
        assert [tuple(row) for row in made] == [(dana, marco)]


async def test_a_deputy_does_not_decide_about_their_own_report(hall: TownHall) -> None:
    await rules(hall, "marco")
    await prefers(hall, "marco", deputy="priya")
    await approved(hall, order(gate=True))
    his = await told(hall, "marco", count=2)
    assert direct(hall, "priya") == []
    await press(hall, "Approve step", "priya")
    answer, *_ = await hall.slack.wait_for(lambda: hall.slack.ephemerals("works", "priya"))
    assert "not among those who may decide" in answer.text
    assert buttons(his)
