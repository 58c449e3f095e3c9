"""What is wrong with a plan, in words: a sentence for each fault that the validator knows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from bot.languages import N_, _, language_of, ngettext, number, speaking
from bot.views.kit.text import clip, in_quotes, join, names_in, one_line
from bot.views.plan.origins import makers
from services.plans.validation import Fault, FaultCode

SENTENCES: Mapping[FaultCode, str] = {
    FaultCode.NO_STEPS: N_("The plan had no steps."),
    FaultCode.TOO_MANY_STEPS: N_("The plan had {steps}; at most {limit} are allowed."),
    FaultCode.MALFORMED_STEP_ID: N_("{step} has a name that can't be used."),
    FaultCode.DUPLICATE_STEP_ID: N_("{times} have the same name: {step}."),
    FaultCode.UNKNOWN_COMPONENT: N_("{step} uses a component that does not exist: {component}{perhaps}."),
    FaultCode.INACTIVE_COMPONENT: N_("{step} uses a component that is switched off: {component}."),
    FaultCode.NOT_POLLABLE: N_("{step} would call {component} again and again, which may not be done with it."),
    FaultCode.DANGLING_NEXT: N_("{step} is followed by a step that does not exist: {next}{perhaps}."),
    FaultCode.CYCLE: N_("These steps wait for each other in a circle, so none of them could start: {cycle}."),
    FaultCode.UNREACHABLE_STEP: N_("{step} could never start: it waits for {waits_for}."),
    FaultCode.MALFORMED_REFERENCE: N_(
        "{step} takes {input} from somewhere that can't be read: {reference}{legal}."
    ),
    FaultCode.UNKNOWN_STEP_REFERENCE: N_(
        "{step} takes {input} from a step that does not exist: {missing}{perhaps}."
    ),
    FaultCode.SELF_REFERENCE: N_("{step} takes {input} from its own result."),
    FaultCode.NOT_UPSTREAM: N_("{step} takes {input} from {source}, which comes only after it."),
    FaultCode.UNDECLARED_FIELD: N_("{step} takes {path} from {source}, where there is no such thing{perhaps}."),
    FaultCode.FLOW_MISFIT: N_("{step} takes {input} from {source}, which gives {gives}{at}; it must be {takes}."),
    FaultCode.FORBIDDEN_ORIGIN: N_(
        "{step} takes {input} from {origins}; {component} takes it only from {allowed}."
    ),
    FaultCode.MISSING_INPUT: N_("{step} lacks something that its component needs: {input}."),
    FaultCode.UNKNOWN_INPUT: N_("{step} gives its component something that it does not take: {input}{perhaps}."),
    FaultCode.DUPLICATE_INPUT: N_("{step} gives the same thing twice: as {input} and as {other}."),
    FaultCode.INVALID_LITERAL: N_("{step} gives {input} a value that does not fit: {value}{wanted}."),
    FaultCode.INPUTS_DO_NOT_FIT: N_("What {step} gives does not, taken together, fit its component {component}."),
    FaultCode.UNLISTED_INPUT: N_("{step} gives {input}, which its component may ignore{perhaps}."),
    FaultCode.LEFTOVER_PLACEHOLDER: N_(
        "{step} gives {input} with a blank that nobody has filled in: {placeholder}."
    ),
    FaultCode.POLICY_FORBIDDEN: N_("{step} may not be done: {rule} forbids {component}."),
    FaultCode.POLICY_NEEDS_GATE: N_("{step} needs approval just before it: so says {rule}."),
    FaultCode.POLICY_NEEDS_BEFORE: N_("{step} needs {before} done before it: so says {rule}."),
    FaultCode.POLICY_NEEDS_WHEN: N_("{step} may only be done under a condition, and has none: so says {rule}."),
    FaultCode.POLICY_HOURS: N_(
        "{step} may not begin at {hours}, and nobody would be asked first: so says {rule}."
    ),
    FaultCode.POLICY_HOURS_AT_GATE: N_(
        "{step} may not begin at {hours}: so says {rule}. Approve it at other hours."
    ),
    FaultCode.UNKNOWN_CITATION: N_("{step} claims to follow a rule of the town that there is not: {passage}."),
    FaultCode.UNUSED_SELECTION: N_("{component} looked useful, but the plan does not use it."),
    FaultCode.REPORTER_NOT_TOLD: N_("No step tells whoever reported this what is being done."),
    FaultCode.INVALID_CONDITION: N_("{step} has a condition that can't be judged: {test}."),
    FaultCode.UNGUARDED_REFERENCE: N_(
        "{step} takes {input} from {source}, which may give none: it may not be there."
    ),
    FaultCode.REPORTER_TOLD_EARLY: N_(
        "{step} tells whoever reported this before any work is done, and no later step does."
    ),
    FaultCode.REPEATED_WRITE: N_("{step} does the same as {source} once more."),
    FaultCode.UNUSED_LOOK_UP: N_("{step} looks something up that no later step uses and nobody is asked to read."),
    FaultCode.LATE_SEARCH: N_("{step} looks whether there is one already, and should come before {source}."),
    FaultCode.UNUSED_OUTPUT: N_("{step} names {outputs} as its result, which no later step uses."),
    FaultCode.MISNAMED_STEP: N_("{step} is described as what {named} does, but it uses {component}."),
    FaultCode.UNJUDGED: N_("The plan could not be checked fully: {component} does not say clearly {part}."),
}
"""A sentence for each fault; what stands in braces is filled in by `_words`."""

_BY_REASON: Mapping[tuple[FaultCode, str], str] = {
    (FaultCode.MALFORMED_STEP_ID, "reserved"): N_("{step} has a name that is kept for something else."),
    (FaultCode.INVALID_CONDITION, "no_reference"): N_(
        "{step} has a condition that asks about nothing that an earlier step or the report gives: {test}."
    ),
    (FaultCode.INVALID_CONDITION, "no_value"): N_(
        "{step} has a condition that has nothing to compare with: {test}."
    ),
    (FaultCode.INVALID_CONDITION, "too_many_values"): N_(
        "{step} has a condition that compares with several values at once: {test}."
    ),
    (FaultCode.INVALID_CONDITION, "not_comparable"): N_(
        "{step} has a condition that compares what can't be compared: {test}."
    ),
    (FaultCode.INVALID_CONDITION, "never"): N_("{step} has a condition that can never hold: {test}."),
    (FaultCode.UNGUARDED_REFERENCE, "list"): N_(
        "{step} takes {input} from {source}, which may give none: the list may be empty."
    ),
    (FaultCode.UNGUARDED_REFERENCE, "optional"): N_(
        "{step} takes {input} from {source}, which may give none: the answer may not have it."
    ),
    (FaultCode.UNGUARDED_REFERENCE, "skipped"): N_(
        "{step} takes {input} from {source}, which may give none: that step may be skipped."
    ),
}
"""The sentence for a fault whose reason is known."""

_NAME = 60
_QUOTED = ("next", "reference", "path", "other", "value", "placeholder", "passage")
_KINDS = {
    "string": N_("a text"),
    "integer": N_("a whole number"),
    "number": N_("a number"),
    "boolean": N_("true or false"),
    "array": N_("a list"),
    "object": N_("a set of named values"),
    "null": N_("nothing"),
}
_FORMATS = {
    "date": N_("a day, such as 2026-11-25"),
    "date-time": N_("a day and a time, such as 2026-11-25T08:00:00Z"),
    "email": N_("an e-mail address"),
    "uri": N_("a link"),
    "uuid": N_("an id of 32 digits and letters, in five groups"),
}
_PARTS = {
    "path_params": N_("the values in its address"),
    "query_params": N_("the values in its query"),
    "headers": N_("its headers"),
    "request_schema": N_("what it takes"),
    "response_schema": N_("what it answers"),
}
_REPORT = {"issue": N_("the report"), "run": N_("the run")}


@dataclass(frozen=True, slots=True)
class Names:
    """What steps (by id) and components (by key) are called; what is not in here is called by its id or key."""

    steps: Mapping[str, str] = field(default_factory=dict)
    components: Mapping[str, str] = field(default_factory=dict)

    def step(self, step_id: str) -> str:
        """E.g. `step 3 (Send a crew)`."""
        return self.steps.get(step_id) or _("step {name}", name=_quoted(step_id))

    def component(self, key: str) -> str:
        """E.g. `“Create a work order”`."""
        return _quoted(self.components.get(key) or key)


def explain_fault(faults: Sequence[Fault], most: int, *, limit: int, names: Names) -> list[str]:
    """A sentence of at most `limit` characters for each of the first faults, then how many more there are."""
    told = [clip(sentence(fault, names), limit) for fault in faults[:most]]
    return [*told, _("…and {count} more", count=len(faults) - most)] if len(faults) > most else told


def sentence(fault: Fault, names: Names) -> str:
    """What is wrong, as one sentence of plain text."""
    words = _BY_REASON.get((fault.code, str(fault.detail.get("reason")))) or SENTENCES[fault.code]
    wanted = names_in(words)
    # Of the thirty facts that a sentence may name it names three or four, and a card is drawn until it fits.
    told = _(words, **{name: fact() for name, fact in _facts(fault, names).items() if name in wanted})
    return told[:1].upper() + told[1:]


def for_the_model(fault: Fault) -> str:
    """The same for the model, whose language is English whoever reads the plan."""
    with speaking(language_of("en-US")):
        return sentence(fault, Names())


def _facts(fault: Fault, names: Names) -> dict[str, Callable[[], str | int]]:
    """What says a fault's facts in words. Details are taken as they come: a row may be older than this code."""
    detail = fault.detail
    source = _text(fault, "source")
    return {
        "step": lambda: names.step(fault.step_id or "?"),
        "input": lambda: _quoted(str(detail.get("name") or (fault.field or "?").partition(".")[2] or fault.field)),
        "component": lambda: names.component(_text(fault, "component")),
        "named": lambda: names.component(_text(fault, "named")),
        "outputs": lambda: join([_quoted(each) for each in _listed(fault, "outputs")], most=8),
        "source": lambda: _(_REPORT[source]) if source in _REPORT else names.step(source),
        "missing": lambda: _quoted(source),
        "steps": lambda: ngettext("{count} step", "{count} steps", _number(fault, "steps")),
        "times": lambda: ngettext("{count} step", "{count} steps", _number(fault, "times")),
        "limit": lambda: number(_number(fault, "limit")),
        "cycle": lambda: join(_steps(fault, "cycle", names), most=8),
        "waits_for": lambda: join(_steps(fault, "waits_for", names)) or _("others that could never start"),
        "part": lambda: _(_PARTS[_text(fault, "part")]) if _text(fault, "part") in _PARTS else _("a part of it"),
        "wanted": lambda: _wanted(fault),
        "gives": lambda: _kinds(fault, "gives") or _("nothing"),
        "takes": lambda: _kinds(fault, "takes") or _("something else"),
        "perhaps": lambda: _perhaps(fault),
        "test": lambda: _quoted(_test(fault)),
        "at": lambda: _(" (at {place})", place=_quoted(_text(fault, "at"))) if detail.get("at") else "",
        "origins": lambda: makers(detail.get("origins")),
        "allowed": lambda: makers(detail.get("allowed"), last="or"),
        "legal": lambda: _added(
            _("it could be {value}", value=_quoted(_text(fault, "legal"))) if detail.get("legal") else ""
        ),
        **{name: partial(_quoted_of, fault, name) for name in _QUOTED},
        "rule": lambda: _rule(fault),
        "before": lambda: (
            join([names.component(each) for each in _listed(fault, "before")], last="or") or _("another step")
        ),
        "hours": lambda: join([one_line(each) for each in _listed(fault, "hours")], last="or") or _("some hours"),
    }


