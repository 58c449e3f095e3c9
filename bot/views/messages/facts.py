"""What the rows behind an answer say in words of ours: they are English, since the model reads them, too."""

from __future__ import annotations

from bot.languages import N_, Sentence, _

_WORDS: frozenset[Sentence] = frozenset(
    (
        N_("about to start"),
        N_("anyone"),
        N_("approval of the plan"),
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
_WAITS: tuple[Sentence, ...] = (
    N_("approval of “{title}”"),
    N_("an answer to “{title}”"),
    N_("a decision about “{title}”, which failed"),
    N_("somebody to check “{title}”, which may have arrived or not"),
)
"""What a step waits for, by its title."""


def fact(value: str) -> str:
    """A text of a row: ours in the language that is spoken, and what others wrote as it is."""
    if value in _WORDS:
        return _(value)
    for sentence in _WAITS:
        before, after = sentence.split("{title}")
        if value.startswith(before) and value.endswith(after):
            return _(sentence, title=value[len(before) : len(value) - len(after)])
    return value
