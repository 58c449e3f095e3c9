"""Public Open311 endpoints by name, so that nobody has to look their addresses up."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from services.formats.strict_yaml import read_yaml
from services.open311.model import Format, Source, slug

_FILE = Path(__file__).parent / "presets.yaml"


@dataclass(frozen=True, slots=True)
class Preset:
    """A public endpoint. `key_from`: where a key for filing requests is to be had, if that is known."""

    key: str
    name: str
    url: str
    jurisdiction: str = ""
    key_from: str = ""
    format: Format | None = None
    needs: tuple[str, ...] = ()
    zoneless: bool = False

    def source(self, *, api_key: str = "") -> Source:
        """What its components are to be made of."""
        return Source(
            url=self.url,
            name=self.name,
            prefix=f"open311_{slug(self.key)}",
            jurisdiction=self.jurisdiction,
            api_key=api_key,
            format=self.format,
            needs=self.needs,
            zoneless=self.zoneless,
        )


@cache
def presets() -> dict[str, Preset]:
    """All of them, by key."""
    listed: Any = read_yaml(_FILE.read_bytes()).plain()
    return {
        key: Preset(key=key, **{**members, "needs": tuple(members.get("needs", ()))})
        for key, members in listed.items()
    }
