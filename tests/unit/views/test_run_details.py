import json
from datetime import timedelta
from typing import Any

import pytest

from bot.slack.ids import ACTION_STEP_DETAILS, VIEW_PLAN_DETAILS, VIEW_RUN_DETAILS, Ref
from bot.views.kit.json_text import json_text
from bot.views.modals.run import run_details_modal
from services.queries.snapshots import PlanSnapshot
from services.states import RunState, StepState
from tests.support import run_samples, samples
from tests.support.run_samples import failed, run, step
from tests.support.slack_rules import check_modal, words

S = StepState


def opened(snapshot: PlanSnapshot) -> str:
    view = run_details_modal(snapshot)
    check_modal(view)
    assert (view["callback_id"], view["title"]["text"]) == (VIEW_RUN_DETAILS, "Run of plan #12")
    return words(view["blocks"])


def test_every_step_with_its_request_and_its_whole_answer() -> None:
    seen = opened(run_samples.COMPLETED)
    assert samples.ISSUE.text in seen
    assert "Done in 41 s, 6 steps" in seen
    assert (
        "Done in 2 s · 1 attempt\nSent: POST works.example.gov/areas/downtown/work-orders\n• Title: Burst" in seen
    )
    assert json.dumps(run_samples.OUTPUTS["order"], indent=2) in seen
    assert json.dumps(run_samples.OUTPUTS["file"], indent=2) in seen


def test_decisions_with_who_when_and_why() -> None:
    seen = opened(run_samples.MENDED).replace("\n", "")
    assert "Skipped by U0FRYJ002 · 2026-03-09 08:48 UTC" in seen
    assert "Marked done by U0FRYJ002 · 2026-03-09 08:48 UTC: “I rang them.”" in seen
    assert "Approved by U0FRYJ002 · 2026-03-09 08:48 UTC" in seen


def test_errors_in_words_and_as_they_are_on_record() -> None:
    seen = opened(run(RunState.FAILED, failed("order", "not_sent", reason="dns")))
    assert "“Create a work order” could not be reached, since its name is unknown. Nothing was sent." in seen
    assert "On record: code: not_sent, reason: dns" in seen


def test_one_who_asks_for_much_patience_is_quoted() -> None:
    seen = opened(run(RunState.FAILED, failed("order", "http_status", status=429, retry_after=7200.0)))
    assert "(429, too many calls). Try again in 2 h at the earliest." in seen


def test_warnings() -> None:
    assert "The answer is not quite what was promised, at “work_order_id”." in opened(run_samples.MENDED)


def test_what_is_only_about_to_be_sent_says_so() -> None:
    seen = opened(run_samples.WAITING)
    assert "Waiting for approval\nWould send: POST notices.example.gov/areas/downtown/notices" in seen


@pytest.mark.parametrize(("state", "made"), [(S.RUNNING, "3 attempts"), (S.READY, "2 attempts")])
def test_attempts_are_those_that_were_made(state: StepState, made: str) -> None:
    begun = step("order", state, attempt=3, started_at=run_samples.STARTED_AT)
    assert f" · {made}" in opened(run(RunState.RUNNING, begun))


def test_how_long_a_step_waited_for_a_person_is_not_how_long_it_took() -> None:
    late = run_samples.STARTED_AT + timedelta(days=3)
    marked = step("order", S.DONE, note="Seen it.", decided_by=samples.DECIDER, ended_at=late)
    assert "3 days" not in opened(run(RunState.RUNNING, marked))


@pytest.mark.parametrize("steps", [61, 200, 600])
def test_all_steps_of_a_long_run_are_there(steps: int) -> None:
    seen = opened(run_samples.long_run(steps, S.DONE, S.PENDING, S.FAILED, words=2))
    assert all(f"Inspect valve {index} " in seen for index in range(steps))


def test_what_does_not_fit_is_counted() -> None:
    assert "more steps did not fit here" in opened(run_samples.long_run(2_000, S.DONE))


def test_a_plan_without_a_run_shows_the_plan() -> None:
    assert run_details_modal(samples.DRAFT)["callback_id"] == VIEW_PLAN_DETAILS


VALUES: list[Any] = [
    None,
    True,
    -1.5,
    [],
    {},
    [1, [2, {"a": None}], "ü"],
    {"a": {"b": [{}, [], "x\ny"]}, "c": 1},
]


