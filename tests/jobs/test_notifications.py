"""People are told what waits for them, in messages that are locked as soon as one of them is pressed."""

from __future__ import annotations

from sqlalchemy import select, text

from bot.jobs.messages.replies import tell_of_wait
from bot.jobs.notifications.copies import post_notification
from bot.sandbox.slack import DropAfterAccepting, ErrorWord, Fine, Message
from bot.slack import ids
from db.models import Decision, StepRun
from services.approvals import LimitOutcome
from services.jobs import PostNotification, TellOfWait
from tests.support.approvals import rules
from tests.support.notifications import direct, prefers, rows, told
from tests.support.run_starts import until
from tests.support.town_hall import LEAK, TownHall, buttons, card_text, cards, drafted
from tests.support.town_runs import approved, order, outcome, press, run_state, step_states, with_button


async def test_those_who_may_decide_get_what_will_be_sent_with_the_cards_own_buttons(hall: TownHall) -> None:
    await rules(hall, "marco", "dana", "priya", limit_minutes=90, limit_outcome=LimitOutcome.FAIL)
    card = await approved(hall, order(gate=True), told_first=["marco", "dana"])
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
    line = next(each for each in hall.slack.messages("works", thread_ts=card.ts) if "needs approval" in each.text)
    assert line.text.startswith(f"<@{hall.slack.user('marco').id}> and <@{hall.slack.user('dana').id}>")


async def test_a_press_in_a_direct_message_locks_the_card_and_all_other_copies(hall: TownHall) -> None:
    await rules(hall, "marco", "dana")
    await approved(hall, order(gate=True), told_first=["dana", "marco"])
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
    assert answer.text.startswith(f"<@{dana}> has ")
    assert len(hall.town.received("workorders.create")) == 1
    async with hall.database.reading() as session:
        made = list(await session.scalars(select(Decision.user_id).where(Decision.kind == "approve")))
    assert made == [dana]


async def test_a_press_on_the_card_locks_them_too_whatever_it_says(hall: TownHall) -> None:
    await rules(hall, "marco", "dana")
    await approved(hall, order(gate=True), told_first=["dana"])
    hers = await told(hall, "dana", count=2)
    await press(hall, "Cancel run")
    await hall.slack.wait_for(lambda: not buttons(hers))
    assert "The run was ended by " in card_text(hers)

    async def all_over() -> bool:
        return {row.state for row in await rows(hall)} == {"over"}

    await until(all_over, 20)


async def test_who_has_agreed_shows_at_all_copies_while_others_are_awaited(hall: TownHall) -> None:
    await rules(hall, "marco", "dana", quorum=2)
    await approved(hall, order(gate=True), told_first=["dana", "marco"])
    hers, his = await told(hall, "dana", count=2), await told(hall, "marco", count=2)
    await hall.slack.click("dana", hers.channel, hers.ts, ids.ACTION_STEP_APPROVE)
    await hall.slack.wait_for(lambda: "1 of 2)" in card_text(his))
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
    await approved(hall, order(gate=True), told_first=["dana"])
    hers = await told(hall, "dana", count=2)
    await rules(hall, "marco", by=hall.slack.user("marco").id)
    await hall.slack.click("dana", hers.channel, hers.ts, ids.ACTION_STEP_APPROVE)
    answer, *_ = await hall.slack.wait_for(lambda: hall.slack.ephemerals(hers.channel, "dana"))
    assert "You can't decide this" in answer.text
    assert await run_state(hall) == "WAITING"


async def test_a_failed_run_rings_for_whoever_can_see_to_it_and_is_locked_when_it_goes_on(hall: TownHall) -> None:
    await rules(hall, "marco", "dana")
    await approved(hall, order(gate=True), told_first=["dana"])
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
    await approved(hall, order(gate=True), told_first=["dana"])
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
    assert {row.id for row in await rows(hall)} == {row.id for row in before}
    assert (len(direct(hall, "dana")), len(direct(hall, "marco"))) == (2, 2)


