"""A document, read and walked: each operation becomes what a component is made of, or has reasons why not."""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from pydantic import ValidationError

from services.components.definitions import ComponentDefinition
from services.components.openapi.bodies import Body, body_of, response_of
from services.components.openapi.converting import Converter, Limits, TooLong
from services.components.openapi.keywords import MOST_WORDS, Keywords, line
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
from services.components.written import WrittenDefinition, written
from services.formats.storable import seen
from services.formats.text import clip

MOST_OPERATIONS = 5_000
MOST_BYTES = 32 * 1024
"""Of the schemas of one component, as JSON: so much of a prompt it may take."""

_PARAMETERS = ("path_params", "query_params", "headers")
_METHODS = ("get", "put", "post", "delete", "patch")
_NOT_CALLED = ("options", "head", "trace", "query")
_LONGEST_DESCRIPTION = 1_000
_APPROVAL = {"GET": "none", "DELETE": "step"}
# From the whole of a request and its answer to less and less, the answer first.
_REQUESTS = (Limits(), Limits(depth=5, words=120), Limits(depth=3, words=0, properties=100))
_RESPONSES = ((8, MOST_WORDS), (4, 150), (2, 80), (1, 0))


def read_document(source: bytes, options: ReadingOptions) -> ApiDocument:
    """What a document says, all of it. Takes seconds for a large one. Raises DocumentRefused."""
    document, operations = begin_reading(source, options)
    return replace(document, operations=tuple(operations))


def begin_reading(source: bytes, options: ReadingOptions) -> tuple[ApiDocument, Iterable[Operation]]:
    """A document without its operations, and these, each made as it is asked for. Raises DocumentRefused."""
    digest = hashlib.sha256(source).hexdigest()
    document = read_value(source)
    del source
    version = version_of(document)
    faults = schema_faults(document, version)
    walk = _Walk(document, version, faults, options)
    info = mapping(document.get("info"))
    read = ApiDocument(
        title=line(info.get("title"), 150),
        version=line(str(info.get("version", "")), 100),
        openapi=str(document["openapi"]),
        source=walk.source,
        digest=digest,
        operations=(),
        notes=faults.notes,
    )
    return read, walk


@dataclass(frozen=True, slots=True)
class _Raw:
    """An operation as the document has it."""

    id: str
    method: str
    path: str
    item: Mapping[str, Any]
    operation: Mapping[str, Any]
    refused: Refused | None = None


@dataclass(frozen=True, slots=True)
class _Request:
    """What an operation takes. `texts` are the members that come of it as JSON, `size` all of their characters."""

    parameters: Parameters
    body: Body
    texts: Mapping[str, str]
    size: int
    is_sure: bool


