"""The outside of what Slack sends: its outer shape, and the workspace that it is for."""

from __future__ import annotations

from typing import Any

import pytest

from bot.errors import MalformedPayload
from bot.slack.envelopes import kind_of, workspace_of

OURS, THEIRS = "T0OURS", "T0THEIRS"


@pytest.mark.parametrize(
    "body",
    [
        {"team_id": OURS},
        {"team": {"id": OURS}, "user": {"team_id": THEIRS}},
        {"team": OURS},
        # In a shared channel, an event may be of the other side's workspace.
        {"team_id": THEIRS, "authorizations": [{"team_id": OURS}]},
        # In an organisation-wide installation there is no team.
        {"team": None, "user": {"id": "U1", "team_id": OURS}},
        {"team": None, "view": {"team_id": OURS}},
        # A form that was opened from another workspace of a shared channel.
        {"team": {"id": THEIRS}, "view": {"app_installed_team_id": OURS, "team_id": THEIRS}},
        {"event": {"team": OURS}},
        {"team": "", "authorizations": [], "team_id": OURS},
    ],
)
def test_which_workspace_a_payload_is_for(body: dict[str, Any]) -> None:
    assert workspace_of(body) == OURS


@pytest.mark.parametrize("body", [{}, {"team": {"id": 7}}, {"authorizations": [None]}, {"event": []}])
def test_a_payload_may_be_for_no_workspace(body: dict[str, Any]) -> None:
    assert workspace_of(body) is None


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ({"command": "/mudda"}, "command"),
        ({"type": "event_callback", "event": {"type": "app_mention"}}, "event_callback"),
        ({"type": "block_actions", "actions": [{"type": "button", "action_id": "a"}]}, "block_actions"),
        ({"type": "view_closed", "view": {"type": "modal", "callback_id": "a"}}, "view_closed"),
        ({"type": "app_rate_limited"}, "other"),
        ({"type": []}, "other"),
        ({}, "other"),
    ],
)
def test_what_a_payload_is(body: dict[str, Any], kind: str) -> None:
    assert kind_of(body) == kind


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        {"command": None},
        {"type": "event_callback"},
        {"type": "event_callback", "event": {"type": 1}},
        {"type": "event_callback", "event": {"type": "message", "message": 1}},
        {"type": "block_actions", "actions": []},
        {"type": "block_actions", "actions": [None]},
        {"type": "view_submission", "view": {"type": "modal"}},
    ],
)
def test_what_has_not_the_outer_shape_is_malformed(body: object) -> None:
    with pytest.raises(MalformedPayload):
        kind_of(body)
