"""A document, read and walked: each operation becomes what a component is made of, or has reasons why not."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from pydantic import ValidationError

from services.components.definitions import ComponentDefinition
from services.components.openapi.bodies import Body, body_of, response_of
from services.components.openapi.converting import Converter, Limits
from services.components.openapi.keywords import Keywords, line
from services.components.openapi.model import (
    ApiDocument,
    Cut,
    CutCode,
    Cuts,
    DocumentFaultCode,
    DocumentRefused,
    Operation,
    OperationRefused,
    ReadingOptions,
    Reason,
    Refused,
)
from services.components.openapi.naming import keys_of, source_name, words_of
from services.components.openapi.official import SchemaFaults, schema_faults, version_of
from services.components.openapi.parameters import Parameters, parameters_of
from services.components.openapi.reading import read_value
from services.components.openapi.references import References, listing, mapping, text
from services.components.openapi.security import auth_of
from services.components.openapi.servers import base_url, origin_of
from services.components.refusals import REFUSED
from services.formats.storable import seen
from services.formats.text import clip

MOST_OPERATIONS = 5_000
MOST_BYTES = 32 * 1024
"""Of the schemas of one component, as JSON: so much of a prompt it may take."""

_METHODS = ("get", "put", "post", "delete", "patch")
_NOT_CALLED = ("options", "head", "trace", "query")
_LONGEST_DESCRIPTION = 1_000
_APPROVAL = {"GET": "none", "DELETE": "step"}
# From the whole of a request and its answer to less and less, the answer first.
_REQUESTS = (Limits(), Limits(depth=5, words=120), Limits(depth=3, words=0, properties=100))
_RESPONSES = ((8, 300), (4, 150), (2, 80), (1, 0))


def read_document(source: bytes, options: ReadingOptions) -> ApiDocument:
    """What a document says, all of it. Takes seconds for a large one. Raises DocumentRefused."""
    document = read_value(source)
    version = version_of(document)
    faults = schema_faults(document, version)
    walk = _Walk(document, version, faults, options)
    operations = tuple(walk.operations())
    if not operations:
        raise DocumentRefused(DocumentFaultCode.NO_OPERATIONS)
    info = mapping(document.get("info"))
    return ApiDocument(
        title=line(info.get("title"), 150),
        version=line(str(info.get("version", "")), 100),
        openapi=str(document["openapi"]),
        source=walk.source,
        digest=hashlib.sha256(source).hexdigest(),
        operations=operations,
        notes=faults.notes,
    )


@dataclass(frozen=True, slots=True)
class _Raw:
    """An operation as the document has it."""

    id: str
    method: str
    path: str
    item: Mapping[str, Any]
    operation: Mapping[str, Any]
    refused: Refused | None = None


class _Walk:
    """One walk through one document."""

    def __init__(
        self, document: Mapping[str, Any], version: str, faults: SchemaFaults, options: ReadingOptions
    ) -> None:
        self._document = document
        self._keywords = Keywords(is_30=version == "3.0")
        self._faults = faults
        self._options = options
        self._references = References(document)
        self._info = mapping(document.get("info"))
        self._schemes = mapping(mapping(document.get("components")).get("securitySchemes"))
        self.source = options.source or source_name(text(self._info.get("title")))

    def operations(self) -> Iterator[Operation]:
        """All operations, in the order of the document."""
        found = list(self._found())
        ids = [(raw.id, text(raw.operation.get("operationId"))) for raw in found]
        keys = keys_of(self.source, ids)
        given = Counter(operation_id for _, operation_id in ids)
        for raw, (key, spare), (_, operation_id) in zip(found, keys, ids, strict=True):
            cuts = Cuts()
            if not operation_id:
                cuts.add(CutCode.NO_ID)
            elif given[operation_id] > 1:
                cuts.add(CutCode.DUPLICATE_ID, "", clip(operation_id, 100))
            plain = Operation(
                id=raw.id,
                tags=tuple(
                    clip(each, 100) for each in listing(raw.operation.get("tags")) if isinstance(each, str)
                ),
                operation_id=clip(operation_id, 200),
                summary=line(raw.operation.get("summary"), 150),
                key=key,
                spare_key=spare,
            )
            yield self._made(plain, raw, cuts)

    def _found(self) -> Iterator[_Raw]:
        count = 0
        for path, stated in mapping(self._document.get("paths")).items():
            try:
                item = self._references.resolved(stated)
                fault = None
            except OperationRefused as error:
                item, fault = {"get": {}}, error.refused
            for method in (*_METHODS, *_NOT_CALLED):
                if isinstance(item.get(method), dict):
                    count += 1
                    if count > MOST_OPERATIONS:
                        raise DocumentRefused(DocumentFaultCode.TOO_MANY_OPERATIONS, limit=MOST_OPERATIONS)
                    refused = fault or self._refusal(path, method)
                    yield _Raw(f"{method.upper()} {path}", method.upper(), path, item, item[method], refused)
            for method in mapping(item.get("additionalOperations")):
                refused = Refused(Reason.METHOD, clip(method, 20))
                yield _Raw(f"{method} {path}", method, path, item, {}, refused)

    def _refusal(self, path: str, method: str) -> Refused | None:
        if method in _NOT_CALLED:
            return Refused(Reason.METHOD, method.upper())
        problem = self._faults.operations.get((path, method)) or self._faults.paths.get(path)
        return Refused(Reason.AGAINST_SCHEMA, problem) if problem else None

    def _made(self, plain: Operation, raw: _Raw, cuts: Cuts) -> Operation:
        """The operation with its component, or with the reason why there is none."""
        if raw.refused is not None:
            return replace(plain, refused=(raw.refused,))
        try:
            base = self._base(raw)
            members = self._members(plain, raw, base, cuts)
            definition = ComponentDefinition.model_validate(members).model_dump(mode="json")
        except OperationRefused as error:
            return replace(plain, refused=(error.refused,))
        except ValidationError as error:
            return replace(plain, refused=tuple(_refusals(error)))
        return replace(plain, definition=definition, origin=origin_of(base), cuts=tuple(dict.fromkeys(cuts.found)))

    def _base(self, raw: _Raw) -> str:
        return base_url(
            raw.operation.get("servers"),
            raw.item.get("servers"),
            self._document.get("servers"),
            where=self._options.where,
            server=self._options.server,
        )

    def _members(self, plain: Operation, raw: _Raw, base: str, cuts: Cuts) -> dict[str, Any]:
        auth = auth_of(
            raw.operation.get("security"),
            self._document.get("security"),
            self._schemes,
            self._references,
            source=self.source,
            base=f"{base}/",
        )
        parameters, body, size = self._request(raw, cuts)
        response = self._response(raw, cuts, MOST_BYTES - size)
        name = plain.summary or words_of(plain.operation_id) or raw.id
        said = text(raw.operation.get("description")).strip() or text(raw.operation.get("summary")).strip() or name
        if len(said) > _LONGEST_DESCRIPTION:
            cuts.add(CutCode.TEXT, "description", str(len(said)))
            said = said[: _LONGEST_DESCRIPTION - 1] + "…"
        return {
            "key": plain.key,
            "name": clip(name, 149),
            "description": seen(said),
            "category": plain.tags[0] if plain.tags else "",
            "http_method": raw.method,
            "endpoint_url": f"{base}{parameters.template}",
            "path_params": parameters.path_params,
            "query_params": parameters.query_params,
            "headers": parameters.headers,
            "serialization": parameters.serialization,
            "request_schema": dict(body.request_schema),
            "response_schema": response,
            "body_format": body.body_format,
            "content_type": body.content_type,
            "auth": auth,
            "approval": _APPROVAL.get(raw.method, "plan"),
            "owner_service": line(self._info.get("title"), 140),
            "version": line(str(self._info.get("version", "")), 100) or "1.0",
        }

    def _request(self, raw: _Raw, cuts: Cuts) -> tuple[Parameters, Body, int]:
        """Parameters and body, as much of them as there is room for, and their bytes."""
        for stage in _REQUESTS:
            tried = Cuts()
            converter = self._converter(replace(stage), tried, "request")
            levels = (raw.item.get("parameters"), raw.operation.get("parameters"))
            parameters = parameters_of(raw.path, levels, self._references, converter, tried)
            body = body_of(raw.method, raw.operation.get("requestBody"), self._references, converter, tried)
            size = _size(
                [parameters.path_params, parameters.query_params, parameters.headers, body.request_schema]
            )
            if size <= MOST_BYTES:
                cuts.found += tried.found
                if stage is not _REQUESTS[0]:
                    cuts.add(CutCode.BYTES, "request")
                return parameters, body, size
        raise OperationRefused(Reason.TOO_LARGE, f"{size:,} bytes")

    def _response(self, raw: _Raw, cuts: Cuts, room: int) -> dict[str, Any]:
        for depth, words in _RESPONSES:
            tried: list[Cut] = []
            noted = Cuts(tried)
            converter = self._converter(Limits(depth=depth, words=words), noted, "response")
            schema = response_of(raw.operation.get("responses"), self._references, converter, noted)
            if _size(schema) <= room:
                cuts.found += tried
                if depth != _RESPONSES[0][0]:
                    cuts.add(CutCode.BYTES, "response", str(depth))
                return schema
        cuts.add(CutCode.BYTES, "response", "0")
        return {}

    def _converter(self, limits: Limits, cuts: Cuts, direction: Any) -> Converter:
        return Converter(self._references, self._keywords, limits, cuts, direction)


def _size(value: Any) -> int:
    return len(json.dumps(value))


def _refusals(error: ValidationError) -> Iterator[Refused]:
    """What the rules for components have against one, by its members."""
    for details in error.errors(include_url=False, include_input=False)[:5]:
        member = ".".join(str(part) for part in details["loc"] if part != "[key]")
        if details["type"] == REFUSED:
            for each in details["ctx"]["refusals"]:
                yield Refused(Reason.DEFINITION, clip(f"{member}: {each.code}", 200))
        elif details["type"] != "default_factory_not_called":
            yield Refused(Reason.DEFINITION, clip(f"{member}: {details['type']}", 200))
