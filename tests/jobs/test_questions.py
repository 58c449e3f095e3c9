"""People are asked, end to end: who may answer, when, and how often it counts; and who is killed on the way."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import select, update

from bot.jobs.runs.questions import answer_step
from bot.jobs.runs.steps import run_step
from bot.sandbox.gemini.server import GeminiStandIn
from bot.sandbox.slack import ErrorWord, Fine, Hold, SlackStandIn
from bot.slack import ids
from db.models import Decision, StepAttempt, StepRun
from db.session import Database
from services.jobs import AnswerStep
from tests.support.bot_process import bot_process, serve_env
from tests.support.own_steps import answer, ask, form, job_of, marked, notify, output, posted, the_step
from tests.support.stand_in_plans import script_plan
from tests.support.town_hall import TownHall, buttons, card_text, cards, load_pack
from tests.support.town_runs import approved, outcome, press, run_state, skip, step_states, with_button
from tests.support.waiting import happened


async def test_a_person_is_asked_and_the_answer_is_what_later_steps_take(hall: TownHall) -> None:
    priya = hall.slack.user("priya").id
    await approved(hall, ask(), notify(message="It is {{ask.answer}}, says {{ask.answered_by}}"))
    question = await posted(hall, ids.METADATA_QUESTION)
    assert question.channel == hall.slack.dm("priya").id
    card = await with_button(hall, "Skip step")
    assert await run_state(hall) == "WAITING"
    assert "Waiting for an answer from " in card_text(card)
    assert "Approve step" not in card_text(card)
    await answer(hall, "The <!channel> one")
    await outcome(hall)
    assert await output(hall, "ask") == {"answer": "The <!channel> one", "answered_by": priya}
    assert "It is The &lt;!channel&gt; one" in (await posted(hall, ids.METADATA_NOTICE)).text
    shown = await hall.slack.wait_for(
        lambda: next((m for m in marked(hall, ids.METADATA_QUESTION) if "Answered: " in card_text(m)), None)
    )
    assert ids.ACTION_STEP_ANSWER not in card_text(shown)
    async with hall.database.reading() as session:
        decision = (await session.scalars(select(Decision))).one()
        attempt = (await session.scalars(select(StepAttempt).where(StepAttempt.outcome == "answered"))).one()
    assert (decision.kind, decision.user_id, attempt.number) == ("answer", priya, 1)


@pytest.mark.parametrize(("options", "kind"), [(3, "radio_buttons"), (40, "static_select")])
async def test_a_choice_is_one_of_the_options(hall: TownHall, options: int, kind: str) -> None:
    names = [f"Tap {number}" for number in range(options)]
    await approved(hall, ask(kind="choice", body__options=json.dumps(names)))
    view = await form(hall)
    assert view.body["blocks"][1]["element"]["type"] == kind
    await hall.slack.submit_view(view.id, {ids.BLOCK_ANSWER: {ids.INPUT_ANSWER: "2"}})
    await outcome(hall)
    assert (await output(hall, "ask"))["answer"] == "Tap 2"


async def test_only_the_person_who_was_asked_may_answer(hall: TownHall) -> None:
    await approved(hall, ask())
    question = await posted(hall, ids.METADATA_QUESTION)
    await with_button(hall, "Skip step")
    found = await the_step(hall, "ask")
    dana, channel = hall.slack.user("dana").id, hall.slack.channel("works")
    await hall.slack.click("dana", question.channel, question.ts, ids.ACTION_STEP_ANSWER)
    assert hall.slack.views("dana") == []
    given = AnswerStep(
        workspace=hall.deps.workspace.id,
        step=found.id,
        attempt=1,
        user=dana,
        answer="Mine",
        channel=channel.id,
        ts=question.ts,
    )
    await answer_step(given, hall.deps)
    told = await hall.slack.wait_for(lambda: hall.slack.ephemerals("works", "dana"))
    assert "put to somebody else" in told[0].text
    assert await step_states(hall) == {"ask": "WAITING"}


async def test_an_answer_that_is_handed_over_twice_counts_once(hall: TownHall) -> None:
    await approved(hall, ask(), notify(message="{{ask.answer}}"))
    await answer(hall, "Mine")
    await outcome(hall)
    found = await the_step(hall, "ask")
    question = await posted(hall, ids.METADATA_QUESTION)
    for text in ("Mine", "Another"):
        given = AnswerStep(
            workspace=hall.deps.workspace.id,
            step=found.id,
            attempt=1,
            user=hall.slack.user("priya").id,
            answer=text,
            channel=question.channel,
            ts=question.ts,
        )
        await answer_step(given, hall.deps)
    await run_step(await job_of(hall, "ask"), hall.deps)
    assert (await output(hall, "ask"))["answer"] == "Mine"
    assert len(marked(hall, ids.METADATA_QUESTION)) == len(marked(hall, ids.METADATA_NOTICE)) == 1


async def test_whoever_answers_before_the_question_is_on_record_is_heard(hall: TownHall) -> None:
    await approved(hall, ask())
    await posted(hall, ids.METADATA_QUESTION)
    await with_button(hall, "Skip step")
    # As after a kill between the post and its record.
    person = {"person": hall.slack.user("priya").id, "channel": hall.slack.dm("priya").id}
    async with hall.database.transaction() as session:
        await session.execute(update(StepRun).values(state="RUNNING", wait={"attempt": 1, "asked": [person]}))
    view = await form(hall)
    await run_step(await job_of(hall, "ask"), hall.deps)
    assert len(marked(hall, ids.METADATA_QUESTION)) == 1
    await hall.slack.submit_view(view.id, {ids.BLOCK_ANSWER: {ids.INPUT_ANSWER: "Mine"}})
    await outcome(hall)
    assert (await output(hall, "ask"))["answer"] == "Mine"


async def test_an_answer_of_blanks_is_refused_in_the_form(hall: TownHall) -> None:
    await approved(hall, ask(kind="note"))
    view = await form(hall)
    delivery = await hall.slack.submit_view(view.id, {ids.BLOCK_ANSWER: {ids.INPUT_ANSWER: "  "}})
    assert delivery.errors == {ids.BLOCK_ANSWER: "Write a word or two."}


@pytest.mark.parametrize("label", ["Cancel run", "Skip step"])
async def test_a_question_that_is_not_needed_any_more_says_so(hall: TownHall, label: str) -> None:
    await approved(hall, ask())
    view = await form(hall)
    await (skip(hall) if label == "Skip step" else press(hall, label))
    over = await hall.slack.wait_for(
        lambda: next(
            (m for m in marked(hall, ids.METADATA_QUESTION) if "no answer is needed" in card_text(m)), None
        )
    )
    assert ids.ACTION_STEP_ANSWER not in card_text(over)
    await hall.slack.submit_view(view.id, {ids.BLOCK_ANSWER: {ids.INPUT_ANSWER: "Mine"}})
    told = await hall.slack.wait_for(lambda: hall.slack.ephemerals(over.channel, "priya"))
    assert "or is no longer needed" in told[0].text
    assert await step_states(hall) == {"ask": "CANCELLED" if label == "Cancel run" else "SKIPPED"}


async def test_a_person_who_is_not_there_fails_the_step_in_words(hall: TownHall) -> None:
    await approved(hall, ask(person="U0000000"))
    card = await with_button(hall, "Stop run")
    assert "there is no such person" in card_text(card)


async def test_a_question_that_slack_does_not_take_can_be_asked_again(hall: TownHall) -> None:
    hall.slack.faults.script("conversations.open", [ErrorWord("messages_tab_disabled")])
    await approved(hall, ask())
    await press(hall, "Retry")
    await answer(hall, "Mine")
    await outcome(hall)
    assert [m.metadata["event_payload"]["attempt"] for m in marked(hall, ids.METADATA_QUESTION) if m.metadata] == [
        2
    ]


async def test_a_question_can_be_answered_although_its_worker_was_killed_over_it(
    database: Database, database_url: str
) -> None:
    """Killed with -9 after Slack has taken the question and before anything of it is on record."""
    async with SlackStandIn() as slack, GeminiStandIn() as gemini:
        plan = {
            "workflow_name": "Ask",
            "description": "",
            "steps": [ask(after="tell"), notify(message="{{ask.answer}}")],
        }
        script_plan(gemini, plan)
        env = serve_env(slack, gemini.url, database_url)
        async with bot_process("serve", env=env) as first:
            await load_pack(database, slack)
            slack.request_url = f"http://127.0.0.1:{await first.port()}/slack/events"
            held = Hold(after_accepting=True)
            slack.faults.script("chat.postMessage", [Fine(), held])
            await slack.send_command("priya", "works", "/mudda", "a leak at 5th and Main")
            card = await slack.wait_for(lambda: next((each for each in cards(slack) if buttons(each)), None))
            await slack.click("marco", "works", card.ts, ids.ACTION_APPROVE)
            await happened(held.reached)
            await first.kill()
        async with bot_process("serve", env=env) as second:
            slack.request_url = f"http://127.0.0.1:{await second.port()}/slack/events"
            [question] = slack.dm("priya").messages.values()
            await slack.click("priya", question.channel, question.ts, ids.ACTION_STEP_ANSWER)
            [view] = await slack.wait_for(lambda: slack.views("priya"))
            await slack.submit_view(view.id, {ids.BLOCK_ANSWER: {ids.INPUT_ANSWER: "The red one"}})
            await slack.wait_for(lambda: "Answered: " in card_text(question))
            await slack.wait_for(
                lambda: any("The red one" in each.text for each in slack.messages("works", thread_ts=card.ts))
            )
            assert len(slack.dm("priya").messages) == 1
