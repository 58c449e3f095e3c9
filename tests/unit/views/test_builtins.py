"""What built-in steps look like: on the card, in the details, and in the messages that they post."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from bot.slack import ids
from bot.views.card import card
from bot.views.kit import blocks as kit
from bot.views.kit.text import is_link
from bot.views.messages.notice import notice_message
from bot.views.messages.outcome import outcome_message
from bot.views.messages.question import question_message, question_reminder
from bot.views.modals.answer import answer_fault, answer_modal
from bot.views.modals.run import run_details_modal
from services.components.builtins import BUILTINS
from services.jobs import AnswerFile
from services.queries.snapshots import PlanSnapshot
from services.runs.questions import Question
from services.states import RunState, StepState
from tests.support import run_samples, samples
from tests.support.run_samples import STARTED_AT, S, done, run, step
from tests.support.slack_rules import HARMFUL, check_message, check_modal, labels, parsed
from tests.support.slack_rules import words as all_words

ASKED = "U0FRYJ009"
QUESTION = Question(
    step_id=UUID(int=7),
    attempt=2,
    people=(ASKED,),
    question="Which tap is it?",
    kind="text",
    options=(),
    plan_number=12,
    title="Burst water main",
    reporter=samples.REPORTER,
    is_open=True,
)


PHOTO = AnswerFile(
    id="F0FRYJ001",
    name="leak & spray.jpg",
    mimetype="image/jpeg",
    permalink="https://springfield.slack.com/files/U0FRYJ009/F0FRYJ001/leak___spray.jpg",
)
PHOTOS: dict[str, Any] = {
    "answer": f"{PHOTO.permalink} leak <2>.jpg",
    "answered_by": ASKED,
    "files": [
        PHOTO.model_dump(),
        {**PHOTO.model_dump(), "name": "leak <2>.jpg", "permalink": "javascript:alert(1)"},
    ],
}


def own(key: str, state: StepState, **changes: Any) -> PlanSnapshot:
    """The sample run, its last step one of Mudda's own."""
    finished = done("locate", "order", "file", "assign", "residents")
    changed = step("tell", state, **{"request": {"method": "", "url": key, "body": {}}, **changes})
    over = state in (S.DONE, S.SKIPPED)
    running = RunState.WAITING if state is S.WAITING else RunState.COMPLETED if over else RunState.RUNNING
    snapshot = run(running, *finished, changed)
    version = snapshot.version
    assert version is not None
    steps = tuple(
        each.model_copy(update={"component_id": key}) if each.step_id == "tell" else each
        for each in version.plan.steps
    )
    plan = version.plan.model_copy(update={"steps": steps})
    components = {**version.components, key: BUILTINS[key]}
    return replace(snapshot, version=replace(version, plan=plan, components=components))


def drawn(snapshot: PlanSnapshot) -> str:
    message = card(snapshot, card_id=samples.CARD_ID)
    check_message(message)
    return json.dumps(message.blocks, ensure_ascii=False)


def words(snapshot: PlanSnapshot) -> str:
    return all_words(card(snapshot, card_id=samples.CARD_ID).blocks)


def details(snapshot: PlanSnapshot) -> str:
    view = run_details_modal(snapshot)
    check_modal(view)
    return json.dumps(view, ensure_ascii=False)


def test_the_card_says_whom_a_question_waits_for() -> None:
    wait = {"attempt": 1, "asked": [{"person": ASKED, "channel": "D1"}]}
    snapshot = own("slack.ask_person", S.WAITING, wait=wait, request={"body": {"question": "Which tap?"}})
    text = drawn(snapshot)
    assert '{"type": "user", "user_id": "U0FRYJ009"}' in text
    assert "Which tap?" in text
    assert "Skip step" in text
    assert "Approve step" not in text
    assert "Waiting for an answer" in details(snapshot)


def test_the_card_says_whom_else_it_waits_for_and_who_could_not_be_asked() -> None:
    people = [{"person": f"U0FRYJ01{number}", "channel": "D1", "ts": "1.2"} for number in range(7)]
    warning = {"code": "not_asked", "person": "U0FRYJ099", "reason": "user_disabled"}
    snapshot = own("slack.ask_person", S.WAITING, wait={"attempt": 1, "asked": people[:2]}, warnings=(warning,))
    text = words(snapshot)
    assert "Waiting for an answer from \nU0FRYJ010\n or \nU0FRYJ011" in text
    assert "could not be reached, since the person's account is closed.\n (\nU0FRYJ099\n)" in text
    many = words(own("slack.ask_person", S.WAITING, wait={"attempt": 1, "asked": people}))
    assert "U0FRYJ014\n or 2 more" in many
    assert "U0FRYJ015" not in many


