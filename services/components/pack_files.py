"""Component packs as files: written as they are read, and described to editors."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import yaml

from services.components.definitions import KEY, ComponentDefinition
from services.formats.strict_yaml import plain_word

SCHEMA_LINE = "# yaml-language-server: $schema={}\n"
"""The first line of a pack, by which editors find its JSON Schema; `{}` is where that is, seen from the pack."""

_WIDTH = 110


class _Dumper(yaml.SafeDumper):
    """Writes YAML 1.2 as `services.formats.strict_yaml` reads it: what it would take for a number is in quotes."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = None
    if "\n" in text:
        style = "|"
    elif _is_no_text(text):
        style = '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


def _is_no_text(word: str) -> bool:
    try:
        return not isinstance(plain_word(word), str)
    except OverflowError:
        return True


_Dumper.add_representer(str, _text)


def pack_of(definitions: Iterable[ComponentDefinition], *, schema: str = "pack.schema.json") -> str:
    """A pack that `parse_pack` reads back the same, without what is as it would be anyway."""
    components = [_members(definition) for definition in definitions]
    return SCHEMA_LINE.format(schema) + as_yaml({"components": components})


def as_yaml(document: Any) -> str:
    """A document as `services.formats.strict_yaml` reads it back the same."""
    return yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=_WIDTH)


def _members(definition: ComponentDefinition) -> dict[str, Any]:
    """The members of a component that say something; its method and its gate always do."""
    whole = definition.model_dump(mode="json")
    stated = definition.model_dump(mode="json", exclude_defaults=True)
    always = {"http_method", "approval", *(name for name in stated if name != "type" or stated[name] != "REST")}
    members = {name: value for name, value in whole.items() if name in always}
    if "auth" in members:
        members["auth"] = {name: value for name, value in members["auth"].items() if value != ""}
    return {name: value for name, value in members.items() if value not in ({}, [])}


def pack_schema() -> dict[str, Any]:
    """The JSON Schema of packs, for editors; what it can't say, `mudda components load` does."""
    component = ComponentDefinition.model_json_schema(ref_template="#/$defs/{model}")
    shared = component.pop("$defs", {})
    component["properties"]["key"]["pattern"] = f"^{KEY.pattern}$"
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A component pack of Mudda",
        "description": "The APIs that plans may call: docs/operations.md, Components.",
        "type": "object",
        "required": ["components"],
        "additionalProperties": False,
        "properties": {"components": {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/Component"}}},
        "$defs": {"Component": component, **shared},
    }
