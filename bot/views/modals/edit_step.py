"""The form in which a step is changed by hand: what it sends, whether it asks first, after what it comes.

What is filled in while the plan is carried out stands in brackets: "[the work order id from step 3]". Left as they
are, brackets are read back as what they stand for.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.languages import LANGUAGES, _, language_of, number, speaking
from bot.slack.ids import (
    BLOCK_AFTER,
    BLOCK_GATE,
    BLOCK_REMOVE,
    BLOCK_STEP,
    BLOCK_VALUE,
    INPUT_AFTER,
    INPUT_GATE,
    INPUT_REMOVE,
    INPUT_STEP,
    INPUT_VALUE,
    VIEW_STEP_CHOICE,
    VIEW_STEP_EDIT,
    Ref,
)
from bot.slack.messages import Block, Element, View
from bot.views.kit import blocks as kit
from bot.views.kit.text import clip, one_line, spaced
from bot.views.modals.reason import origin
from bot.views.modals.request_changes import step_options
from bot.views.plan.steps import PlanStepView, called, in_order, in_words
from services.components.specs import ApprovalPolicy, ComponentSpec
from services.plans.model import Step, StepInput, dependencies
from services.plans.references import RESERVED, Reference, scan
from services.queries.snapshots import PlanSnapshot, VersionSnapshot

MAX_INPUTS = 60
"""So many inputs of a step are in its form; a step with more keeps the others as they are."""

_LONGEST = 3_000
_LINE = 80
_OPTION = 75
_GROUP = 100
_YES = "yes"


@dataclass(frozen=True, slots=True)
class Field:
    """An input of a step in its form: the value that it has now, None for none, and what it may be."""

    item: StepInput
    shown: str
    is_there: bool
    required: bool
    options: tuple[str, ...] = ()
    hint: str = ""

    @property
    def is_editable(self) -> bool:
        """Whether a field can hold it."""
        return len(self.shown) <= _LONGEST


class StepForm:
    """What the form of a step asks for; made of the plan alone, so that it is the same when it is submitted."""

    def __init__(self, version: VersionSnapshot, step: Step) -> None:
        self.step = step
        self.spec = version.components.get(step.component_id)
        self.steps = in_order(version)
        self._numbers = {view.step.step_id: view.number for view in reversed(self.steps)}
        self._needs = dependencies(version.plan)
        self.view = next(view for view in self.steps if view.step.step_id == step.step_id)
        self.fields = tuple(self._fields())[:MAX_INPUTS]

    @property
    def before(self) -> tuple[str, ...]:
        """The ids of the steps right before it."""
        return self._needs[self.step.step_id]

    @property
    def others(self) -> tuple[PlanStepView, ...]:
        """The steps that it may come after."""
        return tuple(view for view in self.steps if view.step.step_id != self.step.step_id)

    @property
    def always_asks(self) -> bool:
        """Whether its component has a gate that nobody can take away here."""
        return self.spec is not None and self.spec.approval is ApprovalPolicy.STEP

    def read(self, field: Field, text: str) -> StepInput | None:
        """What was typed in a field, None if that is what was there; its value is empty where nothing was."""
        typed = text.strip()
        if typed == field.shown.strip():
            return None
        for words, reference in self._in_every_language().items():
            typed = typed.replace(words, reference)
        if typed == field.item.value.strip():
            return None
        return field.item.model_copy(update={"value": typed, "typed": bool(typed)})

    def _fields(self) -> Iterator[Field]:
        given = {item.field: item for item in self.step.inputs}
        declared = dict(_declared(self.spec)) if self.spec else {}
        for name, item in given.items():
            schema, required = declared.get(name, ({}, False))
            yield self._field(item, schema, is_there=True, required=required)
        for name, (schema, required) in declared.items():
            if name not in given and not _is_nested(schema):
                location, _, rest = name.partition(".")
                item = StepInput.model_validate({"in": location, "name": rest, "value": ""})
                yield self._field(item, schema, is_there=False, required=required)

    def _field(self, item: StepInput, schema: Mapping[str, Any], *, is_there: bool, required: bool) -> Field:
        options = _options(schema)
        shown = item.value if options and item.value in options else self._in_words(item.value)
        fits = not shown or shown in options
        return Field(item, shown, is_there, required, options if fits else (), _hint(schema, options))

    def _in_words(self, value: str) -> str:
        return in_words(value, self._numbers) if self._is_reversible(value) else value

    def _is_reversible(self, value: str) -> bool:
        words = in_words(value, self._numbers)
        for said, reference in self._references().items():
            words = words.replace(said, reference)
        return words == value

    def _in_every_language(self) -> dict[str, str]:
        """The same in each language, the spoken one first: a form may have been opened in another."""
        known = self._references()
        for code in LANGUAGES:
            with speaking(language_of(code)):
                known = {**self._references(), **known}
        return known

    def _references(self) -> dict[str, str]:
        """What stands in brackets, and the reference that it is; of two that are called the same the first."""
        known: dict[str, str] = {}
        found = [f"{{{{issue.{name}}}}}" for name in RESERVED["issue"]]
        for view in self.steps:
            texts = (each for item in view.step.inputs for each in scan(item.value))
            found += [each.text for each in texts if isinstance(each, Reference)]
        for reference in found:
            words = in_words(reference, self._numbers)
            if words.startswith("["):
                known.setdefault(words, reference)
        return known


def step_choice_modal(
    snapshot: PlanSnapshot,
    version: VersionSnapshot,
    *,
    channel: str,
    message_ts: str,
    thread_ts: str | None = None,
) -> View:
    """Asks which step is to be changed."""
    steps = in_order(version)
    menu: Element = {
        "type": "static_select",
        "action_id": INPUT_STEP,
        "placeholder": kit.plain(_("Choose a step")),
        **_grouped(steps),
    }
    return {
        "type": "modal",
        "callback_id": VIEW_STEP_CHOICE,
        "title": kit.plain(_("Edit step")),
        "submit": kit.plain(_("Edit")),
        "close": kit.plain(_("Cancel")),
        "private_metadata": origin(Ref(snapshot.id, snapshot.revision), channel, message_ts, thread_ts),
        "blocks": [_input(BLOCK_STEP, _("Which step?"), menu)],
    }


def edit_step_modal(ref: Ref, form: StepForm, place: Mapping[str, str]) -> View:
    """The form of a step. `place` is where its card is: {"channel": …, "message_ts": …, "thread_ts": …?}."""
    return {
        "type": "modal",
        "callback_id": VIEW_STEP_EDIT,
        "title": kit.plain(_("Edit step")),
        "submit": kit.plain(_("Save")),
        "close": kit.plain(_("Cancel")),
        "private_metadata": json.dumps({"ref": ref.encode(), "step": form.step.step_id, **place}),
        "blocks": [
            kit.header(f"{number(form.view.number)}. {form.view.title}"),
            kit.context(kit.plain(_("Uses {component}.", component=clip(form.view.component, 150)))),
            *_value_blocks(form),
            *_gate_block(form),
            *_after_block(form),
            _remove_block(),
        ],
    }


def said(form: StepForm, typed: Sequence[StepInput], *, gated: bool, removed: bool) -> str:
    """What somebody wanted of a step, in words, for when it can't be done and is given back."""
    step = called(form.view.number, clip(form.view.title, _LINE))
    if removed:
        return _("Remove {step}.", step=step)
    left_out = _("(left out)")
    lines = [f"{_label(item.name)}: {item.value or left_out}" for item in typed]
    wish = _("Edit {step}, which does not ask a person first.", step=step)
    if gated or form.always_asks:
        wish = _("Edit {step}, which asks a person first.", step=step)
    return "\n".join([wish, *lines])