async def test_a_message_that_was_posted_and_not_recorded_is_found_again(hall: TownHall) -> None:
    hall.slack.faults.script("chat.postMessage", [Fine(), DropAfterAccepting(), DropAfterAccepting()])
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
    hall.slack.faults.script("conversations.open", [ErrorWord("user_disabled")] * 4)
    card = await approved(hall, order(gate=True))

    def unreached() -> list[str]:
        thread = hall.slack.messages("works", thread_ts=card.ts)
        return [each.text for each in thread if (each.metadata or {}).get("event_type") == ids.METADATA_UNREACHED]

    [line] = await hall.slack.wait_for(unreached)
    assert line.startswith(f"<@{hall.slack.user('marco').id}>: nobody who is asked about step 1, “Do order”")
    assert f"<@{hall.slack.user('dana').id}>: the person's account is closed." in line
    assert any("needs approval" in each.text for each in hall.slack.messages("works", thread_ts=card.ts))
    gates = {(row.state, row.reason) for row in await rows(hall) if row.kind == "gate"}
    assert gates == {("unreachable", "user_disabled")}


async def test_reminders_go_to_whoever_is_still_asked_and_name_the_card(hall: TownHall) -> None:
    await rules(hall, "marco", "dana", quorum=2, remind_after_minutes=0.05)
    await approved(hall, order(gate=True), told_first=["dana"])
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
        await approved(hall, order(gate=True), told_first=["marco"])
        await told(hall, "marco", count=2)
        digest = await self._sent(hall, "dana")
        assert digest.text == "1 thing waits for you"
        assert "Stop the leak" in card_text(digest)
        assert "waits for approval" in card_text(digest)
        assert direct(hall, "dana") == []
        dana = hall.slack.user("dana").id

        async def is_told() -> bool:
            return {row.state for row in await rows(hall) if row.user_id == dana} == {"told", "over"}

        await until(is_told, 20)

    async def _sent(self, hall: TownHall, user: str) -> Message:
        async with hall.database.transaction() as session:
            await session.execute(
                text("UPDATE pgqueuer SET execute_after = now() WHERE entrypoint = 'send_digest'")
            )
        return await told(hall, user, ids.METADATA_DIGEST)


async def test_a_deputy_is_told_and_decides_in_the_place_of_the_absent(hall: TownHall) -> None:
    await rules(hall, "marco")
    await prefers(hall, "marco", deputy="dana")
    await approved(hall, order(gate=True), told_first=["dana"])
    hers = await told(hall, "dana", count=2)
    marco, dana = hall.slack.user("marco").id, hall.slack.user("dana").id
    assert f"You stand in for <@{marco}>" in card_text(hers)
    await hall.slack.click("dana", hers.channel, hers.ts, ids.ACTION_STEP_APPROVE)
    await hall.slack.wait_for(lambda: not buttons(hers))
    words = card_text(hers)[card_text(hers).index("Approved by ") :]
    assert words.index(dana) < words.index(" for ") < words.index(marco)

    async def is_done() -> bool:
        return set((await step_states(hall)).values()) == {"DONE"}

    await until(is_done, 20)
    async with hall.database.reading() as session:
        [made] = await session.scalars(select(Decision).where(Decision.kind == "approve"))
    assert (made.user_id, made.on_behalf_of) == (dana, marco)
    card = await hall.slack.wait_for(
        lambda: next((each for each in cards(hall.slack) if dana in card_text(each)), None)
    )
    words = card_text(card)
    assert words.index("Approved by ") < words.index(f'"user_id": "{dana}"') < words.index(" for ")


async def test_a_deputy_does_not_decide_about_their_own_report(hall: TownHall) -> None:
    await rules(hall, "marco")
    await prefers(hall, "marco", deputy="priya")
    await approved(hall, order(gate=True), told_first=["marco"])
    his = await told(hall, "marco", count=2)
    assert direct(hall, "priya") == []
    await press(hall, "Approve step", "priya")
    answer, *_ = await hall.slack.wait_for(lambda: hall.slack.ephemerals("works", "priya"))
    assert "You can't decide this" in answer.text
    assert buttons(his)
