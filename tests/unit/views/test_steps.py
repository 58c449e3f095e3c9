from dataclasses import replace

import pytest

from bot.views.plan.steps import after, in_order, in_words, shape, taking, waiting
from services.plans.model import Plan, Step, StepInput
from services.queries.snapshots import VersionSnapshot
from tests.support import samples


def version(*steps: Step) -> VersionSnapshot:
    return replace(samples.VERSION, plan=Plan(workflow_name="A plan", steps=steps))


def step(step_id: str, *following: str, takes: str = "", description: str = "", **more: bool) -> Step:
    inputs = (StepInput(location="body", name="value", value=takes),) if takes else ()
    return Step(
        step_id=step_id, component_id="geo.lookup", description=description, inputs=inputs, next=following, **more
    )


def test_a_step_comes_after_all_it_waits_for_whatever_the_plan_has_first() -> None:
    steps = in_order(version(step("c"), step("b", "c"), step("a", "b", "c")))
    assert [view.step.step_id for view in steps] == ["a", "b", "c"]
    assert [view.waits_for for view in steps] == [(), (1,), (1, 2)]


def test_a_reference_is_waited_for_like_next() -> None:
    (first, second) = in_order(version(step("b", takes="{{a.area}}"), step("a")))
    assert (first.step.step_id, second.waits_for) == ("a", (1,))
    assert taking(second) == "Takes the area from step 1."


@pytest.mark.parametrize(
    ("reference", "words"),
    [
        ("{{a}}", "the result"),
        ("{{a.work_order_id}}", "the work order id"),
        ("{{a.data[0].crewName}}", "the crew name"),
        ("{{a.items[2]}}", "the items"),
    ],
)
def test_what_is_taken_is_said_in_words(reference: str, words: str) -> None:
    views = in_order(version(step("a"), step("b", takes=f"No. {reference}!")))
    assert taking(views[1]) == f"Takes {words} from step 1."


def test_the_same_thing_taken_twice_is_said_once() -> None:
    views = in_order(version(step("a"), step("b", takes="{{a.id}} {{a.id}} {{a.name}}")))
    assert taking(views[1]) == "Takes the id and the name from step 1."


def test_steps_waited_for_are_named_where_names_are_given() -> None:
    views = in_order(version(step("a", "c"), step("b", "c"), step("c")))
    assert waiting(views[0], {}) == "Starts at once."
    assert [after(view) for view in views] == ["", "", " · after 1 and 2"]
    assert waiting(views[2], {1: "Look", 2: "Listen"}) == "Starts after step 1 (Look) and step 2 (Listen)."


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        ((step("a"),), "1 step"),
        ((step("a", "b"), step("b")), "2 steps, one after the other"),
        ((step("a", "b", "c"), step("b"), step("c")), "3 steps, up to 2 side by side"),
        ((), "0 steps"),
    ],
)
def test_shape(steps: tuple[Step, ...], said: str) -> None:
    assert shape(in_order(version(*steps))) == said


@pytest.mark.parametrize(
    ("description", "title", "more"),
    [
        ("Send a crew.", "Send a crew", ""),
        ("Send Dr. No to St. Ives", "Send Dr. No to St. Ives", ""),
        ("Send\n a  crew", "Send a crew", ""),
        ("Send a crew. " + "Because " * 20, "Send a crew", ("Because " * 20).strip()),
        ("", "Look up an address", ""),
    ],
)
def test_a_title_is_one_sentence(description: str, title: str, more: str) -> None:
    (view,) = in_order(version(step("a", description=description)))
    assert (view.title, view.more) == (title, more)


def test_a_title_that_had_to_be_cut_leaves_all_of_it_to_the_details() -> None:
    description = "inspect " * 40
    (view,) = in_order(version(step("a", description=description)))
    assert view.title.endswith("inspect…")
    assert view.more == description.strip()


def test_an_unknown_component_is_called_by_its_key() -> None:
    (view,) = in_order(version(Step(step_id="a", component_id="no.such")))
    assert (view.component, view.title) == ("no.such", "no.such")


def test_circles_and_doubles_are_shown_all_the_same() -> None:
    views = in_order(version(step("a", "b"), step("b", "a"), step("a", "a"), step("c")))
    assert sorted(view.step.step_id for view in views) == ["a", "a", "b", "c"]
    assert [view.number for view in views] == [1, 2, 3, 4]


def test_an_input_in_words() -> None:
    value = "{{issue.text}} at {{a.street_name}}, {{issue.reporter}}, {{run.id}}, {{b.x}}, {{issue.mood}}, {{"
    assert in_words(value, {"a": 3}) == (
        "[what was reported] at [the street name from step 3], [who reported it], [the id of the run], {{b.x}}, "
        "{{issue.mood}}, {{"
    )
