"""DATABASE_URL, read in one place: the same parameters hold for the sessions, the queue and the migrations."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

SCHEMES = ("postgresql", "postgres")

PARAMETERS = frozenset(
    {
        "application_name",
        "connect_timeout",
        "database",
        "dbname",
        "gsslib",
        "host",
        "krbsrvname",
        "options",
        "passfile",
        "password",
        "port",
        "service",
        "sslcert",
        "sslcrl",
        "sslkey",
        "sslmode",
        "sslnegotiation",
        "sslpassword",
        "sslrootcert",
        "ssl_max_protocol_version",
        "ssl_min_protocol_version",
        "target_session_attrs",
        "user",
    }
)
"""The parameters of libpq that asyncpg knows too, and those that it passes on to the server."""

VALUES: Mapping[str, frozenset[str]] = {
    "sslmode": frozenset({"disable", "allow", "prefer", "require", "verify-ca", "verify-full"}),
    "target_session_attrs": frozenset({"any", "read-write", "read-only", "primary", "standby", "prefer-standby"}),
}

CONNECT_TIMEOUT_SECONDS = 2.5
"""A server that is gone must be an error within Slack's three seconds, and not a wait."""


def check_url(url: str) -> str:
    """The URL as it is connected with. Raises ValueError with what is wrong with it, for people to read."""
    parts = urlsplit(url)
    if parts.scheme not in SCHEMES:
        raise ValueError("must start with postgresql://")
    query = parse_qsl(parts.query, keep_blank_values=True)
    for name, value in query:
        if name == "ssl":
            raise ValueError("has a parameter `ssl`; PostgreSQL's own name for it is `sslmode`")
        if name not in PARAMETERS:
            raise ValueError(f"has a parameter `{name}` that is not supported; take it out")
        if name in VALUES and value not in VALUES[name]:
            raise ValueError(f"has a `{name}` that is none of {', '.join(sorted(VALUES[name]))}")
        if name == "connect_timeout" and not value.isdecimal():
            raise ValueError("has a `connect_timeout` that is no number of seconds")
    return urlunsplit(parts._replace(scheme="postgresql"))


def dsn_and_timeout(url: str) -> tuple[str, float]:
    """What asyncpg connects with, and after how many seconds it gives up.

    asyncpg would hand `connect_timeout` to the server, which knows no such setting.
    """
    parts = urlsplit(url)
    query = parse_qsl(parts.query, keep_blank_values=True)
    stated = [float(value) for name, value in query if name == "connect_timeout" and float(value) > 0]
    kept = urlencode([(name, value) for name, value in query if name != "connect_timeout"])
    return urlunsplit(parts._replace(query=kept)), stated[0] if stated else CONNECT_TIMEOUT_SECONDS
