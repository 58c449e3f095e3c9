"""Only a file that a person has sent for this run is sent on, whoever names another."""

from __future__ import annotations

from typing import Any

import pytest

from services.components.builtins import ASK_PERSON
from services.components.definitions import ComponentDefinition
from services.connectors import RequestRefused, prepare
from services.connectors.errors import OriginRefused
from services.plans.model import Step, StepInput
from services.steps.files import check_files
from services.steps.origins import check_origins
from services.steps.resolving import Values, resolve_inputs

SENT = {"id": "F1", "name": "hole.jpg", "mimetype": "image/jpeg", "permalink": "https://x.slack.com/F1"}
UPLOAD = ComponentDefinition.model_validate(
    {
        "key": "photos.upload",
        "name": "n",
        "description": "d",
        "http_method": "POST",
        "endpoint_url": "https://311.example/photos",
        "body_format": "multipart",
        "request_schema": {
            "type": "object",
            "properties": {
                "photo": {"type": "string", "format": "binary"},
                "more": {"type": "array", "items": {"type": "string", "format": "binary"}},
            },
        },
    }
)
VALUES = Values(
    outputs={"ask": {"answer": "x", "files": [SENT]}, "look": {"files": [{**SENT, "id": "F9"}]}},
    components={"ask": ASK_PERSON, "look": "works.get"},
)


def step(name: str, value: str) -> Step:
    item = StepInput.model_validate({"in": "body", "name": name, "value": value})
    return Step(step_id="upload", component_id="photos.upload", inputs=(item,))


def checked(name: str, value: str) -> Any:
    request = prepare(UPLOAD, resolve_inputs(step(name, value), UPLOAD, VALUES))
    check_files(request, VALUES)
    return request.body


def test_what_a_person_has_sent_goes_on() -> None:
    assert checked("photo", "{{ask.files[0]}}") == {"photo": SENT}
    assert checked("more", "{{ask.files}}") == {"more": [SENT]}


@pytest.mark.parametrize("value", ["{{look.files[0]}}", '{"id": "F9"}'])
def test_another_file_does_not_not_even_at_a_gate(value: str) -> None:
    check_origins(step("photo", value), UPLOAD, VALUES.components, at_gate=True)
    with pytest.raises(OriginRefused):
        checked("photo", value)
    with pytest.raises(OriginRefused):
        check_origins(step("photo", value), UPLOAD, VALUES.components, at_gate=False)


def test_what_is_no_file_is_refused() -> None:
    with pytest.raises(RequestRefused, match="not_a_file"):
        checked("photo", '{"name": "hole.jpg"}')
