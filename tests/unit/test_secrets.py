"""What is sealed opens for its owner and its purpose, with any of the keys, and for nobody else."""

from __future__ import annotations

import time

import pytest
from cryptography.fernet import Fernet

from services.workspaces.secrets import SealBroken, SecretBox, new_key

OLD, NEW = new_key(), new_key()
SECRET = "xoxb-planted"


def sealed(*keys: str, owner: str = "A", purpose: str = "token") -> str:
    return SecretBox(keys).seal(SECRET, owner=owner, purpose=purpose)


@pytest.mark.parametrize("keys", [(OLD,), (NEW, OLD), (OLD, NEW)])
def test_any_of_the_keys_opens(keys: tuple[str, ...]) -> None:
    assert SecretBox(keys).open(sealed(OLD), owner="A", purpose="token") == SECRET


def test_the_first_key_seals() -> None:
    token = sealed(NEW, OLD)
    assert SecretBox([NEW]).open(token, owner="A", purpose="token") == SECRET
    with pytest.raises(SealBroken):
        SecretBox([OLD]).open(token, owner="A", purpose="token")


@pytest.mark.parametrize(
    ("keys", "owner", "purpose", "token"),
    [
        ((NEW,), "A", "token", sealed(OLD)),
        ((OLD,), "B", "token", sealed(OLD)),
        ((OLD,), "A", "other", sealed(OLD)),
        ((OLD,), "A", "token", sealed(OLD)[:-2] + "AA"),
        ((OLD,), "A", "token", SECRET),
        ((OLD,), "A", "token", ""),
    ],
    ids=["another key", "another owner", "another purpose", "changed", "not sealed", "empty"],
)
def test_nothing_else_opens(keys: tuple[str, ...], owner: str, purpose: str, token: str) -> None:
    with pytest.raises(SealBroken) as broken:
        SecretBox(keys).open(token, owner=owner, purpose=purpose)
    assert SECRET not in str(broken.value)


def test_a_sealed_secret_shows_nothing_and_is_never_twice_the_same() -> None:
    assert SECRET not in sealed(OLD)
    assert sealed(OLD) != sealed(OLD)


def test_what_is_sealed_again_opens_with_the_new_key_alone() -> None:
    moved = SecretBox([NEW, OLD]).reseal(sealed(OLD))
    assert SecretBox([NEW]).open(moved, owner="A", purpose="token") == SECRET
    with pytest.raises(SealBroken):
        SecretBox([NEW]).reseal(sealed(OLD))


@pytest.mark.parametrize("keys", [(), ("short",), (OLD, "")])
def test_keys_that_are_none_are_refused(keys: tuple[str, ...]) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the library's own words
        SecretBox(keys)


def test_what_was_sealed_too_long_ago_does_not_open() -> None:
    token = sealed(OLD)
    assert SecretBox([OLD]).open(token, owner="A", purpose="token", max_age_seconds=600) == SECRET
    stamped = Fernet(OLD).encrypt_at_time(b'["A", "token", "x"]', int(time.time()) - 601).decode()
    assert SecretBox([OLD]).open(stamped, owner="A", purpose="token", max_age_seconds=700) == "x"
    with pytest.raises(SealBroken):
        SecretBox([OLD]).open(stamped, owner="A", purpose="token", max_age_seconds=600)
