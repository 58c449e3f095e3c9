"""What an admin sees who adds components, at the limits of Slack's blocks and with hostile words in it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from bot.slack.messages import Message, View
from bot.views.importing.choices import choices_modal
from bot.views.importing.outcome import imported_message
from bot.views.importing.preview import preview_message
from bot.views.importing.refusals import document_problem, refused_message
from bot.views.importing.words import CUTS, DOCUMENT_FAULTS, GATES, REASONS
from bot.views.kit.blocks import MESSAGE_SIZE
from bot.views.private.pack_faults import pack_fault
from services.components.openapi.model import CutCode, DocumentFaultCode, DocumentRefused, Reason
from services.components.packs import PackFault, PackFaultCode
from services.components.refusals import DefinitionFaultCode
from services.components.specs import ApprovalPolicy
from services.formats.strict_yaml import YamlFaultCode
from services.imports.offers import OfferedEntry, OfferKind
from services.imports.pages import MOST_OPERATIONS, choice_page
from services.imports.summaries import TagCount
from tests.support import import_samples
from tests.support.import_samples import OFFER, offer, summary
from tests.support.slack_rules import check_message, check_modal

HOSTILE = "<!channel> <https://evil.example|x> " + "&" * 3_000
FACTS = {"limit": 2**20, "line": 3, "problem": "x", "member": "m", "tag": "t", "version": "4", "at": "paths"}


def many(count: int, tag: str = "") -> tuple[OfferedEntry, ...]:
    return tuple(
        OfferedEntry(f"GET /{n}", f"a.{n}", f"{HOSTILE}{n}", tag or f"tag {n}", "new", "step")
        for n in range(count)
    )


@pytest.mark.parametrize("message", import_samples.MESSAGES.values(), ids=import_samples.MESSAGES)
def test_slack_takes_every_message(message: Message) -> None:
    check_message(message)


@pytest.mark.parametrize("view", import_samples.VIEWS.values(), ids=import_samples.VIEWS)
def test_slack_takes_every_view(view: View) -> None:
    check_modal(view)


@pytest.mark.parametrize("tag", ["", "one"])
def test_five_thousand_operations_come_in_pages_that_slack_takes(tag: str) -> None:
    entries = many(5_000, tag)
    first = choice_page(entries, "", 1)
    seen = [number for page in range(first.pages) for number in choice_page(entries, "", page + 1).numbers]
    assert sorted(seen) == list(range(5_000))
    assert len(first.numbers) <= MOST_OPERATIONS
    view = choices_modal(offer(entries, frozenset(range(0, 5_000, 2))), HOSTILE[:100], first.pages)
    check_modal(view)
    assert len(json.dumps(view)) < 200_000


def test_a_preview_of_hostile_words_fits_and_calls_nobody() -> None:
    full = replace(
        summary(),
        title=HOSTILE,
        entries=many(300),
        tags=tuple(TagCount(HOSTILE, {"new": 1}) for _ in range(300)),
        refused={reason: [HOSTILE] * 9 for reason in Reason},
        cut={code: [HOSTILE] * 9 for code in CutCode},
        kept={HOSTILE: ("name",)},
        gone=(HOSTILE,) * 9,
        secrets=(HOSTILE,) * 9,
    )
    message = preview_message(OFFER, OfferKind.OPENAPI, full)
    check_message(message)
    assert "<!channel>" not in message.text
    assert len(json.dumps(message.blocks, ensure_ascii=False).encode()) < MESSAGE_SIZE


def test_what_was_added_fits_however_much_it_is() -> None:
    keys = [f"town.{'x' * 55}{n}" for n in range(1_000)]
    message = imported_message(OFFER, {"title": HOSTILE, "created": keys, "updated": keys, "kept": keys})
    check_message(message)
    assert "<!channel>" not in message.text


def test_every_code_has_its_words() -> None:
    assert set(REASONS) == set(Reason)
    assert set(CUTS) == set(CutCode)
    assert set(GATES) == set(ApprovalPolicy)
    assert set(DOCUMENT_FAULTS) == set(DocumentFaultCode)
    for code in DocumentFaultCode:
        assert document_problem(DocumentRefused(code, **FACTS)).endswith((".", ".…"))


FAULT_FACTS = {
    **FACTS,
    "first_line": 2,
    "expected": "text",
    "allowed": "'a' or 'b'",
    "minimum": 1,
    "maximum": 3,
    "prefix": "wait.",
    "name": "id",
    "reference": "#/x",
    "anchor": "a",
    "count": 2,
}


@pytest.mark.parametrize("code", [*PackFaultCode, *DefinitionFaultCode, *YamlFaultCode])
def test_each_fault_of_a_pack_is_said_in_words(code: Any) -> None:
    origins = {"allowed": ["person", "registry"]} if code is DefinitionFaultCode.BAD_ORIGIN else {}
    fault = PackFault(7, "components[0].auth", code, {**FAULT_FACTS, **origins}, "town.read")
    words = pack_fault(fault)
    message = refused_message(OFFER, "pack.yaml", "This pack has 1 fault.", [fault])
    check_message(message)
    assert f"Line 7, town.read, auth: {words}" in str(message.blocks)
    assert words != code.replace("_", " ")
    assert "{" not in words.replace("{placeholder}", "").replace("{id}", "")
