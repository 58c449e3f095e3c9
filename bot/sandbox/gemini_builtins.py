"""When the Gemini stand-in uses Mudda's own components: only where the issue says so, or nothing else would do."""

from __future__ import annotations

import re

from bot.sandbox.gemini_reading import Report, plain
from services.builtins import ASK_PERSON, BUILTINS, MAX_MINUTES, NOTIFY, REPORTER, WAIT_FOR

_MINUTES = {"minute": 1, "hour": 60, "day": 1_440}
_WAIT = re.compile(r"\bwait(?: for)? (\d{1,4}) (minute|hour|day)s?\b", re.IGNORECASE)
_NAMED = r"<(?:@|!subteam\^)[USW][A-Z0-9]+(?:\|[^>]*)?>"
_ASK = re.compile(
    rf"\bask (me|the reporter|{_NAMED}(?:(?:,| and| or)? *{_NAMED})*) ([^.!?\n]{{3,200}})", re.IGNORECASE
)
_PHOTO = re.compile(r"for (?:an? |some )?(?:photo|picture)", re.IGNORECASE)


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
        key == ASK_PERSON and bool(_ASK.search(report.text))
    )


def inputs(report: Report, key: str, message: str) -> list[dict[str, str]]:
    """What one of Mudda's own components is given; nothing for one that is not used here."""
    wait, ask = _WAIT.search(report.text), _ASK.search(report.text)
    if key == NOTIFY:
        given = {"to": REPORTER, "message": message}
    elif key == WAIT_FOR:
        minutes = int(wait[1]) * _MINUTES[wait[2].lower()] if wait else 1
        given = {"minutes": str(max(1, min(minutes, int(MAX_MINUTES))))}
    elif key == ASK_PERSON:
        named = re.findall(_NAMED, ask[1]) if ask else []
        is_photo = ask is not None and _PHOTO.match(ask[2]) is not None
        question = plain(f"Please {'send' if is_photo else 'say'} {_wanted(ask[2])}") if ask else "{{issue.text}}"
        given = {
            "person": ", ".join(named) or REPORTER,
            "question": question,
            "kind": "photo" if is_photo else "note",
        }
    else:
        given = {}
    return [{"in": "body", "name": name, "value": value} for name, value in given.items()]
