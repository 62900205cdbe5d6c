"""Which words and which sentence of a passage answer a query: spans of the original text."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from retrieval.text import Normalised, normalise, sentences, tokens


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


def sentence_similarities(
    text: str, plain: Normalised, token_spans: tuple[tuple[int, int], ...], similar: np.ndarray
) -> list[tuple[tuple[int, int], float]]:
    """Each sentence's span with its own MaxSim, from the whole passage's (tokens, query tokens) cosines.

    A passage strings many matters together; only within one sentence do a query's words stand for one matter.
    Empty when the tokens cannot be told apart.
    """
    if not similar.size or len(token_spans) != len(similar):
        return []
    # Normalised characters stand for original ones; the passage itself begins without white space.
    starts = np.array([plain.offsets[min(start, len(plain.offsets) - 1)] for start, _ in token_spans])
    found = []
    for begin, end in sentences(text):
        inside = similar[(starts >= begin) & (starts < end)]
        found.append(((begin, end), float(inside.max(axis=0).mean()) if len(inside) else -1.0))
    return found