def _quoted_of(fault: Fault, name: str) -> str:
    return _quoted(_text(fault, name))


def demand(keyword: object, expected: object) -> str:
    """What a value must be, as JSON Schema has it: "it must be a number"; empty where there are no plain words."""
    options = [str(option) for option in (expected if isinstance(expected, list) else [expected])]
    match keyword:
        case "type" | "not_json" if all(option in _KINDS for option in options):
            return _("it must be {what}", what=join([_(_KINDS[option]) for option in options], last="or"))
        case "format" if str(expected) in _FORMATS:
            return _("it must be {what}", what=_(_FORMATS[str(expected)]))
        case "blank":
            return _("it must not be empty")
        case "dot_segment":
            return _("it would lead to another address")
        case "not_a_text":
            return _("it must be one text or number")
        case "control_character":
            return _("it must have no line breaks and no unseen characters")
        case "enum" | "const":
            return _("it must be {what}", what=join([_quoted(option) for option in options], last="or"))
    return ""


def _wanted(fault: Fault) -> str:
    return _added(demand(fault.detail.get("keyword"), fault.detail.get("expected")))


def _added(words: str) -> str:
    """What is said after a sentence's end, if anything is."""
    return words and f"; {words}"


def _rule(fault: Fault) -> str:
    """The passage whose rule it is: “Road works”, 3.1 Closures."""
    section = clip(one_line(str(fault.detail.get("section", ""))), _NAME)
    return f"{_quoted(_text(fault, 'policy'))}{f', {section}' if section else ''}"


