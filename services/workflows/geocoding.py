"""A place is looked up by a geocoder, where the registry has one: a safe look-up of the town's own."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID, uuid4

from services.components.definitions import ComponentDefinition
from services.components.specs import ApprovalPolicy, ComponentSpec
from services.connectors import Connector, Response, call_component, prepare
from services.connectors.errors import CallError, MaybeSent
from services.health.door import Caller, Door
from services.places import MAX_PLACE
from services.plans.model import Step, StepInput
from services.steps.contexts import CallContexts
from services.steps.resolving import Values, resolve_inputs

logger = logging.getLogger("mudda.geocoding")

GEOCODE_SECONDS = 4.0
"""A geocoder gets so long; the draft goes on without it."""

_SAYS_SO = re.compile(r"geo-?cod", re.IGNORECASE)
_TEXT_INPUTS = ("q", "query", "text", "address", "place", "location", "search", "search_text", "street")
_LISTS = ("results", "features", "candidates", "places", "hits", "items", "data", "addresses")
_LABELS = ("display_name", "formatted_address", "label", "full_address", "address", "name", "title", "place")
_MOST_HITS = 50


def geocoder_of(specs: Iterable[ComponentSpec]) -> tuple[ComponentSpec, str] | None:
    """The component that looks places up, and its query parameter that takes the words; None: there is none.

    It is known by its category, key, name or description. What needs anything else, or an approval, is none.
    """
    for spec in sorted(specs, key=lambda each: each.key):
        says_so = _SAYS_SO.search(f"{spec.category} {spec.key} {spec.name} {spec.description}")
        is_safe = spec.type == "REST" and spec.http_method == "GET" and spec.approval is ApprovalPolicy.NONE
        if says_so and is_safe and spec.active and not spec.path_params and (name := _input(spec.query_params)):
            return spec, name
    return None


async def look_up(
    definition: ComponentDefinition,
    name: str,
    place: str,
    workspace_id: UUID,
    *,
    door: Door,
    connector: Connector,
    contexts: CallContexts,
    seconds: float = GEOCODE_SECONDS,
) -> tuple[str, ...]:
    """The places that it knows by these words, each once, the best first.

    Whatever fails is no hit, and so is a host that is left alone, and a call whose turn it is not.
    """
    # Nothing in the words of a place is a reference.
    words = place.replace("{", " ").replace("}", " ")[:MAX_PLACE]
    item = StepInput.model_validate({"in": "query", "name": name, "value": words})
    step = Step(step_id="geocode", component_id=definition.key, inputs=(item,))
    try:
        request = prepare(definition, resolve_inputs(step, definition, Values(outputs={})))
        async with asyncio.timeout(seconds), door.call(Caller(workspace_id, uuid4(), {}), definition) as held:
            if held is not None:
                logger.info("A place is not looked up: its host is left alone, or it is not its turn")
                return ()
            answer = await call_component(
                request,
                definition,
                idempotency_key=f"geocode:{definition.key}",
                connector=connector,
                context=await contexts.of(workspace_id, definition),
            )
    except TimeoutError:
        answer = MaybeSent("timeout")
    except CallError as error:
        logger.info("A place could not be looked up: %s", type(error).__name__)
        return ()
    await door.note(workspace_id, definition, answer)
    if not isinstance(answer, Response) or answer.status >= 300:
        logger.info("A place could not be looked up: %s", answer if isinstance(answer, CallError) else "refused")
        return ()
    return hits(answer.body)


def hits(body: Any) -> tuple[str, ...]:
    """The names of the places in an answer: of a list, or of the list in an object, as geocoders write them."""
    if isinstance(body, Mapping):
        body = next((body[name] for name in _LISTS if isinstance(body.get(name), list)), [])
    if not isinstance(body, Sequence) or isinstance(body, str):
        return ()
    labels = (_label(each) for each in body[:_MOST_HITS])
    return tuple(dict.fromkeys(label for label in labels if label))


def _label(hit: Any) -> str:
    if isinstance(hit, Mapping) and isinstance(hit.get("properties"), Mapping):
        hit = hit["properties"]
    if isinstance(hit, Mapping):
        hit = next((hit[name] for name in _LABELS if isinstance(hit.get(name), str) and hit[name].strip()), "")
    return " ".join(hit.split())[:MAX_PLACE] if isinstance(hit, str) else ""


def _input(params: Mapping[str, Any]) -> str:
    """The parameter for the words; empty if there is none, or if another has to be given."""
    required = {
        name for name, schema in params.items() if isinstance(schema, Mapping) and schema.get("required") is True
    }
    known = [name for name in params if name.casefold() in _TEXT_INPUTS]
    chosen = next((name for name in known if name in required), known[0] if known else "")
    return chosen if required <= {chosen} else ""
