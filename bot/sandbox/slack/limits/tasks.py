"""The rules of the plan and task_card blocks."""

from __future__ import annotations

from bot.sandbox.slack.limits.checker import Problems
from bot.sandbox.slack.limits.rich_text import check_rich_text_at
from bot.sandbox.slack.state.model import Json

PLAN_TASKS = 50
STATUSES = frozenset({"pending", "in_progress", "complete", "error"})
_SOURCES = 100


def check_plan(problems: Problems, block: Json, pointer: str) -> None:
    """Check a plan block: a title and at most 50 tasks with unique ids."""
    problems.only(block, pointer, {"type", "block_id", "title", "tasks"})
    problems.string(block, "title", pointer, required=True)
    seen: set[object] = set()
    for task, here in problems.objects(block, "tasks", pointer, at_most=PLAN_TASKS):
        if problems.kind(task, here, {"task_card"}) is None:
            continue
        check_task_card(problems, task, here)
        task_id = task.get("task_id")
        if isinstance(task_id, str) and task_id in seen:
            problems.add(f"{here}/task_id", f'task_id "{task_id}" already exists for another task')
        seen.add(task_id if isinstance(task_id, str) else None)


def check_task_card(problems: Problems, block: Json, pointer: str) -> None:
    """Check a task_card: `details` and `output` are rich_text, `sources` are url elements."""
    problems.only(
        block,
        pointer,
        {
            "type", "block_id", "task_id", "title", "status", "details", "output", "sources", "hide_title",
            "icon",
        },
    )  # fmt: skip
    problems.string(block, "task_id", pointer, required=True)
    problems.string(block, "title", pointer, required=True)
    problems.one_of(block, "status", pointer, STATUSES)
    problems.boolean(block, "hide_title", pointer)
    check_rich_text_at(problems, block, "details", pointer)
    check_rich_text_at(problems, block, "output", pointer)
    for source, here in problems.objects(block, "sources", pointer, at_most=_SOURCES):
        if problems.kind(source, here, {"url"}) is None:
            continue
        problems.only(source, here, {"type", "url", "text", "icon_url"})
        problems.string(source, "url", here, required=True)
        problems.string(source, "text", here, required=True)
