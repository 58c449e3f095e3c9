"""Packages of npm that tests need, by the pins beside them."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

PINNED = ("package.json", "package-lock.json")
_SECONDS = 300


def missing() -> str:
    """The program that it takes and that is not there; empty if there are both."""
    return next((name for name in ("node", "npm") if shutil.which(name) is None), "")


def install(pins: Path, folder: Path) -> None:
    """Put the packages that a folder pins into another. Raises CalledProcessError."""
    for name in PINNED:
        shutil.copy(pins / name, folder / name)
    command = ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"]
    subprocess.run(command, cwd=folder, check=True, timeout=_SECONDS, capture_output=True)
