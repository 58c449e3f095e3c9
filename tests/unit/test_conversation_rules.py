"""What plain rules tell of what was meant, and what they leave to the model or to people."""

from __future__ import annotations

import pytest

from bot.views.messages.threads import phrases
from services.ai.intents import Intent, Line, PlanInThread, Saying, Where
from services.conversations.rules import asks_without_requesting, plainly, weight, without_model
from services.conversations.slips import nearest
from services.conversations.talk import ENGLISH, MAX_REPLIES, MAX_ROOT, Phrases, Said, Talk, issue_markup
from services.conversations.threads import SECONDS, OwnedThreads

PLAN = PlanInThread(9, "Fix the main", "DRAFT")
ABOVE = (Line("Dana", "Brown water comes out of the tap"),)
KNOWN = ("help", "ask", "workflows", "components", "approvers", "notes")


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("Water is coming up through the road at 5th and Main", Intent.ISSUE),
        ("Wasser kommt aus der Straße in der Hauptstraße", Intent.ISSUE),
        ("सड़क पर पानी भर गया है स्कूल के पास", Intent.ISSUE),
        ("水が道路に溢れている", Intent.ISSUE),
        ("has been leaking for days at the school", Intent.ISSUE),
        ("Do not drink the water in ward 4, it is brown", Intent.ISSUE),
        ("what is open in Ward 4?", Intent.QUESTION),
        ("which component sends SMS", Intent.QUESTION),
        ("Wer hat den Kran genehmigt?", Intent.QUESTION),
        ("hello", Intent.SMALLTALK),
        ("thank you very much", Intent.SMALLTALK),
        ("नमस्ते", Intent.SMALLTALK),
        ("status", Intent.UNCLEAR),
        ("burst pipe", None),
        ("Can you send somebody to fix the light at 5th and Main?", None),
        ("list the plans of this week please", None),
        ("When I turn on the tap the water that comes out of it is brown", None),
        ("approve #12 as soon as you can", None),
    ],
)
def test_a_command_is_judged_by_rules_where_they_are_sure(text: str, intent: Intent | None) -> None:
    assert plainly(Saying(text, Where.COMMAND)) is intent


@pytest.mark.parametrize("where", [Where.MENTION, Where.DM, Where.THREAD])
def test_a_report_that_comes_another_way_is_the_models_to_judge(where: Where) -> None:
    assert plainly(Saying("Water is coming up through the road", where)) is None
    assert plainly(Saying("what is #9 waiting for?", where)) is None


@pytest.mark.parametrize(
    "text", ["looks good", "Looks good, go!", "LGTM", "approve", "go ahead", "cancel the run", "stop it"]
)
def test_a_decision_in_the_thread_of_a_plan_is_known(text: str) -> None:
    assert plainly(Saying(text, Where.THREAD, plan=PLAN)) is Intent.DECISION


@pytest.mark.parametrize(
    "text", ["go to the school first", "approve of nothing", "stop the water at the pump", ""]
)
def test_what_only_begins_like_a_decision_is_none(text: str) -> None:
    assert plainly(Saying(text, Where.THREAD, plan=PLAN)) is not Intent.DECISION


def test_what_people_say_to_each_other_is_no_small_talk_with_the_bot() -> None:
    assert plainly(Saying("thanks!", Where.THREAD, plan=PLAN)) is Intent.NOT_FOR_ME
    assert plainly(Saying("thanks!", Where.MENTION, plan=PLAN)) is Intent.SMALLTALK


@pytest.mark.parametrize(
    ("said", "intent"),
    [
        (Saying("Water is coming up at 5th and Main", Where.MENTION), Intent.ISSUE),
        (Saying("what is #9 waiting for?", Where.DM), Intent.QUESTION),
        (Saying("please handle this", Where.MENTION, above=ABOVE), Intent.ISSUE),
        (Saying("", Where.MENTION, above=ABOVE), Intent.ISSUE),
        (Saying("crew first, then the notice", Where.THREAD, plan=PLAN), Intent.NOT_FOR_ME),
        (Saying("crew first, then the notice", Where.MENTION, plan=PLAN), Intent.UNCLEAR),
        (Saying("can you fix the light at the school?", Where.MENTION), Intent.UNCLEAR),
        (Saying("add the school to #12 please", Where.COMMAND), Intent.UNCLEAR),
        (Saying("burst pipe", Where.COMMAND), Intent.UNCLEAR),
    ],
)
def test_without_the_model_what_can_be_decided_is(said: Saying, intent: Intent) -> None:
    assert without_model(said) is intent


