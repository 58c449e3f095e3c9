"""The state of inputs: what each kind of element holds, at first and after a person has chosen or typed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bot.sandbox.slack.limits.elements import MAX_FILES
from bot.sandbox.slack.state.model import Blocks, Json

# For each stateful kind: the key its value stands under, and what that is when nothing is chosen.
_STATE_KEYS: dict[str, tuple[str, bool]] = {  # kind -> (key, whether it holds many)
    "plain_text_input": ("value", False),
    "email_text_input": ("value", False),
    "url_text_input": ("value", False),
    "number_input": ("value", False),
    "rich_text_input": ("rich_text_value", False),
    "file_input": ("files", True),
    "static_select": ("selected_option", False),
    "external_select": ("selected_option", False),
    "radio_buttons": ("selected_option", False),
    "multi_static_select": ("selected_options", True),
    "multi_external_select": ("selected_options", True),
    "checkboxes": ("selected_options", True),
    "users_select": ("selected_user", False),
    "multi_users_select": ("selected_users", True),
    "channels_select": ("selected_channel", False),
    "multi_channels_select": ("selected_channels", True),
    "conversations_select": ("selected_conversation", False),
    "multi_conversations_select": ("selected_conversations", True),
    "datepicker": ("selected_date", False),
    "timepicker": ("selected_time", False),
    "datetimepicker": ("selected_date_time", False),
}
_OPTION_KINDS = frozenset({"static_select", "radio_buttons", "multi_static_select", "checkboxes", "overflow"})


def elements_of(blocks: Blocks) -> Iterator[tuple[Json, Json]]:
    """Every element with an action_id, each with the block it stands in."""
    for block in blocks:
        yield from _elements_in(block, block)


def _elements_in(value: Any, block: Json) -> Iterator[tuple[Json, Json]]:
    if isinstance(value, list):
        for item in value:
            yield from _elements_in(item, block)
    elif isinstance(value, dict):
        if value.get("block_id"):
            block = value
        if "action_id" in value:
            yield block, value
        for key in ("accessory", "element", "elements", "actions", "child_blocks"):
            if key in value:
                yield from _elements_in(value[key], block)


def find_element(
    blocks: Blocks, action_id: str, block_id: str | None = None, value: str | None = None
) -> tuple[Json, Json] | None:
    """The block and the element that a click names.

    Without a block_id the first that fits; with `value`, of several buttons the one that carries it.
    """
    fits = [
        (block, element)
        for block, element in elements_of(blocks)
        if element["action_id"] == action_id and block_id in (None, block.get("block_id"))
    ]
    exact = [found for found in fits if value is not None and found[1].get("value") == value]
    return next(iter(exact or fits), None)


def is_stateful(element: Json) -> bool:
    """Whether the element holds a value that payloads report under `state`."""
    return element["type"] in _STATE_KEYS


def state_value(element: Json, chosen: Any) -> Json:
    """An element's state after a person has chosen or typed.

    `chosen` is a text, an option's value, an id, a file as Slack describes it, a list of those, or None for
    nothing. A value that is none of the element's options raises ValueError.
    """
    key, many = _STATE_KEYS[element["type"]]
    if many:
        wanted = chosen if isinstance(chosen, list) else [] if chosen in (None, "") else [chosen]
        return {"type": element["type"], key: [_choice(element, value) for value in wanted]}
    if chosen in (None, ""):
        return {"type": element["type"], key: None}
    return {"type": element["type"], key: _choice(element, chosen)}


def _choice(element: Json, value: Any) -> Any:
    if element["type"] not in _OPTION_KINDS:
        return value
    groups = element.get("option_groups") or [element]
    for option in (option for group in groups for option in group["options"]):
        if option["value"] == value:
            return option
    raise ValueError(f"{value!r} is not one of the options of {element['action_id']}")


def initial_state(element: Json) -> Json:
    """An element's state before anyone has touched it."""
    key, many = _STATE_KEYS[element["type"]]
    initial = element.get(key.replace("selected_", "initial_"), element.get("initial_value"))
    return {"type": element["type"], key: initial if initial is not None else [] if many else None}


def state_of(blocks: Blocks, chosen: Json) -> Json:
    """`state.values` of some blocks: what was chosen where block and action are still there, else the initial."""
    values: Json = {}
    for block, element in elements_of(blocks):
        if is_stateful(element):
            kept = chosen.get(block["block_id"], {}).get(element["action_id"])
            fits = kept is not None and kept["type"] == element["type"]
            values.setdefault(block["block_id"], {})[element["action_id"]] = (
                kept if fits else initial_state(element)
            )
    return values


def action_object(block: Json, element: Json, chosen: Any, action_ts: str) -> Json:
    """The entry in `actions` for a click on a button or a choice in a menu."""
    kind = element["type"]
    action: Json = {"type": kind, "action_id": element["action_id"], "block_id": block["block_id"]}
    if kind in ("button", "icon_button"):
        action.update({key: element[key] for key in ("text", "value", "style", "url") if key in element})
    elif kind == "feedback_buttons":
        buttons = [element["positive_button"], element["negative_button"]]
        pressed = next((button for button in buttons if button["value"] == chosen), buttons[0])
        action.update(text=pressed["text"], value=pressed["value"])
    elif kind == "overflow":
        action["selected_option"] = _choice(element, chosen)
    else:
        action.update(state_value(element, chosen))
    return {**action, "action_ts": action_ts}


def input_errors(blocks: Blocks, values: Json) -> dict[str, str]:
    """What Slack's client refuses before it sends a modal: block_id -> a sentence."""
    errors = {}
    for block in blocks:
        if block["type"] != "input":
            continue
        element = block["element"]
        held = values[block["block_id"]][element["action_id"]][_STATE_KEYS[element["type"]][0]]
        error = _input_error(element, held, optional=bool(block.get("optional")))
        if error:
            errors[block["block_id"]] = error
    return errors


def _files_error(element: Json, files: list[Json]) -> str | None:
    """What is wrong with the number or the types of files; as in Slack nobody looks into them."""
    most, kinds = element.get("max_files", MAX_FILES), element.get("filetypes")
    if len(files) > most:
        return f"Please choose at most {most} files."
    if kinds and any(file["filetype"] not in kinds for file in files):
        return f"Please choose files of these types: {', '.join(kinds)}."
    return None


def _input_error(element: Json, held: Any, *, optional: bool) -> str | None:
    if held in (None, "", []):
        return None if optional else "Please complete this required field."
    if element["type"] == "file_input":
        return _files_error(element, held)
    if element["type"] == "plain_text_input":
        if len(held) < element.get("min_length", 0):
            return f"Please enter at least {element['min_length']} characters."
        if len(held) > element.get("max_length", 3_000):
            return f"Please enter at most {element.get('max_length', 3_000)} characters."
    return None
