"""The rules of block elements: buttons, menus, inputs, images, and the objects they are made of."""

from __future__ import annotations

import re
from collections.abc import Callable

from bot.sandbox.slack.limits.checker import ANY_TEXT, PLAIN, Problems
from bot.sandbox.slack.state.model import Json

ID = 255
BUTTON_TEXT = 75
BUTTON_VALUE = 2_000
URL = 3_000
OPTION_TEXT = 75
OPTION_VALUE = 150
PLACEHOLDER = 150
SELECT_OPTIONS = 100
CHOICES = 10
OVERFLOW_OPTIONS = 5
INPUT_LENGTH = 3_000
ALT_TEXT = 2_000
MAX_FILES = 10

Check = Callable[[Problems, Json, str], None]

_COMMON = {"type", "action_id", "confirm", "focus_on_load", "placeholder"}
_FILETYPES = 100  # not published
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d")


def check_confirm(problems: Problems, parent: Json, pointer: str) -> None:
    """Check the confirm dialog of an element, where it has one."""
    confirm = problems.object_at(parent, "confirm", pointer)
    if confirm is None:
        return
    here = f"{pointer}/confirm"
    problems.only(confirm, here, {"title", "text", "confirm", "deny", "style"})
    problems.text(confirm, "title", here, at_most=100, required=True)
    problems.text(confirm, "text", here, at_most=300, kinds=ANY_TEXT, required=True)
    problems.text(confirm, "confirm", here, at_most=30, required=True)
    problems.text(confirm, "deny", here, at_most=30, required=True)
    problems.one_of(confirm, "style", here, {"primary", "danger"})


def _option(problems: Problems, option: Json, pointer: str, *, kinds: frozenset[str], url: bool) -> None:
    problems.only(option, pointer, {"text", "value", "description"} | ({"url"} if url else set()))
    problems.text(option, "text", pointer, at_most=OPTION_TEXT, kinds=kinds, required=True)
    problems.string(option, "value", pointer, at_most=OPTION_VALUE, required=True)
    problems.text(option, "description", pointer, at_most=OPTION_TEXT, kinds=kinds)
    if url:
        problems.string(option, "url", pointer, at_most=URL)


def _options(
    problems: Problems,
    parent: Json,
    pointer: str,
    *,
    at_least: int = 1,
    at_most: int,
    kinds: frozenset[str] = PLAIN,
    url: bool = False,
) -> None:
    for option, here in problems.objects(
        parent, "options", pointer, at_least=at_least, at_most=at_most, required=True
    ):
        _option(problems, option, here, kinds=kinds, url=url)


def _initial(problems: Problems, element: Json, pointer: str, known: list[Json]) -> None:
    """What is chosen at first must be one of the options, to the letter."""
    initial = element.get("initial_options", [element.get("initial_option")])
    for option in initial if isinstance(initial, list) else [initial]:
        if option is not None and option not in known:
            problems.add(pointer, "initial option is not one of the options")


def _button(problems: Problems, element: Json, pointer: str) -> None:
    problems.only(
        element,
        pointer,
        {
            "type", "action_id", "text", "url", "value", "style", "confirm", "accessibility_label",
            "agent_prompt", "visible_to_user_ids",
        },
    )  # fmt: skip
    problems.text(element, "text", pointer, at_most=BUTTON_TEXT, required=True)
    problems.string(element, "value", pointer, at_most=BUTTON_VALUE, at_least=0)
    problems.string(element, "url", pointer, at_most=URL)
    problems.string(element, "accessibility_label", pointer, at_most=75)
    problems.one_of(element, "style", pointer, {"primary", "danger"})
    check_confirm(problems, element, pointer)


def _overflow(problems: Problems, element: Json, pointer: str) -> None:
    problems.only(element, pointer, {"type", "action_id", "options", "confirm"})
    _options(problems, element, pointer, at_least=2, at_most=OVERFLOW_OPTIONS, url=True)
    check_confirm(problems, element, pointer)


