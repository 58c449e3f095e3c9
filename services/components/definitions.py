"""What a component is made of: types, defaults, and what is refused.

Every rule is a pydantic validator of its own member, so that one pass names every fault. A rule of ours
calls `refuse` (services.components.refusals); services.components.packs puts pydantic's own codes into ours.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from services.components.builtins import RESERVED_PREFIXES
from services.components.demands import DEMANDS, demand_problems
from services.components.kinds import Method, check_template, method_of, typed_request, typed_response
from services.components.refusals import DefinitionFaultCode, Refusal, refuse
from services.components.specs import ApprovalPolicy

KEY = re.compile(r"[a-z0-9_.-]{1,64}")
# Control characters would move the cursor of whoever lists components in a terminal.
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_PLACEHOLDER = re.compile(r"\{([A-Za-z_][A-Za-z0-9_.-]*)\}")
# Neither a space, nor what clients disagree about: "http://a\@b" has two hosts, depending on whom you ask.
_NOT_IN_URL = re.compile(r'[\x00-\x20\x7f-\x9f\\<>"^`{|}\u2028\u2029]')
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_JSON_TYPE = re.compile(r"application/([A-Za-z0-9.+-]+\+)?json(; ?[A-Za-z0-9_-]+=[A-Za-z0-9._:/\"-]+)*")
_SECRET = re.compile(r"(env|secret):[A-Za-z_][A-Za-z0-9_]*")
# What these say is the business of the client and of `auth`, never of a plan.
RESERVED_HEADERS = frozenset(
    {
        "authorization",
        "connection",
        "content-length",
        "content-type",
        "cookie",
        "expect",
        "host",
        "idempotency-key",
        "keep-alive",
        "proxy-authorization",
        "set-cookie",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)


def placeholder_refusals(url: str, params: Collection[str]) -> Iterator[Refusal]:
    """What the placeholders of a URL (`…/areas/{area}/…`) and the declared path parameters owe each other."""
    used = dict.fromkeys(_PLACEHOLDER.findall(url))
    for name in used:
        if name not in params:
            yield Refusal(DefinitionFaultCode.PLACEHOLDER_UNDECLARED, (), {"name": name})
    for name in params:
        if name not in used:
            yield Refusal(DefinitionFaultCode.PATH_PARAM_UNUSED, (name,))


def _check_key(value: str) -> str:
    if not KEY.fullmatch(value):
        refuse([Refusal(DefinitionFaultCode.BAD_KEY)])
    for prefix in RESERVED_PREFIXES:
        if value.startswith(prefix):
            refuse([Refusal(DefinitionFaultCode.RESERVED_KEY, (), {"prefix": prefix})])
    return value


def _check_line(value: str) -> str:
    if _CONTROL.search(value):
        refuse([Refusal(DefinitionFaultCode.CONTROL_CHARACTER)])
    return value


def _check_not_blank(value: str) -> str:
    if not value.strip():
        refuse([Refusal(DefinitionFaultCode.BLANK)])
    return value


def _check_endpoint(value: str) -> str:
    refuse(_url_refusals(value, placeholders_allowed=True))
    return value


def _check_url(value: str) -> str:
    refuse(_url_refusals(value, placeholders_allowed=False))
    return value


def _url_refusals(url: str, *, placeholders_allowed: bool) -> Iterator[Refusal]:
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 - reading it is what checks it
    except ValueError:
        yield Refusal(DefinitionFaultCode.BAD_URL)
        return
    web = parts.scheme in ("http", "https")
    if not web:
        yield Refusal(DefinitionFaultCode.URL_SCHEME)
    if "@" in parts.netloc:
        yield Refusal(DefinitionFaultCode.URL_USERINFO)
    if "#" in url:
        yield Refusal(DefinitionFaultCode.URL_FRAGMENT)
    if placeholders_allowed and "{" in parts.netloc + parts.query:
        yield Refusal(DefinitionFaultCode.PLACEHOLDER_OUTSIDE_PATH)
    rest = _PLACEHOLDER.sub("", url) if placeholders_allowed else url
    if (web and not parts.hostname) or _NOT_IN_URL.search(rest):
        yield Refusal(DefinitionFaultCode.BAD_URL)


def _check_secret(value: str) -> str:
    if not _SECRET.fullmatch(value):
        refuse([Refusal(DefinitionFaultCode.LITERAL_SECRET)])
    return value


def _check_header(name: str) -> str:
    if not _HEADER.fullmatch(name):
        refuse([Refusal(DefinitionFaultCode.BAD_HEADER)])
    if name.lower() in RESERVED_HEADERS:
        refuse([Refusal(DefinitionFaultCode.RESERVED_HEADER)])
    return name


def _check_content_type(value: str) -> str:
    """A JSON type of its own, such as `application/vnd.api+json`; empty for the usual one."""
    if value and not _JSON_TYPE.fullmatch(value):
        allowed = "application/json or a type that ends in +json"
        refuse([Refusal(DefinitionFaultCode.NOT_ALLOWED, (), {"allowed": allowed})])
    return value


def _check_schema(schema: dict[str, Any]) -> dict[str, Any]:
    refuse(_schema_refusals(schema))
    return schema


def _check_request_schema(schema: dict[str, Any]) -> dict[str, Any]:
    """A JSON Schema that may also say where the values of inputs come from."""
    refuse([*_schema_refusals(schema), *_demand_refusals(schema)])
    return schema


def _check_parameter(schema: dict[str, Any]) -> dict[str, Any]:
    """A JSON Schema, except that its `required` is a truth value about the parameter itself."""
    refuse(_parameter_refusals(schema))
    return schema


def _check_path_parameter(schema: dict[str, Any]) -> dict[str, Any]:
    """A parameter that is always required: a path with a gap in it is another path."""
    refusals = list(_parameter_refusals(schema))
    if schema.get("required") is False:
        refusals.append(Refusal(DefinitionFaultCode.PATH_PARAM_OPTIONAL, ("required",)))
    refuse(refusals)
    return {**schema, "required": True}


def _parameter_refusals(schema: dict[str, Any]) -> Iterator[Refusal]:
    if not isinstance(schema.get("required", False), bool):
        yield Refusal(DefinitionFaultCode.WRONG_TYPE, ("required",), {"expected": "bool"})
    own = {name: value for name, value in schema.items() if name != "required"}
    yield from _schema_refusals(own)
    yield from _demand_refusals(own)


def _schema_refusals(schema: dict[str, Any]) -> Iterator[Refusal]:
    if not schema:
        return
    # What judges schemas takes long to load, and a process that reads a document seldom needs it.
    from services.formats.schemas import schema_problems

    for problem in schema_problems(schema):
        yield Refusal(DefinitionFaultCode(problem.code), problem.path, problem.detail)


def _demand_refusals(schema: dict[str, Any]) -> Iterator[Refusal]:
    for path, is_misplaced in demand_problems(schema):
        if is_misplaced:
            yield Refusal(DefinitionFaultCode.ORIGIN_NOT_FOLLOWED, path)
        else:
            yield Refusal(DefinitionFaultCode.BAD_ORIGIN, path, {"allowed": list(DEMANDS)})


Line = Annotated[str, Field(max_length=150), AfterValidator(_check_line)]
Name = Annotated[Line, AfterValidator(_check_not_blank)]
Url = Annotated[str, Field(max_length=2_000), AfterValidator(_check_url)]
Endpoint = Annotated[str, Field(max_length=2_000), AfterValidator(_check_endpoint)]
Secret = Annotated[str, Field(max_length=200), AfterValidator(_check_secret)]
ContentType = Annotated[Line, AfterValidator(_check_content_type)]
HeaderName = Annotated[str, Field(max_length=200), AfterValidator(_check_header)]
Schema = Annotated[dict[str, Any], AfterValidator(_check_schema)]
RequestSchema = Annotated[dict[str, Any], AfterValidator(_check_request_schema)]
Parameter = Annotated[dict[str, Any], AfterValidator(_check_parameter)]
PathParameter = Annotated[dict[str, Any], AfterValidator(_check_path_parameter)]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", serialize_by_alias=True)


class NoAuth(_Strict):
    """Nothing is sent."""

    type: Literal["none"] = "none"


class ApiKeyAuth(_Strict):
    """A key under a name: a header, a query parameter, or (Open311) a member of the body."""

    type: Literal["api_key"]
    location: Literal["header", "query", "body"] = Field(alias="in")
    name: Name
    value: Secret


class BearerAuth(_Strict):
    """`Authorization: Bearer …`."""

    type: Literal["bearer"]
    token: Secret


class BasicAuth(_Strict):
    """`Authorization: Basic …`; the username may stand in the file."""

    type: Literal["basic"]
    username: Name
    password: Secret


class OAuth2Auth(_Strict):
    """A token is asked for at `token_url` and sent as a bearer token: for the client's own credentials, or for a
    `refresh_token`.

    `credentials_in`: whether the client's id and secret go as Basic or in the form (RFC 6749, section 2.3.1).
    `audience` (Auth0 and others) and `resource` (RFC 8707) say what the token is for.
    """

    type: Literal["oauth2"]
    token_url: Url
    client_id: Name
    client_secret: Secret
    refresh_token: Secret | None = None
    scope: Line = ""
    audience: Line = ""
    resource: Line = ""
    credentials_in: Literal["header", "body"] = "header"


class SignedAuth(_Strict):
    """An HMAC of some parts of the request, with `separator` between them, in a header.

    `path` is as it is sent, `query` without its question mark; `timestamp` are seconds since 1970, which also go
    into `timestamp_header`.
    """

    type: Literal["hmac"]
    secret: Secret
    algorithm: Literal["sha256", "sha512"] = "sha256"
    header: Name
    prefix: Line = ""
    encoding: Literal["hex", "base64"] = "hex"
    signs: list[Literal["method", "path", "query", "timestamp", "body"]] = Field(min_length=1, max_length=5)
    separator: Annotated[str, Field(max_length=5)] = "\n"
    timestamp_header: Name = "X-Timestamp"


class CertificateAuth(_Strict):
    """A client certificate (mutual TLS). Each is the PEM text itself, or the path of a file with it.

    `authority` is whom the server's own certificate is from, where that is nobody whom everybody trusts.
    """

    type: Literal["mtls"]
    certificate: Secret
    key: Secret
    authority: Secret | None = None


Auth = Annotated[
    NoAuth | ApiKeyAuth | BearerAuth | BasicAuth | OAuth2Auth | SignedAuth | CertificateAuth,
    Field(discriminator="type"),
]

Serialization = Literal["form", "comma", "space", "pipe", "deepObject", "json"]
"""How a query parameter that is a list or an object is written; OpenAPI's styles, told apart by one word each.

