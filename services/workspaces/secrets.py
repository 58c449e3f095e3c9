"""Secrets at rest: sealed with the keys of MUDDA_SECRET_KEY, and good for one owner and one purpose only."""

from __future__ import annotations

import json
from collections.abc import Sequence
from hashlib import sha256

from cryptography.fernet import Fernet, InvalidToken, MultiFernet


class SealBroken(Exception):
    """A sealed secret can't be opened: by none of the keys, or it is another owner's, or for another use."""


def new_key() -> str:
    """A new key, as MUDDA_SECRET_KEY takes it."""
    return Fernet.generate_key().decode()


class SecretBox:
    """Seals and opens secrets. The first of `keys` seals; all of them open.

    Owner and purpose are inside what is sealed, so that a row that is copied over another opens for nobody.
    `key_id` tells the first key from others, and nothing of what it is.
    Fernet (AES-128-CBC and HMAC-SHA256): https://github.com/fernet/spec.
    """

    def __init__(self, keys: Sequence[str]) -> None:
        """Raises ValueError if there is no key, or one that is none."""
        if not keys:
            raise ValueError("there is no key")
        self._fernet = MultiFernet([Fernet(key) for key in keys])
        self.key_id = sha256(keys[0].encode()).hexdigest()[:8]

    def seal(self, secret: str, *, owner: str, purpose: str) -> str:
        """Seal a secret."""
        return self._fernet.encrypt(json.dumps([owner, purpose, secret]).encode()).decode()

    def open(self, sealed: str, *, owner: str, purpose: str, max_age_seconds: int | None = None) -> str:
        """The secret. Raises SealBroken, also where it was sealed longer ago than it may be."""
        try:
            found_owner, found_purpose, secret = json.loads(self._fernet.decrypt(sealed, max_age_seconds))
        except (InvalidToken, ValueError) as error:
            raise SealBroken("no key opens it") from error
        if (found_owner, found_purpose) != (owner, purpose):
            raise SealBroken("it is not for this")
        return str(secret)

    def reseal(self, sealed: str) -> str:
        """The same secret under the first key. Raises SealBroken."""
        try:
            return self._fernet.rotate(sealed).decode()
        except InvalidToken as error:
            raise SealBroken("no key opens it") from error