def _static_select(problems: Problems, element: Json, pointer: str) -> None:
    extra = {"options", "option_groups", "initial_option", "initial_options", "max_selected_items"}
    problems.only(element, pointer, _COMMON | extra)
    problems.text(element, "placeholder", pointer, at_most=PLACEHOLDER)
    check_confirm(problems, element, pointer)
    known = [option for option in element.get("options") or [] if isinstance(option, dict)]
    if "option_groups" in element:
        for group, here in problems.objects(element, "option_groups", pointer, at_least=1, at_most=SELECT_OPTIONS):
            problems.text(group, "label", here, at_most=OPTION_TEXT, required=True)
            _options(problems, group, here, at_most=SELECT_OPTIONS)
            known += [option for option in group.get("options") or [] if isinstance(option, dict)]
    else:
        _options(problems, element, pointer, at_most=SELECT_OPTIONS)
    _initial(problems, element, pointer, known)


def _choices(problems: Problems, element: Json, pointer: str) -> None:
    problems.only(
        element,
        pointer,
        {
            "type",
            "action_id",
            "confirm",
            "focus_on_load",
            "options",
            "initial_option",
            "initial_options",
        },
    )
    _options(problems, element, pointer, at_most=CHOICES, kinds=ANY_TEXT)
    check_confirm(problems, element, pointer)
    _initial(
        problems, element, pointer, [option for option in element.get("options") or [] if isinstance(option, dict)]
    )  # fmt: skip


def _slack_select(*extra: str) -> Check:
    """A menu that Slack fills itself: people, channels, conversations."""

    def check(problems: Problems, element: Json, pointer: str) -> None:
        problems.only(element, pointer, {*_COMMON, *extra, "max_selected_items"})
        problems.text(element, "placeholder", pointer, at_most=PLACEHOLDER)
        check_confirm(problems, element, pointer)

    return check


def _picker(key: str, pattern: re.Pattern[str], *extra: str) -> Check:
    def check(problems: Problems, element: Json, pointer: str) -> None:
        problems.only(element, pointer, {*_COMMON, key, *extra})
        problems.text(element, "placeholder", pointer, at_most=PLACEHOLDER)
        initial = problems.string(element, key, pointer)
        if initial and not pattern.fullmatch(initial):
            problems.add(f"{pointer}/{key}", "invalid format")
        check_confirm(problems, element, pointer)

    return check


def _datetimepicker(problems: Problems, element: Json, pointer: str) -> None:
    problems.only(element, pointer, _COMMON - {"placeholder"} | {"initial_date_time"})
    problems.integer(element, "initial_date_time", pointer, at_least=1_000_000_000, at_most=9_999_999_999)
    check_confirm(problems, element, pointer)


def _text_input(*extra: str) -> Check:
    def check(problems: Problems, element: Json, pointer: str) -> None:
        keys = {"type", "action_id", "placeholder", "initial_value", "focus_on_load", "dispatch_action_config"}
        problems.only(element, pointer, keys | set(extra))
        problems.text(element, "placeholder", pointer, at_most=PLACEHOLDER)
        if "min_length" in extra:
            problems.integer(element, "min_length", pointer, at_least=0, at_most=INPUT_LENGTH)
            problems.integer(element, "max_length", pointer, at_least=1, at_most=INPUT_LENGTH)
            longest = element.get("max_length")
            at_most = longest if isinstance(longest, int) else INPUT_LENGTH
            problems.string(element, "initial_value", pointer, at_most=at_most, at_least=0)
        if element.get("type") == "number_input" and not isinstance(element.get("is_decimal_allowed"), bool):
            problems.add(pointer, "missing required field: is_decimal_allowed")

    return check


def _file_input(problems: Problems, element: Json, pointer: str) -> None:
    problems.only(element, pointer, {"type", "action_id", "filetypes", "max_files"})
    problems.integer(element, "max_files", pointer, at_least=1, at_most=MAX_FILES)
    for index, kind in enumerate(problems.array(element, "filetypes", pointer, at_least=1, at_most=_FILETYPES)):
        if not isinstance(kind, str) or not kind:
            problems.add(f"{pointer}/filetypes/{index}", "must provide a string")


