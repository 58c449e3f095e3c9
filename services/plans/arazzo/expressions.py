"""Between references of a plan (`{{order.id}}`) and runtime expressions of Arazzo (`$steps.order.outputs.id`)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from services.formats.strict_json import Path, PathPart, render_path
from services.plans.references import RESERVED, Reference, parse

BODY, HEADER = "$response.body", "$response.header."

RESERVED_INPUTS = {f"{source}_{name}": (source, name) for source, names in RESERVED.items() for name in names}
"""What a plan knows without asking, by the names of a workflow's inputs: `issue_text` is `{{issue.text}}`."""

_KINDS = "url|method|statusCode|request|response|inputs|outputs|steps|workflows|sourceDescriptions|components"
_BEGINS = re.compile(rf"\$(?:{_KINDS})\b")
_INSIDE = re.compile(r"\{(\$[^{}]*)\}")
_OF_STEP = re.compile(r"\$steps\.([A-Za-z0-9_-]+)\.outputs\.([A-Za-z0-9_.-]+?)(#.*)?")
_OF_INPUT = re.compile(r"\$inputs\.([A-Za-z0-9_.-]+)")
_INDEX = re.compile(r"0|[1-9][0-9]{0,5}")
_NOT_IN_NAME = re.compile(r"[^A-Za-z0-9_-]+")


class NoSuchValue(ValueError):
    """An expression that says nothing that a plan could refer to, as written."""


class Written:
    """The references of a plan as expressions, with the outputs and inputs that they make necessary."""

    def __init__(self) -> None:
        self.outputs: dict[str, dict[str, str]] = {}
        self.inputs: dict[str, dict[str, Any]] = {}

    def value(self, value: Any) -> Any:
        """A JSON value with all references in its texts written as expressions."""
        if isinstance(value, dict):
            return {name: self.value(inner) for name, inner in value.items()}
        if isinstance(value, list):
            return [self.value(inner) for inner in value]
        return self.text(value) if isinstance(value, str) else value

    def text(self, text: str) -> str:
        """A text with its references as expressions: alone it is one, in a longer text it stands in braces."""
        parts = parse(text)
        if len(parts) == 1:
            [part] = parts
            if isinstance(part, Reference):
                return self._expression(part)
            return self._literal(text) if _BEGINS.match(text) or "{$" in text else text
        return "".join(
            f"{{{self._expression(part)}}}" if isinstance(part, Reference) else self._inner(part)
            for part in (part if isinstance(part, str | Reference) else part.text for part in parts)
        )

    def _inner(self, text: str) -> str:
        return f"{{{self._literal(text)}}}" if "{$" in text else text

    def _expression(self, reference: Reference) -> str:
        if reference.source in RESERVED:
            name = f"{reference.source}_{render_path(reference.path)}"
            self.inputs.setdefault(name, {"type": "string"})
            return f"$inputs.{name}"
        return f"$steps.{reference.source}.outputs.{self.output(reference.source, reference.path)}"

    def output(self, step_id: str, path: Path) -> str:
        """The name of the output of a step that holds what is at a path of its answer."""
        named = self.outputs.setdefault(step_id, {})
        expression = _of_path(path)
        for name, known in named.items():
            if known == expression:
                return name
        stem = _NOT_IN_NAME.sub("_", "_".join(map(str, path))).strip("_") or "body"
        name, number = stem, 2
        while name in named:
            name, number = f"{stem}_{number}", number + 1
        named[name] = expression
        return name

    def _literal(self, text: str) -> str:
        """A text that would be taken for an expression, as an input that has it as its default."""
        for name, schema in self.inputs.items():
            if schema.get("default") == text:
                return f"$inputs.{name}"
        name = f"text_{len(self.inputs) + 1}"
        self.inputs[name] = {"type": "string", "default": text}
        return f"$inputs.{name}"


def _of_path(path: Path) -> str:
    if len(path) == 2 and path[0] == "headers":
        return f"{HEADER}{path[1]}"
    pointer = "".join(f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in path)
    return f"{BODY}#{pointer}" if pointer else BODY


class Read:
    """Expressions as references of a plan. `outputs` are those of each step, `inputs` what the workflow's say."""

    def __init__(self, outputs: Mapping[str, Mapping[str, str]], inputs: Mapping[str, Mapping[str, Any]]) -> None:
        self._outputs = outputs
        self._inputs = inputs

    def value(self, value: Any) -> Any:
        """A JSON value with all expressions in its texts as references. Raises NoSuchValue."""
        if isinstance(value, dict):
            return {name: self.value(inner) for name, inner in value.items()}
        if isinstance(value, list):
            return [self.value(inner) for inner in value]
        return self.text(value) if isinstance(value, str) else value

    def text(self, text: str) -> Any:
        """A text with its expressions as references; one that stands for a default is that default."""
        if _BEGINS.match(text):
            return self._found(text)
        return _INSIDE.sub(self._inside, text)

    def path(self, expression: str) -> Path:
        """Where in the answer of a step an output is. Raises NoSuchValue."""
        if expression.startswith(HEADER):
            return ("headers", expression.removeprefix(HEADER).lower())
        body, _, pointer = expression.partition("#")
        if body != BODY or (pointer and not pointer.startswith("/")):
            raise NoSuchValue(expression)
        return _pointed(pointer)

    def _inside(self, match: re.Match[str]) -> str:
        found = self._found(match[1])
        return found if isinstance(found, str) else match[0]

    def _found(self, expression: str) -> Any:
        if given := _OF_INPUT.fullmatch(expression):
            return self._input(given[1], expression)
        if of_step := _OF_STEP.fullmatch(expression):
            step_id, name, below = of_step.groups()
            known = self._outputs.get(step_id, {}).get(name)
            if known is None:
                raise NoSuchValue(expression)
            return reference(step_id, (*self.path(known), *_pointed((below or "#").removeprefix("#"))))
        raise NoSuchValue(expression)

    def _input(self, name: str, expression: str) -> Any:
        if name in RESERVED_INPUTS:
            source, member = RESERVED_INPUTS[name]
            return reference(source, (member,))
        schema = self._inputs.get(name)
        if not isinstance(schema, Mapping) or "default" not in schema:
            raise NoSuchValue(expression)
        return schema["default"]


def reference(source: str, path: Path) -> str:
    """A reference as it stands in a plan."""
    rendered = render_path(path)
    return f"{{{{{source}{'' if not rendered or rendered.startswith('[') else '.'}{rendered}}}}}"


def _pointed(pointer: str) -> Path:
    return tuple(map(_token, pointer.split("/")[1:]))


def _token(token: str) -> PathPart:
    return int(token) if _INDEX.fullmatch(token) else token.replace("~1", "/").replace("~0", "~")
