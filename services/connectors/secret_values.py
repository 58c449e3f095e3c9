"""The secrets that a call may need: those of the environment, and those that are kept sealed for its component."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from services.connectors.errors import SecretMissing

Secrets = Callable[[str], str | None]
"""The secret of a name, None if there is none; such as `os.environ.get`."""

ENVIRONMENT, SEALED = "env:", "secret:"
_NAMED = re.compile(r"(env|secret):[A-Za-z_][A-Za-z0-9_]*")


def is_named(value: str) -> bool:
    """Whether a value names a secret, and is none itself."""
    return _NAMED.fullmatch(value) is not None


@dataclass(frozen=True, slots=True)
class SecretValues:
    """Finds secrets by how a pack names them: `env:NAME` or `secret:NAME`; the latter are in `sealed`, opened."""

    environment: Secrets
    sealed: Mapping[str, str] = field(default_factory=dict, repr=False)

    def secret(self, named: str) -> str:
        """The secret. Raises SecretMissing."""
        place, _, name = named.partition(":")
        found = self.sealed.get(name) if place == SEALED[:-1] else self.environment(name)
        if not found:
            raise SecretMissing(name)
        return found

    def text(self, value: str) -> str:
        """A text that may stand in the pack itself, or name a secret. Raises SecretMissing."""
        return self.secret(value) if is_named(value) else value
