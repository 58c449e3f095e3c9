"""Whose a payload is: read as Bolt reads it, in every shape that Slack has for it."""

from __future__ import annotations

from typing import Any

import pytest
from slack_bolt.request.internals import extract_enterprise_id, extract_is_enterprise_install, extract_team_id

from bot.slack.envelopes import organisation_of, workspace_of

TEAM, OTHER, ORG = "T0OURS", "T0THEIRS", "E0ORG"
Body = dict[str, Any]


def authorization(team: str | None, *, org_wide: bool = False) -> list[Body]:
    enterprise = ORG if org_wide or team is None else None
    return [{"enterprise_id": enterprise, "team_id": team, "user_id": "U1", "is_enterprise_install": org_wide}]


PAYLOADS: dict[str, tuple[Body, str | None, str | None]] = {
    "a command": ({"command": "/mudda", "team_id": TEAM, "is_enterprise_install": "false"}, TEAM, None),
    "a command, organisation-wide": (
        {"command": "/mudda", "team_id": TEAM, "enterprise_id": ORG, "is_enterprise_install": "true"},
        TEAM,
        ORG,
    ),
    "a press": ({"type": "block_actions", "team": {"id": TEAM}, "user": {"team_id": TEAM}}, TEAM, None),
    "a stranger's press": (
        {"type": "block_actions", "team": {"id": TEAM}, "user": {"team_id": OTHER}},
        TEAM,
        None,
    ),
    "a press in an organisation": (
        {
            "type": "block_actions",
            "team": {"id": TEAM, "enterprise_id": ORG},
            "enterprise": {"id": ORG},
            "is_enterprise_install": False,
        },
        TEAM,
        None,
    ),
    "a press, organisation-wide: no team": (
        {
            "type": "block_actions",
            "team": None,
            "enterprise": {"id": ORG},
            "is_enterprise_install": True,
            "user": {"id": "U1", "team_id": TEAM},
        },
        TEAM,
        ORG,
    ),
    "a form that was opened in another workspace": (
        {
            "type": "view_submission",
            "team": {"id": OTHER},
            "user": {"team_id": OTHER},
            "view": {"team_id": OTHER, "app_installed_team_id": TEAM},
        },
        TEAM,
        None,
    ),
    "a form, organisation-wide": (
        {
            "type": "view_submission",
            "team": None,
            "enterprise": {"id": ORG},
            "is_enterprise_install": True,
            "user": {"id": "U1", "team_id": TEAM},
            "view": {"team_id": TEAM, "app_installed_team_id": TEAM},
        },
        TEAM,
        ORG,
    ),
    "an event": (
        {"type": "event_callback", "team_id": TEAM, "authorizations": authorization(TEAM), "event": {}},
        TEAM,
        None,
    ),
    "an event in a shared channel": (
        {
            "type": "event_callback",
            "team_id": OTHER,
            "authorizations": authorization(TEAM),
            "event": {"team": OTHER},
        },
        TEAM,
        None,
    ),
    "an event, organisation-wide": (
        {
            "type": "event_callback",
            "team_id": TEAM,
            "enterprise_id": ORG,
            "authorizations": authorization(None, org_wide=True),
            "event": {"team": TEAM},
        },
        TEAM,
        ORG,
    ),
    "the organisation takes the app out": (
        {
            "type": "event_callback",
            "enterprise_id": ORG,
            "authorizations": authorization(None, org_wide=True),
            "event": {"type": "app_uninstalled"},
        },
        None,
        ORG,
    ),
    "nobody's": ({"type": "app_rate_limited"}, None, None),
}


@pytest.mark.parametrize("name", PAYLOADS)
def test_the_workspace_and_the_organisation_are_found(name: str) -> None:
    body, team, organisation = PAYLOADS[name]
    assert workspace_of(body) == team
    assert organisation_of(body) == organisation


@pytest.mark.parametrize("name", PAYLOADS)
def test_bolt_reads_the_same(name: str) -> None:
    body, team, organisation = PAYLOADS[name]
    # Where an authorization has no team, Bolt looks no further; what it has found is what we have.
    assert extract_team_id(body) in (team, None)
    if organisation is not None:
        assert extract_enterprise_id(body) == organisation
        assert extract_is_enterprise_install(body) is True


@pytest.mark.parametrize("value", [None, 7, "", [], {}, [None], {"id": 3}])
@pytest.mark.parametrize("name", ["view", "team", "authorizations", "team_id", "event", "user", "enterprise"])
def test_what_has_another_shape_is_nobodys(name: str, value: object) -> None:
    assert workspace_of({name: value}) is None
    assert organisation_of({name: value, "is_enterprise_install": True}) is None
