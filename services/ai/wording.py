"""Better names and descriptions of components, asked of the model: proposed to a person, who takes them or not."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict

from services.ai import prompts
from services.ai.answer_schemas import Answer
from services.ai.gemini import GeminiClient
from services.ai.questions import Question, Questioner, shaped
from services.ai.usage import Usage
from services.components.specs import ComponentSpec
from services.formats.text import clip

AGENT = "wording"
AT_ONCE = 20
"""So many components are asked about in one question."""

_MOST_NAME, _MOST_DESCRIPTION, _SHOWN = 150, 600, 1_500
_FIELDS = 30


@dataclass(frozen=True, slots=True)
class Asked:
    """A component whose words are bad to choose by, and what is wrong with them."""

    component: ComponentSpec
    wrong: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Wording:
    """A name and a description that the model would rather choose by."""

    name: str
    description: str


class _Item(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    component_id: str
    name: str
    description: str


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    wordings: tuple[_Item, ...]


SYSTEM = f"""\
You word the components (registered APIs) of a bot that plans civic work. Another model chooses among them by name
and description alone. For each component that you are given write both anew, from what it takes and gives, and
from what is wrong with its words:

- name: three to eight words that begin with a verb, such as "Open a work order for an area". No key, path or id.
- description: one to three plain sentences: what a call does, when it is the right one, and what it gives. Say how
  it differs from others that sound alike. No boilerplate, no sales talk, nothing that is not to be seen from what
  you are given.

{prompts.UNTRUSTED}"""


class Wordsmith:
    """Asks for words. A deadline is a reading of the running loop's clock."""

    def __init__(self, gemini: GeminiClient) -> None:
        self._questioner = Questioner(gemini)

    async def propose(
        self, asked: Sequence[Asked], deadline: float | None = None
    ) -> tuple[Mapping[str, Wording], tuple[Usage, ...]]:
        """Words by key, where the model had some. Raises a GeminiError with the usages of every call."""
        keys = tuple(each.component.key for each in asked)
        documents = [_document(each) for each in asked]
        prompt = "\n".join(["Word these components:", prompts.data_block("wordless", *documents)])

        def read(document: Any) -> Mapping[str, Wording]:
            items = shaped(_Answer, document).wordings
            return {
                each.component_id: Wording(
                    _line(each.name, _MOST_NAME), _line(each.description, _MOST_DESCRIPTION)
                )
                for each in items
                if each.component_id in keys and each.name.strip() and each.description.strip()
            }

        return await self._questioner.ask(Question(AGENT, SYSTEM, prompt, wording_schema, keys, read), deadline)


def wording_schema(keys: Collection[str] = ()) -> Answer:
    """The shape of the answer; with `keys`, those are the only ids there are."""
    of_key = {"type": "string", "format": "enum", "enum": list(keys)} if keys else {"type": "string"}
    members = {"component_id": of_key, "name": {"type": "string"}, "description": {"type": "string"}}
    item = {"type": "object", "properties": members, "required": list(members)}
    return {
        "type": "object",
        "properties": {"wordings": {"type": "array", "items": item}},
        "required": ["wordings"],
    }


def _document(asked: Asked) -> dict[str, Any]:
    """What the model is told of a component: neither its address nor how it is called into."""
    component = asked.component
    return {
        "component_id": component.key,
        "name": component.name,
        "description": component.description[:_SHOWN],
        "category": component.category,
        "method": component.http_method,
        "takes": _names(component.path_params, component.query_params, component.request_schema),
        "gives": _names(component.response_schema),
        "wrong": list(asked.wrong),
    }


def _names(*schemas: Mapping[str, Any]) -> list[str]:
    names: dict[str, None] = {}
    for schema in schemas:
        items = schema.get("items")
        found = schema.get("properties") or (items.get("properties") if isinstance(items, Mapping) else None)
        is_schema = "type" in schema and not isinstance(schema["type"], Mapping)
        names |= dict.fromkeys(found if isinstance(found, Mapping) else () if is_schema else schema)
    return [*names][:_FIELDS]


def _line(text: str, most: int) -> str:
    """One line, as a person is to read it and a component may have it."""
    return clip(" ".join("".join(char if char.isprintable() else " " for char in text).split()), most)
