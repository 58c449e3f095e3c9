"""Which credentials an operation is called with: the first of its alternatives that can be met."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urljoin

from services.components.openapi.model import OperationRefused, Reason
from services.components.openapi.naming import variable
from services.components.openapi.references import References, listing, mapping, text
from services.formats.text import clip


def auth_of(
    own: Any, of_document: Any, schemes: Mapping[str, Any], references: References, *, source: str, base: str
) -> dict[str, Any]:
    """The `auth` of a component; its secrets are environment variables, named after source and scheme.

    Raises OperationRefused with the names of what can't be done, if that is all there is.
    """
    stated = own if isinstance(own, list) else of_document
    alternatives = [each for each in listing(stated) if isinstance(each, dict)]
    if not alternatives:
        return {"type": "none"}
    refused = []
    for alternative in alternatives:
        if not alternative:
            return {"type": "none"}
        if len(alternative) > 1:
            refused.append(" + ".join(map(str, alternative)))
            continue
        name, scopes = next(iter(alternative.items()))
        scheme = references.resolved(schemes.get(name))
        auth = _auth(str(name), scheme, listing(scopes), source, base)
        if auth is not None:
            return auth
        refused.append(f"{name} ({_kind(scheme)})")
    raise OperationRefused(Reason.AUTH, clip(", ".join(refused), 150))


def _auth(
    name: str, scheme: Mapping[str, Any], scopes: list[Any], source: str, base: str
) -> dict[str, Any] | None:
    secret = f"env:{variable(source, name)}"
    kind, way = scheme.get("type"), text(scheme.get("scheme")).lower()
    if kind == "apiKey" and scheme.get("in") in ("header", "query") and text(scheme.get("name")):
        return {"type": "api_key", "in": scheme["in"], "name": scheme["name"], "value": secret}
    if kind == "http" and way == "bearer":
        return {"type": "bearer", "token": secret}
    if kind == "http" and way == "basic":
        return {"type": "basic", "username": f"{secret}_USERNAME", "password": f"{secret}_PASSWORD"}
    flow = mapping(mapping(scheme.get("flows")).get("clientCredentials"))
    if kind == "oauth2" and text(flow.get("tokenUrl")):
        return {
            "type": "oauth2",
            "token_url": urljoin(base, flow["tokenUrl"]),
            "client_id": f"{secret}_CLIENT_ID",
            "client_secret": f"{secret}_CLIENT_SECRET",
            "scope": " ".join(each for each in scopes if isinstance(each, str)),
        }
    return None


def _kind(scheme: Mapping[str, Any]) -> str:
    """What a scheme is, for people: "http digest", "apiKey in cookie", "oauth2 without client credentials"."""
    kind = text(scheme.get("type")) or "not declared"
    if kind == "oauth2":
        return "oauth2 without client credentials"
    return " ".join(
        filter(None, (kind, text(scheme.get("scheme")), f"in {scheme['in']}" if "in" in scheme else ""))
    )