def _value_blocks(form: StepForm) -> list[Block]:
    blocks: list[Block] = []
    if any("[" in field.shown for field in form.fields):
        words = _("What stands in brackets is filled in when the plan is carried out.")
        blocks.append(kit.context(kit.plain(words)))
    for nth, field in enumerate(form.fields):
        if not field.is_editable:
            too_long = _("{field}: too long to be changed here.", field=_label(field.item.name))
            blocks.append(kit.context(kit.plain(too_long)))
            continue
        block = _input(
            f"{BLOCK_VALUE}{nth}", _label(field.item.name), _element(field), optional=not field.required
        )
        blocks.append({**block, "hint": kit.plain(field.hint, 300)} if field.hint else block)
    return blocks


def _gate_block(form: StepForm) -> list[Block]:
    if form.always_asks:
        return [kit.context(kit.plain(_("A person is always asked just before this step.")))]
    option = {"text": kit.plain(_("Ask a person just before this step")), "value": _YES}
    element: Element = {"type": "checkboxes", "action_id": INPUT_GATE, "options": [option]}
    if form.step.requires_approval:
        element["initial_options"] = [option]
    return [_input(BLOCK_GATE, _("Approval"), element, optional=True)]


def _after_block(form: StepForm) -> list[Block]:
    if not form.others:
        return []
    element: Element = {
        "type": "multi_static_select",
        "action_id": INPUT_AFTER,
        "placeholder": kit.plain(_("It starts at once")),
        **_grouped(form.others),
    }
    before = [option for option in step_options(form.others) if option["value"] in form.before]
    if before:
        element["initial_options"] = before
    block = _input(BLOCK_AFTER, _("Comes right after"), element, optional=True)
    hint = _("A step whose answer this one takes always comes before it.")
    return [{**block, "hint": kit.plain(hint)}]


