"""What can be told of what was meant without asking the model: plain rules, in English, German and Hindi.

A slash command goes by these rules first, since whoever reports something should see a card at once, and by the
model where they are not sure. All else is judged by the model, but for a mere greeting, a lone word, or the words
of a decision in a plan's thread. Where the model can't be asked, `without_model` decides what can be decided, and
leaves the rest to whoever wrote.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache

from services.ai.intents import Intent, Saying, Where

SENTENCE = 4.0
"""From about so many words on it may be a report; fewer are a slip, a name, half a thought."""


def _word_set(text: str) -> frozenset[str]:
    return frozenset(text.split())


_SMALL = _word_set(
    "hi hello hey yo hiya thanks thx ty cheers bye goodbye morning welcome cool great nice wow lol haha "
    "hallo danke moin servus tschüss namaste namaskar dhanyavad नमस्ते धन्यवाद शुक्रिया"
)
_CALLED = _word_set("mudda there all you")
_SMALL_OR_CALLED = _SMALL | _CALLED
_SMALL_PHRASES = re.compile(
    r"(thank you( (so|very) much)?|many thanks|well done|good (morning|afternoon|evening|night|bot|job|work)"
    r"|how are you|guten (morgen|tag|abend)|vielen dank|gute arbeit)( (mudda|all|everyone|there|again))?",
)
_LONGEST_PHRASE = 6
"""No phrase has more words: "thank you very much everyone" has five."""

_DECISION = re.compile(
    r"(please )?(looks? (good|fine|great)( to me)?|lgtm|go( ahead| for it)?|approved?|i approve|ship it|do it"
    r"|agreed?|yes (go|do it|approve)|reject(ed)?|discard( it)?|cancel( it| the run| this)?|stop( it| the run)?"
    r"|start it|run it|freigeben|genehmigt|einverstanden|abgelehnt|मंज़ूर|ठीक है शुरू करो)"
)
_ASKS = _word_set(
    "what what's whats who who's whose whom when where why how which wer wen wem wann wo warum wieso weshalb wie "
    "welche welcher welches क्या कौन कब कहाँ कहां क्यों कैसे कितने कितना"
)
"""What begins with one of these asks, even without a mark; "is" and "has" may as well begin a report."""

LONG_QUESTION = 8.0
"""Without a mark, more words than these tell rather than ask: "When I turn on the tap the water is brown …"."""

_REQUESTS = _word_set("can could please would kindly bitte könnt könnten kannst können कृपया")
_ORDERS = _word_set(
    "list show tell give approve reject discard cancel stop start run change add remove delete skip move notify "
    "help explain status open find search get let make put use try retry assign remind export print zeige zeig "
    "liste दिखाओ बताओ"
)
_HELP = frozenset({"help", "?", "/help", "hilfe", "मदद"})
_NUMBERED = re.compile(r"#\d|\bplan \d", re.IGNORECASE)
_POINTS = re.compile(r"\b(this|that|it|these|above|das|dies|diese|hier)\b|इसे|यह", re.IGNORECASE)
_TOKEN = re.compile(r"[^\s.,;:!?？؟।()\[\]{}\"“”…/\\<>*_~`|]+")
_END = re.compile(r"[?？؟]\W*$")


def weight(text: str) -> float:
    """How many words there are, about; of a script without spaces, two characters count as one."""
    words = _tokens(text)
    if text.isascii() or max(text) < _FIRST_DENSE:
        return float(len(words))
    dense = sum(1 for char in text if _is_dense(char))
    return dense / 2 + sum(1 for word in words if not any(map(_is_dense, word)))


def plainly(said: Saying) -> Intent | None:
    """What was plainly meant; None where only the model can tell, or a person."""
    words, length = _words(said.text), weight(said.text)
    if _is_smalltalk(words):
        return Intent.SMALLTALK if said.is_to_bot else Intent.NOT_FOR_ME
    if said.plan is not None and _is_decision(words):
        return Intent.DECISION
    if said.where is not Where.COMMAND:
        return Intent.UNCLEAR if length <= 1 and said.is_to_bot and not said.above else None
    if length <= 1:
        return Intent.UNCLEAR
    if words[0] in _REQUESTS or words[0] in _ORDERS or _NUMBERED.search(said.text):
        return None
    if is_question(said.text):
        return Intent.QUESTION
    return Intent.ISSUE if length >= SENTENCE and words[0] not in _ASKS else None


def without_model(said: Saying) -> Intent:
    """What to take it for where the model can't be asked. In a thread, only who calls the bot is heard."""
    plain = plainly(said)
    if plain is not None:
        return plain
    if not said.is_to_bot:
        return Intent.NOT_FOR_ME
    if _points_above(said) and not is_question(said.text):
        return Intent.ISSUE
    first = _words(said.text)[0]
    if first in _REQUESTS:
        return Intent.UNCLEAR
    if is_question(said.text):
        return Intent.QUESTION
    if said.plan is not None or first in _ORDERS or _NUMBERED.search(said.text):
        return Intent.UNCLEAR
    return Intent.ISSUE if weight(said.text) >= SENTENCE else Intent.UNCLEAR


def is_question(text: str) -> bool:
    """Whether it has the form of a question: a mark at the end, or a word that asks at the beginning."""
    return bool(_END.search(text)) or (_words(text)[0] in _ASKS and weight(text) <= LONG_QUESTION)


def asks_without_requesting(text: str) -> bool:
    """Whether it asks to know, and not that something be done: "can you send somebody?" does that."""
    return is_question(text) and _words(text)[0] not in _REQUESTS | _ORDERS


def is_call_for_help(text: str) -> bool:
    """Whether somebody wants to know what the bot can do."""
    return text.strip().casefold() in _HELP


def _points_above(said: Saying) -> bool:
    """Whether it is "please handle this", or no words at all, below something that somebody has written."""
    return bool(said.above) and said.plan is None and (not said.text or bool(_POINTS.search(said.text)))


def _is_smalltalk(words: Sequence[str]) -> bool:
    if _SMALL_OR_CALLED.issuperset(words):
        return 0 < sum(word not in _CALLED for word in words) <= 3
    return len(words) <= _LONGEST_PHRASE and bool(_SMALL_PHRASES.fullmatch(" ".join(words)))


def _is_decision(words: Sequence[str]) -> bool:
    """Of several phrases, each must be one: "looks good, go"."""
    rest = " ".join(words)
    while rest:
        found = _DECISION.match(rest)
        if found is None or (found.end() < len(rest) and rest[found.end()] != " "):
            return False
        rest = rest[found.end() :].strip()
    return words != ("",)


@lru_cache(maxsize=64)
def _words(text: str) -> tuple[str, ...]:
    """The words, folded; an empty one where there are none, so that there is a first."""
    return tuple(word.casefold().replace("’", "'") for word in _tokens(text)) or ("",)


@lru_cache(maxsize=64)
def _tokens(text: str) -> tuple[str, ...]:
    """Kept, since each rule asks for those of the same text."""
    return tuple(word for word in _TOKEN.findall(text) if any(map(str.isalnum, word)))


_FIRST_DENSE = "\u0e00"
"""Thai is the first of them in Unicode's order."""


def _is_dense(char: str) -> bool:
    """Of a script that is written without spaces."""
    return char >= _FIRST_DENSE and unicodedata.name(char, "").startswith(
        ("CJK", "HIRAGANA", "KATAKANA", "THAI", "LAO", "KHMER", "MYANMAR")
    )
