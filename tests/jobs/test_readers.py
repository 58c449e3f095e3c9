"""Everybody is spoken to in their own language, and a card speaks that of whoever asked for its plan."""

from __future__ import annotations

from bot.languages import _, language_of, speaking
from bot.slack import ids
from bot.views.private.notes import Note, note_text
from tests.support.approvals import rules
from tests.support.homes import opened, saying, settings
from tests.support.notifications import told
from tests.support.town_hall import LEAK, TownHall, drafted

GERMAN, HINDI = language_of("de-DE"), language_of("hi-IN")


def in_german(sentence: str) -> str:
    with speaking(GERMAN):
        return _(sentence)


async def helped(hall: TownHall, user: str) -> str:
    """What /mudda help says to somebody."""
    await hall.slack.send_command(user, "works", "/mudda", "help")
    return hall.slack.ephemerals("works", user)[-1].text


async def test_a_changed_language_is_spoken_at_once_and_to_nobody_else(hall: TownHall) -> None:
    english = note_text(Note.HELP)
    assert await helped(hall, "priya") == english
    await hall.slack.gestures.choose_language("priya", "de-DE")
    with speaking(GERMAN):
        assert await helped(hall, "priya") == note_text(Note.HELP) != english
    assert await helped(hall, "marco") == english
    await hall.slack.gestures.choose_language("priya", "hi-IN")
    with speaking(HINDI):
        assert await helped(hall, "priya") == note_text(Note.HELP)


async def test_a_home_and_what_is_told_on_it_are_in_the_language_of_whoever_looks(hall: TownHall) -> None:
    await hall.slack.gestures.choose_language("priya", "de-DE")
    await opened(hall, "priya", in_german("Welcome to Mudda"), in_german("Report an issue"))
    await opened(hall, "marco", "Welcome to Mudda", "Report an issue")


async def test_what_is_wrong_in_a_form_is_said_in_the_language_of_whoever_filled_it_in(hall: TownHall) -> None:
    await hall.slack.gestures.choose_language("priya", "de-DE")
    await hall.slack.send_command("priya", "works", "/mudda")
    [view] = hall.slack.views("priya")
    sent = await hall.slack.submit_view(view.id, {ids.BLOCK_ISSUE: {ids.INPUT_ISSUE: "  "}})
    assert sent.errors == {ids.BLOCK_ISSUE: in_german("Say in a sentence what is wrong.")}


async def test_whoever_presses_too_late_is_told_so_in_their_own_language(hall: TownHall) -> None:
    await rules(hall, "marco")
    await hall.slack.gestures.choose_language("dana", "de-DE")
    await hall.slack.send_command("priya", "works", "/mudda", LEAK)
    card = await drafted(hall)
    await hall.slack.click("dana", "works", card.ts, ids.ACTION_APPROVE)
    [answer] = await hall.slack.wait_for(lambda: hall.slack.ephemerals("works", "dana"))
    assert answer.text.startswith("Darüber können Sie nicht entscheiden")


async def test_who_is_asked_to_decide_is_asked_in_their_own_language(hall: TownHall) -> None:
    await rules(hall, "marco", "dana")
    await hall.slack.gestures.choose_language("marco", "de-DE")
    await hall.slack.send_command("priya", "works", "/mudda", LEAK)
    assert (await told(hall, "marco")).text.startswith(in_german("A plan waits for your approval"))
    assert (await told(hall, "dana")).text.startswith("A plan waits for your approval")


async def test_an_admin_chooses_the_language_of_all_cards(hall: TownHall) -> None:
    await rules(hall, "marco")
    await opened(hall, "marco", "each plan's own")
    await settings(hall, "marco", language="de")
    await saying(hall, "marco", "Deutsch", "Saved.")
    await settings(hall, "marco", language="default")
    await saying(hall, "marco", "each plan's own", "Saved.")
