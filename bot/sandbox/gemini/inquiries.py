"""How the Gemini stand-in answers questions: rules choose look-ups, and a sentence cites what they found."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from services.queries.inquiries.rules import fewer_words, look_ups_for
from services.queries.lookups.rows import Wanted

_BLOCK = re.compile(r'<data name="(inquiry|rows)">\n(.*?)</data>', re.DOTALL)
_TODAY = re.compile(r"It is \w+, (\d{4}-\d\d-\d\d)")

Rows = Sequence[Mapping[str, Any]]


def answer(prompt: str, day: datetime) -> dict[str, Any]:
    """Look-ups as long as there is something new to look up, and then the answer."""
    blocks = {name: [json.loads(line) for line in body.splitlines()] for name, body in _BLOCK.findall(prompt)}
    asked, rows = blocks["inquiry"][0], blocks.get("rows", [])
    named = _TODAY.search(prompt)
    today = date.fromisoformat(named[1]) if named else day.date()
    people = [each["id"] for each in asked.get("mentioned", ())]
    plan = asked.get("asked_in_the_thread_of_plan")
    wanted = look_ups_for(asked["question"], today, plan, people)
    if not wanted:
        return _answered("-")
    pages = _pages(rows)
    if len(pages) < len(wanted):
        return _looking(wanted)
    fewer = [each for each in map(fewer_words, wanted) if each is not None]
    if fewer and len(pages) == len(wanted) and not any(len(page) > 1 for page in pages):
        return _looking(fewer)
    page = next((page for page in pages if len(page) > 1), pages[0])
    return _answered(_sentence(page[0], page[1:]))


def _looking(wanted: Sequence[Wanted]) -> dict[str, Any]:
    look_ups = [
        {
            "name": each.name,
            "arguments": [{"name": name, "value": value} for name, value in each.arguments.items()],
        }
        for each in wanted
    ]
    return {"look_ups": look_ups, "answer": ""}


def _answered(text: str) -> dict[str, Any]:
    return {"look_ups": [], "answer": text}


def _pages(rows: Rows) -> list[list[Mapping[str, Any]]]:
    """The rows of each look-up, its summary first."""
    pages: list[list[Mapping[str, Any]]] = []
    for row in rows:
        if row["row"] == "summary":
            pages.append([])
        pages[-1].append(row)
    return pages


def _sentence(summary: Mapping[str, Any], rows: Rows) -> str:
    """The answer, of citations and a few words between them."""
    of = f"{{{summary['id']}."
    if not rows:
        return f"Nothing on record fits that: {of}found}} found."
    first = f"{{{rows[0]['id']}."
    match summary["look_up"]:
        case "plan":
            return _of_plan(rows)
        case "plans":
            return f"{of}found}} on record: {_listed(rows)}."
        case "waiting":
            return f"{of}found}} waiting, the longest first: {_listed(rows)}."
        case "decisions":
            by = f" by {first}by}}" if "by" in rows[0] else ""
            step = f" “{first}step}}”" if "step" in rows[0] else ""
            return f"[{rows[0]['id']}]{step}: {first}what}}{by}, {first}at}}."
        case "components":
            return f"{first}name}} ({first}does}})." if len(rows) == 1 else f"{_named(rows, 'name')}."
        case "failures":
            return f"{first}component}}: {first}failed}} of {first}calls}} calls failed."
        case "durations":
            return f"The median is {first}median}}, over {first}plans}} plans."
        case "counts":
            kind = next(name for name in rows[0] if name not in ("id", "row", "plans"))
            return (
                f"{of}plans}} in all: "
                + ", ".join(f"{{{r['id']}.{kind}}} {{{r['id']}.plans}}" for r in rows)
                + "."
            )
        case "policies":
            text = f": {first}text}}" if "text" in rows[0] else ""
            return f"{first}policy}}{text}"
        case "approvers":
            who = "people" if "people" in rows[0] else "who"
            return f"{first}{who}}} may decide; {first}quorum}} must agree."
        case _:
            return f"{of}tokens}} tokens in {of}calls}} calls."


def _of_plan(rows: Rows) -> str:
    plan = rows[0]
    cited = f"[{plan['id']}] “{{{plan['id']}.title}}”"
    if "waits_for" not in plan:
        return f"{cited} is {{{plan['id']}.state}}."
    step = next((row for row in rows if row["row"] == "step" and "waits_for" in row), plan)
    who = next((name for name in ("people", "who") if name in step), "")
    by = f" by {{{step['id']}.{who}}}" if who else ""
    return f"{cited} waits for {{{plan['id']}.waits_for}}{by}."


def _listed(rows: Rows) -> str:
    return ", ".join(f"[{row['id']}]" for row in rows[:5])


def _named(rows: Rows, member: str) -> str:
    return ", ".join(f"{{{row['id']}.{member}}}" for row in rows[:5])
