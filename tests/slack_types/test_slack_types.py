"""All Block Kit of the samples by Slack's own types, with Slack's own compiler options: `make soak`, with node."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from bot.slack.messages import View
from bot.views.card import card
from bot.views.home import home_view
from bot.views.modals.approvers import approvals_modal
from bot.views.modals.new_issue import new_issue_modal
from bot.views.modals.plan import details_modal
from bot.views.modals.request_changes import request_changes_modal
from bot.views.modals.run import run_details_modal
from bot.views.modals.settings import settings_modal
from bot.views.modals.step import step_details_modal
from bot.views.modals.versions import compare_modal, versions_modal
from services.approvals import ApprovalRules
from services.workspaces.settings import Defaults
from tests.e2e import gallery
from tests.slack_types import typed
from tests.support import home_samples, npm, refine_samples, run_samples, samples

pytestmark = pytest.mark.soak

PLACE = {"channel": "C0WORKS001", "message_ts": "1.1"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the types and their compiler are; skips where they can't be had, and says so."""
    if name := npm.missing():
        pytest.skip(f"NO {name.upper()}: Block Kit is NOT checked against @slack/types. Install Node.js.")
    found = tmp_path_factory.mktemp("slack-types")
    try:
        npm.install(typed.HERE, found)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        pytest.skip(f"NO @slack/types: npm could not install them ({error}), so Block Kit is NOT checked.")
    return found


def messages() -> dict[str, Any]:
    """The blocks of all messages in the gallery."""
    cards = {name: card(each, card_id=samples.CARD_ID).blocks for name, each in gallery.STATES.items()}
    others = {**gallery.MESSAGES, **gallery.LISTS}
    return {**cards, **{name: message.blocks for name, message in others.items()}}


def views() -> dict[str, View]:
    """All forms, Homes and details of the samples."""
    defaults = Defaults("Europe/Berlin", 2_000_000)
    homes = {name: home_view(each, defaults) for name, each in gallery.HOMES.items()}
    details = {f"Details of {name}": run_details_modal(each) for name, each in gallery.STATES.items()}
    all_of_it = {f"All of {name}": details_modal(each) for name, each in gallery.STATES.items()}
    return {**gallery.VIEWS, **homes, **details, **all_of_it, **_forms()}


def _forms() -> Mapping[str, View]:
    changed = refine_samples.changed()
    assert changed.former is not None
    assert changed.version is not None
    step = step_details_modal(run_samples.COMPLETED, run_samples.step_uuid("order"), {"id": 7, "text": "Done"})
    assert step is not None
    rules = home_samples.APPROVER.rules
    return {
        "A new issue": new_issue_modal("C0WORKS001", "A leak"),
        "Approvers": approvals_modal(ApprovalRules(("U0MARCO001",)), "C0WORKS001"),
        "Settings": settings_modal(home_samples.APPROVER.settings, rules, Defaults("Europe/Berlin")),
        "A step": step,
        "Request changes": request_changes_modal(samples.DRAFT, **PLACE),
        "Versions": versions_modal(changed, refine_samples.LINES, **PLACE),
        "Two versions": compare_modal(changed, changed.former, changed.version, (), **PLACE),
    }


def test_all_that_slack_is_sent_has_slacks_types(folder: Path) -> None:
    found = typed.faults(folder, messages(), views())
    assert found == [], "\n".join(found[:20])


WRONG: dict[str, Any] = {
    "a member that is not known": {"type": "section", "text": {"type": "mrkdwn", "text": "Hi"}, "colour": "red"},
    "one of another block": {"type": "header", "text": {"type": "plain_text", "text": "Hi"}, "fields": []},
    "a block that there is not": {"type": "sektion", "text": {"type": "mrkdwn", "text": "Hi"}},
    "a text of the wrong kind": {"type": "header", "text": {"type": "mrkdwn", "text": "Hi"}},
    "a style that there is not": {
        "type": "actions",
        "elements": [{"type": "button", "text": {"type": "plain_text", "text": "Go"}, "style": "green"}],
    },
    "a task of no status": {
        "type": "plan",
        "title": "Plan",
        "tasks": [{"type": "task_card", "task_id": "1", "title": "Go", "status": "doing"}],
    },
}


def test_the_check_finds_what_is_wrong(folder: Path) -> None:
    found = typed.faults(folder, {name: [block] for name, block in WRONG.items()}, {})
    assert {name for name in WRONG if any(line.startswith(f"{name}: ") for line in found)} == set(WRONG)
    assert typed.faults(folder, {"fine": [{"type": "divider"}]}, {}) == []
