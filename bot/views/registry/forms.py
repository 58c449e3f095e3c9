"""The forms of a component: what admins change about it, and what anybody may try."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bot.languages import N_, Sentence, _
from bot.slack import ids
from bot.slack.messages import Block, Element, View
from bot.views.kit import blocks as kit
from bot.views.kit.text import clip, one_line
from bot.views.kit.values import label
from bot.views.registry.details import plan_runs
from bot.views.registry.origin import Origin
from bot.views.registry.words import FIELDS, GATES, kind_of, value_text
from services.components.registry import NUMBERS, EditRefused, values_of
from services.components.specs import ApprovalPolicy
from services.connectors.trying import InputField, input_fields
from services.queries.components import ComponentDetails, PlansThatUse
from services.workspaces.component_secrets import NoSecretKey, SecretRefused

SWITCH_ON, SWITCH_OFF = "on", "off"

_LONGEST = 3_000
_LINE = 150
_TITLE = 24
_INPUTS = 20
_OPTIONS, _OPTION = 100, 75

_EDIT_ERRORS: Mapping[str, Sentence] = {
    "name": N_("A name of at most 150 characters, on one line."),
    "description": N_("Say in a sentence what it does: the plan maker chooses by that."),
    "category": N_("At most 150 characters, on one line."),
    "owner_service": N_("At most 150 characters, on one line."),
    "approval": N_("Choose one of these."),
    "timeout_seconds": N_("A number of seconds from 1 to 300."),
    "attempts": N_("A whole number from 1 to 10."),
    "max_concurrent": N_("A whole number from 1 to 1,000, or nothing for no limit."),
    "per_minute": N_("A whole number from 1 to 100,000, or nothing for no limit."),
}
_HINTS: Mapping[str, Sentence] = {
    "description": N_("The plan maker reads this, and chooses by it."),
    "max_concurrent": N_("Empty: no limit."),
    "per_minute": N_("Empty: no limit."),
}
_SECRET_ERRORS: Mapping[str, Sentence] = {
    "name": N_("The component does not ask for a secret of this name any more. Open it again."),
    "empty": N_("Paste the secret here."),
    "too_long": N_("That is too long for a secret."),
}


def edit_modal(details: ComponentDetails, origin: Origin) -> View:
    """What people may change, filled in with what it is."""
    values = values_of(details.entry)
    blocks = [
        kit.context(kit.plain(_("New plans and new runs go by this. Runs under way go on as they began."))),
        *(_edit_block(name, values[name]) for name in FIELDS if name in values and name in _EDIT_ERRORS),
    ]
    shown = origin.metadata(details, details.entry.stamp)
    return _form(ids.VIEW_COMPONENT_EDIT, _("Edit component"), _("Save"), shown, details, blocks)


def edit_errors(error: EditRefused) -> dict[str, str]:
    """A sentence under each field that can't be what was typed."""
    return {
        f"{ids.BLOCK_FIELD}{name}": _(words) for name, words in _EDIT_ERRORS.items() if name in error.fields
    } or {f"{ids.BLOCK_FIELD}name": _("These values don't go together. Nothing was changed.")}


def secret_modal(details: ComponentDetails, origin: Origin) -> View:
    """Asks for a secret. What there is already is not shown, and neither is what is typed, once it is saved."""
    names = [{"text": kit.plain(name, _OPTION), "value": name} for name in details.sealed[:_OPTIONS]]
    choice: Element = {"type": "static_select", "action_id": ids.INPUT_SECRET_NAME, "options": names}
    if names:
        choice["initial_option"] = names[0]
    value: Element = {
        "type": "plain_text_input",
        "action_id": ids.INPUT_SECRET,
        "multiline": True,
        "max_length": _LONGEST,
    }
    hint = _("It is kept encrypted, and sent to this component alone. Nobody is shown it again, not even you.")
    blocks = [
        _input(ids.BLOCK_SECRET_NAME, _("Which secret?"), choice),
        {**_input(ids.BLOCK_SECRET, _("The secret"), value), "hint": kit.plain(hint)},
    ]
    return _form(
        ids.VIEW_COMPONENT_SECRET, _("Set a secret"), _("Save"), origin.metadata(details), details, blocks
    )


def secret_errors(error: NoSecretKey | SecretRefused) -> dict[str, str]:
    """Why a secret can't be kept, under its field."""
    if isinstance(error, NoSecretKey):
        no_key = _("Secrets can't be kept here: whoever runs Mudda has to set a key for them.")
        return {ids.BLOCK_SECRET: no_key}
    block = ids.BLOCK_SECRET_NAME if error.reason == "name" else ids.BLOCK_SECRET
    return {block: _(_SECRET_ERRORS[error.reason])}


def switch_modal(details: ComponentDetails, origin: Origin, drafts: PlansThatUse, runs: PlansThatUse) -> View:
    """Asks whether a component is to be taken out of use, with all that uses it; or into use again."""
    if not details.entry.active:
        words = _("New plans can call it again.")
        shown = origin.metadata(details, SWITCH_ON)
        return _form(ids.VIEW_COMPONENT_SWITCH, _("Switch on"), _("Switch on"), shown, details, [_said(words)])
    blocks = [
        _said(_("No new plan calls it from then on. You can switch it on again at any time.")),
        *_affected(_("Drafts that use it, and have to be changed before they are approved"), drafts),
        *_affected(_("Plans under way that have yet to call it, and still will"), runs),
    ]
    if len(blocks) == 1:
        blocks.append(_said(_("No draft uses it, and no run has yet to call it.")))
    shown = origin.metadata(details, SWITCH_OFF)
    return _form(ids.VIEW_COMPONENT_SWITCH, _("Switch off"), _("Switch off"), shown, details, blocks)


