"""The registry's list, modals and messages: what they say, and that Slack takes them whatever a component says."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.slack.ids import ACTION_COMPONENT_EDIT
from bot.views.registry.details import calls, component_modal
from bot.views.registry.forms import edit_errors
from services.components.registry import EditRefused
from services.queries.components import CallRecord, ComponentDetails
from tests.support import registry_samples as registry
from tests.support import samples
from tests.support.slack_rules import check_message, check_modal, labels, words


@pytest.mark.parametrize("details", [registry.DETAILS, registry.AWAY, registry.HOSTILE])
def test_slack_takes_every_modal(details: ComponentDetails) -> None:
    for view in registry.views(details).values():
        check_modal(view)


def test_slack_takes_every_message() -> None:
    for message in registry.MESSAGES.values():
        check_message(message)
    for message in registry.messages(registry.HOSTILE, samples.HOSTILE * 400).values():
        check_message(message)


def test_what_an_admin_sees() -> None:
    view = component_modal(registry.DETAILS, registry.ORIGIN, is_admin=True)
    assert labels(view["blocks"]) == ["Try it", "Edit", "Set a secret", "Undo the last change", "Switch off"]
    said = words(view["blocks"])
    for part in (
        "Nobody is asked",
        "1,204 calls, 99% went well; half of them took 0.31 s at most",
        "District: text – The number of the district.",
        "Kind: one of “water”, “road” or “light”, may be left out",
        "Eta minutes: whole number",
        "WORKS_TOKEN: set by ",
        "…and 3 more",
        "4 calls at once",
    ):
        assert part in said


def test_a_clerk_is_told_why_there_is_nothing_to_change() -> None:
    view = component_modal(registry.DETAILS, registry.ORIGIN, is_admin=False)
    assert labels(view["blocks"]) == ["Try it"]
    assert "Only admins of the workspace can change components." in words(view["blocks"])
    assert ACTION_COMPONENT_EDIT not in str(view)


def test_what_stands_in_the_way() -> None:
    said = words(component_modal(registry.AWAY, registry.ORIGIN, is_admin=True)["blocks"])
    assert "It is switched off" in said
    assert "works.springfield.example does not answer" in said
    assert "not set" in said
    no_key = replace(registry.AWAY, can_keep=False)
    assert "Secrets can't be kept here" in words(component_modal(no_key, registry.ORIGIN, is_admin=True)["blocks"])


def test_what_can_not_be_typed_is_said_under_its_field() -> None:
    assert list(edit_errors(EditRefused(frozenset({"attempts"})))) == ["component.field:attempts"]
    assert edit_errors(EditRefused(frozenset({"path_params"})))


def test_nearly_all_is_not_all() -> None:
    assert "99% went well" in calls(CallRecord(1_000, 999, 1.0, 2.0))
    assert calls(CallRecord()) == "not called"
