"""What leaves the house, under each step that writes: of a draft and of a run."""

from dataclasses import replace
from typing import Any

import pytest

from bot.slack.messages import Message
from bot.views.card import card
from bot.views.kit.mentions import ids_in, naming
from bot.views.kit.values import label
from services.queries.snapshots import PlanSnapshot
from services.states import RunState, StepState
from tests.support import run_samples, samples
from tests.support.slack_rules import check_message, labels, tasks, words


def drawn(snapshot: PlanSnapshot) -> Message:
    message = card(snapshot, card_id=samples.CARD_ID)
    check_message(message)
    return message


def lines(task: dict[str, Any]) -> list[str]:
    """What a step's task says, line by line."""
    return "".join(run.get("text") or run["user_id"] for run in runs(task)).split("\n")


def runs(task: dict[str, Any]) -> list[dict[str, Any]]:
    """The runs of rich text of a step's details."""
    [paragraph] = task["details"]["elements"]
    return list(paragraph["elements"])


def test_each_step_that_writes_says_what_leaves_the_house() -> None:
    steps = tasks(drawn(samples.DRAFT).blocks)
    assert lines(steps[2]) == [
        "Sends to “File a public request”:",
        "• Address: 5th and Main",
        "• Description: what was reported",
    ]
    assert lines(steps[3]) == [
        "Sends to “Assign a crew”:",
        "• District: known only once it runs (step 1)",
        "• Order: known only once it runs: work order id (step 2)",
    ]
    assert lines(steps[5]) == [
        "Sends to “Write to the reporter”:",
        "• To: U0LEELA01",
        "• Text: Thank you. Crew [the crew from step 4] is on its way ([the service request id from step 3]).",
    ]
    assert {"type": "user", "user_id": "U0LEELA01"} in runs(steps[5])


def test_what_is_long_is_folded_but_stands_in_full_before_a_gate() -> None:
    text = "Water is off. " * 60
    inputs = (samples.value("text", text.strip()),)
    steps = tuple(
        each.model_copy(update={"inputs": inputs}) if each.step_id in ("assign", "residents") else each
        for each in samples.STEPS
    )
    message = drawn(samples.draft(plan=samples.VERSION.plan.model_copy(update={"steps": steps})))
    _, _, _, free, gated, _ = tasks(message.blocks)
    assert lines(gated)[1] == f"• Text: {text.strip()}"
    assert lines(free)[1].endswith("…")
    assert len(lines(free)[1]) < 180
    assert "Show all" in labels(message.blocks)


def test_what_may_open_a_door_is_not_shown() -> None:
    inputs = (samples.value("access_token", "t0ps3cret"), samples.value("to", "Dana"))
    steps = (samples.STEPS[5].model_copy(update={"inputs": inputs}),)
    message = drawn(samples.draft(plan=samples.VERSION.plan.model_copy(update={"steps": steps})))
    assert "t0ps3cret" not in words(message.blocks)
    assert lines(tasks(message.blocks)[0])[1:] == ["• To: Dana", "• Access token: (not shown here)"]


def of_run(step_id: str, state: StepState, **changes: Any) -> list[str]:
    """What the card of a run says that leaves the house with a step of that state."""
    number = [each.step_id for each in samples.STEPS].index(step_id)
    snapshot = run_samples.run(
        RunState.RUNNING, *run_samples.done("locate"), run_samples.step(step_id, state, **changes)
    )
    task = tasks(drawn(snapshot).blocks)[number]
    return lines(task) if "details" in task else []


@pytest.mark.parametrize(
    ("state", "verb"),
    [
        (StepState.PENDING, "Sends to"),
        (StepState.READY, "Sends to"),
        (StepState.RUNNING, "Sending to"),
        (StepState.DONE, "Sent to"),
        (StepState.FAILED, "Tried to send to"),
        (StepState.UNCERTAIN, "Tried to send to"),
    ],
)
def test_a_run_says_what_leaves_or_has_left(state: StepState, verb: str) -> None:
    assert of_run("file", state)[:2] == [f"{verb} “File a public request”:", "• Address: 5th and Main"]


@pytest.mark.parametrize("state", [StepState.SKIPPED, StepState.CANCELLED, StepState.WAITING])
def test_nothing_is_said_where_nothing_leaves_or_the_gate_says_it(state: StepState) -> None:
    assert of_run("file", state) == []


@pytest.mark.parametrize("code", ["rejected", "gate_timeout"])
def test_what_was_rejected_has_not_left(code: str) -> None:
    assert of_run("file", StepState.FAILED, error={"code": code}) == []


def test_what_earlier_steps_have_answered_is_known_by_now() -> None:
    assert of_run("residents", StepState.PENDING)[1] == "• Area: downtown"


def test_a_look_up_sends_nothing_out() -> None:
    assert of_run("locate", StepState.DONE) == []


def test_ids_are_last_and_what_is_required_comes_first() -> None:
    schema = {"type": "object", "required": ["reason"], "properties": {"reason": {}, "title": {}, "site_id": {}}}
    spec = replace(samples.COMPONENTS["workorders.create"], request_schema=schema)
    inputs = [("site_id", "S-1"), ("title", "Leak"), ("cost", "40"), ("reason", "Flood"), ("to", "Dana")]
    steps = (samples.STEPS[1].model_copy(update={"inputs": tuple(samples.value(*each) for each in inputs)}),)
    plan = samples.VERSION.plan.model_copy(update={"steps": steps})
    message = drawn(samples.draft(plan=plan, components={"workorders.create": spec}))
    assert [line.partition(":")[0] for line in lines(tasks(message.blocks)[0])[2:]] == [
        "• Reason",
        "• To",
        "• Title",
        "• Cost",
        "• Site id",
    ]


def test_many_values_are_counted() -> None:
    inputs = tuple(samples.value(f"n{number}", "1") for number in range(30))
    steps = (samples.STEPS[2].model_copy(update={"inputs": inputs}),)
    message = drawn(samples.draft(plan=samples.VERSION.plan.model_copy(update={"steps": steps})))
    assert lines(tasks(message.blocks)[0])[-1] == "• …and 24 more values"
    assert "Show all" in labels(message.blocks)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("address_string", "Address"),
        ("workOrderId", "Work order id"),
        ("location.lat", "Location lat"),
        ("crews[0].name", "Crews 1 name"),
        ("attribute[fault]", "Attribute fault"),
        ("", ""),
    ],
)
def test_a_name_in_words(name: str, said: str) -> None:
    assert label(name) == said


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("U0LEELA01", {"U0LEELA01"}),
        ("<@U0LEELA01>", {"U0LEELA01"}),
        ("<@U0LEELA01|leela>, U0FRYJ002", {"U0LEELA01", "U0FRYJ002"}),
        ({"to": ["U0LEELA01", "C0WORKS01"]}, {"U0LEELA01", "C0WORKS01"}),
        ("ask U0LEELA01 please", set()),
        ("URGENT", set()),
        ("UNDERGROUND", set()),
        ("W20260301", set()),
        (7, set()),
    ],
)
def test_only_a_value_that_is_an_id_becomes_a_name(value: Any, found: set[str]) -> None:
    assert ids_in(value) == found


def test_an_id_is_shown_as_its_name_and_nothing_else_is() -> None:
    runs = naming("To: <@U0LEELA01>, XU0LEELA01, C0WORKS01", {"U0LEELA01", "C0WORKS01"})
    assert [run["type"] for run in runs] == ["text", "user", "text", "channel"]
    assert naming("To: U0LEELA01", ()) == [{"type": "text", "text": "To: U0LEELA01"}]
