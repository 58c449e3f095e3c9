"""What an Open311 endpoint says of itself, and how it is asked for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from services.errors import MuddaError

Format = Literal["json", "xml"]

_MEANT = re.compile(r"(?:discovery|services|requests)\.(json|xml)\Z", re.IGNORECASE)
_SLUG = re.compile(r"[^a-z0-9]+")
_SLUG_LENGTH = 24


class Open311Refused(MuddaError):
    """An endpoint that no components can be made of; nothing was added.

    `reason` is "bad_url", "bad_key" (no env:NAME), "bad_prefix", "address" (`detail`: what it is, such as
    "private"), "unreachable" (`detail`: "dns", "timeout", …), "redirect" (`detail`: to which host), "slow",
    "too_large", "entities" (XML with declarations of its own, which could be an attack), "page" (HTML),
    "unreadable", "jurisdiction", "not_found", "key_refused", "refused" (`detail`: what it says), "no_services",
    "too_many" or "taken" (other components begin like these). `status` is that of its answer,
    where there was one; `where` is what was asked for, without its query.
    """

    def __init__(self, reason: str, where: str = "", *, status: int | None = None, detail: str = "") -> None:
        super().__init__(" ".join(filter(None, (reason, where, str(status or ""), detail))))
        self.reason = reason
        self.where = where
        self.status = status
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Source:
    """What components are to be made of.

    `url` is that of a discovery document, or what the paths of GeoReport begin with. `api_key` is `env:NAME` or
    `secret:NAME`, for what files requests; empty where none is asked for. `format`: the only one that can be
    relied on; None where the endpoint may say. `needs` are the members of a request that this endpoint requires
    beyond the standard.
    `zoneless`: its dates have no time zone. `only` are the codes of the services that are wanted, all if empty.
    """

    url: str
    name: str = ""
    prefix: str = ""
    jurisdiction: str = ""
    api_key: str = ""
    format: Format | None = None
    needs: tuple[str, ...] = ()
    zoneless: bool = False
    only: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> Source:
        """From JSON."""
        lists = {name: tuple(document.get(name, ())) for name in ("needs", "only")}
        return cls(**{**document, **lists})

    @property
    def base_url(self) -> str:
        """What the paths of GeoReport begin with, unless discovery says otherwise; with no slash at its end."""
        return _MEANT.sub("", self.url).rstrip("/")

    @property
    def discovery_url(self) -> str | None:
        """The discovery document, if that is what the URL is."""
        return self.url if _MEANT.search(self.url) and "discovery." in self.url.lower() else None

    @property
    def key_prefix(self) -> str:
        """What the keys of its components begin with, such as "open311_chicago"."""
        host = self.base_url.partition("//")[2].partition("/")[0]
        return self.prefix or f"open311_{slug(self.name or self.jurisdiction or host)}"


@dataclass(frozen=True, slots=True)
class Service:
    """A kind of request. `kind`: "realtime", "batch" (answers with a token) or "blackbox" (with nothing)."""

    code: str
    name: str
    description: str = ""
    group: str = ""
    kind: str = "realtime"
    has_definition: bool = False


@dataclass(frozen=True, slots=True)
class Attribute:
    """A question that a service asks. Not `variable`: no question, but a text to be shown.

    `values` are what may be answered, by key; none where anything may.
    """

    code: str
    datatype: str
    description: str
    hint: str = ""
    required: bool = False
    variable: bool = True
    values: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A service that no request can be filed for: its code or its name, and why.

    `reason` is "no_code", "repeated" (its code is another's), "vanished" (it was listed, and then had no
    definition), "no_definition" (which could not be read) or "too_many_forms".
    """

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Discovery:
    """What an endpoint says of itself: where it is, in which formats it answers, and when its services changed."""

    base_url: str = ""
    formats: tuple[Format, ...] = ()
    changeset: str = ""


@dataclass(frozen=True, slots=True)
class Town:
    """All that was read of an endpoint. `attributes`: those of each service that asks questions, by its code."""

    base_url: str
    format: Format
    changeset: str
    services: tuple[Service, ...]
    attributes: Mapping[str, tuple[Attribute, ...]]
    left_out: tuple[LeftOut, ...] = ()


def slug(text: str) -> str:
    """A text as a part of a component's key."""
    return _SLUG.sub("_", text.lower()).strip("_")[:_SLUG_LENGTH].strip("_") or "town"
