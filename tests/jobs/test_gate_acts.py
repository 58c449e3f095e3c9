"""What people do at a gate without deciding: hand it over, remind, ask for more; and what each sets."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import select

from bot.jobs.notifications.gates import act_at_gate, post_gate_request
from bot.sandbox.slack import Message, User
from bot.sandbox.slack.outbound.delivery import interactive_delivery
from bot.slack import ids
from db.models import AuditEvent, Decision, NotificationPreference, StepGate, StepRun
from services.jobs import HandOverGate, PostGateRequest
from tests.support.approvals import rules
from tests.support.homes import opened, press_home, saying
from tests.support.notifications import choose, direct, gate_form, prefers, told
from tests.support.town_hall import TownHall, buttons, card_text
from tests.support.town_runs import approved, order, press, run_state, with_button


async def at_gate(hall: TownHall, *approvers: str) -> Message:
    """A card with a step at its gate."""
    await rules(hall, *approvers)
    await approved(hall, order(gate=True), told_first=approvers)
    return await with_button(hall, "Approve step")


def in_thread(hall: TownHall, card: Message, kind: str) -> list[Message]:
    thread = hall.slack.messages("works", thread_ts=card.ts)
    return [message for message in thread if (message.metadata or {}).get("event_type") == kind]


async def refused(hall: TownHall, user: str, channel: str = "works") -> str:
    message, *_ = await hall.slack.wait_for(lambda: hall.slack.ephemerals(channel, user))
    return message.text


async def test_a_gate_is_handed_to_another_who_may_decide_and_it_stays_on_record(hall: TownHall) -> None:
    card = await at_gate(hall, "marco", "dana")
    his = await told(hall, "marco", count=2)
    assert (await gate_form(hall, "marco", his, ids.CHOICE_HAND_OVER, "dana")).acked
    hers = await told(hall, "dana", count=3)
    marco, dana = hall.slack.user("marco").id, hall.slack.user("dana").id
    for message in (hers, his, card):
        await hall.slack.wait_for(lambda at=message: f"Handed to <@{dana}> by <@{marco}>." in card_text(at))  # type: ignore[misc]
    async with hall.database.reading() as session:
        [event] = await session.scalars(select(AuditEvent).where(AuditEvent.action == "gate.handed_over"))
    assert (event.actor, event.facts["to"]) == (marco, dana)
    await hall.slack.click("dana", hers.channel, hers.ts, ids.ACTION_STEP_APPROVE)
    await hall.slack.wait_for(lambda: not any(map(buttons, direct(hall, "dana") + direct(hall, "marco"))))


async def test_it_is_handed_neither_by_nor_to_somebody_who_may_not_decide(hall: TownHall) -> None:
    card = await at_gate(hall, "marco", "dana")
    await gate_form(hall, "marco", card, ids.CHOICE_HAND_OVER, "priya")
    assert "can't decide this step" in await refused(hall, "marco")
    await gate_form(hall, "priya", card, ids.CHOICE_HAND_OVER, "dana")
    assert "You can't decide this" in await refused(hall, "priya")
    async with hall.database.reading() as session:
        assert await session.scalar(select(StepGate.assigned_to)) is None


async def test_where_anyone_may_decide_it_is_handed_to_no_app_and_no_stranger(hall: TownHall) -> None:
    card = await at_gate(hall)
    workspace = hall.slack.workspace
    workspace.users["U0STRANGER"] = User("U0STRANGER", "stranger", "S. Tranger", team_id="T0ELSEWHERE")
    for person in ("mudda", "stranger"):
        submitted = await gate_form(hall, "marco", card, ids.CHOICE_HAND_OVER, person)
        assert list(submitted.errors) == [ids.BLOCK_PERSON]
        await hall.slack.close_view(hall.slack.views("marco")[0].id)


async def test_handing_over_twice_by_the_same_press_is_once(hall: TownHall) -> None:
    await at_gate(hall, "marco", "dana")
    async with hall.database.reading() as session:
        step = (await session.scalars(select(StepRun))).one()
    job = HandOverGate(
        key="view:V1",
        workspace=hall.deps.workspace.id,
        target=step.id,
        revision=step.revision,
        user=hall.slack.user("marco").id,
        person=hall.slack.user("dana").id,
        channel=hall.slack.channel("works").id,
    )
    for _ in range(2):
        await act_at_gate(job, hall.deps)
    async with hall.database.reading() as session:
        assert await session.scalar(select(StepGate.assignments)) == 1


async def test_anyone_may_have_them_reminded_once_in_half_an_hour(hall: TownHall) -> None:
    card = await at_gate(hall, "marco", "dana")
    await told(hall, "marco", count=2)
    await choose(hall, "priya", card, ids.CHOICE_REMIND)
    reminder = await told(hall, "marco", ids.METADATA_PERSON_REMINDER)
    assert "reminds you" in card_text(reminder)
    [line] = await hall.slack.wait_for(lambda: in_thread(hall, card, ids.METADATA_REMINDER))
    assert f"<@{hall.slack.user('priya').id}> asks you to look." in line.text
    await choose(hall, "priya", card, ids.CHOICE_REMIND)
    assert "reminded of this already" in await refused(hall, "priya")
    assert len(in_thread(hall, card, ids.METADATA_REMINDER)) == 1
    async with hall.database.transaction() as session:
        gate = (await session.scalars(select(StepGate))).one()
        assert gate.nudged_at is not None
        gate.nudged_at -= timedelta(minutes=31)
    await choose(hall, "dana", card, ids.CHOICE_REMIND)
    await told(hall, "marco", ids.METADATA_PERSON_REMINDER, count=2)


async def test_more_is_asked_for_in_the_thread_while_the_step_waits_on(hall: TownHall) -> None:
    card = await at_gate(hall, "marco", "dana")
    his = await told(hall, "marco", count=2)
    words = "Which main is it? <!channel>"
    assert (await gate_form(hall, "marco", his, ids.CHOICE_ASK, "priya", words)).acked
    [line] = await hall.slack.wait_for(lambda: in_thread(hall, card, ids.METADATA_GATE_REQUEST))
    assert line.text.startswith(f"<@{hall.slack.user('priya').id}>: <@{hall.slack.user('marco').id}> asks before")
    assert "<!channel>" not in line.text
    await hall.slack.wait_for(lambda: "Which main is it?" in card_text(card) and "Which main" in card_text(his))
    assert await run_state(hall) == "WAITING"
    async with hall.database.reading() as session:
        step = (await session.scalars(select(StepRun))).one()
    again = PostGateRequest(workspace=hall.deps.workspace.id, step=step.id, revision=step.revision, number=1)
    await post_gate_request(again, hall.deps)
    assert len(in_thread(hall, card, ids.METADATA_GATE_REQUEST)) == 1
    await press(hall, "Approve step", "dana")
    await hall.slack.wait_for(lambda: not buttons(his))


async def choose_at_home(hall: TownHall, user: str, choice: str) -> None:
    """Choose from the menu of a gate on somebody's Home."""
    home = hall.slack.home(user)
    assert home is not None
    rows = (block["elements"] for block in home.blocks if block["type"] == "actions")
    menu = next(each for row in rows for each in row if each["action_id"] == ids.ACTION_GATE_MORE)
    value = next(each["value"] for each in menu["options"] if each["value"].startswith(choice))
    await hall.slack.click_in_view(user, home.id, ids.ACTION_GATE_MORE, value)


