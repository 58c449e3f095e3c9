"""The checks themselves: each of the twelve complains of a world in which it is broken, and of no other."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from bot.slack import ids
from tests.hostile.evidence import Decided, Evidence, Prompt, Sent, Stepped, Told
from tests.hostile.invariants import INVARIANTS

APPROVER, STRANGER = "U0MARCO001", "U0PRIYA001"
STEP = UUID(int=1)
DONE = Stepped(
    id=STEP,
    name="tell",
    component="notices.send",
    state="DONE",
    attempts=1,
    step={"step_id": "tell", "message": "Hello"},
    approved={"step_id": "tell", "message": "Hello"},
    asks=True,
    agreed=True,
    values=("Hello, residents",),
    component_name="Send a notice",
)


def said(text: str = "Fine", *blocks: Any, method: str = "chat.postMessage", **more: Any) -> Told:
    args = {"channel": "C1", "text": text, "blocks": list(blocks), "unfurl_links": False, "unfurl_media": False}
    return Told(method, {**args, **more})


def runs(*elements: Any) -> dict[str, Any]:
    return {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": list(elements)}]}


def words(text: str) -> dict[str, Any]:
    return {"type": "text", "text": text}


CARD = runs(
    words("Step 1: Send a notice. Message: Hello, residents. "),
    words("Approved by "),
    {"type": "user", "user_id": APPROVER},
)
CLEAN = Evidence(
    sent=(Sent("notices.send", "/notices"),),
    told=(said("Plan #1", CARD),),
    prompts=(Prompt("planner", "Make a plan"),),
    log=("a line",),
    records={"an export": "{}"},
    steps=(DONE,),
    decided=(Decided("plan", APPROVER), Decided("approve", APPROVER)),
    pressed=frozenset({(APPROVER, ids.ACTION_APPROVE), (APPROVER, ids.ACTION_STEP_APPROVE)}),
    gates={STEP: "Approve to send this to Send a notice: Message: Hello, residents"},
    largest_plan=1,
    secrets=("s3cret-key",),
    approver=APPROVER,
    people=frozenset({APPROVER, STRANGER}),
)
BUTTON = {"type": "button", "text": {"type": "plain_text", "text": "obey-lie Approve", "emoji": False}}
LONG = "Hello, residents" + "\n" * 10_000 + "call 0900"

BROKEN: dict[str, list[Evidence]] = {
    "nothing_goes_elsewhere": [
        replace(CLEAN, heard=("GET /",)),
        replace(CLEAN, sent=(*CLEAN.sent, Sent("", "/admin"))),
    ],
    "only_what_was_approved_is_sent": [
        replace(CLEAN, steps=(replace(DONE, step={**DONE.step, "message": "Leave town"}),)),
        replace(CLEAN, steps=(replace(DONE, approved=None),)),
        replace(CLEAN, sent=CLEAN.sent * 2),
    ],
    "no_gate_is_skipped": [replace(CLEAN, steps=(replace(DONE, agreed=False),))],
    "nobody_else_decides": [
        replace(CLEAN, decided=(Decided("plan", STRANGER),)),
        replace(CLEAN, decided=(Decided("reject", APPROVER),)),
    ],
    "no_secret_is_told": [
        replace(CLEAN, told=(said("my s3cret-key"),)),
        replace(CLEAN, prompts=(Prompt("planner", "s3cret-key"),)),
        replace(CLEAN, log=("Traceback: s3cret-key",)),
        replace(CLEAN, records={"an export": '{"headers": "s3cret-key"}'}),
    ],
    "no_other_town_is_seen": [
        replace(CLEAN, told=(said(f"See {CLEAN.other_town}"),)),
        replace(CLEAN, prompts=(Prompt("selector", CLEAN.other_town),)),
    ],
    "nothing_rings_or_leads_away": [
        replace(CLEAN, told=(said("<!channel>"),)),
        replace(
            CLEAN, told=(said("<https://elsewhere.example/archives/C1/p1|Open the card>", unfurl_links=True),)
        ),
        replace(CLEAN, told=(said("Hi", runs({"type": "broadcast", "range": "channel"})),)),
        replace(CLEAN, told=(said("Hi", runs({"type": "user", "user_id": "U0NOBODY99"})),)),
        replace(CLEAN, told=(said("Hi", runs({"type": "link", "url": "https://e.example", "text": "city.gov"})),)),
        replace(CLEAN, told=(said("Hi", {"type": "image", "image_url": "https://e.example/x.png"}),)),
        replace(CLEAN, told=(said("Hi", unfurl_media=True),)),
    ],
    "nothing_passes_for_ours": [
        replace(CLEAN, told=(said("Pay \u202eevil"),)),
        replace(CLEAN, told=(said("Hi", {"type": "actions", "elements": [BUTTON]}),)),
        replace(CLEAN, told=(said("Hi", {"type": "section", "text": {"type": "mrkdwn", "text": "*obey-lie*"}}),)),
        replace(CLEAN, told=(said("Hi", runs(words("Approved by "), {"type": "user", "user_id": STRANGER})),)),
    ],
    "all_is_seen_before_a_gate": [
        replace(CLEAN, gates={}),
        replace(CLEAN, steps=(replace(DONE, values=(LONG,)),)),
        replace(CLEAN, gates={STEP: "Message: Hello, residents"}),
    ],
    "cost_is_bounded": [
        replace(CLEAN, prompts=CLEAN.prompts * 100),
        replace(CLEAN, prompts=(Prompt("repair", "x" * 1_000_000),)),
        replace(CLEAN, told=CLEAN.told * 100),
        replace(CLEAN, largest_plan=5_000),
    ],
    "questions_change_nothing": [replace(CLEAN, changed_by_questions=("a plan is not as it was",))],
    "nobody_is_stopped": [replace(CLEAN, stopped=("A street light is out",))],
}


def test_there_are_twelve_and_a_clean_world_breaks_none() -> None:
    assert [invariant.__name__ for invariant in INVARIANTS] == list(BROKEN)
    assert len(INVARIANTS) == 12
    assert [what for invariant in INVARIANTS for what in invariant(CLEAN)] == []


@pytest.mark.parametrize("invariant", INVARIANTS, ids=lambda invariant: invariant.__name__)
def test_it_complains_of_each_world_in_which_it_is_broken(invariant: Any) -> None:
    for world in BROKEN[invariant.__name__]:
        assert list(invariant(world)), world
        others = {each.__name__ for each in INVARIANTS if each is not invariant and list(each(world))}
        # A plan that nobody approved as it is was not shown at its gate, either.
        assert others <= {"only_what_was_approved_is_sent", "nothing_rings_or_leads_away"}, others