def test_the_card_links_to_photos() -> None:
    snapshot = own("slack.ask_person", S.DONE, output=PHOTOS, wait={"attempt": 1, "answered_by": ASKED})
    text = drawn(snapshot)
    link = {"type": "link", "url": PHOTO.permalink, "text": PHOTO.name}
    assert json.dumps(link, ensure_ascii=False) in text
    assert "javascript" not in text
    assert "leak <2>.jpg" in text
    assert "leak & spray.jpg and leak <2>.jpg" in told("slack.ask_person", PHOTOS)


def test_a_question_that_needs_agreement_first_is_an_ordinary_gate() -> None:
    text = drawn(own("slack.ask_person", S.WAITING, gated=True))
    assert "Approve step" in text
    assert "Waiting for approval" in details(own("slack.ask_person", S.WAITING, gated=True))


def test_the_card_says_how_long_a_wait_goes_on() -> None:
    until = STARTED_AT + timedelta(hours=5)
    text = drawn(own("wait.for", S.READY, wait={"attempt": 1}, retry_at=until))
    assert "Waiting until " in text
    assert str(int(until.timestamp())) in text
    assert "Tries again" not in text
    polled = drawn(own("wait.until", S.READY, wait={"attempt": 1, "polls": 3}, retry_at=until))
    assert "Not yet. Looks again at " in polled
    assert "(looked 3 times so far)" in polled


@pytest.mark.parametrize(
    ("key", "output", "wait", "said"),
    [
        ("slack.notify", {"posted": True, "channel": "C1", "ts": "1.2"}, {}, "Posted."),
        ("wait.for", {"waited_until": "2026-11-24T11:00:00+00:00"}, {}, "The time has passed."),
        ("wait.until", {"value": "closed", "polls": 3}, {}, '"text": "closed"'),
        ("slack.ask_person", {"answer": "The red one"}, {"answered_by": ASKED}, "“The red one”"),
    ],
)
def test_the_card_says_what_came_of_it(key: str, output: dict[str, Any], wait: dict[str, Any], said: str) -> None:
    text = drawn(own(key, S.DONE, output=output, wait={"attempt": 1, **wait}))
    assert said in text
    assert ("U0FRYJ009" in text) == ("answered_by" in wait)


def told(key: str, output: dict[str, Any]) -> str:
    """The reply about a run in which only that step answered anything."""
    snapshot = own(key, S.DONE, output=output)
    assert snapshot.run is not None
    steps = tuple(each if each.step_id == "tell" else replace(each, output=None) for each in snapshot.run.steps)
    message = outcome_message(replace(snapshot, run=replace(snapshot.run, steps=steps)))
    check_message(message)
    return json.dumps(message.blocks, ensure_ascii=False)


def test_the_outcome_tells_answers_and_not_that_something_was_posted() -> None:
    assert "“The red one”" in told("slack.ask_person", {"answer": "The red one", "answered_by": ASKED})
    assert "98.76" not in told("slack.notify", {"posted": True, "channel": "C1", "ts": "98.76"})


@pytest.mark.parametrize("text", HARMFUL, ids=lambda text: repr(text[:12]))
@pytest.mark.parametrize("key", BUILTINS)
def test_harmful_text_on_the_card(text: str, key: str) -> None:
    strange = {"attempt": 1, "asked": [{"person": text}] * 7, "answered_by": text, "polls": text}
    output = {"answer": text, "value": text}
    request = {"method": "", "url": key, "body": {"question": text, text or "a": text}}
    for state in StepState:
        snapshot = own(key, state, wait=strange, output=output, request=request, retry_at=run_samples.ENDED_AT)
        drawn(snapshot)
        details(snapshot)
        if snapshot.run and snapshot.run.state is RunState.COMPLETED:
            check_message(outcome_message(snapshot))


@pytest.mark.parametrize("text", HARMFUL, ids=lambda text: repr(text[:12]))
def test_harmful_text_in_questions_and_notices(text: str) -> None:
    check_message(notice_message(UUID(int=7), text, to=ASKED))
    check_message(notice_message(UUID(int=7), text))
    asked = replace(QUESTION, question=text, title=text)
    file = AnswerFile(id="F1", name=text, mimetype="image/png", permalink=f"https://files.example/{text}")
    photos = replace(asked, kind="photo", answer=text, answered_by=text, people=(ASKED, text), files=(file,) * 3)
    crowd = replace(asked, people=(ASKED, text) * 10)
    for question in (asked, replace(asked, answer=text), replace(asked, is_open=False), photos, crowd):
        check_message(question_message(question))
    check_message(question_reminder(asked, 3))
    for kind, options in (("text", 0), ("note", 0), ("photo", 0), ("choice", 2), ("choice", 100)):
        form = replace(asked, kind=kind, options=tuple([text] * options))
        check_modal(answer_modal(form, channel="D0000001", message_ts="1.2"))


