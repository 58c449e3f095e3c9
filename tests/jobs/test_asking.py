"""Several people are asked, end to end: whose answer counts, who is left out, and who is killed on the way."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import func, select

from bot.jobs.runs.questions import answer_step, remind_question
from bot.sandbox.gemini.server import GeminiStandIn
from bot.sandbox.slack import DropAfterAccepting, ErrorWord, Fine, Hold, Message, SlackStandIn, User, UserGroup
from bot.slack import ids
from db.models import Decision, StepAttempt
from db.session import Database
from services.jobs import AnswerStep, RemindQuestion
from tests.support.bot_process import bot_process, serve_env
from tests.support.gates import queued
from tests.support.own_steps import answer, ask, form, marked, notify, output, question, the_step
from tests.support.stand_in_plans import script_plan
from tests.support.town_hall import TownHall, buttons, card_text, cards, load_pack
from tests.support.town_runs import approved, outcome, press, skip, step_states, with_button
from tests.support.waiting import happened

CREW = "<!subteam^S0WATERCRW|@water-crew>"
"""Dana and Marco, in this order."""

ALL = f"reporter, {CREW}"


def asked(hall: TownHall) -> list[str]:
    """The names of those who have the question, in the order in which they got it."""
    names = {hall.slack.dm(user.name).id: user.name for user in hall.slack.workspace.people}
    return [names[message.channel] for message in sorted(marked(hall, ids.METADATA_QUESTION), key=lambda m: m.ts)]


async def all_say(hall: TownHall, words: str, count: int) -> None:
    """Wait until so many questions say this, and none of them has a button any more."""
    questions = marked(hall, ids.METADATA_QUESTION)
    assert len(questions) == count
    await hall.slack.wait_for(lambda: all(words in card_text(each) for each in questions))
    assert not any(ids.ACTION_STEP_ANSWER in card_text(each) for each in questions)


async def test_a_group_is_asked_and_the_first_answer_counts(hall: TownHall) -> None:
    await approved(hall, ask(CREW), notify(message="{{ask.answer}}, says {{ask.answered_by}}"))
    card = await with_button(hall, "Skip step")
    assert asked(hall) == ["dana", "marco"]
    dana, marco = hall.slack.user("dana").id, hall.slack.user("marco").id
    assert f'"user_id": "{dana}"' in card_text(card)
    assert f'"user_id": "{marco}"' in card_text(card)
    assert "the first answer counts" in card_text(await question(hall, "dana"))
    late = await form(hall, "dana")
    await answer(hall, "The red one", "marco")
    await outcome(hall)
    assert await output(hall, "ask") == {"answer": "The red one", "answered_by": marco}
    await all_say(hall, "Answered by ", 2)
    assert f'"user_id": "{marco}"' in card_text(await question(hall, "dana"))
    await hall.slack.submit_view(late.id, {ids.BLOCK_ANSWER: {ids.INPUT_ANSWER: "The blue one"}})
    told = await hall.slack.wait_for(lambda: hall.slack.ephemerals(hall.slack.dm("dana").id, "dana"))
    assert told[0].text == f"<@{marco}> has answered this already. Thank you all the same."
    assert (await output(hall, "ask"))["answer"] == "The red one"


async def test_a_press_that_comes_too_late_is_told_who_was_first(hall: TownHall) -> None:
    await approved(hall, ask(CREW))
    hers = await question(hall, "dana")
    press_late = hall.slack.prepare_click("dana", hers.channel, hers.ts, ids.ACTION_STEP_ANSWER)
    await answer(hall, "The red one", "marco")
    await outcome(hall)
    await hall.slack.deliver(press_late)
    told = await hall.slack.wait_for(lambda: hall.slack.ephemerals(hers.channel, "dana"))
    assert "has answered this already" in told[0].text
    assert hall.slack.views("dana") == []


async def test_of_two_answers_at_once_one_counts(hall: TownHall) -> None:
    await approved(hall, ask(CREW), notify(message="{{ask.answer}}"))
    await with_button(hall, "Skip step")
    found = await the_step(hall, "ask")
    given = [
        AnswerStep(
            workspace=hall.deps.workspace.id,
            step=found.id,
            attempt=1,
            user=hall.slack.user(name).id,
            answer=f"{name} says so",
            channel=hall.slack.dm(name).id,
            ts=(await question(hall, name)).ts,
        )
        for name in ("dana", "marco")
    ]
    await asyncio.gather(*(answer_step(each, hall.deps) for each in given))
    await outcome(hall)
    kept = await output(hall, "ask")
    first, second = ("dana", "marco") if kept["answered_by"] == given[0].user else ("marco", "dana")
    assert kept["answer"] == f"{first} says so"
    told = await hall.slack.wait_for(lambda: hall.slack.ephemerals(hall.slack.dm(second).id, second))
    assert "has answered this already" in told[0].text
    async with hall.database.reading() as session:
        assert (
            await session.scalar(select(func.count()).select_from(Decision).where(Decision.kind == "answer")) == 1
        )
        answers = select(func.count()).select_from(StepAttempt).where(StepAttempt.outcome == "answered")
        assert await session.scalar(answers) == 1
    assert len(marked(hall, ids.METADATA_NOTICE)) == 1


async def test_nobody_is_asked_twice_however_often_they_are_named(hall: TownHall) -> None:
    dana = hall.slack.user("dana").id
    await approved(hall, ask(f"<@{dana}|dana> {CREW}, reporter,{dana} reporter"))
    await with_button(hall, "Skip step")
    assert asked(hall) == ["dana", "priya", "marco"]


@pytest.mark.parametrize("label", ["Cancel run", "Skip step"])
async def test_a_question_that_is_not_needed_any_more_says_so_to_all(hall: TownHall, label: str) -> None:
    await approved(hall, ask(ALL))
    await with_button(hall, "Skip step")
    await (skip(hall) if label == "Skip step" else press(hall, label))
    await outcome(hall)
    await all_say(hall, "This question is closed; no answer is needed.", 3)


async def test_who_cant_be_reached_is_left_out_and_named(hall: TownHall) -> None:
    workspace = hall.slack.workspace
    workspace.users["U0GONE0001"] = User("U0GONE0001", "gone", "Gone Away", is_deactivated=True)
    members = ("U0GONE0001", workspace.bot.id, hall.slack.user("dana").id)
    workspace.groups["S0CREW0001"] = UserGroup("S0CREW0001", "crew", "Crew", members)
    await approved(hall, ask("S0CREW0001"))
    card = await with_button(hall, "Skip step")
    assert asked(hall) == ["dana"]
    assert (await the_step(hall, "ask")).warnings == [
        {"code": "not_asked", "person": "U0GONE0001", "reason": "user_disabled"},
        {"code": "not_asked", "person": workspace.bot.id, "reason": "cannot_dm_bot"},
    ]
    assert "the person's account is closed" in card_text(card)
    assert "U0GONE0001" in card_text(card)
    assert "first answer counts" not in card_text(await question(hall, "dana"))
    await answer(hall, "The red one", "dana")
    await outcome(hall)
    assert len((await the_step(hall, "ask")).warnings) == 2


async def test_who_cant_be_written_to_after_all_is_left_out_too(hall: TownHall) -> None:
    hall.slack.faults.script("chat.postMessage", [Fine(), ErrorWord("messages_tab_disabled")])
    await approved(hall, ask(CREW))
    await with_button(hall, "Skip step")
    found = await the_step(hall, "ask")
    assert asked(hall) == ["marco"]
    assert [warning["person"] for warning in found.warnings] == [hall.slack.user("dana").id]
    assert found.wait is not None
    assert [each["person"] for each in found.wait["asked"]] == [hall.slack.user("marco").id]
    await answer(hall, "The red one", "marco")
    await outcome(hall)


async def test_a_question_that_reaches_nobody_fails_in_words_and_can_be_asked_again(hall: TownHall) -> None:
    hall.slack.faults.script("conversations.open", [ErrorWord("user_disabled"), ErrorWord("user_not_found")])
    await approved(hall, ask(CREW))
    card = await with_button(hall, "Retry")
    found = await the_step(hall, "ask")
    assert found.error == {"code": "nobody_reached", "reason": "user_disabled"}
    assert len(found.warnings) == 2
    assert "Nobody who was to be asked could be reached, since the person's account is closed." in card_text(card)
    await press(hall, "Retry")
    await answer(hall, "The red one", "dana")
    await outcome(hall)
    assert (await the_step(hall, "ask")).warnings == []


@pytest.mark.parametrize(
    ("group", "words"),
    [
        ("S0NIGHTSHF", "Nobody is in the group that was to be asked."),
        ("S0NOBODY01", "there is no such group"),
        ("S0CROWD001", "21 where 20 may be"),
    ],
)
async def test_a_group_that_cant_be_asked_fails_the_step_in_words(hall: TownHall, group: str, words: str) -> None:
    crowd = tuple(f"U0CROWD{number:03}" for number in range(21))
    hall.slack.workspace.groups["S0CROWD001"] = UserGroup("S0CROWD001", "crowd", "Crowd", crowd)
    await approved(hall, ask(group))
    assert words in card_text(await with_button(hall, "Retry"))
    assert asked(hall) == []


async def test_a_connection_that_breaks_over_the_second_question_leaves_one_for_each(hall: TownHall) -> None:
    hall.slack.faults.script("chat.postMessage", [Fine(), Fine(), DropAfterAccepting()])
    await approved(hall, ask(ALL))
    await with_button(hall, "Skip step")
    assert asked(hall) == ["priya", "dana", "marco"]
    assert len(hall.slack.calls("usergroups.users.list")) == 1
    await answer(hall, "The red one", "marco")
    await outcome(hall)
    await all_say(hall, "Answered by ", 3)


async def test_an_answer_before_all_are_asked_is_heard_and_the_rest_are_left_in_peace(hall: TownHall) -> None:
    held = Hold(after_accepting=True)
    hall.slack.faults.script("chat.postMessage", [Fine(), Fine(), held])
    await approved(hall, ask(ALL))
    await happened(held.reached)
    await answer(hall, "The red one")
    await outcome(hall)
    held.released.set()
    await all_say(hall, "Answered by ", 2)
    assert asked(hall) == ["priya", "dana"]
    assert (await output(hall, "ask"))["answer"] == "The red one"
    assert await step_states(hall) == {"ask": "DONE"}


async def test_a_run_that_is_cancelled_before_all_are_asked_asks_nobody_else(hall: TownHall) -> None:
    held = Hold(after_accepting=True)
    hall.slack.faults.script("chat.postMessage", [Fine(), Fine(), held])
    await approved(hall, ask(ALL))
    await happened(held.reached)
    await press(hall, "Cancel run")
    await outcome(hall)
    held.released.set()
    await all_say(hall, "This question is closed; no answer is needed.", 2)
    assert asked(hall) == ["priya", "dana"]
    assert await step_states(hall) == {"ask": "CANCELLED"}


async def test_each_is_reminded_once_a_day_and_thrice_at_most(hall: TownHall) -> None:
    await approved(hall, ask(CREW))
    await with_button(hall, "Skip step")
    assert await queued(hall.database, "remind_question") == pytest.approx([86_400] * 2, abs=1)
    found = await the_step(hall, "ask")
    dana = RemindQuestion(
        workspace=hall.deps.workspace.id, step=found.id, attempt=1, user=hall.slack.user("dana").id
    )
    for reminder in (1, 1, 2, 3):
        await remind_question(dana.model_copy(update={"reminder": reminder}), hall.deps)
    reminders = marked(hall, ids.METADATA_QUESTION_REMINDER)
    assert {each.channel for each in reminders} == {hall.slack.dm("dana").id}
    assert [each.metadata["event_payload"]["reminder"] for each in reminders if each.metadata] == [1, 2, 3]
    assert "Which tap?" in card_text(reminders[0])
    # Two first ones, and the second and the third of hers: after that there is none.
    assert len(await queued(hall.database, "remind_question")) == 4


@pytest.mark.parametrize("end", ["answer", "Skip step", "Cancel run"])
async def test_nobody_is_reminded_of_what_is_over(hall: TownHall, end: str) -> None:
    await approved(hall, ask(CREW))
    await with_button(hall, "Skip step")
    found = await the_step(hall, "ask")
    match end:
        case "answer":
            await answer(hall, "The red one", "marco")
        case "Skip step":
            await skip(hall)
        case _:
            await press(hall, end)
    await outcome(hall)
    dana = hall.slack.user("dana").id
    job = RemindQuestion(workspace=hall.deps.workspace.id, step=found.id, attempt=1, user=dana)
    await remind_question(job, hall.deps)
    assert marked(hall, ids.METADATA_QUESTION_REMINDER) == []
    assert len(await queued(hall.database, "remind_question")) == 2


@pytest.mark.soak
async def test_killed_between_the_questions_each_is_asked_once(database: Database, database_url: str) -> None:
    """Killed with -9 after Slack has taken the second of three, and before that is on record."""
    async with SlackStandIn() as slack, GeminiStandIn() as gemini:
        steps = [ask(ALL, after="tell"), notify(message="{{ask.answer}}")]
        plan = {"workflow_name": "Ask", "description": "", "steps": steps}
        script_plan(gemini, plan)
        env = serve_env(slack, gemini.url, database_url)
        async with bot_process("serve", env=env) as first:
            await load_pack(database, slack)
            slack.request_url = f"http://127.0.0.1:{await first.port()}/slack/events"
            held = Hold(after_accepting=True)
            slack.faults.script("chat.postMessage", [Fine(), Fine(), held])
            await slack.send_command("priya", "works", "/mudda", "a leak at 5th and Main")
            card = await slack.wait_for(lambda: next((each for each in cards(slack) if buttons(each)), None))
            await slack.click("marco", "works", card.ts, ids.ACTION_APPROVE)
            await happened(held.reached)
            await first.kill()
        # Whoever joins or leaves the group now is none of those who were asked.
        slack.workspace.groups["S0WATERCRW"] = UserGroup("S0WATERCRW", "water-crew", "Water crew")
        async with bot_process("serve", env=env) as second:
            slack.request_url = f"http://127.0.0.1:{await second.port()}/slack/events"
            await slack.wait_for(lambda: slack.dm("marco").messages, 30)
            [his] = slack.dm("marco").messages.values()
            await slack.click("marco", his.channel, his.ts, ids.ACTION_STEP_ANSWER)
            [view] = await slack.wait_for(lambda: slack.views("marco"))
            await slack.submit_view(view.id, {ids.BLOCK_ANSWER: {ids.INPUT_ANSWER: "The red one"}})
            questions: list[Message] = []
            for name in ("priya", "dana", "marco"):
                [message] = slack.dm(name).messages.values()
                questions.append(message)
            await slack.wait_for(lambda: all("Answered by " in card_text(each) for each in questions))
            await slack.wait_for(
                lambda: any("The red one" in each.text for each in slack.messages("works", thread_ts=card.ts))
            )
