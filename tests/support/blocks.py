"""Block Kit for the tests of the page."""

from __future__ import annotations

from typing import Any

Block = dict[str, Any]


def plain(text: str) -> Block:
    return {"type": "plain_text", "text": text}


def option(text: str, value: str) -> Block:
    return {"text": plain(text), "value": value}


def rich(text: str) -> Block:
    return {
        "type": "rich_text",
        "elements": [{"type": "rich_text_section", "elements": [{"type": "text", "text": text}]}],
    }


def button(text: str, action_id: str, **extra: Any) -> Block:
    return {"type": "button", "text": plain(text), "action_id": action_id, "value": "plan-1", **extra}


def confirmed(text: str) -> Block:
    """An actions block with one dangerous button that asks first."""
    question = {
        "title": plain("Discard this plan?"),
        "text": {"type": "mrkdwn", "text": "Plan *#1* will be closed for everyone."},
        "confirm": plain("Discard it"),
        "deny": plain("Keep it"),
        "style": "danger",
    }
    return {"type": "actions", "elements": [button(text, "discard", style="danger", confirm=question)]}


ACTIONS: Block = {
    "type": "actions",
    "elements": [
        button("Approve and run", "approve", style="primary"),
        button("Request changes", "changes"),
        *confirmed("Discard")["elements"],
        {
            "type": "static_select",
            "action_id": "priority",
            "placeholder": plain("Priority"),
            "options": [option("Low", "low"), option("High", "high")],
        },
        {
            "type": "overflow",
            "action_id": "more",
            "options": [option("Show all", "all"), option("Dry run", "dry")],
        },
    ],
}


def _task(number: int, title: str, status: str) -> Block:
    return {
        "type": "task_card",
        "task_id": f"s{number}",
        "title": title,
        "status": status,
        "details": rich(f"Step {number} in a few words"),
    }


PLAN: Block = {
    "type": "plan",
    "block_id": "plan",
    "title": "4 steps",
    "tasks": [
        _task(1, "Open a service request", "complete"),
        _task(2, "Find a crew", "in_progress"),
        _task(3, "Close the road", "error"),
        _task(4, "Tell the residents", "pending"),
    ],
}


def _input(block_id: str, label: str, element: Block, *, optional: bool = True) -> Block:
    return {
        "type": "input",
        "block_id": block_id,
        "label": plain(label),
        "element": element,
        "optional": optional,
    }


FORM: Block = {
    "type": "modal",
    "callback_id": "report",
    "title": plain("Report an issue"),
    "submit": plain("Draft a plan"),
    "close": plain("Cancel"),
    "blocks": [
        _input(
            "issue",
            "What happened?",
            {"type": "plain_text_input", "action_id": "text", "multiline": True},
            optional=False,
        ),
        _input(
            "department",
            "Department",
            {
                "type": "static_select",
                "action_id": "choice",
                "options": [option("Roads", "roads"), option("Water", "water")],
            },
        ),
        _input(
            "urgency",
            "Urgency",
            {
                "type": "radio_buttons",
                "action_id": "choice",
                "options": [option("Now", "now"), option("Soon", "soon")],
            },
        ),
        _input(
            "tell",
            "Tell",
            {
                "type": "checkboxes",
                "action_id": "choices",
                "options": [option("The reporter", "reporter"), option("The council", "council")],
            },
        ),
        _input("since", "Since", {"type": "datepicker", "action_id": "date"}),
    ],
}
