"""A Home: what it says to whom, and that Slack takes it whatever is on it."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from bot.sandbox.slack.limits import check_view
from bot.sandbox.slack.limits.blocks import HOME
from bot.slack import ids
from bot.slack.messages import View
from bot.views.card import card
from bot.views.home import home_view
from bot.views.messages.place import asking_where, moved
from bot.views.modals.settings import settings_modal
from bot.views.run.lines import standing
from services.approvals import ApprovalRules
from services.pages import Page
from services.queries.snapshots import HomeSnapshot, WaitingItem
from services.workspaces.settings import Defaults
from tests.support import home_samples, samples
from tests.support.slack_rules import HARMFUL, check_message, check_modal


def drawn(home: HomeSnapshot) -> View:
    """The Home, which Slack takes."""
    return check_view(home_view(home, Defaults()), surface=HOME)


def text(home: HomeSnapshot) -> str:
    return json.dumps(drawn(home), ensure_ascii=False)


@pytest.mark.parametrize("name", home_samples.GALLERY)
def test_slack_takes_every_home(name: str) -> None:
    drawn(home_samples.GALLERY[name])


@pytest.mark.parametrize("words", HARMFUL, ids=lambda words: repr(words[:12]))
def test_slack_takes_a_home_whatever_people_wrote(words: str) -> None:
    view = drawn(home_samples.hostile(words))
    marks = [element for element in _texts(view) if element["type"] == "mrkdwn"]
    assert not any("<!channel>" in element["text"] for element in marks)


def _texts(value: object) -> list[dict[str, str]]:
    if isinstance(value, list):
        return [found for each in value for found in _texts(each)]
    if not isinstance(value, dict):
        return []
    own = [value] if value.get("type") == "mrkdwn" else []
    return own + [found for each in value.values() for found in _texts(each)]


def test_every_step_that_waits_can_be_shown() -> None:
    items = home_samples.runs_that_wait()
    assert len(items) > 5
    for item in items:
        page: Page[WaitingItem] = Page((item,), 1, 4, 1)
        said = text(replace(home_samples.APPROVER, waiting=page))
        assert "more step" not in said
        deciding = (ids.ACTION_STEP_APPROVE, ids.ACTION_STEP_RETRY, ids.ACTION_STEP_ANSWER)
        assert any(action in said for action in deciding)


def test_a_new_workspace_is_told_what_to_do_first() -> None:
    assert "Report an issue" in text(home_samples.NEW)
    assert "nothing yet that plans could be made of" in text(replace(home_samples.NEW, components=0))


def test_only_admins_see_how_things_are_set_up() -> None:
    assert ids.ACTION_HOME_SETTINGS not in text(home_samples.CLERK)
    assert ids.ACTION_HOME_SETTINGS in text(home_samples.APPROVER)


def test_a_stranger_sees_a_word() -> None:
    assert len(drawn(replace(home_samples.APPROVER, is_stranger=True))["blocks"]) == 1


def test_lists_have_a_pager_where_there_is_more() -> None:
    said = text(home_samples.CLERK)
    assert '"1:reports"' not in said
    assert '"2:reports"' in said
    assert "Page 1 of 3" in said


def test_lines_say_how_a_plan_stands() -> None:
    assert [standing(line) for line in home_samples.LINES] == [
        "Running · 3 of 6 done",
        "Waiting · 3 of 6 done",
        "Stopped · 3 of 6 done",
        "Waiting · 5 of 6 done",
        "To be reviewed · 6 steps",
        "No plan could be drafted",
        "Done · 6 steps",
        "Cancelled · 3 of 6 done",
    ]


def test_figures_without_any_run_make_no_claim() -> None:
    figures = replace(home_samples.FIGURES, ended=0, done=0, median_seconds=None)
    said = text(replace(home_samples.CLERK, figures=figures))
    assert "no run has ended" in said
    assert "%" not in said


def test_the_form_of_settings_is_filled_in_and_says_what_holds_otherwise() -> None:
    defaults = Defaults("Europe/Berlin", 200_000, learns=False, plan_days=400)
    empty = settings_modal({}, ApprovalRules(), defaults)
    check_modal(empty)
    said = json.dumps(empty)
    assert all(words in said for words in ("Europe/Berlin", "200,000 tokens", "400 days", "As everywhere (no)"))
    filled = settings_modal(home_samples.APPROVER.settings, ApprovalRules(("U1",), self_approval=True), defaults)
    check_modal(filled)
    assert '"initial_users": ["U0LEELA01"]' in json.dumps(filled)


@pytest.mark.parametrize("usual", [None, "C0WORKS01", "<!channel>"])
def test_a_card_in_a_direct_message_asks_where_to_be_shown(usual: str | None) -> None:
    here = replace(samples.DRAFT, shown_in="D0000001")
    message = asking_where(card(here, card_id=samples.CARD_ID), here, usual)
    check_message(message)
    said = json.dumps(message.blocks)
    assert ids.ACTION_CARD_CHOOSE in said
    assert ("Show it there" in said) is (usual == "C0WORKS01")
    elsewhere = replace(here, shown_in="C0WORKS01")
    assert asking_where(message, elsewhere, usual) is message


def test_what_a_card_leaves_behind_leads_to_it() -> None:
    assert "p177" in moved(12, "C0WORKS01", home_samples.LINK).text
    check_message(moved(12, "C0WORKS01", None))
