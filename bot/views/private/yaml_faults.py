"""What is wrong with the YAML of a file, in words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from bot.languages import _
from services.formats.strict_yaml import YamlFaultCode as Yaml

YAML_SENTENCES: Mapping[Any, Callable[[Mapping[str, Any]], str]] = {
    Yaml.NOT_UTF8: lambda _d: _("the file is not UTF-8"),
    Yaml.NOT_YAML: lambda d: _("this is not YAML: {problem}", problem=d["problem"]),
    Yaml.FILE_TOO_LARGE: lambda d: _("the file is larger than {size} MiB; split it", size=d["limit"] // 1024**2),
    Yaml.TOO_DEEP: lambda d: _("this is nested deeper than {limit} levels", limit=d["limit"]),
    Yaml.TOO_MANY_ALIASES: lambda d: _("there are more than {limit} aliases", limit=d["limit"]),
    Yaml.EXPANDS_TOO_FAR: lambda _d: _("with its aliases written out, the file would be too large"),
    Yaml.RECURSIVE_ALIAS: lambda d: _("the alias *{anchor} stands inside what it stands for", anchor=d["anchor"]),
    Yaml.DUPLICATE_MEMBER: lambda d: _(
        "“{member}” is here twice, first in line {line}", member=d["member"], line=str(d["first_line"])
    ),
    Yaml.MEMBER_NOT_TEXT: lambda _d: _("the name of a member must be text"),
    Yaml.UNKNOWN_TAG: lambda d: _("the tag {tag} is not allowed here", tag=d["tag"]),
    Yaml.BAD_NUMBER: lambda _d: _("this number is too large"),
    Yaml.BAD_CHARACTER: lambda _d: _("there is a character here that can't be stored"),
}
"""A clause for each fault, made of its facts; it begins small, for a name may stand before it."""