def _image(problems: Problems, element: Json, pointer: str) -> None:
    problems.only(element, pointer, {"type", "image_url", "slack_file", "alt_text"})
    check_image_source(problems, element, pointer)


def check_image_source(problems: Problems, image: Json, pointer: str) -> None:
    """Check what images as blocks and as elements have in common."""
    if image.get("slack_file") is None:
        problems.string(image, "image_url", pointer, at_most=URL, required=True)
    problems.string(image, "alt_text", pointer, at_most=ALT_TEXT, at_least=0, required=True)


def _feedback_buttons(problems: Problems, element: Json, pointer: str) -> None:
    problems.only(element, pointer, {"type", "action_id", "positive_button", "negative_button"})
    for key in ("positive_button", "negative_button"):
        button = problems.object_at(element, key, pointer, required=True)
        if button is not None:
            here = f"{pointer}/{key}"
            problems.only(button, here, {"text", "value", "accessibility_label"})
            problems.text(button, "text", here, at_most=BUTTON_TEXT, required=True)
            problems.string(button, "value", here, at_most=BUTTON_VALUE, required=True)


def _icon_button(problems: Problems, element: Json, pointer: str) -> None:
    keys = {"type", "action_id", "icon", "text", "value", "confirm", "accessibility_label"}
    problems.only(element, pointer, keys | {"visible_to_user_ids"})
    problems.one_of(element, "icon", pointer, {"trash"}, required=True)
    problems.text(element, "text", pointer, at_most=BUTTON_TEXT, required=True)
    problems.string(element, "value", pointer, at_most=BUTTON_VALUE, at_least=0)
    check_confirm(problems, element, pointer)


ELEMENTS: dict[str, Check] = {
    "button": _button,
    "overflow": _overflow,
    "static_select": _static_select,
    "multi_static_select": _static_select,
    "external_select": _slack_select("initial_option", "min_query_length"),
    "multi_external_select": _slack_select("initial_options", "min_query_length"),
    "users_select": _slack_select("initial_user"),
    "multi_users_select": _slack_select("initial_users"),
    "channels_select": _slack_select("initial_channel", "response_url_enabled"),
    "multi_channels_select": _slack_select("initial_channels"),
    "conversations_select": _slack_select(
        "initial_conversation", "default_to_current_conversation", "response_url_enabled", "filter"
    ),
    "multi_conversations_select": _slack_select(
        "initial_conversations", "default_to_current_conversation", "filter"
    ),
    "checkboxes": _choices,
    "radio_buttons": _choices,
    "datepicker": _picker("initial_date", _DATE),
    "timepicker": _picker("initial_time", _TIME, "timezone"),
    "datetimepicker": _datetimepicker,
    "plain_text_input": _text_input("multiline", "min_length", "max_length"),
    "email_text_input": _text_input(),
    "url_text_input": _text_input(),
    "number_input": _text_input("is_decimal_allowed", "min_value", "max_value"),
    "rich_text_input": _text_input(),
    "file_input": _file_input,
    "image": _image,
    "feedback_buttons": _feedback_buttons,
    "icon_button": _icon_button,
}

_MENUS = frozenset(name for name in ELEMENTS if name.endswith("_select"))
_PICKERS = frozenset({"datepicker", "timepicker", "checkboxes", "radio_buttons"})
_INPUTS = frozenset(name for name in ELEMENTS if name.endswith("_input"))

ACCESSORIES = _MENUS | _PICKERS | {"button", "overflow", "image"}
ACTIONS = _MENUS | _PICKERS | {"button", "overflow", "datetimepicker"}
INPUTS = _MENUS | _PICKERS | _INPUTS | {"datetimepicker"}
CONTEXT_ACTIONS = frozenset({"feedback_buttons", "icon_button"})


def check_element(problems: Problems, element: Json, pointer: str, allowed: frozenset[str]) -> None:
    """Check an element, which must be one of the kinds in `allowed`."""
    kind = problems.kind(element, pointer, allowed)
    if kind is None:
        return
    problems.string(element, "action_id", pointer, at_most=ID)
    ELEMENTS[kind](problems, element, pointer)