async def filled_in(hall: TownHall, user: str, person: str, text: str = "") -> None:
    """Submit the form that is open."""
    [view] = await hall.slack.wait_for(lambda: hall.slack.views(user))
    values: dict[str, dict[str, Any]] = {ids.BLOCK_PERSON: {ids.INPUT_PERSON: hall.slack.user(person).id}}
    if text:
        values[ids.BLOCK_REASON] = {ids.INPUT_REASON: text}
    assert (await hall.slack.submit_view(view.id, values)).acked


async def test_all_of_it_is_done_on_a_home_too_and_a_press_there_locks_the_card_and_every_copy(
    hall: TownHall,
) -> None:
    card = await at_gate(hall, "marco", "dana")
    his, hers = await told(hall, "marco", count=2), await told(hall, "dana", count=2)
    await opened(hall, "marco", "Approve step")
    await opened(hall, "dana", "Approve step")
    await choose_at_home(hall, "marco", ids.CHOICE_ASK)
    await filled_in(hall, "marco", "priya", "Which main is it?")
    for home in ("marco", "dana"):
        await saying(hall, home, "Which main is it?")
    for message in (card, his, hers):
        await hall.slack.wait_for(lambda at=message: "Which main is it?" in card_text(at))  # type: ignore[misc]
    await choose_at_home(hall, "marco", ids.CHOICE_REMIND)
    await told(hall, "dana", ids.METADATA_PERSON_REMINDER)
    await choose_at_home(hall, "marco", ids.CHOICE_REMIND)
    await saying(hall, "marco", "reminded of this already")
    await choose_at_home(hall, "marco", ids.CHOICE_HAND_OVER)
    await filled_in(hall, "marco", "dana")
    # It is hers to decide now, and waits on her Home alone.
    await saying(hall, "marco", "Nothing waits for you.")
    await saying(hall, "dana", "Handed to ")
    hers = await told(hall, "dana", count=3)
    await press_home(hall, "dana", "Approve step")
    await saying(hall, "dana", "Nothing waits for you.")
    await hall.slack.wait_for(lambda: "Approve step" not in buttons(card))
    await hall.slack.wait_for(lambda: not any(map(buttons, direct(hall, "dana") + direct(hall, "marco"))))
    assert "Approved by " in card_text(hers)


