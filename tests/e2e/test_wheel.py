"""Mudda as a package: a wheel, and the command `mudda` from it where there is no checkout."""

from __future__ import annotations

import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

from bot import VERSION
from bot.sandbox.slack.ui import STATIC

ROOT = Path(__file__).parents[2]


def ran(command: list[str], cwd: Path = ROOT, env: dict[str, str] | None = None) -> str:
    """What a command that went well wrote."""
    done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel made of what is checked in or would be, in a folder of its own: a build leaves files behind."""
    folder = tmp_path_factory.mktemp("wheel")
    files = ran(["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"])
    for name in filter(None, files.split("\0")):
        if not name.startswith(("tests/", "docs/")) and (ROOT / name).exists():
            (folder / "source" / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / "source" / name)
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    ran([*command, "--wheel-dir", str(folder), str(folder / "source")])
    return next(folder.glob("mudda-*.whl"))


def test_the_wheel_has_all_that_runs_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert {name.split("/")[0] for name in names} == {"bot", "services", "db"}
    wanted = {
        str(path.relative_to(ROOT))
        for top in ("bot", "services", "db")
        for path in (ROOT / top).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert wanted - names == set()
    assert names & {f"bot/sandbox/slack/static/{path.name}" for path in STATIC.glob("*.html")}


def test_the_command_runs_where_there_is_no_checkout(wheel: Path, tmp_path: Path) -> None:
    venv.create(tmp_path / "venv")
    # By our own pip: to give the new one its own takes as long as all the rest.
    pip = [sys.executable, "-m", "pip", "--python", str(tmp_path / "venv")]
    # Not compiled: of all that is in it the commands below import a third, and that is compiled then.
    ran([*pip, "install", "--quiet", "--no-deps", "--no-index", "--no-compile", str(wheel)])
    # What it depends on is what the tests run with: to fetch that again would try the index, not the wheel.
    env = {"HOME": str(tmp_path), "PYTHONPATH": sysconfig.get_path("purelib")}
    mudda = tmp_path / "venv" / "bin" / "mudda"

    def said(*arguments: str) -> str:
        return ran([str(mudda), *arguments], tmp_path, env)

    assert said("--version") == f"mudda {VERSION}\n"
    assert "sandbox" in said("--help")
    # It brings its own PostgreSQL up, and finds its migrations.
    assert said("migrate") == "The database is up to date.\n"
    # And the issues of the evaluation.
    assert "6 issues, 6 towns" in said("eval", "--limit", "6")
