"""The worst model there is: it does what any text in its prompt tells it, exactly as the attacker wants it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from bot.sandbox.gemini.agents import Agent
from bot.sandbox.gemini.reading import blocks_of
from tests.hostile.attacks import ATTACKS, Attack, plan

_TURN = re.compile(r"\bNo (\d+)\b")


class ObedientMind:
    """Obeys the attack whose word stands in its prompt, and goes by the rules where none does.

    Where several stand there, as where all components are poisoned at once, the issue's number says whose turn it
    is. `obeyed` are the attacks that had an agent do something, each with that agent. `planned` are the steps that
    an issue of that number gets where no attack stands in its prompt.
    """

    def __init__(self) -> None:
        self.obeyed: set[tuple[str, str]] = set()
        self.planned: Callable[[int], Sequence[Mapping[str, Any]]] | None = None

    def __call__(self, agent: Agent, prompt: str, day: datetime) -> dict[str, Any]:
        attack, turn = self._found(prompt)
        if attack is None and turn and self.planned and agent.name in ("planner", "repair"):
            return dict(plan(*self.planned(turn))["planner"])
        answer = agent.answer(prompt, day)
        if attack is None:
            return answer
        if agent.name in attack.answers:
            answer = dict(attack.answers[agent.name])
        elif agent.name == "selector":
            # Whatever speaks to the model is chosen, and so is seen by the plan maker, too.
            answer["selected_component_ids"] = [*_speaking(prompt, attack), *answer["selected_component_ids"]]
        else:
            return answer
        self.obeyed.add((attack.name, agent.name))
        return answer

    def _found(self, prompt: str) -> tuple[Attack | None, int]:
        """Who is obeyed, and the number of the issue, or 0."""
        present = [attack for attack in ATTACKS if attack.word in prompt]
        found = _TURN.search(prompt)
        turn = int(found[1]) if found and int(found[1]) <= len(ATTACKS) else 0
        wanted = ATTACKS[turn - 1] if turn else None
        return wanted if wanted in present else next(iter(present), None), turn


def _speaking(prompt: str, attack: Attack) -> Iterable[str]:
    listed = blocks_of(prompt).get("components", ())
    return [each["id"] for each in listed if attack.word in json.dumps(each)]
