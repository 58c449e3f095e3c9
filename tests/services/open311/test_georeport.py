"""Answers of GeoReport v2 as endpoints give them, read as one form."""

from __future__ import annotations

from typing import Any

import pytest

from services.connectors import Response
from services.connectors.responses.georeport import as_georeport, errors_in, georeport
from services.connectors.responses.response import read_body

XML_REQUESTS = b"""<?xml version="1.0" encoding="utf-8"?>
<service_requests><request>
  <service_request_id>638344</service_request_id><status>closed</status><status_notes/>
  <service_code>006</service_code><requested_datetime>2010-04-14T06:37:38-08:00</requested_datetime>
  <updated_datetime/><lat>37.762221815</lat><long>-122.4651145</long><media_url/>
</request></service_requests>"""

REQUEST = {
    "service_request_id": "638344",
    "status": "closed",
    "status_notes": "",
    "service_code": "006",
    "requested_datetime": "2010-04-14T06:37:38-08:00",
    "updated_datetime": "",
    "lat": 37.762221815,
    "long": -122.4651145,
    "media_url": "",
}

XML_DEFINITION = b"""<service_definition><service_code>33</service_code><attributes><attribute>
  <variable>true</variable><code>WHISHETN</code><datatype>singlevaluelist</datatype><required>true</required>
  <datatype_description/><order>1</order><description>What is the ticket/tag/DL number?</description>
  <values><value><key>123</key><name>Ford</name></value></values>
</attribute></attributes></service_definition>"""

DEFINITION = {
    "service_code": "33",
    "attributes": [
        {
            "variable": True,
            "code": "WHISHETN",
            "datatype": "singlevaluelist",
            "required": True,
            "datatype_description": "",
            "order": "1",
            "description": "What is the ticket/tag/DL number?",
            "values": [{"key": "123", "name": "Ford"}],
        }
    ],
}


def xml(data: bytes) -> Any:
    body, warnings = read_body(data, content_type="text/xml")
    assert warnings == ()
    return georeport(body)


def test_xml_and_json_are_the_same() -> None:
    assert xml(XML_REQUESTS) == [REQUEST]
    assert xml(XML_DEFINITION) == DEFINITION
    odd = {**DEFINITION["attributes"][0], "variable": "true", "required": "True", "order": 1}  # type: ignore[dict-item]
    assert georeport({"service_code": 33, "attributes": odd}) == DEFINITION


@pytest.mark.parametrize(
    "body",
    [
        [{**REQUEST, "service_request_id": 638344, "status_notes": None}],
        {**REQUEST, "lat": "37.762221815"},
        {"service_requests": [REQUEST]},
        {"service_requests": {"request": REQUEST}},
        {"requests": [{"request": REQUEST}]},
        [{"request": REQUEST}],
        [{"status": "open", "description": "neither a number nor a token"}, REQUEST],
        [{**REQUEST, "service_request_id": 638344.0}],
    ],
)
def test_quirks_are_borne(body: Any) -> None:
    assert georeport(body) == [REQUEST]


def test_lists_without_anything_in_them_are_lists() -> None:
    assert xml(b"<services/>") == []
    assert xml(b"<service_requests> </service_requests>") == []
    assert georeport([]) == []
    assert georeport(None) is None
    assert georeport({"service_code": "1", "attributes": None})["attributes"] == []


def test_truth_and_ids_are_what_they_are_called() -> None:
    listed = xml(
        b"<services><service><service_code>1</service_code><metadata>false</metadata></service>"
        b"<service><service_code>002</service_code><metadata>TRUE</metadata></service></services>"
    )
    assert listed == [{"service_code": "1", "metadata": False}, {"service_code": "002", "metadata": True}]
    [token] = georeport({"service_request_id": None, "token": 12345})
    assert token == {"service_request_id": "", "token": "12345"}


def test_a_request_without_a_number_that_was_just_filed_is_kept() -> None:
    assert georeport([{"service_notice": "Thank you"}]) == [{"service_notice": "Thank you"}]


def test_extensions_stay_as_they_are() -> None:
    extended = {**REQUEST, "notes": [{"type": "opened"}], "extended_attributes": {"x": 1.5}}
    assert georeport([extended]) == [extended]


def test_another_encoding_is_read_as_it_is_stated() -> None:
    text = (
        '<?xml version="1.0" encoding="ISO-8859-1"?><services><service><group>Straße</group></service></services>'
    )
    body, warnings = read_body(text.encode("latin-1"), content_type="text/xml; charset=ISO-8859-1")
    assert (georeport(body), warnings) == ([{"group": "Straße"}], ())


def test_a_page_is_no_georeport() -> None:
    assert georeport("<html><body>Not here</body></html>") == "<html><body>Not here</body></html>"


def answer(body: Any, status: int = 200) -> Response:
    return Response(status, "application/json", body, 0.1, 10)


def test_errors_in_an_answer_that_says_ok_are_errors() -> None:
    body = {"errors": {"error": {"code": 403, "description": "no key"}}}
    read = as_georeport(answer(body), ())
    assert (read.status, read.body) == (403, [{"code": "403", "description": "no key"}])
    assert as_georeport(answer([{"code": "odd", "description": "?"}]), ()).status == 400
    assert as_georeport(answer([{"code": 9, "description": "?"}], 500), ()).status == 500
    assert errors_in([REQUEST]) == []


def test_a_search_near_a_place_has_what_is_near() -> None:
    far, near, nearer, nowhere = (
        {"service_request_id": "1", "lat": 37.80, "long": -122.46},
        {"service_request_id": "2", "lat": "37.7630", "long": "-122.4651"},
        {"service_request_id": "3", "lat": 37.7623, "long": -122.4651},
        {"service_request_id": "4", "lat": None, "long": ""},
    )
    query = (("lat", "37.7622"), ("long", "-122.4651"), ("radius", "150"))
    found = as_georeport(answer([far, near, nearer, nowhere]), query).body
    assert [(each["service_request_id"], each["distance_meters"]) for each in found] == [("3", 11), ("2", 89)]
    assert len(as_georeport(answer([far, near]), query[2:]).body) == 2
