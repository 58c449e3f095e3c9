"""Client certificates (mutual TLS), as PEM or as files with it."""

from __future__ import annotations

import asyncio
import ssl
import tempfile
from collections import OrderedDict
from hashlib import sha256
from pathlib import Path

from services.connectors.errors import RequestRefused

_PEM = "-----BEGIN "
_KEPT = 100
"""Contexts that are kept: to read all authorities of the system takes some ten milliseconds."""


class ClientCertificates:
    """Makes TLS contexts. A certificate that was replaced in its file is found by what is in there now."""

    def __init__(self) -> None:
        self._contexts: OrderedDict[str, ssl.SSLContext] = OrderedDict()

    async def context(self, certificate: str, key: str, authority: str = "") -> ssl.SSLContext:
        """What a connection with this certificate is made with. Raises RequestRefused; its facts hold no value."""
        return await asyncio.to_thread(self._context, certificate, key, authority)

    def _context(self, certificate: str, key: str, authority: str) -> ssl.SSLContext:
        try:
            texts = [_pem(certificate), _pem(key), _pem(authority) if authority else ""]
            digest = sha256("\0".join(texts).encode()).hexdigest()
            if digest not in self._contexts:
                self._contexts[digest] = _made(*texts)
            self._contexts.move_to_end(digest)
            while len(self._contexts) > _KEPT:
                self._contexts.popitem(last=False)
            return self._contexts[digest]
        except (OSError, ValueError):  # ssl.SSLError is an OSError
            raise RequestRefused("certificate", "bad_certificate") from None


def _pem(value: str) -> str:
    return value if _PEM in value else Path(value).read_text(encoding="ascii")


def _made(certificate: str, key: str, authority: str) -> ssl.SSLContext:
    context = ssl.create_default_context(cadata=authority or None)
    # The ssl module reads certificates from files only. It is there for a moment, and for this user alone.
    with tempfile.NamedTemporaryFile("w", encoding="ascii") as file:
        file.write(f"{key.rstrip()}\n{certificate}")
        file.flush()
        # Asked for a password it would wait for somebody to type one.
        context.load_cert_chain(file.name, password="")
    return context
