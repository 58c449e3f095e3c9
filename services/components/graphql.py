"""GraphQL templates: the one operation that a component stands for, and the inputs that its variables are.

What the other side's schema says is not known here. So a template is read for what stands in it: one query or
mutation, fragments that lead somewhere and not in a ring, variables that are declared and used.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    GraphQLError,
    ListTypeNode,
    NamedTypeNode,
    NonNullTypeNode,
    OperationDefinitionNode,
    OperationType,
    TypeNode,
    VariableDefinitionNode,
    build_schema,
    parse,
    validate,
    value_from_ast_untyped,
)
from graphql.validation import (
    ExecutableDefinitionsRule,
    KnownFragmentNamesRule,
    NoFragmentCyclesRule,
    NoUndefinedVariablesRule,
    NoUnusedFragmentsRule,
    NoUnusedVariablesRule,
    UniqueFragmentNamesRule,
    UniqueVariableNamesRule,
)

from services.components.refusals import DefinitionFaultCode, Refusal, refuse

MAX_TOKENS = 5_000
"""Of a template; one that says more is refused."""

_RULES = (
    ExecutableDefinitionsRule,
    UniqueFragmentNamesRule,
    KnownFragmentNamesRule,
    NoFragmentCyclesRule,
    NoUnusedFragmentsRule,
    UniqueVariableNamesRule,
    NoUndefinedVariablesRule,
    NoUnusedVariablesRule,
)
"""Those of GraphQL's own rules that need no schema of the other side."""

_NO_SCHEMA = build_schema("type Query { nothing: Int } type Mutation { nothing: Int }")
_SCALARS: Mapping[str, str] = {
    "Int": "integer",
    "Float": "number",
    "String": "string",
    "ID": "string",
    "Boolean": "boolean",
}


@dataclass(frozen=True, slots=True)
class Template:
    """An operation. `variables` are a JSON Schema each, as far as the template tells; `fields` what it answers."""

    name: str
    is_query: bool
    variables: Mapping[str, Mapping[str, Any]]
    required: tuple[str, ...]
    fields: tuple[str, ...]


@lru_cache(maxsize=1_024)
def read_template(text: str) -> Template:
    """Read a template; raises what a validator raises, if it is not one operation that can be sent."""
    document = _parsed(text)
    operations = [each for each in document.definitions if isinstance(each, OperationDefinitionNode)]
    if len(operations) != 1:
        refuse([Refusal(DefinitionFaultCode.NOT_ONE_OPERATION, (), {"count": len(operations)})])
    operation = operations[0]
    if operation.operation is OperationType.SUBSCRIPTION:
        refuse([Refusal(DefinitionFaultCode.SUBSCRIPTION)])
    refuse(_refusal(error) for error in validate(_NO_SCHEMA, document, _RULES))
    variables = operation.variable_definitions or ()
    selected = operation.selection_set.selections
    return Template(
        name=operation.name.value if operation.name else "",
        is_query=operation.operation is OperationType.QUERY,
        variables={each.variable.name.value: _variable(each) for each in variables},
        required=tuple(each.variable.name.value for each in variables if _is_required(each)),
        fields=tuple((each.alias or each.name).value for each in selected if isinstance(each, FieldNode)),
    )


def _parsed(text: str) -> DocumentNode:
    try:
        return parse(text, max_tokens=MAX_TOKENS)
    except GraphQLError as error:
        refuse([_refusal(error)])
        raise
    except RecursionError:
        refuse([Refusal(DefinitionFaultCode.BAD_TEMPLATE, (), {"problem": "it is nested too deep"})])
        raise


def _refusal(error: GraphQLError) -> Refusal:
    where = f" (line {error.locations[0].line} of the template)" if error.locations else ""
    return Refusal(DefinitionFaultCode.BAD_TEMPLATE, (), {"problem": f"{error.message[:300]}{where}"})


def _is_required(definition: VariableDefinitionNode) -> bool:
    return isinstance(definition.type, NonNullTypeNode) and definition.default_value is None


def _variable(definition: VariableDefinitionNode) -> dict[str, Any]:
    schema = _schema(definition.type)
    if definition.default_value is not None:
        schema["default"] = value_from_ast_untyped(definition.default_value)
    return schema


def _schema(node: TypeNode) -> dict[str, Any]:
    """What a type says. Of enums, input objects and scalars of their own only their schema knows more."""
    if isinstance(node, NonNullTypeNode):
        return _schema(node.type)
    if isinstance(node, ListTypeNode):
        return {"type": "array", "items": _schema(node.type)}
    name = node.name.value if isinstance(node, NamedTypeNode) else ""
    return {"type": _SCALARS[name]} if name in _SCALARS else {"title": name}
