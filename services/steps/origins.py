"""Where the values of a step come from, checked once more as it is about to be sent."""

from __future__ import annotations

from collections.abc import Mapping

from services.components.builtins import BUILTINS
from services.components.definitions import ComponentDefinition
from services.connectors.errors import OriginRefused
from services.plans.model import Step
from services.plans.origins import Demands
from services.plans.polls import polled_step


def check_origins(
    step: Step, called: ComponentDefinition | None, components: Mapping[str, str], *, at_gate: bool
) -> None:
    """Whether a step may be sent with what it is given. `called` is what it calls: of a wait.until what it polls.

    `components` are the keys of the plan's components by step id; `at_gate`: a person agrees to the step itself.
    Raises OriginRefused.
    """
    if called is None:
        return
    call = polled_step(step) if step.component_id in BUILTINS else step
    for breach in Demands(called).breaches(call, components, at_gate=at_gate):
        origins, allowed = ([each.value for each in given] for given in (breach.origins, breach.allowed))
        raise OriginRefused(breach.field, origins=origins, allowed=allowed)
