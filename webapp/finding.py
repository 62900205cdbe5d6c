"""A question → its filters → ranked passages: what the pages, the API, the command line and the evaluation share."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from retrieval.search import Query, Searcher
from retrieval.store import Index
from retrieval.types import Filters, Results
from webapp.places import PlaceNames
from webapp.question import Question, understand

# A version that nobody holds any more is let go, with its files and memory.
_kept: WeakKeyDictionary[Index, PlaceNames] = WeakKeyDictionary()


def names_of(index: Index) -> PlaceNames:
    """The places that an index version has reports of, kept for the next time."""
    names = _kept.get(index)
    if names is None:
        names = _kept[index] = PlaceNames(
            (summary.metadata.region for summary in index.reports),
            {summary.metadata.department for summary in index.reports},
        )
    return names


@dataclass(frozen=True, slots=True)
class Found:
    """How a question was understood, and what was found with it."""

    question: Question
    query: Query
    results: Results


def find(
    searcher: Searcher,
    text: str,
    filters: Filters | None = None,
    ignored: Collection[str] = (),
    limit: int | None = None,
    offset: int = 0,
) -> Found:
    """Search with the filters given and those that the question names, but for the `ignored`. Raises QueryError."""
    query = searcher.prepare(text, expand="measure" not in ignored)
    question = understand(text, names_of(searcher.index), filters, ignored)
    return Found(question, query, searcher.search(query, question.filters, limit, offset))
