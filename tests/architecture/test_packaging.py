"""The locks, the image and the compose file: as far as they can be checked without an engine."""

from __future__ import annotations

import re

import pytest
import yaml

from tests.architecture.code import ROOT, distribution, pyproject

LOCKS = ("requirements.lock", "requirements-dev.lock")


def pins(lock: str) -> dict[str, tuple[str, int]]:
    """Of each package, its version and how many hashes stand under it."""
    entries = re.split(r"^(?=[A-Za-z0-9])", lock, flags=re.MULTILINE)[1:]
    matches = [(re.match(r"([\w.\[\],-]+)==(\S+)", entry), entry) for entry in entries]
    assert all(match for match, _ in matches)
    return {distribution(match[1]): (match[2], entry.count("--hash=sha256:")) for match, entry in matches if match}


def locked(name: str) -> dict[str, tuple[str, int]]:
    return pins((ROOT / name).read_text())


def test_a_lock_is_read() -> None:
    lock = "# made by\na[x]==1.0 ; python_version < '3' \\\n    --hash=sha256:0 \\\n    --hash=sha256:1\nb==2\n"
    assert pins(lock) == {"a": ("1.0", 2), "b": ("2", 0)}


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_pins_hashes_and_names_no_host(name: str) -> None:
    assert [package for package, (_, hashes) in locked(name).items() if not hashes] == []
    assert "://" not in (ROOT / name).read_text()


def test_the_locks_hold_what_is_asked_for_in_the_same_versions() -> None:
    run, develop = (locked(name) for name in LOCKS)
    assert {distribution(requirement) for requirement in pyproject()["project"]["dependencies"]} <= set(run)
    assert {distribution(requirement) for requirement in pyproject()["dependency-groups"]["dev"]} <= set(develop)
    assert run.items() <= develop.items()


def instructions(dockerfile: str) -> list[list[str]]:
    """The instructions of the last stage, as words."""
    text = dockerfile.replace("\\\n", " ")
    lines = [line.split() for line in text.splitlines() if line and not line.startswith("#")]
    last = max(number for number, line in enumerate(lines) if line[0] == "FROM")
    return lines[last:]


def test_the_image_runs_as_a_user_of_its_own_and_knows_its_health() -> None:
    stage = instructions((ROOT / "Dockerfile").read_text())
    users = [line[1] for line in stage if line[0] == "USER"]
    assert users
    assert users[-1] not in ("root", "0")
    assert "HEALTHCHECK" in {line[0] for line in stage}


def test_the_image_is_given_files_that_exist_and_are_not_ignored() -> None:
    stage = instructions((ROOT / "Dockerfile").read_text())
    copied = [line[1] for line in stage if line[0] == "COPY" and not line[1].startswith("--")]
    assert copied
    let_in = {
        line.removeprefix("!") for line in (ROOT / ".dockerignore").read_text().split() if line.startswith("!")
    }
    assert [name for name in copied if name not in let_in or not (ROOT / name).exists()] == []


def test_compose_starts_the_bot_when_the_database_answers() -> None:
    services = yaml.safe_load((ROOT / "compose.yml").read_text())["services"]
    assert services["bot"]["depends_on"]["postgres"]["condition"] == "service_healthy"
    assert services["postgres"]["healthcheck"]["test"][1] == "pg_isready"
    assert services["postgres"]["image"] == "postgres:18"
    assert services["bot"]["environment"]["DATABASE_URL"].endswith("@postgres:5432/mudda")


def test_the_hooks_are_make_targets() -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"][0]["hooks"]
    makefile = (ROOT / "Makefile").read_text()
    for hook in hooks:
        command, target, *_ = hook["entry"].split()
        assert command == "make"
        assert re.search(rf"^{target}:", makefile, re.MULTILINE)
