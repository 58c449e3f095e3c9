"""People are told in the language in which they read Slack, and what many read is in that of its card."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from bot.sandbox.slack import ErrorWord, Hold, Message
from bot.sandbox.slack.faults import Fault
from bot.slack import ids
from bot.slack.client.directory import LOCALE_SECONDS, NO_LOCALE_SECONDS, Directory
from services.audit import OPERATOR
from services.jobs import SetNotifications
from services.workspaces import settings
from tests.support.approvals import rules
from tests.support.notifications import told
from tests.support.own_steps import answer, ask, question
from tests.support.run_starts import until
from tests.support.stand_in_plans import script_plan
from tests.support.town_hall import LEAK, TownHall, card_text, cards, drafted
from tests.support.town_runs import order, outcome


def reads(hall: TownHall, user: str, locale: str) -> None:
    """Let somebody have chosen a language in Slack."""
    person = hall.slack.user(user)
    hall.slack.workspace.users[person.id] = replace(person, locale=locale)


async def keep_language(hall: TownHall, language: str) -> None:
    """Set in which language cards are, and wait until the bot knows."""
    async with hall.database.transaction() as session:
        await settings.change(session, hall.deps.workspace.id, {"language": language}, OPERATOR)

    async def is_known() -> bool:
        return (await hall.deps_now()).workspace.settings.get("language") == language

    await until(is_known, 20)


def by_action(message: Message) -> dict[str, dict[str, Any]]:
    """A message's buttons, whatever they are called."""
    return {
        element["action_id"]: element
        for block in message.blocks or []
        if block["type"] == "actions"
        for element in block["elements"]
    }


async def planned(hall: TownHall, *steps: dict[str, Any]) -> Message:
    """The card of a plan of these steps."""
    plan = {"workflow_name": "Stop the leak", "description": "Mend it.", "steps": list(steps)}
    script_plan(hall.gemini, plan)
    await hall.slack.send_command("priya", "works", "/mudda", LEAK)
    return await drafted(hall)


async def at_gate(hall: TownHall) -> Message:
    """The card of a plan whose first step waits for approval."""
    card = await planned(hall, order(gate=True))
    await hall.slack.click("marco", "works", card.ts, ids.ACTION_APPROVE)
    return await hall.slack.wait_for(
        lambda: next((each for each in cards(hall.slack) if ids.ACTION_STEP_APPROVE in by_action(each)), None), 30
    )


def thread(hall: TownHall, card: Message) -> str:
    return "\n".join(each.text for each in hall.slack.messages("works", thread_ts=card.ts))


async def test_a_card_is_in_the_language_of_whoever_asked_and_a_copy_in_that_of_its_reader(hall: TownHall) -> None:
    reads(hall, "priya", "de-DE")
    reads(hall, "marco", "hi-IN")
    await rules(hall, "marco", "dana", quorum=2)
    card = await at_gate(hall)
    assert "Wartet auf Freigabe von Schritt 1" in card_text(card)
    assert by_action(card)[ids.ACTION_STEP_APPROVE]["text"]["text"] == "Schritt freigeben"
    his, hers = await told(hall, "marco", count=2), await told(hall, "dana", count=2)
    assert by_action(his)[ids.ACTION_STEP_APPROVE]["text"]["text"] == "चरण मंज़ूर करें"
    assert by_action(hers)[ids.ACTION_STEP_APPROVE]["text"]["text"] == "Approve step"
    await hall.slack.wait_for(
        lambda: "braucht eine Freigabe. Geben Sie ihn auf der Karte frei" in thread(hall, card)
    )
    await hall.slack.click("dana", hers.channel, hers.ts, ids.ACTION_STEP_APPROVE)
    # Redrawn, each in its own language.
    await hall.slack.wait_for(lambda: "ने मंज़ूर किया (2 में से 1)" in card_text(his))
    await hall.slack.wait_for(lambda: "(1 of 2)" in card_text(hers))
    await hall.slack.click("marco", his.channel, his.ts, ids.ACTION_STEP_APPROVE)
    assert "Erledigt in" in (await outcome(hall)).text
    await hall.slack.wait_for(lambda: "Freigegeben von" in card_text(card))


