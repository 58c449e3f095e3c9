"""The commands of `mudda`: each is found by its name, without the modules of the others."""

from __future__ import annotations

import argparse
from collections.abc import Mapping

import pytest

from bot.__main__ import COMMANDS, parser


def choices(command: str) -> Mapping[str, argparse.ArgumentParser]:
    found = next(each for each in parser(command)._actions if isinstance(each, argparse._SubParsersAction))
    choices: Mapping[str, argparse.ArgumentParser] = found.choices
    return choices


def test_all_of_them_are_shown_in_order() -> None:
    assert list(choices("")) == list(choices("--help")) == list(COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_one_is_read_by_its_own_module(command: str) -> None:
    assert command in choices(command)
    assert {COMMANDS[each] for each in choices(command)} == {COMMANDS[command]}
