"""What is said to people, as the code has it and as the catalogs translate it.

`python -m tests.support.catalogs` brings the catalogs up to date: new sentences are added, empty, and those that
nobody says any more are dropped. `make languages` does it.
"""

from __future__ import annotations

import string
from collections.abc import Iterator
from functools import cache
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from bot.languages import LANGUAGES
from tests.architecture.code import ROOT

FOLDER = ROOT / "bot" / "languages"
KEYWORDS = {"_": None, "N_": None, "ngettext": (1, 2)}
HEAD = """msgid ""
msgstr ""
"Project-Id-Version: Mudda\\n"
"Language: {code}\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"Plural-Forms: {plural}\\n"

"""
"""No dates: a file changes only where a sentence does."""

SAID = ("bot/jobs", "bot/listeners", "bot/views")
"""The folders in which every sentence that is written is said in the reader's language."""

TRANSLATED = tuple(code for code in LANGUAGES if code != "en")


@cache
def said() -> Catalog:
    """Every sentence that the code says, with where. Nobody may change it."""
    catalog = Catalog()
    method_map = [("sandbox/**", "ignore"), ("languages/**", "ignore"), ("cli/**", "ignore"), ("**.py", "python")]
    for filename, line, message, _, context in extract_from_dir(ROOT / "bot", method_map, keywords=KEYWORDS):
        catalog.add(message, None, [(filename, line)], context=context)
    return catalog


def catalog_path(code: str) -> Path:
    """The file of a language's translations."""
    return FOLDER / f"{code}.po"


def read_catalog(code: str) -> Catalog:
    """A language's translations."""
    with catalog_path(code).open("rb") as file:
        return read_po(file, locale=code)


def placeholders(text: str) -> frozenset[str]:
    """The names in braces of a sentence. Raises ValueError where a brace is left open."""
    return frozenset(name for _, name, _, _ in string.Formatter().parse(text) if name is not None)


def texts(value: str | tuple[str, ...] | list[str] | None) -> Iterator[str]:
    """A sentence, or its forms for one and many; an empty one where it is not translated yet."""
    yield from value if isinstance(value, tuple | list) else (value or "",)


def update() -> None:
    """Bring every catalog up to date with the code."""
    template = said()
    for code in TRANSLATED:
        catalog = read_catalog(code)
        catalog.update(template, no_fuzzy_matching=True)
        catalog.obsolete.clear()
        missing = sum(not all(texts(message.string)) for message in catalog if message.id)
        written = BytesIO()
        write_po(written, catalog, width=105, no_location=True, omit_header=True, sort_output=True)
        head = HEAD.format(code=code, plural=catalog.plural_forms)
        catalog_path(code).write_bytes(head.encode() + written.getvalue())
        print(f"{code}: {len(catalog):,} sentences, {missing:,} of them not translated yet")  # noqa: T201


if __name__ == "__main__":
    update()
