"""Names that are made: keys of components, the name of a source, names of environment variables."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Sequence

from services.components.builtins import RESERVED_PREFIXES

_MOST = 64
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_OTHER = re.compile(r"[^a-z0-9.-]+")
_NOISE = frozenset(
    (
        *("a", "an", "and", "by", "for", "of", "open", "s", "the", "v1", "v2", "v3", "v4"),
        *(
            "api",
            "apis",
            "definition",
            "docs",
            "documentation",
            "extension",
            "extensions",
            "official",
            "openapi",
            "public",
        ),
        *("reference", "rest", "service", "services", "spec", "specification", "swagger"),
    )
)
_LONGEST_SOURCE = 24


def slug(text: str) -> str:
    """A text as part of a key: `repos/list-for-org` is `repos.list-for-org`, and camel case becomes snake case."""
    words = _CAMEL.sub("_", text).lower().replace("/", ".")
    joined = re.sub(r"\.{2,}", ".", _OTHER.sub("_", words))
    return re.sub(r"_*\._*", ".", joined).strip("._-")


def source_name(title: str) -> str:
    """What an API is called in keys, by its title: `GitHub v3 REST API` is `github`."""
    words = [word for word in re.split(r"[^a-z0-9]+", title.lower()) if word]
    telling = [word for word in words if word not in _NOISE] or words
    while len(telling) > 1 and len("_".join(telling)) > _LONGEST_SOURCE:
        telling.pop()
    name = "_".join(telling)[:_LONGEST_SOURCE] or "api"
    return f"{name}_api" if f"{name}." in RESERVED_PREFIXES else name


def path_slug(operation: str) -> str:
    """A name made of method and path, for an operation that has none of its own."""
    return slug(re.sub(r"[/{}]+", "_", operation))


def keyed(source: str, name: str) -> str:
    """The key of a component; one that is too long ends in a digest, and so stays the same."""
    key = f"{source}.{name}" if name else source
    if len(key) <= _MOST:
        return key
    digest = hashlib.sha256(key.encode()).hexdigest()[:6]
    return f"{key[: _MOST - 7].rstrip('._-')}_{digest}"


def keys_of(source: str, operations: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """The key and the spare key of each operation, given its id ("GET /areas") and its operationId.

    An operationId that two have is the name of neither: it must not matter which of them comes first.
    """
    names = [slug(operation_id) for _, operation_id in operations]
    paths = [path_slug(operation) for operation, _ in operations]
    named, spare = Counter(names), Counter(paths)
    keys = []
    for (operation, _), name, by_path in zip(operations, names, paths, strict=True):
        if spare[by_path] > 1:
            by_path += "_" + hashlib.sha256(operation.encode()).hexdigest()[:6]
        key = by_path if not name or named[name] > 1 or name in spare else name
        keys.append((keyed(source, key), keyed(source, by_path)))
    return keys


def variable(source: str, name: str) -> str:
    """The name of an environment variable, for a secret that an API calls so: `GITHUB_BEARER_AUTH`."""
    words = re.sub(r"[^A-Z0-9]+", "_", _CAMEL.sub("_", f"{source}_{name}").upper()).strip("_")
    return words if words[:1].isalpha() else f"API_{words}"


def words_of(operation_id: str) -> str:
    """An operationId as words that people read: `listCrewsOfArea` is `List crews of area`."""
    words = re.sub(r"[^A-Za-z0-9]+", " ", _CAMEL.sub(" ", operation_id)).strip().lower()
    return words[:1].upper() + words[1:]
