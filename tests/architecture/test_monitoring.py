"""What the alert rules and the dashboard ask for is what `/metrics` tells, and all that it tells is documented."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml

from bot import VERSION
from bot.metrics import Metrics

ROOT = Path(__file__).parents[2]
ALERTS = ROOT / "docs" / "monitoring" / "alerts.yml"
DASHBOARD = ROOT / "docs" / "monitoring" / "dashboard.json"

NAME = re.compile(r"\b(?:mudda|process)_[a-z_]+")


def told() -> set[str]:
    """The names of the series; those of a histogram with its endings."""
    names: set[str] = set()
    for family in Metrics().registry.collect():
        endings = {"counter": ["_total"], "histogram": ["_bucket", "_sum", "_count"], "info": ["_info"]}
        names |= {family.name + ending for ending in endings.get(family.type, [""])}
    return names


def test_the_alert_rules_ask_for_what_there_is() -> None:
    rules = [rule for group in yaml.safe_load(ALERTS.read_text())["groups"] for rule in group["rules"]]
    asked = {name for rule in rules for name in NAME.findall(rule["expr"])}
    assert asked
    assert asked - told() == set()
    assert all(rule["annotations"]["summary"] for rule in rules)


def test_the_dashboard_asks_for_what_there_is() -> None:
    panels = json.loads(DASHBOARD.read_text())["panels"]
    asked = {name for panel in panels for target in panel["targets"] for name in NAME.findall(target["expr"])}
    assert asked - told() == set()
    assert len({panel["id"] for panel in panels}) == len(panels)


def test_every_metric_is_documented() -> None:
    documented = set(NAME.findall((ROOT / "docs" / "operations.md").read_text()))
    ours = {family.name for family in Metrics().registry.collect() if family.name.startswith("mudda_")}
    named = {name.removesuffix("_total").removesuffix("_info") for name in documented}
    assert ours - named == set()


def test_the_version_is_that_of_the_package() -> None:
    assert tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"] == VERSION


@pytest.mark.skipif(shutil.which("promtool") is None, reason="there is no promtool on this machine")
def test_promtool_takes_the_alert_rules() -> None:
    checked = subprocess.run(["promtool", "check", "rules", str(ALERTS)], capture_output=True, check=False)
    assert checked.returncode == 0, checked.stdout
