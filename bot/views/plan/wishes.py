"""What somebody wishes of a plan, as people read it: what a form put into words is said in any language."""

from __future__ import annotations

from bot.languages import N_, Sentence, _

UP_TO_DATE: Sentence = N_("Bring the plan up to date with what the town has today.")
LEFT_OUT: Sentence = N_("Leave out: {title}.")
ASKED_BEFORE: Sentence = N_("Ask a person before: {title}.")


def wish_words(wish: str) -> str:
    """The wish, with those of its lines that a form has written in the language that is spoken."""
    return "\n".join(map(_line, wish.split("\n")))


def _line(line: str) -> str:
    if line == UP_TO_DATE:
        return _(UP_TO_DATE)
    for words in (LEFT_OUT, ASKED_BEFORE):
        before, after = words.split("{title}")
        if line.startswith(before) and line.endswith(after):
            return _(words, title=line[len(before) : len(line) - len(after)])
    return line