async def test_a_deputy_decides_on_their_home(hall: TownHall) -> None:
    await rules(hall, "marco")
    await prefers(hall, "marco", deputy="dana")
    await approved(hall, order(gate=True))
    card = await with_button(hall, "Approve step")
    await opened(hall, "dana", "Waiting for you · 1", "Approve step")
    await press_home(hall, "dana", "Approve step")
    await saying(hall, "dana", "Nothing waits for you.")
    await hall.slack.wait_for(lambda: "Approve step" not in buttons(card))
    async with hall.database.reading() as session:
        made = (await session.scalars(select(Decision).where(Decision.kind == "approve"))).one()
    assert (made.user_id, made.on_behalf_of) == (hall.slack.user("dana").id, hall.slack.user("marco").id)


async def test_what_is_done_at_a_gate_that_is_over_changes_nothing(hall: TownHall) -> None:
    card = await at_gate(hall, "marco", "dana")
    ref = ids.Ref.decode(buttons(card)["Approve step"]["value"])
    await press(hall, "Approve step")
    await hall.slack.wait_for(lambda: "Approve step" not in buttons(card) and buttons(card))
    choice = ids.Choice(ids.CHOICE_REMIND, ref).encode()
    delivery = hall.slack.prepare_click("dana", "works", card.ts, next(iter(buttons(card).values()))["action_id"])
    payload = delivery.context["payload"]
    payload["actions"] = [{**payload["actions"][0], "action_id": ids.ACTION_GATE_MORE, "value": choice}]
    await hall.slack.deliver(interactive_delivery(payload, delivery.context))
    assert "step" in await refused(hall, "dana")
    async with hall.database.reading() as session:
        assert await session.scalar(select(StepGate.nudges)) == 0


