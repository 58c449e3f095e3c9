"""What is wrong with a plan, in words: a sentence for each fault that the validator knows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bot.views.kit.text import clip, count, join, one_line
from bot.views.plan.origins import makers
from services.plans.validation import Fault, FaultCode

SENTENCES: Mapping[FaultCode, str] = {
    FaultCode.NO_STEPS: "The plan had no steps.",
    FaultCode.TOO_MANY_STEPS: "The plan had {steps}; at most {limit} are allowed.",
    FaultCode.MALFORMED_STEP_ID: "{step} has a name that {reason}.",
    FaultCode.DUPLICATE_STEP_ID: "{times} have the same name: {step}.",
    FaultCode.UNKNOWN_COMPONENT: "{step} uses a component that does not exist: {component}{perhaps}.",
    FaultCode.INACTIVE_COMPONENT: "{step} uses a component that is switched off: {component}.",
    FaultCode.NOT_POLLABLE: "{step} would call {component} again and again, which may not be done with it.",
    FaultCode.DANGLING_NEXT: "{step} is followed by a step that does not exist: {next}{perhaps}.",
    FaultCode.CYCLE: "These steps wait for each other in a circle, so none of them could start: {cycle}.",
    FaultCode.UNREACHABLE_STEP: "{step} could never start: it waits for {waits_for}.",
    FaultCode.MALFORMED_REFERENCE: "{step} takes {input} from somewhere that can't be read: {reference}{legal}.",
    FaultCode.UNKNOWN_STEP_REFERENCE: "{step} takes {input} from a step that does not exist: {missing}{perhaps}.",
    FaultCode.SELF_REFERENCE: "{step} takes {input} from its own result.",
    FaultCode.NOT_UPSTREAM: "{step} takes {input} from {source}, which comes only after it.",
    FaultCode.UNDECLARED_FIELD: "{step} takes {path} from {source}, where there is no such thing{perhaps}.",
    FaultCode.FLOW_MISFIT: "{step} takes {input} from {source}, which gives {gives}{at}; it must be {takes}.",
    FaultCode.FORBIDDEN_ORIGIN: "{step} takes {input} from {origins}; {component} takes it only from {allowed}.",
    FaultCode.MISSING_INPUT: "{step} lacks something that its component needs: {input}.",
    FaultCode.UNKNOWN_INPUT: "{step} gives its component something that it does not take: {input}{perhaps}.",
    FaultCode.DUPLICATE_INPUT: "{step} gives the same thing twice: as {input} and as {other}.",
    FaultCode.INVALID_LITERAL: "{step} gives {input} a value that does not fit: {value}{wanted}.",
    FaultCode.INPUTS_DO_NOT_FIT: "What {step} gives does not, taken together, fit its component {component}.",
    FaultCode.UNLISTED_INPUT: "{step} gives {input}, which its component may ignore{perhaps}.",
    FaultCode.LEFTOVER_PLACEHOLDER: "{step} gives {input} with a blank that nobody has filled in: {placeholder}.",
    FaultCode.POLICY_FORBIDDEN: "{step} may not be done: {rule} forbids {component}.",
    FaultCode.POLICY_NEEDS_GATE: "{step} needs approval just before it: so says {rule}.",
    FaultCode.POLICY_NEEDS_BEFORE: "{step} needs {before} done before it: so says {rule}.",
    FaultCode.POLICY_NEEDS_WHEN: "{step} may only be done under a condition, and has none: so says {rule}.",
    FaultCode.POLICY_HOURS: "{step} may not begin at {hours}, and nobody would be asked first: so says {rule}.",
    FaultCode.POLICY_HOURS_AT_GATE: "{step} may not begin at {hours}: so says {rule}. Approve it at other hours.",
    FaultCode.UNKNOWN_CITATION: "{step} claims to follow a rule of the town that there is not: {passage}.",
    FaultCode.UNUSED_SELECTION: "{component} looked useful, but the plan does not use it.",
    FaultCode.REPORTER_NOT_TOLD: "No step tells whoever reported this what is being done.",
    FaultCode.INVALID_CONDITION: "{step} has a condition that {condition}: {test}.",
    FaultCode.UNGUARDED_REFERENCE: "{step} takes {input} from {source}, which may give none: {unsure}.",
    FaultCode.REPORTER_TOLD_EARLY: "{step} tells whoever reported this before any work is done, "
    "and no later step does.",
    FaultCode.REPEATED_WRITE: "{step} does the same as {source} once more.",
    FaultCode.UNUSED_LOOK_UP: "{step} looks something up that no later step uses and nobody is asked to read.",
    FaultCode.LATE_SEARCH: "{step} looks whether there is one already, and should come before {source}.",
    FaultCode.UNUSED_OUTPUT: "{step} names {outputs} as its result, which no later step uses.",
    FaultCode.MISNAMED_STEP: "{step} is described as what {named} does, but it uses {component}.",
    FaultCode.UNJUDGED: "The plan could not be checked fully: {component} does not say clearly {part}.",
}
"""A sentence for each fault; what stands in braces is filled in by `_words`."""

_NAME = 60
_QUOTED = ("next", "reference", "path", "other", "value", "placeholder", "passage")
_KINDS = {
    "string": "a text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "a set of named values",
    "null": "nothing",
}
_FORMATS = {
    "date": "a day, such as 2026-11-25",
    "date-time": "a day and a time, such as 2026-11-25T08:00:00Z",
    "email": "an e-mail address",
    "uri": "a link",
    "uuid": "an id of 32 digits and letters, in five groups",
}
_PARTS = {
    "path_params": "the values in its address",
    "query_params": "the values in its query",
    "headers": "its headers",
    "request_schema": "what it takes",
    "response_schema": "what it answers",
}
_CONDITION_FLAWS = {
    "no_reference": "asks about nothing that an earlier step or the report gives",
    "no_value": "has nothing to compare with",
    "too_many_values": "compares with several values at once",
    "not_comparable": "compares what can't be compared",
    "never": "can never hold",
}
_UNSURE = {
    "list": "the list may be empty",
    "optional": "the answer may not have it",
    "skipped": "that step may be skipped",
}
_REPORT = {"issue": "the report", "run": "the run"}


@dataclass(frozen=True, slots=True)
class Names:
    """What steps (by id) and components (by key) are called; what is not in here is called by its id or key."""

    steps: Mapping[str, str] = field(default_factory=dict)
    components: Mapping[str, str] = field(default_factory=dict)

    def step(self, step_id: str) -> str:
        """E.g. `step 3 (Send a crew)`."""
        return self.steps.get(step_id) or f"step {_quoted(step_id)}"

    def component(self, key: str) -> str:
        """E.g. `“Create a work order”`."""
        return _quoted(self.components.get(key) or key)


def explain_fault(faults: Sequence[Fault], most: int, *, limit: int, names: Names) -> list[str]:
    """A sentence of at most `limit` characters for each of the first faults, then how many more there are."""
    told = [clip(sentence(fault, names), limit) for fault in faults[:most]]
    return [*told, f"…and {len(faults) - most:,} more"] if len(faults) > most else told


def sentence(fault: Fault, names: Names) -> str:
    """What is wrong, as one sentence of plain text."""
    told = SENTENCES[fault.code].format_map(_words(fault, names))
    return told[:1].upper() + told[1:]


def _words(fault: Fault, names: Names) -> dict[str, str]:
    """A fault's facts as words. Details are taken as they come: a row may be older than this code."""
    detail = fault.detail
    source = _text(fault, "source")
    return {
        "step": names.step(fault.step_id or "?"),
        "input": _quoted(str(detail.get("name") or (fault.field or "?").partition(".")[2] or fault.field)),
        "component": names.component(_text(fault, "component")),
        "named": names.component(_text(fault, "named")),
        "outputs": join([_quoted(each) for each in _listed(fault, "outputs")], most=8),
        "source": _REPORT.get(source) or names.step(source),
        "missing": _quoted(source),
        "steps": count(_number(fault, "steps"), "step"),
        "times": count(_number(fault, "times"), "step"),
        "limit": f"{_number(fault, 'limit'):,}",
        "reason": "is kept for something else" if detail.get("reason") == "reserved" else "can't be used",
        "cycle": join(_steps(fault, "cycle", names), most=8),
        "waits_for": join(_steps(fault, "waits_for", names)) or "others that could never start",
        "part": _PARTS.get(_text(fault, "part"), "a part of it"),
        "wanted": _wanted(fault),
        "gives": _kinds(fault, "gives") or "nothing",
        "takes": _kinds(fault, "takes") or "something else",
        "perhaps": _perhaps(fault),
        "condition": _CONDITION_FLAWS.get(str(detail.get("reason")), "can't be judged"),
        "test": _quoted(_test(fault)),
        "unsure": _UNSURE.get(str(detail.get("reason")), "it may not be there"),
        "at": f" (at {_quoted(_text(fault, 'at'))})" if fault.detail.get("at") else "",
        "origins": makers(detail.get("origins")),
        "allowed": makers(detail.get("allowed"), last="or"),
        "legal": f"; it could be {_quoted(_text(fault, 'legal'))}" if fault.detail.get("legal") else "",
        **{name: _quoted(_text(fault, name)) for name in _QUOTED},
        "rule": _rule(fault),
        "before": join([names.component(each) for each in _listed(fault, "before")], last="or") or "another step",
        "hours": join([one_line(each) for each in _listed(fault, "hours")], last="or") or "some hours",
    }


