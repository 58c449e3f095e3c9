from __future__ import annotations

import json
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import MalformedPayload
from bot.slack import ids, payloads

COMMAND = {
    "command": "/mudda",
    "team_id": "T1",
    "channel_id": "C1",
    "user_id": "U1",
    "text": "  a leak ",
    "trigger_id": "1.2.abc",
    "response_url": "https://hooks.slack.com/commands/1",
}


def mention(**event: Any) -> dict[str, Any]:
    whole = {"type": "app_mention", "user": "U1", "channel": "C1", "ts": "1.1", "text": "<@UBOT> a leak", **event}
    return {"team_id": "T1", "event_id": "Ev1", "event": whole}


CLICK = {
    "team": {"id": "T1"},
    "user": {"id": "U1"},
    "channel": {"id": "C1"},
    "message": {"ts": "1.1", "thread_ts": "1.0"},
    "container": {"type": "message", "message_ts": "1.1", "channel_id": "C1"},
    "trigger_id": "1.2.abc",
    "response_url": "https://hooks.slack.com/actions/1",
    "actions": [{"action_id": ids.ACTION_DISCARD, "value": "v", "action_ts": "1.3"}],
}


def submission(text: str | None, origin: str) -> dict[str, Any]:
    return {
        "team": {"id": "T1"},
        "user": {"id": "U1"},
        "view": {
            "id": "V1",
            "private_metadata": origin,
            "state": {
                "values": {
                    ids.BLOCK_ISSUE: {ids.INPUT_ISSUE: {"value": text}},
                    ids.BLOCK_PLACE: {ids.INPUT_PLACE: {"value": None}},
                    ids.BLOCK_URGENCY: {ids.INPUT_URGENCY: {"selected_option": {"value": "today"}}},
                }
            },
        },
    }


def test_a_command_is_known_by_its_trigger() -> None:
    command = payloads.command(COMMAND)
    assert (command.key, command.text) == ("command:1.2.abc", "a leak")


def test_a_mention_is_known_by_its_message_and_not_by_its_event() -> None:
    first = payloads.heard(mention())
    again = payloads.heard({**mention(), "event_id": "Ev2"})
    assert first.key == again.key == "message:T1:C1:1.1"


@pytest.mark.parametrize(
    ("text", "issue"),
    [
        ("<@UBOT> a leak", "a leak"),
        ("  <@UBOT>: a leak", "a leak"),
        ("<@UBOT|mudda>, a leak", "a leak"),
        ("there is <@UBOT|mudda> a leak", "there is @mudda a leak"),
        ("<@UBOT>", ""),
    ],
)
def test_the_mention_that_called_is_not_part_of_the_issue(text: str, issue: str) -> None:
    assert payloads.heard(mention(text=text)).text == issue


def test_a_mention_says_in_which_thread_it_was_made() -> None:
    assert payloads.heard(mention()).thread_ts is None
    assert payloads.heard(mention(thread_ts="0.9")).thread_ts == "0.9"


def test_a_mention_is_its_own_message_wherever_it_is_answered() -> None:
    assert payloads.heard(mention(thread_ts="0.9")).message_ts == "1.1"


@pytest.mark.parametrize("subtype", [None, "thread_broadcast", "file_share", "me_message"])
def test_a_person_is_heard_whatever_the_form(subtype: str | None) -> None:
    assert payloads.heard(mention(subtype=subtype)).from_person


def test_files_that_came_with_a_mention_are_named() -> None:
    files = [{"id": "F1", "name": "leak.jpg"}, {"id": "F2", "name": None}]
    assert [file.name for file in payloads.heard(mention(files=files)).files] == ["leak.jpg", "F2"]


def known_bot(**event: Any) -> dict[str, Any]:
    """As Slack sends it, with who the bot is."""
    return {**mention(**event), "authorizations": [{"team_id": "T1", "user_id": "UBOT", "is_bot": True}]}


def test_a_message_that_mentions_the_bot_is_what_its_app_mention_is() -> None:
    called = payloads.heard(known_bot())
    message = payloads.heard(known_bot(type="message", channel_type="channel"))
    assert called == message
    assert called.is_call


def test_a_call_at_the_end_is_not_part_of_it_either() -> None:
    assert payloads.heard(known_bot(text="Please handle this, <@UBOT>")).text == "Please handle this"


def test_a_mention_of_somebody_else_calls_nobody_and_stays() -> None:
    found = payloads.heard(known_bot(type="message", text="<@U2|dana> can you look?", thread_ts="0.9"))
    assert not found.is_call
    assert found.text == "@dana can you look?"
    both = payloads.heard(known_bot(text="<@U2|dana> see <@UBOT>"))
    assert both.text == "@dana see"


def test_whose_person_it_is_stands_in_a_shared_channels_message() -> None:
    assert payloads.heard(mention(team="T1", user_team="T9")).team == "T9"


def test_bots_are_not_persons() -> None:
    for by_app in ({"bot_id": "B1"}, {"app_id": "A1"}, {"bot_profile": {"id": "B1"}}):
        assert not payloads.heard(mention(**by_app)).from_person
    assert not payloads.heard(mention(subtype="bot_message", user=None)).from_person