@pytest.mark.parametrize("text", ["flooding", "what is open in Ward 4?", "?", "  ", "who approved the crane"])
def test_neither_a_lone_word_nor_a_question_is_ever_an_issue_by_rule(text: str) -> None:
    for where in Where:
        assert plainly(Saying(text, where)) is not Intent.ISSUE
        assert without_model(Saying(text, where)) is not Intent.ISSUE


def test_a_request_in_the_form_of_a_question_is_no_mere_question() -> None:
    assert asks_without_requesting("why is there water on the road?")
    assert not asks_without_requesting("can you send somebody to 5th and Main?")


@pytest.mark.parametrize(
    ("text", "words"), [("", 0), ("a b c", 3), ("🚰🚰", 0), ("水道", 1), ("what's #12", 2), ("नमस्ते दुनिया", 2)]
)
def test_words_are_counted_in_every_script(text: str, words: float) -> None:
    assert weight(text) == words


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("halp", "help"),
        ("hepl", "help"),
        ("approver", "approvers"),
        ("Status", "workflows"),
        ("list", "workflows"),
        ("/workflow", "workflows"),
        ("note", "notes"),
        ("flooding", None),
        ("", None),
    ],
)
def test_a_slip_is_told_by_what_it_is_like(typed: str, meant: str | None) -> None:
    assert nearest(typed, KNOWN) == meant


# A thread as an issue

NAMES = {"U1": "Dana <b>", "U2": "Marco"}


def said(user: str, text: str, *files: str) -> Said:
    return Said("1.1", user, "", text, files)


def test_an_issue_of_a_thread_says_who_said_what() -> None:
    talk = Talk(said("U1", "A leak"), (said("U2", "Here too", "a&b.jpg"), said("U1", "")))
    assert issue_markup(talk, NAMES) == "A leak\n\nSaid below it:\nMarco: Here too\n(Attached: a&amp;b.jpg)"
    only = Talk(None, (said("U1", "A leak"),))
    assert issue_markup(only, NAMES) == "Dana &lt;b&gt;: A leak"


def test_what_stands_between_peoples_words_is_in_the_language_of_whoever_has_it_planned() -> None:
    talk = Talk(said("", "Ein Leck", "b.jpg"), (said("", "Hier auch", "a&b.jpg"),), more=2)
    german = Phrases("(Angehängt: {})".format, "({} fehlen)".format, "Darunter:", "Jemand")
    assert issue_markup(talk, NAMES, german) == (
        "Ein Leck\n(Angehängt: b.jpg)\n\nDarunter:\n(2 fehlen)\nJemand: Hier auch\n(Angehängt: a&amp;b.jpg)"
    )
    spoken = phrases()
    for count in (1, 1_200):
        assert spoken.left_out(count) == ENGLISH.left_out(count)
    assert spoken.attached("a, {b}") == ENGLISH.attached("a, {b}")
    assert (spoken.below, spoken.someone) == (ENGLISH.below, ENGLISH.someone)


def test_of_a_long_thread_the_newest_is_kept_and_the_rest_is_counted() -> None:
    talk = Talk(
        said("U1", "A" * 10_000), tuple(said("U2", f"{number} " + "x" * 900) for number in range(50)), more=7
    )
    issue = issue_markup(talk, NAMES)
    assert len(issue) < MAX_ROOT + MAX_REPLIES + 500
    shown = issue.count("Marco: ")
    assert f"({57 - shown} earlier replies were left out)" in issue
    assert "Marco: 49 " in issue


def test_a_cut_never_halves_a_mark_or_an_entity() -> None:
    talk = Talk(said("U1", "x" * (MAX_ROOT - 5) + "<@U0DANA0001> and more"), ())
    assert "<@" not in issue_markup(talk, NAMES)
    talk = Talk(said("U1", "x" * (MAX_ROOT - 3) + "&amp; and more"), ())
    assert "&am" not in issue_markup(talk, NAMES)


# Whose thread it is


async def test_a_thread_is_looked_up_once_in_a_while_and_never_again_if_it_is_the_bots() -> None:
    from uuid import uuid4

    now, asked = [0.0], []
    threads = OwnedThreads(lambda: now[0], most=3)
    place = (uuid4(), "C1", "1.1")

    async def no() -> bool:
        asked.append("no")
        return False

    async def yes() -> bool:
        asked.append("yes")
        return True

    for _ in range(100):
        assert not await threads.is_owned(place, no)
    assert asked == ["no"]
    now[0] = SECONDS + 1
    assert await threads.is_owned(place, yes)
    now[0] = 1_000_000
    assert await threads.is_owned(place, no)
    assert asked == ["no", "yes"]
    for number in range(5):
        threads.note((place[0], "C1", f"2.{number}"))
    assert not await threads.is_owned(place, no)