def test_a_question_is_known_by_its_step_and_attempt() -> None:
    message = question_message(QUESTION)
    assert message.metadata == {
        "event_type": ids.METADATA_QUESTION,
        "event_payload": {"step": str(UUID(int=7)), "attempt": 2},
    }
    [button] = message.blocks[-1]["elements"]
    assert ids.Ref.decode(button["value"]) == ids.Ref(UUID(int=7), 2)
    view = answer_modal(QUESTION, channel="D0000001", message_ts="1.2")
    assert json.loads(view["private_metadata"]) == {
        "ref": button["value"],
        "channel": "D0000001",
        "message_ts": "1.2",
    }


def test_a_question_to_several_says_so_and_then_who_answered() -> None:
    others = ("U0FRYJ010", "U0FRYJ011")
    several = replace(QUESTION, people=(ASKED, *others))
    text = all_words(question_message(several).blocks)
    assert "It goes to \nU0FRYJ009\n, \nU0FRYJ010\n and \nU0FRYJ011\n; the first answer counts." in text
    assert labels(question_message(several).blocks) == ["Answer"]
    answered = question_message(replace(several, is_open=False, answer="The red one", answered_by=others[0]))
    check_message(answered)
    assert "Answered by \nU0FRYJ010\n: \nThe red one" in all_words(answered.blocks)
    assert "the first answer counts" not in all_words(answered.blocks)
    assert labels(answered.blocks) == []
    alone = question_message(replace(QUESTION, is_open=False, answer="The red one", answered_by=ASKED))
    assert "Answered: \nThe red one" in all_words(alone.blocks)


def test_photos_are_links_by_their_names_where_the_address_is_one_to_link_to() -> None:
    bare = PHOTO.model_copy(update={"name": "b.png", "permalink": ""})
    question = replace(QUESTION, kind="photo", is_open=False, answer="x", answered_by=ASKED, files=(PHOTO, bare))
    message = question_message(question)
    check_message(message)
    assert message.blocks[-1]["elements"][0]["elements"] == [
        {"type": "text", "text": "Answered: ", "style": {"bold": True}},
        {"type": "link", "url": PHOTO.permalink, "text": PHOTO.name},
        {"type": "text", "text": ", "},
        {"type": "text", "text": "b.png"},
    ]


@pytest.mark.parametrize(
    ("url", "is_one"),
    [
        ("https://springfield.slack.com/files/U1/F1/a_%20b.jpg?x=1&y", True),
        ("https://slack.com", True),
        ("http://slack.com/files/U1/F1/a.jpg", False),
        ("javascript:alert(1)", False),
        ("https://slack.com/a|b", False),
        ("https://slack.com/<!channel>", False),
        ("https://slack.com/a b", False),
        ("https://user@slack.com/", False),
        ("https://slack.com/\n", False),
        (f"https://slack.com/{'x' * 600}", False),
        ("", False),
    ],
)
def test_what_is_linked_to(url: str, is_one: bool) -> None:
    assert is_link(url) is is_one
    assert (kit.link(url, "a") == {"type": "link", "url": url, "text": "a"}) is is_one


@pytest.mark.parametrize(
    ("mimetypes", "fault"),
    [
        (["image/jpeg"], ""),
        (["image/heic", "image/webp", "image/png"], ""),
        (["image/svg+xml"], "can't read that as a photo"),
        (["image/jpeg", "application/pdf"], "can't read that as a photo"),
        ([""], "can't read that as a photo"),
        ([], "can't read that as a photo"),
        (["image/jpeg"] * 4, "At most 3"),
    ],
)
def test_what_is_no_photo_is_refused_in_words(mimetypes: list[str], fault: str) -> None:
    files = [PHOTO.model_copy(update={"mimetype": mimetype}) for mimetype in mimetypes]
    said = answer_fault("", files)
    assert fault in said
    assert bool(said) == bool(fault)


def test_a_photo_is_asked_for_with_a_file_chooser() -> None:
    view = answer_modal(replace(QUESTION, kind="photo"), channel="D0000001", message_ts="1.2")
    check_modal(view)
    block = view["blocks"][1]
    assert block["element"] == {
        "type": "file_input",
        "action_id": ids.INPUT_ANSWER,
        "filetypes": ["jpg", "jpeg", "png", "gif", "heic", "webp"],
        "max_files": 3,
    }


def test_a_notice_names_nobody_but_whom_it_is_for() -> None:
    message = notice_message(UUID(int=7), "<!channel> <@U0FRYJ003>", to=ASKED)
    assert message.text == "<@U0FRYJ009> &lt;!channel&gt; &lt;@U0FRYJ003&gt;"
    assert not any("U0FRYJ003" in text for text in parsed(message.blocks))
