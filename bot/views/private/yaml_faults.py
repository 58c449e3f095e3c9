"""What is wrong with the YAML of a file, in words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from services.formats.strict_yaml import YamlFaultCode as Yaml

YAML_SENTENCES: Mapping[Any, Callable[[Mapping[str, Any]], str]] = {
    Yaml.NOT_UTF8: lambda _: "the file is not UTF-8",
    Yaml.NOT_YAML: lambda d: f"this is not YAML: {d['problem']}",
    Yaml.FILE_TOO_LARGE: lambda d: f"the file is larger than {d['limit'] // 1024**2} MiB; split it",
    Yaml.TOO_DEEP: lambda d: f"this is nested deeper than {d['limit']} levels",
    Yaml.TOO_MANY_ALIASES: lambda d: f"there are more than {d['limit']:,} aliases",
    Yaml.EXPANDS_TOO_FAR: lambda _: "with its aliases written out, the file would be too large",
    Yaml.RECURSIVE_ALIAS: lambda d: f"the alias *{d['anchor']} stands inside what it stands for",
    Yaml.DUPLICATE_MEMBER: lambda d: f"“{d['member']}” is here twice, first in line {d['first_line']}",
    Yaml.MEMBER_NOT_TEXT: lambda _: "the name of a member must be text",
    Yaml.UNKNOWN_TAG: lambda d: f"the tag {d['tag']} is not allowed here",
    Yaml.BAD_NUMBER: lambda _: "this number is too large",
    Yaml.BAD_CHARACTER: lambda _: "there is a character here that can't be stored",
}
"""A clause for each fault, made of its facts; it begins small, for a name may stand before it."""