def _listed(fault: Fault, name: str) -> list[str]:
    value = fault.detail.get(name)
    return [str(each) for each in value] if isinstance(value, list) else []


def _perhaps(fault: Fault) -> str:
    """What may have been meant, as far as anything is near."""
    meant = fault.detail.get("nearest")
    if not meant:
        return ""
    return _added(_("perhaps {names} is meant", names=join([_quoted(str(each)) for each in meant], last="or")))


def _kinds(fault: Fault, name: str) -> str:
    """JSON types in words. A whole number is a number, so it is not named beside it."""
    value = fault.detail.get(name)
    names = [str(each) for each in value] if isinstance(value, list) else []
    words = [_(_KINDS[each]) for each in names if each in _KINDS and not (each == "integer" and "number" in names)]
    return join(words, last="or")


def _test(fault: Fault) -> str:
    """A comparison as it stands in the plan, less the braces: find.status equals done."""
    said = [_text(fault, "value"), _text(fault, "is").replace("_", " "), *_listed(fault, "to")]
    return " ".join(part.removeprefix("{{").removesuffix("}}") for part in said)


def _steps(fault: Fault, name: str, names: Names) -> list[str]:
    value = fault.detail.get(name)
    return [names.step(str(step_id)) for step_id in value] if isinstance(value, list) else []


def _text(fault: Fault, name: str) -> str:
    return str(fault.detail.get(name, "?"))


def _number(fault: Fault, name: str) -> int:
    value = fault.detail.get(name)
    return value if isinstance(value, int) else 0


def _quoted(text: str) -> str:
    return in_quotes(clip(one_line(text), _NAME))