def undo_modal(details: ComponentDetails, origin: Origin) -> View:
    """Asks whether the last change is to be taken back, with what becomes of it."""
    change = details.undoable
    if change is None:
        words = _("There is nothing to take back: it has changed since, or nobody has changed it here.")
        return {**_form("", _("Undo"), "", origin.metadata(details), details, [_said(words)])}
    who, when = kit.person(change.by), kit.moment(change.at)
    changed = kit.paragraph(*kit.runs(_("Changed by {who}, {moment}. This comes back:"), who=who, moment=when))
    lines = [
        _("{field}: {value}", field=_(FIELDS[name]), value=value_text(name, value))
        for name, value in change.before.items()
        if name in FIELDS
    ]
    shown = origin.metadata(details, str(change.id))
    blocks = [kit.rich_text(changed, kit.bullets(lines))]
    return _form(ids.VIEW_COMPONENT_UNDO, _("Undo"), _("Undo"), shown, details, blocks)


def try_modal(details: ComponentDetails, origin: Origin) -> View:
    """Asks for the inputs of a call that only reads; those that may be left out come last."""
    fields = input_fields(details.entry.definition)[:_INPUTS]
    blocks = [
        kit.context(kit.plain(_("It is called once, for you alone. The call only reads: it changes nothing."))),
        *(_try_block(field) for field in fields),
    ]
    return _form(ids.VIEW_COMPONENT_TRY, _("Try it"), _("Call it"), origin.metadata(details), details, blocks)


def _form(
    callback: str, title: str, submit: str, metadata: str, details: ComponentDetails, blocks: Sequence[Block]
) -> View:
    view: View = {
        "type": "modal",
        "callback_id": callback or ids.VIEW_COMPONENT,
        "title": kit.plain(clip(title, _TITLE)),
        "close": kit.plain(_("Cancel")),
        "private_metadata": metadata,
        "blocks": [kit.header(clip(one_line(details.entry.definition.name), _LINE - 10)), *blocks],
    }
    return {**view, "submit": kit.plain(clip(submit, _TITLE))} if submit else view


def _said(words: str) -> Block:
    return kit.rich_text(kit.paragraph(kit.span(words)))


def _affected(title: str, plans: PlansThatUse) -> Iterator[Block]:
    lines = [plan_runs(plan) for plan in plans.plans]
    if plans.others:
        lines.append([kit.span(_("{count} more", count=plans.others))])
    if lines:
        yield kit.rich_text(kit.paragraph(kit.span(title, bold=True)), kit.listed(lines))


def _edit_block(name: str, value: Any) -> Block:
    if name == "approval":
        return _input(f"{ids.BLOCK_FIELD}{name}", _(FIELDS[name]), _gates(ApprovalPolicy(value)))
    text = "" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
    if len(text) > _LONGEST:
        return kit.context(kit.plain(_("{field}: too long to be changed here.", field=_(FIELDS[name]))))
    element: Element = {
        "type": "plain_text_input",
        "action_id": ids.INPUT_FIELD,
        "max_length": _LONGEST if name == "description" else 20 if name in NUMBERS else _LINE,
        "multiline": name == "description",
    }
    if text:
        element["initial_value"] = text
    is_optional = name in ("category", "owner_service", "max_concurrent", "per_minute")
    block = _input(f"{ids.BLOCK_FIELD}{name}", _(FIELDS[name]), element, optional=is_optional)
    return {**block, "hint": kit.plain(_(_HINTS[name]))} if name in _HINTS else block


def _gates(chosen: ApprovalPolicy) -> Element:
    options = {each: {"text": kit.plain(_(words), _OPTION), "value": each.value} for each, words in GATES.items()}
    return {
        "type": "static_select",
        "action_id": ids.INPUT_FIELD,
        "options": list(options.values()),
        "initial_option": options[chosen],
    }


def _try_block(field: InputField) -> Block:
    described = field.schema.get("description")
    hint = (
        clip(one_line(described), 150)
        if isinstance(described, str) and described.strip()
        else kind_of(field.schema)
    )
    block = _input(
        f"{ids.BLOCK_FIELD}{field.id}",
        clip(label(field.name), 100) or "–",
        _element(field),
        optional=not field.required,
    )
    return {**block, "hint": kit.plain(hint, 300)}


def _element(field: InputField) -> Element:
    choices = _choices(field.schema)
    if choices:
        options = [{"text": kit.plain(each, _OPTION), "value": each} for each in choices]
        return {
            "type": "static_select",
            "action_id": ids.INPUT_FIELD,
            "placeholder": kit.plain(_("Choose one")),
            "options": options,
        }
    return {"type": "plain_text_input", "action_id": ids.INPUT_FIELD, "max_length": _LONGEST}


def _choices(schema: Mapping[str, Any]) -> tuple[str, ...]:
    if schema.get("type") == "boolean":
        return ("true", "false")
    listed = schema.get("enum")
    if not isinstance(listed, list) or len(listed) > _OPTIONS:
        return ()
    texts = tuple(dict.fromkeys(each for each in listed if isinstance(each, str) and 0 < len(each) <= _OPTION))
    return texts if len(texts) == len(listed) else ()


def _input(block_id: str, name: str, element: Element, *, optional: bool = False) -> Block:
    return {
        "type": "input",
        "block_id": block_id,
        "label": kit.plain(name, _LINE),
        "optional": optional,
        "element": element,
    }
