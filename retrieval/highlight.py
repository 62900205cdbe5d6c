"""Which words and which sentence of a passage answer a query: spans of the original text."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from retrieval.division import Parts
from retrieval.text import Normalised, normalise, sentences, tokens


@dataclass(frozen=True, slots=True)
class Likeness:
    """How near a part of a passage is to a query: its span, and the mean cosine of the query's tokens with their best.

    `agreement` is the mean of that and of the same seen from the part's own tokens: a part that says something else
    besides agrees less. Of the passage's clauses the best agreement counts.
    """

    span: tuple[int, int]
    similarity: float
    agreement: float


def matched_spans(plain: Normalised, terms: Iterable[str]) -> tuple[tuple[int, int], ...]:
    """Spans of the original text whose normalised form contains one of the terms, joined where they touch."""
    covered = np.zeros(plain.offsets[-1] + 1, bool)
    for term in set(terms):
        at = plain.text.find(term)
        while at >= 0:
            covered[plain.offsets[at] : plain.offsets[at + len(term) - 1] + 1] = True
            at = plain.text.find(term, at + 1)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], covered.astype(np.int8), [0]])))
    return tuple((int(a), int(b)) for a, b in edges.reshape(-1, 2))


def best_sentence(text: str, terms: Iterable[str]) -> tuple[int, int]:
    """The sentence that holds most of the query's terms, the first of equals; the whole text when none holds any."""
    spans = sentences(text)
    wanted = set(terms)
    scores = [len(wanted & set(tokens(normalise(text[a:b])))) for a, b in spans]
    if not scores or max(scores) == 0:
        return 0, len(text)
    return spans[scores.index(max(scores))]


def best_likeness(divided: Parts, similar: np.ndarray) -> Likeness | None:
    """The sentence that answers best, by its own MaxSim from the whole passage's (tokens, query tokens) cosines.

    A passage strings many matters together; only within one sentence do a query's words stand for one matter.
    None when the tokens cannot be told apart.
    """
    if not similar.size or len(divided.starts) != len(similar) or not len(divided.sentences):
        return None
    nearest = _maxima(similar, divided.sentence_tokens).mean(axis=1)
    best = int(nearest.argmax())
    clauses = divided.clause_tokens
    # The mean of each clause's own tokens' best cosines, by sums up to its ends.
    sums = np.concatenate([[0], np.cumsum(similar.max(axis=1), dtype=np.float64)])
    own = (sums[clauses[:, 1]] - sums[clauses[:, 0]]) / (clauses[:, 1] - clauses[:, 0])
    agreements = (_maxima(similar, clauses).mean(axis=1) + own) / 2
    first, last = divided.sentences[best]
    return Likeness(
        (int(first), int(last)),
        float(nearest[best]),
        float(agreements.max(initial=-1)) if len(own) else float(nearest[best]),
    )


def _maxima(similar: np.ndarray, spans: np.ndarray) -> np.ndarray:
    """Of each span of tokens (spans, 2), in their order, each query token's greatest cosine; -1 in an empty span."""
    # The row added lets a span end with the last token; of the pieces between all edges every other one is a span.
    maxima: np.ndarray = np.maximum.reduceat(np.vstack([similar, similar[-1:]]), spans.ravel(), axis=0)[::2]
    maxima[spans[:, 0] >= spans[:, 1]] = -1
    return maxima
