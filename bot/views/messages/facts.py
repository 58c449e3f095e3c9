"""What the rows behind an answer say in words of ours: they are English, since the model reads them, too."""

from __future__ import annotations

from collections.abc import Mapping

from bot.languages import N_, Sentence, _
from bot.views.plan.urgency import urgency_words
from bot.views.run.errors import explain_error
from services.queries.lookups.rows import Said, StepError

_WORDS: frozenset[Sentence] = frozenset(
    (
        N_("about to start"),
        N_("it goes on waiting"),
        N_("the step fails"),
        N_("the step is skipped"),
        N_("what they reported themselves"),
        N_("anyone"),
        N_("approved"),
        N_("approved the plan"),
        N_("being drafted"),
        N_("cancelled"),
        N_("changes or sends something"),
        N_("discarded"),
        N_("discarded the plan"),
        N_("done"),
        N_("each time, at a gate of its own"),
        N_("edited the outputs"),
        N_("ended the run"),
        N_("failed"),
        N_("had it tried again"),
        N_("looks things up"),
        N_("marked as done"),
        N_("nobody knows whether it was done"),
        N_("no plan could be drafted"),
        N_("no place given"),
        N_("no, it is switched off"),
        N_("nobody decided in time"),
        N_("none needed"),
        N_("not done"),
        N_("not started"),
        N_("not started: the plan is not approved yet"),
        N_("rejected"),
        N_("running"),
        N_("skipped"),
        N_("started it again"),
        N_("stopped the run"),
        N_("waiting for a person"),
        N_("waiting for approval of the plan"),
        N_("with the plan"),
        N_("yes"),
    )
)
_SENTENCES: frozenset[Sentence] = frozenset(
    (
        N_("there is no such look-up; there are {names}"),
        N_("there is no “{name}” to look up by; it takes {taken}"),
        N_("this may not be told here"),
        N_("“{name}” is needed; it takes {taken}"),
        N_("“{name}” is not written as it has to be; it takes {taken}"),
        N_("“{name}” is one of {choices}"),
        N_("an answer before it is planned"),
        N_("an answer to “{title}”"),
        N_("approval of the plan"),
        N_("approval of “{title}”"),
        N_("a decision about “{title}”, which failed"),
        N_("only the latest {count} of each kind"),
        N_("somebody to check “{title}”, which may have arrived or not"),
    )
)
"""What stands in a row as a sentence with values: `Said`."""

_AGENTS: Mapping[str, Sentence] = {
    "selector": N_("choosing components"),
    "planner": N_("making plans"),
    "refiner": N_("changing plans"),
    "repair": N_("mending plans"),
    "intent": N_("understanding what people write"),
    "inquiry": N_("answering what people ask"),
}
"""What the model was asked for."""


def fact(value: str, name: str = "") -> str:
    """A text of a row: ours in the language that is spoken, and what others wrote as it is.

    `name` is what it is called in its row.
    """
    if name in _FOREIGN:
        return value
    if name == "agent" and value in _AGENTS:
        return _(_AGENTS[value])
    if name == "urgency":
        return urgency_words(value)
    return _(value) if value in _WORDS else value


def said(value: Said) -> str:
    """A sentence of a row."""
    words = value.words
    return _(words, **value.values) if words in _SENTENCES else str(value)


def trouble(value: StepError) -> str:
    """Why a step went wrong, as its card says it."""
    return explain_error(value.error, value.component, value.numbers)


_FOREIGN = frozenset(
    ("title", "component", "name", "description", "reason", "step", "text", "section", "policy", "key")
)
"""What others wrote: a plan that somebody called "done" is called that in all languages."""