async def test_what_is_posted_below_a_card_is_in_its_language_whoever_wanted_it(hall: TownHall) -> None:
    reads(hall, "priya", "de-DE")
    reads(hall, "dana", "hi-IN")
    card = await planned(hall, order())
    menu = by_action(card)[ids.ACTION_PLAN_MORE]
    wish = next(each["value"] for each in menu["options"] if each["value"].startswith(ids.CHOICE_DRY_RUN))
    await hall.slack.click("dana", "works", card.ts, ids.ACTION_PLAN_MORE, wish)
    await hall.slack.wait_for(lambda: "Probelauf: nichts wurde geändert" in thread(hall, card))


async def test_each_of_those_who_are_asked_reads_the_question_in_their_own_language(hall: TownHall) -> None:
    reads(hall, "priya", "de-DE")
    reads(hall, "dana", "hi-IN")
    card = await planned(hall, ask("<!subteam^S0WATERCRW|@water-crew>"))
    await hall.slack.click("marco", "works", card.ts, ids.ACTION_APPROVE)
    his, hers = await question(hall, "marco"), await question(hall, "dana")
    assert "A question for you" in card_text(his)
    assert "आपके लिए एक सवाल" in card_text(hers)
    await answer(hall, "The red one", "marco")
    await hall.slack.wait_for(lambda: " का जवाब: " in card_text(hers))
    await hall.slack.wait_for(lambda: "Answered by " in card_text(his))


async def test_a_deputy_is_told_in_their_own_language(hall: TownHall) -> None:
    reads(hall, "marco", "de-DE")
    reads(hall, "dana", "hi-IN")
    today = hall.deps.now().date()
    await hall.deps.intake.put(
        "deputy",
        SetNotifications(
            workspace=hall.deps.workspace.id,
            user=hall.slack.user("marco").id,
            channel=hall.slack.channel("works").id,
            mode="each",
            deputy=hall.slack.user("dana").id,
            first=today,
            last=today,
        ),
    )
    message = await told(hall, "dana", ids.METADATA_DEPUTY)
    assert "अपना स्थानापन्न बनाया है" in message.text


async def test_the_workspaces_language_is_that_of_its_cards(hall: TownHall) -> None:
    reads(hall, "priya", "de-DE")
    await keep_language(hall, "hi")
    card = await at_gate(hall)
    assert "चरण 1 की मंज़ूरी का इंतज़ार है" in card_text(card)
    await hall.slack.wait_for(lambda: "को मंज़ूरी चाहिए" in thread(hall, card))


@pytest.mark.parametrize("fault", [ErrorWord("user_not_found"), Hold()])
async def test_a_language_that_slack_does_not_tell_is_english_and_soon(hall: TownHall, fault: Fault) -> None:
    reads(hall, "priya", "de-DE")
    priya = hall.slack.user("priya").id
    hall.slack.faults.script("users.info", [fault])
    begun = asyncio.get_running_loop().time()
    assert await hall.deps.slack.locale(priya) is None
    # Half a second, on a machine that has other things to do, too.
    assert asyncio.get_running_loop().time() - begun < 2.5
    assert await hall.deps.slack.locale(priya) is None
    card = await at_gate(hall)
    assert "Waiting for approval of step 1" in card_text(card)


async def test_a_language_that_was_changed_is_seen_after_an_hour(hall: TownHall) -> None:
    priya, now = hall.slack.user("priya").id, 0.0
    directory = Directory(hall.deps.slack.client, hall.deps.metrics, clock=lambda: now)
    reads(hall, "priya", "de-DE")
    assert await directory.locale(priya) == "de-DE"
    reads(hall, "priya", "hi-IN")
    now = LOCALE_SECONDS - 1
    assert await directory.locale(priya) == "de-DE"
    now = LOCALE_SECONDS + 1
    assert await directory.locale(priya) == "hi-IN"


async def test_slack_is_asked_again_soon_and_a_language_that_was_known_is_kept(hall: TownHall) -> None:
    priya, now = hall.slack.user("priya").id, 0.0
    directory = Directory(hall.deps.slack.client, hall.deps.metrics, clock=lambda: now)
    reads(hall, "priya", "de-DE")
    assert await directory.locale(priya) == "de-DE"
    reads(hall, "priya", "hi-IN")
    hall.slack.faults.script("users.info", [ErrorWord("internal_error")])
    now = LOCALE_SECONDS + 1
    assert await directory.locale(priya) == "de-DE"
    now += NO_LOCALE_SECONDS + 1
    assert await directory.locale(priya) == "hi-IN"
