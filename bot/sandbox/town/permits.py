"""The permits office, which speaks GraphQL: permits for loud work in a street, executed by graphql-core.

What is asked stands in the path as well, as gateways have it for their logs: so each can be told to fail.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from graphql import GraphQLError, GraphQLResolveInfo, build_schema, graphql_sync

from bot.sandbox.town.api import Answer, Bearer, Call, Refused, Route

SCHEMA = build_schema(
    """
    enum Work { DIG LANE_CLOSURE SCAFFOLD CRANE }
    type Permit { id: ID!, street: String!, work: Work!, days: Int!, state: String!, note: String }
    type Query {
      permits(street: String!, first: Int = 10): [Permit!]!
      permit(id: ID!): Permit
    }
    type Mutation { requestPermit(street: String!, work: Work!, days: Int!, note: String): Permit! }
    """
)
LONGEST_DAYS = 90


@dataclass(slots=True)
class Permit:
    """A permit for loud work in a street, for some days."""

    id: str
    street: str
    work: str
    days: int
    state: str
    note: str | None = None


class Permits:
    """The permits, by id."""

    def __init__(self) -> None:
        self.permits = {"P-1": Permit("P-1", "Main Street", "DIG", 5, "granted", "Gas pipes, until Friday")}

    def routes(self) -> Sequence[Route]:
        """The operations."""
        token = Bearer("TOWN_TOKEN")
        names = ("permits.find", "permits.request")
        return tuple(Route(name, "POST", f"/graphql/{name}", self._execute, token) for name in names)

    def _execute(self, call: Call) -> Answer:
        query, variables = call.body.get("query"), call.body.get("variables", {})
        if not isinstance(query, str) or not isinstance(variables, dict | None):
            raise Refused(400, "invalid", "query must be text, and variables an object")
        result = graphql_sync(
            SCHEMA,
            query,
            root_value={
                "permits": self._find,
                "permit": self._get,
                "requestPermit": self._request,
            },
            variable_values=variables,
            operation_name=call.body.get("operationName"),
        )
        document: dict[str, Any] = {"data": result.data}
        if result.errors:
            document["errors"] = [error.formatted for error in result.errors]
        return Answer(200, document)

    def _find(self, _: GraphQLResolveInfo[Any], street: str, first: int) -> list[dict[str, Any]]:
        word = street.casefold()
        found = [asdict(each) for each in self.permits.values() if word in each.street.casefold()]
        return found[:first]

    def _get(self, _: GraphQLResolveInfo[Any], id: str) -> dict[str, Any] | None:  # noqa: A002 - GraphQL's own word
        return asdict(self.permits[id]) if id in self.permits else None

    def _request(
        self, _: GraphQLResolveInfo[Any], street: str, work: str, days: int, note: str | None = None
    ) -> dict[str, Any]:
        if not 1 <= days <= LONGEST_DAYS:
            raise GraphQLError(f"A permit is for 1 to {LONGEST_DAYS} days")
        permit = Permit(f"P-{len(self.permits) + 1}", street, work, days, "granted", note)
        self.permits[permit.id] = permit
        return asdict(permit)