`form` repeats a list's name and makes parameters of an object's members, `deepObject` names these in brackets,
the others make one value: items (or names and values) with that between them, or JSON.
"""


def _default_approval(members: dict[str, Any]) -> ApprovalPolicy:
    return ApprovalPolicy.NONE if members.get("http_method", "GET") == "GET" else ApprovalPolicy.PLAN


class ComponentDefinition(_Strict):
    """A component as a pack states it. Its members are the columns of the table."""

    key: Annotated[str, AfterValidator(_check_key)]
    name: Name
    description: Annotated[str, Field(max_length=4_000), AfterValidator(_check_not_blank)]
    type: Literal["REST", "GRAPHQL", "RPC"] = "REST"
    graphql: Annotated[str, Field(max_length=20_000)] = ""
    rpc_method: Line = ""
    category: Line = ""
    http_method: Method = Field(default_factory=method_of)
    endpoint_url: Endpoint
    path_params: dict[str, PathParameter] = Field(default_factory=dict, validate_default=True)
    query_params: dict[Name, Parameter] = Field(default_factory=dict)
    serialization: dict[Name, Serialization] = Field(default_factory=dict)
    headers: dict[HeaderName, Parameter] = Field(default_factory=dict)
    body_format: Literal["json", "form", "multipart"] = "json"
    request_schema: RequestSchema = Field(default_factory=dict, validate_default=True)
    response_schema: Schema = Field(default_factory=dict, validate_default=True)
    response_headers: list[HeaderName] = Field(default_factory=list, max_length=20)
    content_type: ContentType = ""
    response_format: Literal["plain", "georeport"] = "plain"
    auth: Auth = NoAuth()
    approval: Annotated[ApprovalPolicy, Field(strict=False)] = Field(default_factory=_default_approval)
    idempotent: bool = False
    timeout_seconds: float = Field(default=30.0, ge=1, le=300)
    attempts: int = Field(default=4, ge=1, le=10)
    max_concurrent: int | None = Field(default=None, ge=1, le=1_000)
    per_minute: int | None = Field(default=None, ge=1, le=100_000)
    owner_service: Line = ""
    version: Line = "1.0"

    @field_validator("path_params")
    @classmethod
    def _match_placeholders(
        cls, params: dict[str, dict[str, Any]], info: ValidationInfo
    ) -> dict[str, dict[str, Any]]:
        """Each placeholder of the URL is declared, and each declared parameter has its place in it."""
        if "endpoint_url" in info.data:
            refuse(placeholder_refusals(info.data["endpoint_url"], params))
        return params

    @field_validator("graphql")
    @classmethod
    def _is_template(cls, text: str, info: ValidationInfo) -> str:
        return check_template(text, info.data)

    @field_validator("http_method")
    @classmethod
    def _is_of_kind(cls, method: Method, info: ValidationInfo) -> Method:
        """What a call of another kind does stands in its template, and not in how it is sent."""
        return method if info.data.get("type", "REST") == "REST" else method_of(info.data)

    @field_validator("request_schema")
    @classmethod
    def _is_typed(cls, schema: dict[str, Any], info: ValidationInfo) -> dict[str, Any]:
        return typed_request(schema, info.data)

    @field_validator("response_schema")
    @classmethod
    def _is_named(cls, schema: dict[str, Any], info: ValidationInfo) -> dict[str, Any]:
        return typed_response(schema, info.data)
