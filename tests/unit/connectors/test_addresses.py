from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as some
from yarl import URL

from services.connectors.errors import AddressRefused
from services.connectors.network.addresses import AddressRules, address_refusal

REFUSED = {
    "0.0.0.0": "unspecified",
    "0.1.2.3": "private",
    "10.0.0.1": "private",
    "100.64.0.1": "private",
    "100.100.100.200": "metadata",
    "127.0.0.1": "loopback",
    "127.255.255.254": "loopback",
    "169.254.1.1": "link_local",
    "169.254.169.254": "metadata",
    "169.254.170.2": "metadata",
    "168.63.129.16": "metadata",
    "172.16.0.1": "private",
    "172.31.255.255": "private",
    "192.0.0.192": "reserved",
    "192.0.2.1": "private",
    "192.88.99.1": "reserved",
    "192.168.1.1": "private",
    "198.18.0.1": "private",
    "198.51.100.1": "private",
    "203.0.113.1": "private",
    "224.0.0.1": "multicast",
    "239.255.255.255": "multicast",
    "240.0.0.1": "reserved",
    "255.255.255.255": "reserved",
    "::": "unspecified",
    "::1": "loopback",
    "fe80::1": "link_local",
    "fe80::1%eth0": "link_local",
    "fec0::1": "private",
    "fc00::1": "private",
    "fd12:3456::1": "private",
    "fd00:ec2::254": "metadata",
    "ff02::1": "multicast",
    "100::1": "reserved",
    "2001:db8::1": "reserved",
    "2001:2::1": "reserved",
    "3fff::1": "reserved",
    "5f00::1": "reserved",
    "64:ff9b:1::1": "reserved",
    # IPv4-mapped, IPv4-compatible, IPv4-translated
    "::ffff:127.0.0.1": "loopback",
    "::ffff:169.254.169.254": "metadata",
    "::ffff:10.0.0.1": "private",
    "::127.0.0.1": "loopback",
    "::ffff:0:10.0.0.1": "private",
    # NAT64
    "64:ff9b::127.0.0.1": "loopback",
    "64:ff9b::a9fe:a9fe": "metadata",
    # 6to4
    "2002:7f00:1::": "loopback",
    "2002:a9fe:a9fe::1": "metadata",
    "2002:c0a8:101::1": "private",
    # Teredo: the server's address, and the client's with its bits turned over
    "2001:0:7f00:1::f7f7:f7f7": "loopback",
    "2001:0:808:808::80ff:fffe": "loopback",
}
PUBLIC = (
    "1.1.1.1",
    "8.8.8.8",
    "93.184.216.34",
    "172.15.255.255",
    "172.32.0.1",
    "100.63.255.255",
    "2606:4700::1111",
    "2a00:1450::1",
    "::ffff:8.8.8.8",
    "64:ff9b::8.8.8.8",
    "2002:808:808::1",
)


@pytest.mark.parametrize(("address", "reason"), REFUSED.items())
def test_an_address_inside_is_refused(address: str, reason: str) -> None:
    assert address_refusal(ip_address(address)) == reason


@pytest.mark.parametrize("address", PUBLIC)
def test_an_address_outside_may_be_called(address: str) -> None:
    assert address_refusal(ip_address(address)) is None


@given(some.ip_addresses(v=4))
def test_every_form_of_an_ipv4_address_is_judged_alike(address: IPv4Address) -> None:
    reason = address_refusal(address)
    number = int(address)
    for bits in ((0xFFFF << 32) | number, (0x64FF9B << 96) | number, (0x2002 << 112) | (number << 80) | 1):
        assert address_refusal(IPv6Address(bits)) == reason


@given(some.ip_addresses(v=6))
def test_no_ipv6_address_outside_global_space_may_be_called(address: IPv6Address) -> None:
    if int(address) >> 125 != 1 and not address.ipv4_mapped:
        assert address_refusal(address) is not None or (int(address) >> 32) in (0x64FF9B << 64, 0, 0xFFFF0000)


@pytest.mark.parametrize(
    "host",
    [
        "2130706433",
        "0x7f000001",
        "0x7f.0.0.1",
        "0177.0.0.1",
        "017700000001",
        "127.1",
        "127.0.1",
        "127.0.0.01",
        "1",
        "0",
        "256.1.1.1",
        "127.0.0.1.",
        "8.8.8.8.",
        "0x",
        "town.example.0x7f",
        "%31%32%37.0.0.1",
    ],
)
def test_an_ipv4_address_in_another_form_is_refused(host: str) -> None:
    with pytest.raises(AddressRefused) as caught:
        AddressRules({host}).check_url(URL(f"http://{host}/", encoded=True))
    assert (caught.value.host, caught.value.reason) == (host, "numeric")


@pytest.mark.parametrize(
    "host", ["a..b", "-a.example", "a-.example", "a" * 64 + ".example", "a_b%2e.example", "*"]
)
def test_what_is_no_name_of_a_host_is_refused(host: str) -> None:
    with pytest.raises(AddressRefused, match="bad_host"):
        AddressRules().check_url(URL(f"http://{host}/", encoded=True))


@pytest.mark.parametrize("url", ["ftp://town.example/", "file:///etc/passwd", "gopher://town.example:70/"])
def test_only_http_is_spoken(url: str) -> None:
    with pytest.raises(AddressRefused, match="bad_scheme"):
        AddressRules({"town.example"}).check_url(URL(url))


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1/", "https://[::1]/", "http://[::ffff:127.0.0.1]/", "http://１２７.0.0.1/"]
)
def test_a_literal_address_is_judged_without_a_look_up(url: str) -> None:
    with pytest.raises(AddressRefused, match="loopback"):
        AddressRules().check_url(URL(url))


@pytest.mark.parametrize("url", ["http://town.example/", "http://8.8.8.8:81/", "https://xn--bcher-kva.example./"])
def test_a_name_or_a_public_address_passes(url: str) -> None:
    AddressRules().check_url(URL(url))


@pytest.mark.parametrize(
    ("allowed", "url"),
    [
        ("127.0.0.1:8080", "http://127.0.0.1:8080/"),
        ("127.0.0.1", "http://127.0.0.1:8080/"),
        (" 127.0.0.1:80 ", "http://127.0.0.1/"),
        ("127.0.0.1:443", "https://127.0.0.1/"),
        ("[::1]:8080", "http://[::1]:8080/"),
        ("[::1]", "http://[::1]:8080/"),
        ("::1", "http://[::1]:8080/"),
    ],
)
def test_an_allowed_host_passes(allowed: str, url: str) -> None:
    AddressRules({allowed}).check_url(URL(url))


@pytest.mark.parametrize("allowed", ["127.0.0.1:8081", "127.0.0.2", "localhost", ""])
def test_what_is_allowed_is_that_host_and_that_port(allowed: str) -> None:
    with pytest.raises(AddressRefused):
        AddressRules({allowed}).check_url(URL("http://127.0.0.1:8080/"))


def test_an_allowed_name_passes_whatever_its_address() -> None:
    rules = AddressRules({"Town.example:80"})
    rules.check_address("town.example.", 80, ip_address("10.0.0.1"))
    with pytest.raises(AddressRefused):
        rules.check_address("town.example", 81, ip_address("10.0.0.1"))
