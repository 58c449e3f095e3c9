"""Where the code is, and how the rules look at it."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PACKAGES = ("bot", "services", "db")


def files(*folders: str, suffixes: tuple[str, ...] = (".py",)) -> Iterator[Path]:
    """The files below these folders of the project, in a fixed order; a file is found by its own path."""
    for folder in folders:
        place = ROOT / folder
        for path in [place] if place.is_file() else sorted(place.rglob("*")):
            if path.suffix in suffixes and "__pycache__" not in path.parts:
                yield path


def syntax_tree(path: Path) -> ast.Module:
    """The parsed file. Nobody keeps it: all of them are as much as the rest of a test's process."""
    return ast.parse(path.read_text(), filename=str(path))


@lru_cache(maxsize=1)
def nodes(tree: ast.AST) -> tuple[ast.AST, ...]:
    """All nodes of a tree, which is walked once for all that look at it one after the other."""
    return tuple(ast.walk(tree))


def relative(path: Path) -> str:
    """The path as people write it, e.g. `bot/listeners/guard.py`."""
    return path.relative_to(ROOT).as_posix()


@cache
def pyproject() -> dict[str, Any]:
    """What pyproject.toml says."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


def distribution(requirement: str) -> str:
    """`SQLAlchemy[asyncio]>=2.1` -> `sqlalchemy`."""
    match = re.match(r"[\w.-]+", requirement)
    assert match
    return re.sub(r"[-_.]+", "-", match[0]).lower()
