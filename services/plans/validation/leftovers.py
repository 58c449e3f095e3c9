"""Placeholders of other languages that were left in a plan's values, where nothing will ever fill them in.

Models know many template languages, and write `${id}`, `{find.id}`, `<email of reporter>` or `TODO` where they
mean a reference or know no value. A value with one of them would be sent as it stands.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from services.formats import strict_json
from services.plans.references import MalformedReference, Reference, parse
from services.plans.validation.faults import Fault, FaultCode, fault
from services.plans.validation.reading import ReadStep

_PATH = r"[A-Za-z_][\w-]*(?:\.[\w-]+|\[\d+\])*"
_LEFTOVER = re.compile(
    "|".join(
        [
            # Shells, JavaScript, Terraform; Jinja's statements; Actions.
            r"\$\{[^{}]{1,80}\}",
            r"\{%[^{}]{1,80}%\}",
            # Python and OpenAPI: a name alone, or a path.
            rf"(?<![{{$\\])\{{{_PATH}\}}(?!\}})",
            # Words in angle brackets, and nothing that a tag, an address or a link of Slack's has.
            r"<[^\W\d_]\w{0,40}(?:[ -]\w{1,40}){0,8}>",
            r"\[(?:insert|your|enter|fill in)\b[^\[\]]{0,60}\]",
            r"\bYOUR_[A-Z_]{2,40}\b",
            # "TODO" is Spanish for "all", so it counts only where it stands for a value or before a colon.
            r"\b(?:TODO|FIXME)\b(?=\s*(?::|$))",
            r"\bTBD\b",
        ]
    )
)
_MAY_HOLD_ONE = re.compile(r"[{<\[]|TODO|FIXME|TBD|YOUR_")
_TAG = re.compile(r"</[a-zA-Z]")
_MOST = 3


def leftovers(text: str) -> list[str]:
    """The placeholders that were left in the text of an input, each once; references are none."""
    return _leftovers(text, parse(text))


def _leftovers(text: str, parts: Sequence[str | Reference | MalformedReference]) -> list[str]:
    if not _MAY_HOLD_ONE.search(text):
        return []
    if text.lstrip()[0] not in "{[" and not any(
        type(part) is str and _MAY_HOLD_ONE.search(part) for part in parts
    ):
        return []
    found: dict[str, None] = {}
    for part in _plain_parts(text, parts):
        for match in _LEFTOVER.finditer(part):
            if not match.group().startswith("<") or _are_words(match.group(), part):
                found[match.group()] = None
    return list(found)[:_MOST]


def _are_words(bracketed: str, part: str) -> bool:
    """Whether what stands in angle brackets is a few words. One word alone may be a tag."""
    return any(char in bracketed for char in " _-") and not _TAG.search(part)


def leftover_faults(read: ReadStep) -> Iterator[Fault]:
    """A warning for each placeholder that was left in the inputs of a step."""
    for each in read.inputs:
        for placeholder in () if each.is_whole else _leftovers(each.item.value, each.parts):
            facts = {"in": each.item.location, "name": each.item.name, "placeholder": placeholder}
            yield fault(FaultCode.LEFTOVER_PLACEHOLDER, read.step.step_id, each.field, **facts)


def _plain_parts(text: str, parts: Sequence[str | Reference | MalformedReference]) -> Iterator[str]:
    """What is text in an input: between its references, and in the strings of it where it is JSON."""
    if text.lstrip()[:1] not in ("{", "["):
        yield from (part for part in parts if isinstance(part, str))
        return
    try:
        stack = [strict_json.loads(text)]
    except strict_json.NotJson:
        stack = [text]
    while stack:
        item = stack.pop()
        if isinstance(item, str):
            yield from (part for part in parse(item) if isinstance(part, str))
        elif isinstance(item, list | dict):
            stack.extend(item.values() if isinstance(item, dict) else item)
