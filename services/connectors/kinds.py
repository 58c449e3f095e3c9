"""The kinds of components, each behind the same protocol: nobody else asks of what kind a component is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from services.components.definitions import ComponentDefinition
from services.connectors import graphql, rest, rpc
from services.connectors.errors import CallError
from services.connectors.requests import InputValues, PreparedRequest
from services.connectors.responses.response import Response


class Kind(Protocol):
    """How calls of one kind are written, and how their answers are read."""

    def prepare(self, definition: ComponentDefinition, resolved: InputValues) -> PreparedRequest:
        """The request that a step makes, as it is shown to people. Raises CallError."""

    def wrapped(self, definition: ComponentDefinition, request: PreparedRequest, key: str) -> PreparedRequest:
        """The request as it goes out: in the envelope of the kind, under the key of the call."""

    def read(self, answer: Response, key: str) -> Response | CallError:
        """What an answer to the call under this key says, out of the envelope."""


KINDS: Mapping[str, Kind] = {"REST": rest.Rest(), "GRAPHQL": graphql.GraphQL(), "RPC": rpc.Rpc()}
"""By the type of a component."""


def prepare(definition: ComponentDefinition, resolved: InputValues) -> PreparedRequest:
    """The request that a step makes of a component.

    What the plan does not give is filled in where the component has a constant for it, or a default for something
    required; a constant counts whatever the plan says. Raises RequestRefused, CallNotSupported, AddressRefused.
    """
    return KINDS[definition.type].prepare(definition, resolved)
