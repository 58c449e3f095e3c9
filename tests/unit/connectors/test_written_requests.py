"""A request as it goes over the wire: what is ours in it is nobody else's to say."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from yarl import URL

from services.connectors.network.exchange import written


def lines(
    method: str = "POST",
    url: str = "https://town.example/orders?a=%20b",
    headers: Mapping[str, str] | None = None,
    data: bytes | None = b"{}",
    *,
    is_last: bool = True,
) -> list[str]:
    return written(method, URL(url, encoded=True), headers or {}, data, is_last=is_last).decode().split("\r\n")


def test_what_stands_in_a_request() -> None:
    assert lines(headers={"Content-Type": "application/json"}) == [
        "POST /orders?a=%20b HTTP/1.1",
        "Host: town.example",
        "User-Agent: mudda",
        "Accept: application/json, */*;q=0.5",
        "Accept-Encoding: gzip",
        "Content-Type: application/json",
        "Content-Length: 2",
        "Connection: close",
        "",
        "{}",
    ]


@pytest.mark.parametrize(
    ("method", "data", "length"), [("GET", None, []), ("DELETE", None, ["0"]), ("GET", b"{}", ["2"])]
)
def test_the_length_is_stated_where_one_is_expected(method: str, data: bytes | None, length: list[str]) -> None:
    found = [line.partition(": ")[2] for line in lines(method, data=data) if line.startswith("Content-Length")]
    assert found == length


def test_what_is_said_of_ours_replaces_it_once() -> None:
    said = {"accept": "text/csv", "HOST": "other.example", "content-length": "9", "Connection": "keep-alive"}
    named = [line.partition(": ") for line in lines(headers=said) if ": " in line]
    assert [(name, value) for name, _, value in named if name.lower() in {name.lower() for name in said}] == [
        ("HOST", "other.example"),
        ("accept", "text/csv"),
        ("Content-Length", "2"),
        ("Connection", "close"),
    ]


def test_a_connection_that_is_kept_is_not_said_to_be_closed() -> None:
    assert not any(line.startswith("Connection") for line in lines(is_last=False))


def test_a_name_and_a_password_of_the_url_are_what_is_signed_in_with() -> None:
    found = lines(url="https://me:p%40ss@town.example:8443/")
    assert "Host: town.example:8443" in found
    assert "Authorization: Basic bWU6cEBzcw==" in found


@pytest.mark.parametrize("end", ["\r\n", "\n", "\r", "\0"])
def test_a_header_is_one_line(end: str) -> None:
    for said in ({"X-Note": f"a{end}X-Other: b"}, {f"X-Note: a{end}X-Other": "b"}):
        with pytest.raises(ValueError, match="end of line"):
            lines(headers=said)
