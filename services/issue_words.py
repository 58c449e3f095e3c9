"""What to search by for an issue: the words that it uses most, as a query of PostgreSQL's full-text search."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ARRAY, ColumnElement, ScalarSelect, SmallInteger, cast, column, func, literal_column, select
from sqlalchemy.dialects.postgresql import TSQUERY

from services.formats.text import search_words

MAX_ISSUE_WORDS = 20

_ENGLISH: ColumnElement[Any] = literal_column("'english'::regconfig")


def issue_query(text: str) -> ScalarSelect[Any]:
    """Any of the words that the issue uses most, without their endings and without "the" and "of".

    Any and not all: whoever reports a flood doesn't know what the works department calls it.
    """
    plain = " ".join(search_words(text))
    used = func.unnest(func.to_tsvector(_ENGLISH, plain)).table_valued(
        "lexeme", column("positions", ARRAY(SmallInteger)), "weights"
    )
    most_used = (
        select(used.c.lexeme)
        .order_by(func.cardinality(used.c.positions).desc(), used.c.positions[1])
        .limit(MAX_ISSUE_WORDS)
        .subquery()
    )
    # Words are letters and digits only, so quoting them takes no more than quotes.
    terms = func.string_agg(func.concat("'", most_used.c.lexeme, "'"), " | ")
    return select(cast(terms, TSQUERY)).scalar_subquery()