def _remove_block() -> Block:
    option = {"text": kit.plain(_("Remove this step from the plan")), "value": _YES}
    element: Element = {"type": "checkboxes", "action_id": INPUT_REMOVE, "options": [option]}
    return _input(BLOCK_REMOVE, _("Remove"), element, optional=True)


def _grouped(steps: Sequence[PlanStepView]) -> dict[str, Any]:
    """The steps as options, in groups where there are more than Slack takes in one."""
    options = step_options(steps)
    if len(options) <= _GROUP:
        return {"options": options}
    groups = [options[start : start + _GROUP] for start in range(0, len(options), _GROUP)]
    return {
        "option_groups": [
            {"label": kit.plain(_("From step {number}", number=nth * _GROUP + 1)), "options": group}
            for nth, group in enumerate(groups)
        ]
    }


def _input(block_id: str, label: str, element: Element, *, optional: bool = False) -> Block:
    return {
        "type": "input",
        "block_id": block_id,
        "label": kit.plain(label, 150),
        "optional": optional,
        "element": element,
    }


def _element(field: Field) -> Element:
    if field.options:
        options = [{"text": kit.plain(option, _OPTION), "value": option} for option in field.options]
        chosen = next((option for option in options if option["value"] == field.shown), None)
        menu: Element = {
            "type": "static_select",
            "action_id": INPUT_VALUE,
            "placeholder": kit.plain(_("Choose one")),
            "options": options,
        }
        return {**menu, "initial_option": chosen} if chosen else menu
    text: Element = {
        "type": "plain_text_input",
        "action_id": INPUT_VALUE,
        "multiline": len(field.shown) > _LINE or "\n" in field.shown,
        "max_length": _LONGEST,
    }
    return {**text, "initial_value": field.shown} if field.shown else text


def _label(name: str) -> str:
    words = clip(one_line(spaced(name.replace(".", " "))), 100)
    return f"{words[:1].upper()}{words[1:]}" or _("Value")


def _declared(spec: ComponentSpec) -> Iterator[tuple[str, tuple[Mapping[str, Any], bool]]]:
    """What a component takes, by place and name: the schema, and whether it must be given."""
    for location, parameters in (("path", spec.path_params), ("query", spec.query_params)):
        for name, schema in parameters.items():
            yield f"{location}.{name}", (schema, bool(schema.get("required")))
    for name, schema in spec.headers.items():
        if not {"const", "default"} & schema.keys():
            yield f"header.{name}", (schema, bool(schema.get("required")))
    payload = "variable" if spec.type == "GRAPHQL" else "body"
    required = spec.request_schema.get("required")
    properties = spec.request_schema.get("properties")
    for name, schema in properties.items() if isinstance(properties, Mapping) else ():
        must = isinstance(required, list) and name in required
        yield f"{payload}.{name}", (schema if isinstance(schema, Mapping) else {}, must)


def _is_nested(schema: Mapping[str, Any]) -> bool:
    """Whether a value has members of its own: as text nobody would want to type it."""
    return schema.get("type") in ("object", "array")


def _options(schema: Mapping[str, Any]) -> tuple[str, ...]:
    if schema.get("type") == "boolean":
        return ("true", "false")
    listed = schema.get("enum")
    texts = (
        tuple(dict.fromkeys(each for each in listed if isinstance(each, str))) if isinstance(listed, list) else ()
    )
    is_all = isinstance(listed, list) and len(texts) == len(listed)
    return texts if is_all and len(texts) <= _GROUP and all(0 < len(each) <= _OPTION for each in texts) else ()


def _hint(schema: Mapping[str, Any], options: Sequence[str]) -> str:
    described = schema.get("description")
    words = one_line(described) if isinstance(described, str) else ""
    kind = {"integer": _("A whole number."), "number": _("A number.")}.get(str(schema.get("type")), "")
    return clip(words or ("" if options else kind), 200)