class TestForm:
    async def submitted(self, hall: TownHall, user: str, **values: Any) -> Any:
        """Open the form, and submit it with these values."""
        await hall.slack.send_command(user, "works", "/mudda", "notifications")
        [view] = await hall.slack.wait_for(lambda: hall.slack.views(user))
        state = {
            ids.BLOCK_MODE: {ids.INPUT_MODE: values.get("mode", "each")},
            ids.BLOCK_DEPUTY: {ids.INPUT_DEPUTY: values.get("deputy")},
            ids.BLOCK_FIRST_DAY: {ids.INPUT_FIRST_DAY: values.get("first")},
            ids.BLOCK_LAST_DAY: {ids.INPUT_LAST_DAY: values.get("last")},
        }
        answer = await hall.slack.submit_view(view.id, state)
        if answer.errors:
            await hall.slack.close_view(view.id)
        return answer

    async def test_each_sets_their_own_and_the_deputy_is_told(self, hall: TownHall) -> None:
        dana = hall.slack.user("dana").id
        days = {"first": "2099-07-01", "last": "2099-07-14"}
        assert (await self.submitted(hall, "marco", mode="mine", deputy=dana, **days)).acked
        assert "Saved" in await refused(hall, "marco")
        message = await told(hall, "dana", ids.METADATA_DEPUTY)
        assert message.text.endswith("has made you their deputy from Jul 1, 2099 to Jul 14, 2099.")
        async with hall.database.reading() as session:
            [row] = await session.scalars(
                select(NotificationPreference).where(NotificationPreference.mode == "mine")
            )
        assert (row.user_id, row.deputy) == (hall.slack.user("marco").id, dana)
        await hall.slack.send_command("marco", "works", "/mudda", "notifications")
        [view] = hall.slack.views("marco")
        elements = {block["block_id"]: block["element"] for block in view.body["blocks"]}
        assert elements[ids.BLOCK_MODE]["initial_option"]["value"] == "mine"
        assert elements[ids.BLOCK_DEPUTY]["initial_user"] == dana
        assert elements[ids.BLOCK_LAST_DAY]["initial_date"] == "2099-07-14"

    async def test_no_stranger_no_app_and_nobody_gone_becomes_a_deputy(self, hall: TownHall) -> None:
        users = hall.slack.workspace.users
        users["U0STRANGER"] = User("U0STRANGER", "stranger", "S. Tranger", team_id="T0ELSEWHERE")
        users["U0GONE0001"] = User("U0GONE0001", "gone", "Gone Away", is_deactivated=True)
        marco, bot = hall.slack.user("marco").id, hall.slack.workspace.bot.id
        days = {"first": "2099-07-01", "last": "2099-07-14"}
        for person in ("U0STRANGER", "U0GONE0001", bot, marco):
            answer = await self.submitted(hall, "marco", deputy=person, **days)
            assert list(answer.errors) == [ids.BLOCK_DEPUTY], person
        dana = hall.slack.user("dana").id
        for wrong, block in (
            ({"first": "2099-07-14"}, ids.BLOCK_LAST_DAY),
            ({"last": "2099-07-14"}, ids.BLOCK_FIRST_DAY),
            ({"first": "2099-07-14", "last": "2099-07-01"}, ids.BLOCK_LAST_DAY),
            ({"first": "2020-07-14", "last": "2020-07-15"}, ids.BLOCK_LAST_DAY),
        ):
            answer = await self.submitted(hall, "marco", deputy=dana, **wrong)
            assert list(answer.errors) == [block], wrong
        async with hall.database.reading() as session:
            assert list(await session.scalars(select(NotificationPreference))) == []

    async def test_a_deputy_of_a_deputy_decides_nothing(self, hall: TownHall) -> None:
        users = hall.slack.workspace.users
        users["U0OMAR0001"] = User("U0OMAR0001", "omar", "Omar Haddad")
        hall.slack.workspace.stacks["U0OMAR0001"] = []
        await rules(hall, "marco")
        await prefers(hall, "marco", deputy="dana")
        await prefers(hall, "dana", deputy="omar")
        await approved(hall, order(gate=True), told_first=["dana"])
        await told(hall, "dana", count=2)
        card = await with_button(hall, "Approve step")
        hall.slack.workspace.join(hall.slack.channel("works"), "U0OMAR0001")
        await hall.slack.click("omar", "works", card.ts, ids.ACTION_STEP_APPROVE)
        assert "You can't decide this" in await refused(hall, "omar")
        assert await run_state(hall) == "WAITING"