def test_a_click_says_where_it_was_made() -> None:
    click = payloads.click(CLICK)
    assert (click.key, click.message_ts, click.thread_ts) == ("click:1.2.abc", "1.1", "1.0")


def test_a_click_on_the_root_of_a_thread_was_not_made_in_the_thread() -> None:
    assert payloads.click({**CLICK, "message": {"ts": "1.1", "thread_ts": "1.1"}}).thread_ts is None


def test_a_submission_carries_where_its_modal_was_opened() -> None:
    issue = payloads.new_issue(submission(" a leak ", json.dumps({"channel": "C1"})))
    assert (issue.key, issue.channel, issue.text, issue.place, issue.urgency) == (
        "view:V1",
        "C1",
        "a leak",
        None,
        "today",
    )


@pytest.mark.parametrize("origin", ["", "[]", "{}", "null", "{"])
def test_a_submission_of_a_modal_that_is_not_ours_is_malformed(origin: str) -> None:
    with pytest.raises(MalformedPayload):
        payloads.new_issue(submission("a leak", origin))


def answered(**value: Any) -> payloads.AnswerForm:
    """The form behind a question, submitted with this in it."""
    body = {
        "team": {"id": "T1"},
        "user": {"id": "U1"},
        "view": {
            "id": "V1",
            "private_metadata": json.dumps({"ref": "r", "channel": "D1", "message_ts": "1.1"}),
            "state": {"values": {ids.BLOCK_ANSWER: {ids.INPUT_ANSWER: value}}},
        },
    }
    return payloads.answer(body)


def test_an_answer_is_a_text_a_choice_or_files() -> None:
    text = answered(type="plain_text_input", value=" The red one ")
    choice = answered(type="radio_buttons", selected_option={"value": "2"})
    assert [(each.answer, each.files) for each in (text, choice)] == [("The red one", None), ("2", None)]
    files = answered(
        type="file_input",
        files=[
            {
                "id": "F1",
                "name": "a\x00.jpg" + "x" * 300,
                "mimetype": "image/jpeg",
                "url_private": "https://files.slack.com/files-pri/T1-F1/a.jpg",
                "permalink": "https://town.slack.com/files/U1/F1/a.jpg",
            },
            {"id": "F2", "mimetype": "image/png", "permalink": "http://town.slack.com/files/U1/F2/b.png"},
            {"id": "F3", "file_access": "check_file_info"},
        ],
    ).files
    assert files is not None
    assert [(file.id, file.name[:5], len(file.name), file.mimetype) for file in files] == [
        ("F1", "a\N{REPLACEMENT CHARACTER}.jp", 255, "image/jpeg"),
        ("F2", "F2", 2, "image/png"),
        ("F3", "F3", 2, ""),
    ]
    assert [file.permalink for file in files] == ["https://town.slack.com/files/U1/F1/a.jpg", "", ""]
    assert "files-pri" not in repr(files)


def test_files_without_what_they_should_have_are_malformed() -> None:
    malformed: list[Any] = [[{}], ["F1"], None, [{"id": "F1", "permalink": 7}]]
    for files in malformed:
        with pytest.raises(MalformedPayload):
            answered(type="file_input", files=files)


@pytest.mark.parametrize("parse", [payloads.command, payloads.heard, payloads.click, payloads.new_issue])
@pytest.mark.parametrize("body", [{}, {"event": None}, {"actions": []}, {"view": 1, "team": 2}, {"event": "text"}])
def test_a_payload_without_what_it_should_have_is_malformed(parse: Any, body: dict[str, Any]) -> None:
    with pytest.raises(MalformedPayload):
        parse(body)


def test_the_codec_of_references_is_a_round_trip() -> None:
    ref = ids.Ref(uuid4(), 7)
    assert ids.Ref.decode(ref.encode()) == ref


@given(st.text())
def test_a_value_that_we_did_not_write_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match="not a"):
        ids.Ref.decode(value)


@pytest.mark.parametrize("value", [f"{UUID(int=0)}.", f"{UUID(int=0)}.-1", f"{'-' * 36}.1", f"{UUID(int=0)}.1\n"])
def test_a_value_that_is_nearly_ours_is_refused(value: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - UUID's own words will do
        ids.Ref.decode(value)


@given(page=st.integers(0, 999_999), search=st.text(max_size=ids.SEARCH_LENGTH))
def test_the_codec_of_pages_is_a_round_trip(page: int, search: str) -> None:
    assert ids.PageRef.decode(ids.PageRef(page, search).encode()) == ids.PageRef(page, search)


def test_what_slack_escapes_is_read_as_it_was_typed() -> None:
    text = "Leak at 5th &amp; Main &lt;deep&gt;, say &amp;amp; to <@U0DANA0001|dana>"
    typed = "Leak at 5th & Main <deep>, say &amp; to @dana"
    assert payloads.command({**COMMAND, "text": text}).text == typed
    assert payloads.heard(mention(text=f"<@UBOT> {text}")).text == typed