@dataclass(frozen=True, slots=True)
class _Response:
    """What an operation answers, and that as JSON."""

    schema: Mapping[str, Any]
    text: str
    is_sure: bool


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
        self._all = list(self._found())
        if not self._all:
            raise DocumentRefused(DocumentFaultCode.NO_OPERATIONS)

    def __iter__(self) -> Iterator[Operation]:
        """All operations, in the order of the document."""
        ids = [(raw.id, text(raw.operation.get("operationId"))) for raw in self._all]
        keys = keys_of(self.source, ids)
        given = Counter(operation_id for _, operation_id in ids)
        for raw, (key, spare), (_, operation_id) in zip(self._all, keys, ids, strict=True):
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
            definition = self._definition(plain, raw, base, cuts)
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

    def _definition(self, plain: Operation, raw: _Raw, base: str, cuts: Cuts) -> WrittenDefinition:
        auth = auth_of(
            raw.operation.get("security"),
            self._document.get("security"),
            self._schemes,
            self._references,
            source=self.source,
            base=f"{base}/",
        )
        request = self._request(raw, cuts)
        response = self._response(raw, cuts, MOST_BYTES - request.size)
        parameters, body = request.parameters, request.body
        name = plain.summary or words_of(plain.operation_id) or raw.id
        said = text(raw.operation.get("description")).strip() or text(raw.operation.get("summary")).strip() or name
        if len(said) > _LONGEST_DESCRIPTION:
            cuts.add(CutCode.TEXT, "description", str(len(said)))
            said = said[: _LONGEST_DESCRIPTION - 1] + "…"
        members = {
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
            "response_schema": response.schema,
            "body_format": body.body_format,
            "content_type": body.content_type,
            "auth": auth,
            "approval": _APPROVAL.get(raw.method, "plan"),
            "owner_service": line(self._info.get("title"), 140),
            "version": line(str(self._info.get("version", "")), 100) or "1.0",
        }
        if not (request.is_sure and response.is_sure) or body.body_format == "multipart":
            return written(ComponentDefinition.model_validate(members).model_dump(mode="json"))
        # Schemas made of keywords that were looked at one by one are good ones. To look at each of a thousand as a
        # whole takes as long as to make them. What is around them, and the names of parameters, is looked at.
        names: dict[str, Any] = {place: {name: {} for name in members[place]} for place in _PARAMETERS}
        around = {**members, **names, "request_schema": {}, "response_schema": {}}
        rest = ComponentDefinition.model_validate(around).model_dump(mode="json")
        return written(rest, {**request.texts, "response_schema": response.text})

    def _request(self, raw: _Raw, cuts: Cuts) -> _Request:
        """Parameters and body, as much of them as there is room for."""
        size = 0
        for stage in _REQUESTS:
            tried = Cuts()
            converter = self._converter(replace(stage), tried, "request")
            levels = (raw.item.get("parameters"), raw.operation.get("parameters"))
            parameters = parameters_of(raw.path, levels, self._references, converter, tried)
            stated = raw.operation.get("requestBody")
            room = math.inf if stage is _REQUESTS[-1] else MOST_BYTES
            try:
                body = body_of(raw.method, stated, self._references, converter, tried, room)
            except TooLong:
                continue
            members = {place: getattr(parameters, place) for place in _PARAMETERS}
            texts = {
                name: self._keywords.text(value)
                for name, value in {**members, "request_schema": body.request_schema}.items()
            }
            size = sum(map(len, texts.values()))
            if size <= MOST_BYTES:
                cuts.found += tried.found
                if stage is not _REQUESTS[0]:
                    cuts.add(CutCode.BYTES, "request")
                return _Request(parameters, body, texts, size, converter.is_sure)
        raise OperationRefused(Reason.TOO_LARGE, f"{size:,} bytes")

    def _response(self, raw: _Raw, cuts: Cuts, room: int) -> _Response:
        for depth, words in _RESPONSES:
            tried: list[Cut] = []
            noted = Cuts(tried)
            converter = self._converter(Limits(depth=depth, words=words), noted, "response")
            stated = raw.operation.get("responses")
            try:
                schema = response_of(stated, self._references, converter, noted, room)
            except TooLong:
                continue
            text = self._keywords.text(schema)
            if len(text) <= room:
                cuts.found += tried
                if depth != _RESPONSES[0][0]:
                    cuts.add(CutCode.BYTES, "response", str(depth))
                return _Response(schema, text, converter.is_sure)
        cuts.add(CutCode.BYTES, "response", "0")
        return _Response({}, "{}", is_sure=True)

    def _converter(self, limits: Limits, cuts: Cuts, direction: Any) -> Converter:
        return Converter(self._references, self._keywords, limits, cuts, direction)


def _refusals(error: ValidationError) -> Iterator[Refused]:
    """What the rules for components have against one, by its members."""
    for details in error.errors(include_url=False, include_input=False)[:5]:
        member = ".".join(str(part) for part in details["loc"] if part != "[key]")
        if details["type"] == REFUSED:
            for each in details["ctx"]["refusals"]:
                yield Refused(Reason.DEFINITION, clip(f"{member}: {each.code}", 200))
        elif details["type"] != "default_factory_not_called":
            yield Refused(Reason.DEFINITION, clip(f"{member}: {details['type']}", 200))
