"""When the Gemini stand-in uses Mudda's own components: only where the issue says so, or nothing else would do."""

from __future__ import annotations

import re

from bot.sandbox.gemini.reading import Report, plain
from services.components.builtins import ASK_PERSON, BUILTINS, MAX_MINUTES, NOTIFY, REPORTER, WAIT_FOR

_MINUTES = {"minute": 1, "hour": 60, "day": 1_440}
_WAIT = re.compile(r"\bwait(?: for)? (\d{1,4}) (minute|hour|day)s?\b", re.IGNORECASE)
_PHOTO = re.compile(r"for (?:an? |some )?(?:photo|picture)", re.IGNORECASE)


def _ask(report: Report) -> tuple[list[str], str] | None:
    """The ids of those whom the issue says to ask, none for the reporter, and what for; None if it does not."""
    named = "|".join(re.escape(name) for name in sorted(report.mentioned, key=len, reverse=True))
    people = rf"(?:{named})(?:(?:,| and| or)? *(?:{named}))*" if named else "the reporter"
    found = re.search(rf"\bask (me|the reporter|{people}) ([^.!?\n]{{3,200}})", report.text, re.IGNORECASE)
    if found is None:
        return None
    return [report.mentioned[name] for name in re.findall(named, found[1])] if named else [], found[2]


def _wanted(words: str) -> str:
    """What somebody is asked for, or about: "a photo of it" of "for a photo of it"."""
    return words.removeprefix("for ")


def is_own(key: str) -> bool:
    """Whether a component is one of Mudda's own."""
    return key in BUILTINS


def is_called_for(report: Report, key: str, *, reporter_is_told: bool) -> bool:
    """Whether one of Mudda's own components has a place in a plan for the issue."""
    if key == NOTIFY:
        return not reporter_is_told
    return (key == WAIT_FOR and bool(_WAIT.search(report.text))) or (
        key == ASK_PERSON and _ask(report) is not None
    )


def inputs(report: Report, key: str, message: str) -> list[dict[str, str]]:
    """What one of Mudda's own components is given; nothing for one that is not used here."""
    wait, ask = _WAIT.search(report.text), _ask(report)
    if key == NOTIFY:
        given = {"to": REPORTER, "message": message}
    elif key == WAIT_FOR:
        minutes = int(wait[1]) * _MINUTES[wait[2].lower()] if wait else 1
        given = {"minutes": str(max(1, min(minutes, int(MAX_MINUTES))))}
    elif key == ASK_PERSON:
        people, wanted = ask or ([], "")
        is_photo = _PHOTO.match(wanted) is not None
        question = plain(f"Please {'send' if is_photo else 'say'} {_wanted(wanted)}") if ask else "{{issue.text}}"
        given = {
            "person": ", ".join(people) or REPORTER,
            "question": question,
            "kind": "photo" if is_photo else "note",
        }
    else:
        given = {}
    return [{"in": "body", "name": name, "value": value} for name, value in given.items()]
