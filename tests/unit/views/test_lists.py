from dataclasses import replace
from typing import Any

from bot.slack.ids import ACTION_COMPONENTS_PAGE, ACTION_WORKFLOWS_PAGE, PageRef
from bot.slack.messages import Message
from bot.views.private.lists import components_list, workflows_list
from services.components.specs import ApprovalPolicy
from services.pages import Page
from services.queries.filters import read
from tests.support import samples
from tests.support.slack_rules import buttons, check_message, labels, words


def seen(message: Message) -> str:
    check_message(message)
    return words(message.blocks)


def turns(message: Message) -> list[tuple[str, Any]]:
    return [(button["text"]["text"], PageRef.decode(button["value"])) for button in buttons(message.blocks)]


class TestComponents:
    def test_a_page(self) -> None:
        specs = tuple(samples.COMPONENTS.values())
        text = seen(components_list(Page(specs, 1, 10, len(specs))))
        assert "6 components" in text
        assert "Create a work order\n\nwork · REST POST · workorders.create\nOpens a work order" in text
        assert labels(components_list(Page(specs, 1, 10, len(specs))).blocks) == []

    def test_locks_and_switches(self) -> None:
        spec = samples.COMPONENTS["notify.residents"]
        assert "🔒" in seen(components_list(Page((spec,), 1, 10, 1)))
        off = replace(spec, active=False, approval=ApprovalPolicy.NONE)
        text = seen(components_list(Page((off,), 1, 10, 1)))
        assert "(switched off)" in text
        assert "🔒" not in text

    def test_turning_pages_keeps_the_search(self) -> None:
        first = components_list(samples.component_page(10, page=1, total=25), "crew")
        middle = components_list(samples.component_page(10, page=2, total=25), "crew")
        last = components_list(samples.component_page(5, page=3, total=25), "crew")
        assert turns(first) == [("Next", PageRef(2, "crew"))]
        assert turns(middle) == [("Previous", PageRef(1, "crew")), ("Next", PageRef(3, "crew"))]
        assert turns(last) == [("Previous", PageRef(2, "crew"))]
        assert {button["action_id"] for button in buttons(middle.blocks)} == {
            f"{ACTION_COMPONENTS_PAGE}.previous",
            f"{ACTION_COMPONENTS_PAGE}.next",
        }
        assert "25 components for “crew”" in seen(middle)
        assert "Page 2 of 3" in seen(middle)

    def test_a_page_beyond_the_last_leads_back(self) -> None:
        beyond = components_list(Page((), 9, 10, 25))
        assert turns(beyond) == [("Previous", PageRef(3))]
        check_message(beyond)

    def test_none_yet_says_how_to_add_some(self) -> None:
        message = components_list(Page((), 1, 10, 0))
        assert "mudda components load FILE" in seen(message)
        assert message.text.startswith("There are no components yet")

    def test_none_found_says_what_else_to_try(self) -> None:
        text = seen(components_list(Page((), 1, 10, 0), "<!here>"))
        assert "No components match “<!here>”." in text
        assert "/components" in text


class TestWorkflows:
    def test_a_page(self) -> None:
        page = samples.plan_page(5)
        text = seen(workflows_list(page))
        assert "5 plans" in text
        assert "#4 Burst water main, no. 4\n\nTo be reviewed · 6 steps\n\n\nreported by \nU0LEELA01\n" in text

    def test_a_plan_from_a_direct_message_names_no_channel(self) -> None:
        line = replace(samples.plan_page(1).items[0], channel_id="D0SECRET1")
        assert "D0SECRET1" not in seen(workflows_list(Page((line,), 1, 10, 1)))

    def test_turning_pages(self) -> None:
        message = workflows_list(samples.plan_page(10, page=2, total=21), read("water"))
        assert turns(message) == [("Previous", PageRef(1, "water")), ("Next", PageRef(3, "water"))]
        assert {button["action_id"] for button in buttons(message.blocks)} == {
            f"{ACTION_WORKFLOWS_PAGE}.previous",
            f"{ACTION_WORKFLOWS_PAGE}.next",
        }

    def test_none_yet_says_how_to_start(self) -> None:
        assert "Start one with \n/mudda" in seen(workflows_list(Page((), 1, 10, 0)))
