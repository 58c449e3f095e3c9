"""What comes of an OpenAPI document: its operations, each with a component or the reasons why there is none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple

from services.components.written import WrittenDefinition
from services.errors import MuddaError


class DocumentFaultCode(StrEnum):
    """Why nothing of a document is imported."""

    TOO_LARGE = "too_large"
    NOT_UTF8 = "not_utf8"
    NOT_JSON = "not_json"
    NOT_YAML = "not_yaml"
    DUPLICATE_MEMBER = "duplicate_member"
    TOO_DEEP = "too_deep"
    EXPANDS_TOO_FAR = "expands_too_far"
    UNKNOWN_TAG = "unknown_tag"
    NOT_OPENAPI = "not_openapi"
    SWAGGER = "swagger"
    UNKNOWN_VERSION = "unknown_version"
    AGAINST_SCHEMA = "against_schema"
    NO_OPERATIONS = "no_operations"
    TOO_MANY_OPERATIONS = "too_many_operations"
    TOO_SLOW = "too_slow"
    UNREADABLE = "unreadable"


class DocumentRefused(MuddaError):
    """A document of which nothing can be imported. `detail` holds the facts of the code.

    They are `limit` (bytes, operations or seconds), `line`, `problem`, `member`, `tag`, `version` and `at`.
    """

    def __init__(self, code: DocumentFaultCode, **detail: Any) -> None:
        super().__init__(f"{code}: {detail}" if detail else code.value)
        self.code = code
        self.detail: Mapping[str, Any] = detail


class Reason(StrEnum):
    """Why an operation becomes no component."""

    AGAINST_SCHEMA = "against_schema"
    METHOD = "method"
    NO_SERVER = "no_server"
    SERVER_VARIABLE = "server_variable"
    COOKIE = "cookie"
    PARAMETER_PLACE = "parameter_place"
    PARAMETER_STYLE = "parameter_style"
    HEADER = "header"
    BODY_TYPE = "body_type"
    BODY_OF_GET = "body_of_get"
    AUTH = "auth"
    REMOTE_REFERENCE = "remote_reference"
    DANGLING_REFERENCE = "dangling_reference"
    CIRCULAR_REFERENCE = "circular_reference"
    TOO_LARGE = "too_large"
    DEFINITION = "definition"
    ADDRESS = "address"
    KEY_TAKEN = "key_taken"


class CutCode(StrEnum):
    """What was left out of an operation, or put in its place."""

    RECURSIVE = "recursive"
    DEPTH = "depth"
    PROPERTIES = "properties"
    NODES = "nodes"
    BYTES = "bytes"
    ENUM = "enum"
    KEYWORD = "keyword"
    TEXT = "text"
    HEADER = "header"
    COOKIE = "cookie"
    PARAMETER = "parameter"
    BODY = "body"
    RESPONSE = "response"
    NO_ID = "no_id"
    DUPLICATE_ID = "duplicate_id"
    PLACEHOLDER = "placeholder"


@dataclass(frozen=True, slots=True)
class Refused:
    """One reason why an operation becomes no component, and what it is about: a name, an address, a problem."""

    reason: Reason
    about: str = ""


class Cut(NamedTuple):
    """One thing that a component is without: where in it ("response.owner"), and what it is about."""

    code: CutCode
    where: str = ""
    about: str = ""


class OperationRefused(MuddaError):
    """An operation can't become a component."""

    def __init__(self, reason: Reason, about: str = "") -> None:
        super().__init__(f"{reason}: {about}")
        self.refused = Refused(reason, about)


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of a document. `id` ("GET /areas/{id}") names it for good.

    `definition` is a ComponentDefinition, None where there are reasons in `refused`. `spare_key` is for
    where its own key is that of another component. `origin` is the scheme, host and port that is called, such as
    "https://api.example.org:443".
    """

    id: str
    tags: tuple[str, ...] = ()
    operation_id: str = ""
    summary: str = ""
    key: str = ""
    spare_key: str = ""
    origin: str = ""
    definition: WrittenDefinition | None = None
    refused: tuple[Refused, ...] = ()
    cuts: tuple[Cut, ...] = ()


@dataclass(frozen=True, slots=True)
class ApiDocument:
    """A document that was read. `source` begins the keys of its components, and tells them from those of others.

    `digest` is of the bytes that were read (SHA-256): what is imported is what was previewed, if that is the same.
    `notes` are places against the official schema that harm no operation.
    """

    title: str
    version: str
    openapi: str
    source: str
    digest: str
    operations: tuple[Operation, ...]
    notes: tuple[str, ...] = ()

    @property
    def origins(self) -> frozenset[str]:
        """The addresses that its components call."""
        return frozenset(operation.origin for operation in self.operations if operation.origin)


@dataclass(frozen=True, slots=True)
class ReadingOptions:
    """How a document is to be read: `where` it comes from (a URL, or empty), and what a person says of it.

    `server` stands for the servers of the document, `source` for the name made of its title.
    """

    where: str = ""
    server: str = ""
    source: str = ""


@dataclass(slots=True)
class Cuts:
    """What is left out of one operation, as it is found; of one kind no more than a few are kept one by one."""

    found: list[Cut] = field(default_factory=list)

    def add(self, code: CutCode, where: str = "", about: str = "") -> None:
        """Note one thing."""
        self.found.append(Cut(code, where, about))