@pytest.mark.parametrize("value", VALUES)
def test_pretty_is_json_as_the_standard_library_writes_it(value: Any) -> None:
    shown = json_text(value, 2_000)
    assert shown.is_whole
    assert shown.text == json.dumps(value, indent=2, ensure_ascii=False)


def test_pretty_shows_a_text_as_it_is() -> None:
    assert json_text("Thank you.\nBye.", 100).text == "Thank you.\nBye."


def test_pretty_stops_where_it_must() -> None:
    deep: Any = "end"
    for _ in range(5_000):
        deep = [deep]
    shown = json_text(deep, 50_000)
    assert "[…]" in shown.text
    assert not shown.is_whole
    shown = json_text({"a": "x" * 90_000, "b": [1] * 90_000}, 300)
    assert len(shown.text) <= 300
    assert not shown.is_whole


def test_what_a_reader_would_not_see_is_written_out() -> None:
    assert json_text({"a": "x\u202ey\x7f"}, 100).text == '{\n  "a": "x\\u202ey\\u007f"\n}'


def test_an_answer_is_cut_where_there_is_no_room() -> None:
    big = step("order", S.DONE, output={"text": "word " * 40_000})
    assert "word word…" in opened(run(RunState.COMPLETED, big))


def test_all_of_what_a_gate_would_send_is_there() -> None:
    text = " ".join(f"w{number}" for number in range(400))
    request = {
        **(run_samples.step("residents", S.WAITING).request or {}),
        "method": "POST",
        "body": {"text": text},
    }
    waits = run(RunState.WAITING, step("residents", S.WAITING, request=request))
    assert text in opened(waits)


def test_what_does_not_fit_says_where_all_of_it_is() -> None:
    where = "Cut short here: “Show a step in full” above has more."
    assert where not in opened(run_samples.COMPLETED)
    long = step("order", S.DONE, output={"notes": "x" * 15_000})
    assert where in opened(run(RunState.COMPLETED, long))
    many = {"method": "POST", "url": "https://a.example", "body": {f"field{index}": index for index in range(60)}}
    assert where in opened(run(RunState.WAITING, step("order", S.WAITING, request=many)))


def test_of_a_long_answer_there_is_its_outline_and_its_size() -> None:
    long = step("order", S.DONE, output={"status": "open"}, output_size=56_200, is_long=True)
    seen = opened(run(RunState.COMPLETED, long))
    assert 'From an answer of 56 kB:\n{\n  "status": "open"\n}' in seen
    assert "Cut short here" in seen
    bare = step("order", S.DONE, output=None, output_size=56_200, is_long=True)
    assert "The answer has 56 kB." in opened(run(RunState.COMPLETED, bare))


def menu(snapshot: PlanSnapshot) -> dict[str, Any]:
    view = run_details_modal(snapshot)
    check_modal(view)
    [block] = [block for block in view["blocks"] if block["type"] == "actions"]
    [element] = [each for each in block["elements"] if each["action_id"] == ACTION_STEP_DETAILS]
    return dict(element)


def test_a_menu_offers_each_step_that_has_sent_or_answered_anything() -> None:
    [group] = menu(run_samples.RUNNING)["option_groups"]
    titles = [option["text"]["text"] for option in group["options"]]
    assert [title[:2] for title in titles] == ["1.", "2.", "3."]
    assert group["label"]["text"] == "Steps 1 to 3"
    order = step("order", S.RUNNING)
    assert Ref(order.id, order.revision).encode() in [option["value"] for option in group["options"]]


def test_a_menu_of_a_long_run_has_groups() -> None:
    groups = menu(run_samples.long_run(250, S.DONE))["option_groups"]
    assert [len(group["options"]) for group in groups] == [100, 100, 50]


def test_a_menu_says_where_it_ends() -> None:
    drawn = menu(run_samples.long_run(301, S.DONE))
    assert sum(len(group["options"]) for group in drawn["option_groups"]) == 300
    assert drawn["placeholder"]["text"] == "Show a step in full (the first 300 of 301)"
    assert "first" not in menu(run_samples.long_run(300, S.DONE))["placeholder"]["text"]
