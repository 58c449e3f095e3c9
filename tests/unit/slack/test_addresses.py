"""Addresses of messages: worked out only as far as Slack has said how, and not for longer than that holds."""

from __future__ import annotations

from bot.slack.client.addresses import KNOWN_SECONDS, MAX_CHANNELS, Addresses

SAID = "https://springfield.slack.com/archives/C1/p1764000000000100"
TS, OTHER = "1764000000.000100", "1764000001.000200"


def test_what_slack_said_of_one_message_says_where_the_others_of_its_channel_are() -> None:
    addresses = Addresses()
    assert addresses.of("C1", TS) is None
    addresses.learn("C1", TS, SAID)
    assert addresses.of("C1", OTHER) == "https://springfield.slack.com/archives/C1/p1764000001000200"
    assert addresses.of("C2", OTHER) is None


def test_an_address_of_another_form_teaches_nothing() -> None:
    addresses = Addresses()
    for said in (f"{SAID}?thread_ts={TS}&cid=C1", "https://springfield.slack.com/", "", f"https://x/p{OTHER}"):
        addresses.learn("C1", TS, said)
        assert addresses.of("C1", OTHER) is None, said


def test_slack_is_asked_again_after_a_while() -> None:
    now = 0.0
    addresses = Addresses(clock=lambda: now)
    addresses.learn("C1", TS, SAID)
    now = KNOWN_SECONDS - 1
    assert addresses.of("C1", TS) == SAID
    now = KNOWN_SECONDS
    assert addresses.of("C1", TS) is None


def test_no_more_is_kept_than_there_is_room_for() -> None:
    addresses = Addresses()
    for number in range(MAX_CHANNELS + 1):
        addresses.learn(f"C{number}", TS, SAID)
    assert addresses.of("C0", TS) is None
    assert addresses.of(f"C{MAX_CHANNELS}", TS) == SAID
