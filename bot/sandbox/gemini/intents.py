"""What the Gemini stand-in takes a message for: plain rules over what it is shown, cruder than a model."""

from __future__ import annotations

import json
import re
from typing import Any

_SOMEWHERE = re.compile(
    r"\b(pot-?holes?|street ?(?:lights?|lamps?)|manholes?|graffiti|fallen trees?)\b",
    re.IGNORECASE,
)
_SAYS_WHERE = re.compile(
    r"\b(at|on|near|in|by|along|outside|opposite|behind|beside|between|before|corner|ward|sector"
    r"|street(?! ?(?:light|lamp))|road|avenue|lane)\b|\d",
    re.IGNORECASE,
)
_BLOCK = re.compile(r'<data name="(\w+)">\n(.*?)\n?</data>', re.DOTALL)
_NUMBER = re.compile(r"#(\d{1,9})\b")
_SMALL = re.compile(
    r"^(hi|hello|hey|thanks?|thank you|cheers|good (morning|job|work))\b[^?]{0,30}$", re.IGNORECASE
)
_DECISION = re.compile(
    r"^(looks? (good|fine)|lgtm|go ahead|approved?|reject|discard|cancel (it|the run))\b", re.IGNORECASE
)
_ASKS = re.compile(
    r"^(what|who|which|when|where|why|how|is|are|do|does|did|has|have|list|show|tell me)\b|\?\s*$", re.IGNORECASE
)
_REQUESTS = re.compile(r"^(can|could|would|will) (you|somebody|someone|anyone)\b", re.IGNORECASE)
_POINTS = re.compile(
    r"\b(handle|take|plan|see|look (at|into)|deal with|fix) (this|that|it)\b|^(this|that)\b", re.IGNORECASE
)
_WISH = re.compile(
    r"^(please |also |and |then |instead |maybe |better |no,? )*"
    r"(add|notify|tell|text|call|send|remove|drop|skip|leave out|don't|do not|move|swap|use|change|make|put|ask"
    r"|include|assign|close|replace|wait)\b|\b(first|instead|too|as well|before|after that|earlier|later)\b",
    re.IGNORECASE,
)
_TO_OTHERS = re.compile(
    r"^(@(?!mudda)\w+|i('ll| will| am|'m)|we('ll| will| are)|on my way|ok|yes|no|sure)\b", re.IGNORECASE
)


def intent(prompt: str) -> dict[str, Any]:
    """The answer to a question of what was meant."""
    blocks = {name: [json.loads(line) for line in body.splitlines()] for name, body in _BLOCK.findall(prompt)}
    said = blocks["said"][0]
    text = said.get("text", "").strip()
    number = _NUMBER.search(text)
    meant = _meant(text, called=said["called"], has_plan="plan" in blocks, has_above="above" in blocks)
    missing = _missing(" ".join([text, *(line.get("text", "") for line in blocks.get("above", ()))]))
    return {
        "intent": meant,
        "about_plan": int(number[1]) if number else 0,
        "missing": missing if meant == "issue" else [],
    }


def _missing(text: str) -> list[str]:
    """What is not said of something that stands somewhere, such as a street light."""
    return ["place"] if _SOMEWHERE.search(text) and not _SAYS_WHERE.search(text) else []


def _meant(text: str, *, called: bool, has_plan: bool, has_above: bool) -> str:
    about_plan = has_plan or _NUMBER.search(text) is not None
    if _SMALL.search(text):
        return "smalltalk" if called else "not_for_me"
    if about_plan and _DECISION.search(text):
        return "decision"
    if has_above and not has_plan and (not text or _POINTS.search(text)):
        return "issue"
    if not called and _TO_OTHERS.search(text):
        return "not_for_me"
    if _REQUESTS.search(text):
        return "change" if about_plan else "issue"
    if _ASKS.search(text):
        return "question"
    if about_plan and _WISH.search(text):
        return "change"
    if has_plan and not called:
        return "not_for_me"
    return "unclear" if len(text.split()) < 3 or has_plan else "issue"