def demand(keyword: object, expected: object) -> str:
    """What a value must be, as JSON Schema has it: "it must be a number"; empty where there are no plain words."""
    options = [str(option) for option in (expected if isinstance(expected, list) else [expected])]
    match keyword:
        case "type" | "not_json" if all(option in _KINDS for option in options):
            return f"it must be {join([_KINDS[option] for option in options], last='or')}"
        case "format" if str(expected) in _FORMATS:
            return f"it must be {_FORMATS[str(expected)]}"
        case "blank":
            return "it must not be empty"
        case "dot_segment":
            return "it would lead to another address"
        case "not_a_text":
            return "it must be one text or number"
        case "control_character":
            return "it must have no line breaks and no unseen characters"
        case "enum" | "const":
            return f"it must be {join([_quoted(option) for option in options], last='or')}"
    return ""


def _wanted(fault: Fault) -> str:
    words = demand(fault.detail.get("keyword"), fault.detail.get("expected"))
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
    return f"; perhaps {join([_quoted(str(each)) for each in meant], last='or')} is meant" if meant else ""


def _kinds(fault: Fault, name: str) -> str:
    """JSON types in words. A whole number is a number, so it is not named beside it."""
    value = fault.detail.get(name)
    names = [str(each) for each in value] if isinstance(value, list) else []
    words = [_KINDS[each] for each in names if each in _KINDS and not (each == "integer" and "number" in names)]
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
    return f"“{clip(one_line(text), _NAME)}”"
