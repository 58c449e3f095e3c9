"""What a step sends out of the house, value by value: in words, in the order in which people read a form."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import Any

from bot.languages import N_, _, ngettext
from bot.slack.messages import Element
from bot.views.kit import blocks as kit
from bot.views.kit.mentions import ids_in, naming
from bot.views.kit.text import ELLIPSIS, clip, one_line
from bot.views.kit.values import as_text, flat, is_nested, label
from bot.views.plan.steps import PlanStepView, in_words
from bot.views.plan.values import field_words
from services.components.builtins import BUILTINS, REPORTER
from services.components.specs import ComponentSpec
from services.formats import strict_json
from services.formats.strict_json import NotJson
from services.plans.model import Issue, StepInput
from services.plans.references import OPEN, RESERVED, MalformedReference, Reference, parse
from services.steps.resolving import Values

NOT_SHOWN = N_("(not shown here)")

_NAME = 60
ENOUGH = 1_000
"""Values are counted up to here: a list of a million must not hold up the event loop."""

_READ = 4_000
"""Of a text, in characters: more than any card shows."""

_KINDS = (
    re.compile(
        r"\b(to|recipients?|reporter|requester|person|people|audience|residents?|contact|phone|email|crew)\b"
    ),
    re.compile(r"\b(address|location|site|area|street|road|district|ward|place|park|block|lat|long?|latitude)\b"),
    re.compile(r"\b(subject|title|name|question|options)\b"),
    re.compile(r"\b(message|body|text|description|details?|notes?|comment|content|reason|summary)\b"),
    re.compile(r"\b(priority|severity|urgency|urgent|extent|channel)\b"),
    re.compile(r"\b(amount|cost|price|fee|budget|total|quantity|sum)\b"),
    re.compile(r"\b(date|day|time|start|end|from|until|due|deadline|at|on|minutes|hours)\b"),
)
"""In which order people read values, by the words of their names: who, where, what, how urgent, how much, when."""

_ID = re.compile(r"\b(ids?|uuid|reference|ref|code|(?<!phone )number|no)$")
_UNTOLD = re.compile(r"\b(token|secret|password|key|credential|signature)s?\b")
"""Nothing that may open a door is put in a channel."""


@dataclass(frozen=True, slots=True)
class Value:
    """One value that is sent: its name as the plan has it, what it is, and where it comes from, if it is known.

    `ids` are the Slack ids that it consists of: they are shown as names.
    """

    name: str
    text: str
    origin: str = ""
    ids: frozenset[str] = frozenset()


class Known:
    """What references stand for by now: the report, and what steps have answered so far, by their ids.

    `numbers` are those of the steps.
    """

    def __init__(self, issue: Issue, numbers: Mapping[str, int], outputs: Mapping[str, Any] | None = None) -> None:
        self.issue = issue
        self._numbers = numbers
        self._values = Values(
            outputs=outputs or {},
            issue_reporter=issue.reporter,
            issue_channel=issue.channel,
            issue_place=issue.place or "",
            issue_urgency=issue.urgency or "",
        )

    def value(self, name: str, text: str) -> Value:
        """An input of a plan, with what its references stand for, or when that will be known."""
        parts = parse(text)
        if len(parts) == 1 and isinstance(parts[0], Reference) and self._found(parts[0]) is None:
            return Value(name, self._awaited(parts[0], name))
        whole = "".join(map(self._said, parts))
        return Value(name, whole, ids=ids_in(whole))

    def _said(self, part: str | Reference | MalformedReference) -> str:
        if isinstance(part, str):
            return part
        found = self._found(part) if isinstance(part, Reference) else None
        return in_words(part.text, self._numbers) if found is None else found

    def _found(self, reference: Reference) -> str | None:
        value = self._values.find(reference)
        if isinstance(value, list) and value and not any(map(is_nested, value)):
            return ", ".join(map(as_text, value[:ENOUGH]))
        return None if value is None or is_nested(value) else as_text(value)[:_READ]

    def _awaited(self, reference: Reference, name: str) -> str:
        """E.g. "known only once it runs: work order id (step 4)"."""
        if reference.source in RESERVED:
            return in_words(reference.text, self._numbers).strip("[]")
        field = field_words(reference)
        is_said = field == label(name).lower()
        step = self._numbers.get(reference.source)
        if step is None:
            return _("known only once it runs") if is_said else _("known only once it runs: {field}", field=field)
        if is_said:
            return _("known only once it runs (step {number})", number=step)
        return _("known only once it runs: {field} (step {number})", field=field, number=step)


def planned(step: PlanStepView, known: Known) -> list[Value]:
    """What a step will send, as far as it is known."""
    return [addressed(step, value, known) for item in step.step.inputs for value in _values(item, known)]


def addressed(step: PlanStepView, value: Value, known: Known) -> Value:
    """The value itself; the reporter, where a built-in step names them by a word of its own."""
    if step.step.component_id in BUILTINS and value.text == REPORTER:
        return Value(value.name, known.issue.reporter, value.origin, ids_in(known.issue.reporter))
    return value


def ordered(values: Sequence[Value], spec: ComponentSpec | None) -> list[Value]:
    """What must be there before what may, each in the order of a form, and ids last."""
    if len(values) < 2:
        return list(values)
    required = _required(spec) if spec else frozenset()

    def place(value: Value) -> tuple[bool, bool, int]:
        is_id, kind = _kind(label(value.name))
        return is_id, value.name.partition(".")[0].partition("[")[0] not in required, kind

    return sorted(values, key=place)


@lru_cache(maxsize=4_096)
def _kind(name: str) -> tuple[bool, int]:
    """Whether a value is an id, and its place among the others by its name in words."""
    words = name.lower()
    kind = next((rank for rank, wanted in enumerate(_KINDS) if wanted.search(words)), len(_KINDS))
    return bool(_ID.search(words)), kind


def lines(values: Sequence[Value], most: int, longest: int) -> list[list[Element]]:
    """A line for each of the first values, as rich text; the last line says how many more there are."""
    return [*(line(value, longest) for value in values[:most]), *_more(len(values), most)]


def line(value: Value, longest: int) -> list[Element]:
    """A value after its name, and where it is from, as rich text."""
    return naming(text(value, longest), value.ids)


def text(value: Value, longest: int) -> str:
    """The same as plain text: "Message (from the report): Water may be off for some hours."."""
    from_where = f" ({clip(value.origin, longest)})" if value.origin else ""
    name = clip(label(value.name), _NAME)
    return f"{name}{from_where}: {clip(one_line(value.text), longest)}"


def is_cut(drawn: Sequence[Sequence[Element]]) -> bool:
    """Whether anything of such lines is left out."""
    return any(runs and str(runs[-1].get("text", "")).endswith(ELLIPSIS) for runs in drawn)


def folded(values: Sequence[Value]) -> list[Value]:
    """The values as a channel may see them: what may open a door is left out."""
    return [Value(value.name, _(NOT_SHOWN)) if _is_untold(label(value.name)) else value for value in values]


@lru_cache(maxsize=4_096)
def _is_untold(name: str) -> bool:
    return _UNTOLD.search(name.lower()) is not None


def _more(values: int, most: int) -> list[list[Element]]:
    left_out = values - most
    if left_out <= 0:
        return []
    if values < ENOUGH:
        return [[kit.span(ngettext("…and {count} more value", "…and {count} more values", left_out))]]
    return [[kit.span(_("…and more than {count} more values", count=left_out - 1))]]


def _values(item: StepInput, known: Known) -> Iterator[Value]:
    """An input, or where it is JSON the values in it."""
    if item.value.lstrip()[:1] in ("[", "{") and not item.value.lstrip().startswith(OPEN):
        try:
            nested = strict_json.loads(item.value)
        except NotJson:
            pass
        else:
            yield from (known.value(name, text) for name, text in islice(flat(item.name, nested), ENOUGH))
            return
    yield known.value(item.name, item.value)


def _required(spec: ComponentSpec) -> frozenset[str]:
    listed = spec.request_schema.get("required")
    of_body = [str(name) for name in listed] if isinstance(listed, list | tuple) else []
    parameters = {**spec.query_params, **spec.headers}
    of_others = [
        name for name, says in parameters.items() if isinstance(says, Mapping) and says.get("required") is True
    ]
    return frozenset([*of_body, *spec.path_params, *of_others])
