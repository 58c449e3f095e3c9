"""Endpoints read over HTTP: the two of the sandbox, and those that are odd or hostile."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.cli.open311 import sentence
from bot.sandbox.town import Status, Town
from bot.sandbox.town.open311_towns import TOKEN_PATH, XML_PATH
from services.connectors import Connector
from services.open311.client import MAX_SERVICES, GeoReportClient
from services.open311.model import LeftOut, Open311Refused, Source
from services.open311.pack import MAX_FORMS, pack_of
from services.open311.presets import presets
from tests.support.odd_endpoint import Answers, as_json, odd_endpoint, service

ENTITIES = b"""<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY lol "lol"><!ENTITY lol2 "&lol;&lol;&lol;">]>
<services><service><service_code>&lol2;</service_code></service></services>"""

NO_SECRETS: dict[str, str] = {}


async def refused(client: GeoReportClient, source: Source) -> Open311Refused:
    with pytest.raises(Open311Refused) as caught:
        await client.read(source)
    assert sentence(caught.value).isprintable()
    return caught.value


async def test_an_endpoint_that_speaks_xml_only_is_read(town: Town, client: GeoReportClient) -> None:
    read = await client.read(Source(f"{town.url}{XML_PATH}/"))
    assert (read.format, read.changeset) == ("xml", "2026-11-01T08:00:00Z")
    assert [service.code for service in read.services] == list(town.xml_town.services)
    [fault] = read.attributes["street_light"]
    assert (fault.code, fault.required, fault.datatype) == ("fault", True, "singlevaluelist")
    assert fault.values == {"out": "Out", "flickering": "Flickering", "damaged": "Damaged"}


async def test_odd_json_is_read(town: Town, client: GeoReportClient) -> None:
    read = await client.read(Source(f"{town.url}{TOKEN_PATH}"))
    assert (read.format, read.changeset) == ("json", "1")
    assert [(each.code, each.kind, each.has_definition) for each in read.services] == [
        ("12", "batch", True),
        ("13", "batch", False),
    ]


async def test_of_a_discovery_document_the_endpoint_in_use_counts(town: Town, client: GeoReportClient) -> None:
    read = await client.read(Source(f"{town.url}{XML_PATH}/discovery.xml"))
    assert read.base_url == f"{town.url}{XML_PATH}"
    assert await client.changeset(Source(f"{town.url}{XML_PATH}")) == read.changeset


async def test_an_endpoint_without_discovery_is_read(town: Town, client: GeoReportClient) -> None:
    source = Source(f"{town.url}/open311/v2/services.json", jurisdiction="town.example")
    read = await client.read(source)
    assert (read.base_url, read.format, read.changeset) == (f"{town.url}/open311/v2", "json", "")


async def test_a_jurisdiction_that_is_not_known_is_named(town: Town, client: GeoReportClient) -> None:
    error = await refused(client, Source(f"{town.url}{XML_PATH}", jurisdiction="elsewhere"))
    assert (error.reason, error.status, error.detail) == ("jurisdiction", 404, "jurisdiction_id was not found")


async def test_a_key_that_is_refused_is_named(town: Town, client: GeoReportClient) -> None:
    town.script("xmltown.list_services", Status(403))
    assert (await refused(client, Source(f"{town.url}{XML_PATH}", format="xml"))).reason == "key_refused"


@pytest.mark.parametrize(
    ("answers", "reason"),
    [
        ({"services.xml": (200, "text/xml", ENTITIES)}, "entities"),
        ({"services.json": as_json([service(f"{n}", "x" * 1_000) for n in range(10_000)])}, "too_large"),
        ({"services.json": as_json([service(f"{n}", "x") for n in range(MAX_SERVICES + 1)])}, "too_many"),
        ({"services.xml": (200, "text/html", b"<html><br>Welcome</html>")}, "page"),
        ({"services.xml": (200, "text/xml", b"<!DOCTYPE html><html><br>Hi</html>")}, "page"),
        ({"services.xml": (200, "text/plain", b"Welcome")}, "unreadable"),
        ({"services.xml": as_json([])}, "no_services"),
        ({"services.json": as_json([service(None, "Without a code")])}, "no_services"),
        ({"services.xml": (301, "text/plain", b"")}, "redirect"),
        ({}, "not_found"),
        ({"services.xml": (500, "text/html", b"<html>oops</html>")}, "refused"),
    ],
)
async def test_what_is_wrong_with_an_endpoint_is_named(
    client: GeoReportClient, answers: Answers, reason: str
) -> None:
    async with odd_endpoint(answers) as url:
        assert (await refused(client, Source(url))).reason == reason


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        (Source("http://10.0.0.7/open311/v2"), "address"),
        (Source("http://169.254.169.254/v2"), "address"),
        (Source("http://127.0.0.1:9/v2"), "unreachable"),
        (Source("file:///etc/passwd"), "bad_url"),
        (Source("http://user:secret@a.example/v2"), "bad_url"),
        (Source("http://a.example/v2?api_key=secret"), "bad_url"),
        (Source("http://[::1/v2"), "bad_url"),
        (Source("http://a.example/{x}"), "bad_url"),
        (Source("https://a.example/v2", api_key="secret"), "bad_key"),
        (Source("https://a.example/v2", prefix="A b"), "bad_prefix"),
    ],
)
async def test_what_is_not_called_is_named(client: GeoReportClient, source: Source, reason: str) -> None:
    assert (await refused(client, source)).reason == reason


async def test_discovery_that_leads_to_a_private_address_is_refused(client: GeoReportClient) -> None:
    document = {"endpoints": [{"specification": "v2", "url": "http://10.1.1.1/v2", "type": "production"}]}
    async with odd_endpoint({"discovery.json": as_json(document)}) as url:
        assert (await refused(client, Source(f"{url}/discovery.json"))).reason == "address"


async def test_services_that_can_not_be_offered_are_named_and_left_out(client: GeoReportClient) -> None:
    asks = {"metadata": "true"}
    answers: Answers = {
        "services.json": as_json(
            [
                service("1"),
                service("", "Nameless"),
                service("1", "Again"),
                service("2", **asks),
                service("3", **asks),
                service("4", **asks),
            ]
        ),
        "services/3.json": (200, "text/html", b"<html><br>oops</html>"),
        "services/4.json": as_json([{"service_code": "4", "attributes": []}]),
    }
    async with odd_endpoint(answers) as url:
        read = await client.read(Source(url))
    assert [each.code for each in read.services] == ["1", "4"]
    assert read.left_out == (
        LeftOut("Nameless", "no_code"),
        LeftOut("1", "repeated"),
        LeftOut("2", "vanished"),
        LeftOut("3", "no_definition"),
    )


async def test_an_endpoint_that_takes_too_long_is_given_up(town: Town) -> None:
    connector = Connector({"127.0.0.1"}, NO_SECRETS.get)
    town.switch.set("xmltown.list_services", "hang")
    with pytest.raises(Open311Refused) as caught:
        await GeoReportClient(connector, seconds=0.5).read(Source(f"{town.url}{XML_PATH}"))
    assert caught.value.reason == "slow"
    await connector.aclose()


async def test_three_hundred_services_make_few_components(client: GeoReportClient) -> None:
    asked = {"attributes": [{"variable": True, "code": "a", "datatype": "string", "required": True}]}
    listed = [service(f"{n:024x}", f"Service number {n}", metadata=n % 3 == 0) for n in range(300)]
    answers = {f"services/{n:024x}.json": as_json(asked) for n in range(0, 300, 3)}
    async with odd_endpoint({"services.json": as_json(listed), **answers}) as url:
        source = Source(url)
        pack = pack_of(await client.read(source), source)
    assert len(pack.definitions) == 7 + MAX_FORMS
    assert [each.reason for each in pack.left_out] == ["too_many_forms"] * (100 - MAX_FORMS)
    create = next(each for each in pack.definitions if each.key.endswith(".create_request"))
    codes = create.request_schema["properties"]["service_code"]
    assert len(codes["enum"]) == 200
    assert {"const": f"{1:024x}", "description": "Service number 1"} in codes["anyOf"]
    only = replace(source, only=(f"{0:024x}",))
    async with odd_endpoint({"services.json": as_json(listed), **answers}) as url:
        read = await client.read(replace(only, url=url))
    assert [each.code for each in read.services] == [f"{0:024x}"]


def test_the_public_endpoints_make_sources() -> None:
    assert len(presets()) == 31
    for preset in presets().values():
        source = preset.source(api_key="env:KEY")
        assert source.base_url == preset.url
        assert Source.from_dict(source.to_dict()) == source
    assert presets()["chicago"].needs == ("lat", "long", "address_string")
    assert presets()["greenwich"].format == "xml"
