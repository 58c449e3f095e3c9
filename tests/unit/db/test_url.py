from __future__ import annotations

import pytest

from db.url import CONNECT_TIMEOUT_SECONDS, check_url, dsn_and_timeout

HOST = "postgresql://u:p%40@db.example.gov:5432/mudda"


@pytest.mark.parametrize(
    "query",
    [
        "",
        "?sslmode=require",
        "?sslmode=verify-full&sslrootcert=/etc/ssl/town.pem",
        "?target_session_attrs=read-write&application_name=mudda",
        "?options=-c%20statement_timeout%3D5000",
        "?host=/run/postgresql",
    ],
)
def test_what_libpq_and_asyncpg_know_is_taken_as_it_is(query: str) -> None:
    assert check_url(HOST + query) == HOST + query
    assert check_url((HOST + query).replace("postgresql:", "postgres:")) == HOST + query


@pytest.mark.parametrize(
    ("url", "word"),
    [
        ("mysql://db/mudda", "postgresql://"),
        (HOST + "?ssl=require", "sslmode"),
        (HOST + "?channel_binding=require", "channel_binding"),
        (HOST + "?sslmode=on", "verify-full"),
        (HOST + "?target_session_attrs=master", "read-write"),
        (HOST + "?connect_timeout=soon", "seconds"),
    ],
)
def test_what_can_not_be_connected_with_is_named(url: str, word: str) -> None:
    with pytest.raises(ValueError, match=word):
        check_url(url)


def test_the_time_to_connect_is_ours_and_not_the_servers() -> None:
    assert dsn_and_timeout(HOST + "?connect_timeout=7&sslmode=require") == (HOST + "?sslmode=require", 7.0)
    assert dsn_and_timeout(HOST + "?connect_timeout=0") == (HOST, CONNECT_TIMEOUT_SECONDS)
    assert dsn_and_timeout(HOST)[1] == CONNECT_TIMEOUT_SECONDS
