"""Files that a step sends on: only what a person has sent for this run, whatever names another."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.components.builtins import ASK_PERSON
from services.connectors.errors import OriginRefused
from services.connectors.multipart import file_ids
from services.connectors.requests import PreparedRequest
from services.plans.origins import Origin
from services.steps.resolving import Values


def check_files(request: PreparedRequest, values: Values) -> None:
    """Whether each file of a request is the answer to a question of the run.

    The bot may see many files, and an id is easily written: by a model, in an answer, or at a gate. Raises
    OriginRefused, and RequestRefused for what is no file.
    """
    if not request.files:
        return
    asked = [values.outputs.get(step) for step, key in values.components.items() if key == ASK_PERSON]
    known = {file["id"] for output in asked for file in _files(output)}
    for name, found in file_ids(request.body, request.files):
        if found not in known:
            raise OriginRefused(name, origins=[Origin.COMPONENT.value], allowed=[Origin.PERSON.value])


def _files(output: Any) -> list[Mapping[str, Any]]:
    files = output.get("files") if isinstance(output, Mapping) else None
    return [file for file in files or () if isinstance(file, Mapping) and "id" in file]
