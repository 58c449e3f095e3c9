"""What a step is said to do: whether its description has the name of another component, and nothing of its own."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from services.components.specs import ComponentSpec
from services.plans.model import Step
from services.plans.polls import polled_key
from services.plans.validation.telling import is_notifying

_MAX_CHARACTERS = 100
# A name begins with the first or the second word that matters; before it there may be an article or two.
_FIRST, _AROUND = 4, ".,:;!?()\"'“”„«»"
_STEM = 4
_LONG = 5
_MOST = 3
# By any of these, words of the usual languages are told apart; the marks of Indic scripts belong to words.
_BETWEEN = re.compile(r"[\s.,;:!?()\[\]{}<>\"'“”„«»‚‘’`/\\|–—_-]+")
_ARTICLES = """
    a an the of to for in on at and by der die das den dem des ein eine einen einem einer im am an zu zur zum für
    von und o os as um uma de da do dos das para em no na nos nas e le la les un une des du et el los las del y
"""
# Articles and the smallest prepositions: English, German, Portuguese, French, Spanish.
_SMALL = frozenset(re.split(r"\s+", _ARTICLES.strip()))


@dataclass(slots=True)
class _Node:
    """Where names that begin alike part: by the next word of each, and the components whose name ends here."""

    following: dict[str, _Node] = field(default_factory=dict)
    ending: list[ComponentSpec] = field(default_factory=list)


class Acts:
    """The names of the components of a workspace, as the acts that they are."""

    def __init__(self, components: Iterable[ComponentSpec]) -> None:
        self._root = _Node()
        self._starts: set[str] = set()
        self._by_name: dict[str, list[ComponentSpec]] = defaultdict(list)
        for spec in components:
            if spec.active and spec.type != "BUILTIN":
                self._by_name[_whole(spec.name)].append(spec)
                words = _words(spec.name)
                if len(words) > 1:
                    self._add(words, spec)

    def _add(self, words: Sequence[str], spec: ComponentSpec) -> None:
        node = self._root
        self._starts.add(words[0].removesuffix("s"))
        for word in words:
            node = node.following.setdefault(word, _Node())
        node.ending.append(spec)

    def named_instead(self, step: Step, own: ComponentSpec) -> str | None:
        """The key of the component whose name begins a step's description, where nothing of its own name is in it.

        What else a description may say of another's act ("…so that the road can be closed") comes later in it.
        """
        if not step.description:
            return None
        text = step.description[:_MAX_CHARACTERS]
        said = _split(text) if self._may_begin(text) else []
        for other in self._begun(text, said):
            if other.key not in (own.key, polled_key(step)) and not self._is_own(said, own, other):
                return other.key
        return None

    def _may_begin(self, text: str) -> bool:
        """Whether a name can begin in the first words, roughly: most descriptions are done with by that."""
        words = text.casefold().split(None, _FIRST)[:_FIRST]
        return any(word.strip(_AROUND).removesuffix("s") in self._starts for word in words)

    def _begun(self, text: str, said: list[str]) -> Iterator[ComponentSpec]:
        """Some components whose name begins a description: after one other word at most, as between its own."""
        yield from self._by_name.get(_whole(text), ())[:_MOST]
        work = [(self._root, 0)]
        while work:
            node, position = work.pop()
            yield from node.ending[:_MOST]
            work += [
                (node.following[word], near + 1)
                for near, word in enumerate(said[position : position + 2], start=position)
                if word in node.following
            ]

    def _is_own(self, said: list[str], own: ComponentSpec, other: ComponentSpec) -> bool:
        """Whether the words may be about the component itself, as far as it and the other can be told apart."""
        name, others = _words(own.name), _words(other.name)
        if _whole(own.name) == _whole(other.name) or not (set(name) - set(others) and set(others) - set(name)):
            return True
        if own.type == "BUILTIN" and is_notifying(other):
            return True
        rest = set(said) - set(others)
        return not (
            _stems(name, 2).isdisjoint(_stems(rest, 2))
            and _stems((*_words(own.key), *_words(own.description)), _LONG).isdisjoint(_stems(rest, _LONG))
        )


def _stems(words: Iterable[str], least: int) -> set[str]:
    """The beginnings of the words of at least so many letters: forms of one word begin alike."""
    return {word[:_STEM] for word in words if len(word) >= least}


def _whole(text: str) -> str:
    return " ".join(str(text).split()).rstrip(".!。 ").casefold()


@lru_cache(maxsize=4096)
def _words(text: str) -> tuple[str, ...]:
    return tuple(_split(text))


def _split(text: str) -> list[str]:
    """The words that matter, lower case and in the singular."""
    return [
        word[:-1] if word[-1] == "s" and len(word) > 3 and word[-2] != "s" else word
        for word in _BETWEEN.split(text.casefold())
        if word and word not in _SMALL
    ]
