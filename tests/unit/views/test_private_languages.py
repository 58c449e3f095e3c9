"""What one person is told and their Home, in every language: whole, with all that it names, and fit for Slack."""

from __future__ import annotations

import json

import pytest

from bot.languages import LANGUAGES, language_of, speaking
from bot.sandbox.slack.limits import check_view
from bot.sandbox.slack.limits.blocks import HOME
from bot.views.home import home_view
from bot.views.kit import blocks as kit
from bot.views.modals.settings import settings_modal
from bot.views.private.notes import Note, card_is_at, may_not_plan, note_text, with_people
from bot.views.private.setting_faults import setting_fault
from services.approvals import ApprovalRules
from services.workspaces import settings
from services.workspaces.settings import Defaults, SettingRefused
from tests.support import home_samples
from tests.support.slack_rules import check_modal

MARCO, DANA = "U0MARCO001", "U0DANA0001"
OTHERS = [code for code in LANGUAGES if code != "en"]


@pytest.mark.parametrize("code", LANGUAGES)
@pytest.mark.parametrize("note", Note)
def test_every_note_is_said_whole(note: Note, code: str) -> None:
    with speaking(language_of(code)):
        for said in (note_text(note), note_text(with_people(note, [MARCO, DANA]))):
            assert said.strip()
            assert "{" not in said


@pytest.mark.parametrize("code", OTHERS)
def test_a_note_names_the_people_in_another_language_too(code: str) -> None:
    english = note_text(with_people(Note.NOT_APPROVER, [MARCO, DANA]))
    with speaking(language_of(code)):
        said = note_text(with_people(Note.NOT_APPROVER, [MARCO, DANA]))
        assert f"<@{MARCO}>" in said
        assert f"<@{DANA}>" in said
        assert "`/mudda notes`" in note_text(Note.NOTE_GONE)
        assert "#1234" in card_is_at(1234, "C0WORKS001", None)
        assert f"<@{MARCO}>" in note_text(may_not_plan([MARCO]))
    assert said != english


@pytest.mark.parametrize("code", LANGUAGES)
@pytest.mark.parametrize("name", home_samples.GALLERY)
def test_slack_takes_every_home_in_every_language(name: str, code: str) -> None:
    with speaking(language_of(code)):
        view = check_view(home_view(home_samples.GALLERY[name], Defaults()), surface=HOME)
    english = json.dumps(home_view(home_samples.GALLERY[name], Defaults()))
    assert (json.dumps(view) == english) is (code == "en")


@pytest.mark.parametrize("code", LANGUAGES)
def test_the_form_of_settings_offers_every_language_and_each_plans_own(code: str) -> None:
    with speaking(language_of(code)):
        view = settings_modal({"language": "hi"}, ApprovalRules(), Defaults())
    check_modal(view)
    [element] = [each["element"] for each in view["blocks"] if each["block_id"] == "language"]
    assert [option["value"] for option in element["options"]] == ["default", *LANGUAGES]
    assert element["initial_option"]["value"] == "hi"


def test_a_refused_setting_is_said_in_the_language_of_whoever_sets_it() -> None:
    with pytest.raises(SettingRefused) as refused:
        settings.read("plan_days", "29")
    assert setting_fault(refused.value) == "29 must be from 30 to 36,500 days, or 0 to keep them for good."
    with speaking(language_of("de-DE")):
        assert "36.500 Tagen" in setting_fault(refused.value)


def test_each_language_puts_people_where_it_wants() -> None:
    runs = kit.filled("{absent} की ओर से {who}", who=kit.person(MARCO), absent=kit.person(DANA))
    assert [run.get("user_id") or run["text"] for run in runs] == [DANA, " की ओर से ", MARCO]
