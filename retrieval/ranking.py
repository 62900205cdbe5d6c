"""Fuse several scores of the same candidates into one order."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

# However surely a question means a measure, its own words keep a say.
MOST_EXPANSION = 0.3


@dataclass(frozen=True, slots=True)
class Ranked:
    """All candidates of a query, best first, before they are cut into pages. Arrays have shape (candidates,).

    `dense`, `similarity` and `measure_similarity` are cosines or means of cosines, the latter two NaN where there are
    none; `lexical` is a share of the greatest BM25 score that the query's terms could give in this index.
    """

    rows: np.ndarray
    scores: np.ndarray
    dense: np.ndarray
    similarity: np.ndarray
    measure_similarity: np.ndarray
    lexical: np.ndarray

    def reordered(self, judged: np.ndarray) -> Ranked:
        """The first candidates by other scores, shape (first candidates,); the rest as they were.

        Each place keeps its score, so that scores still fall down the list.
        """
        order = np.concatenate([np.argsort(-judged, kind="stable"), np.arange(len(judged), len(self.rows))])
        moved = {field.name: getattr(self, field.name)[order] for field in fields(self)}
        return Ranked(**{**moved, "scores": self.scores})


def fuse(
    rows: np.ndarray,
    dense: np.ndarray,
    similarity: np.ndarray,
    measure_similarity: np.ndarray,
    lexical: np.ndarray,
    vector_weight: float,
    lexical_weight: float,
    expansion: float,
) -> Ranked:
    """The score is meaning plus words. Nothing is standardised, so that a score does not hang on the other candidates.

    Meaning is the whole passage's vector to the share `vector_weight`, and for the rest late interaction with the
    question and, to the share `expansion` of that, with the official wording of the measure that it means. For models
    without token vectors it is the whole passage's vector.
    """
    tokens = similarity
    if not np.isnan(measure_similarity).all():
        tokens = (1 - expansion) * tokens + expansion * measure_similarity
    meaning = np.where(np.isnan(tokens), dense, vector_weight * dense + (1 - vector_weight) * tokens)
    scores = meaning + lexical_weight * lexical
    order = np.lexsort((rows, -scores))
    parts = (rows, scores, dense, similarity, measure_similarity, lexical)
    return Ranked(*(part[order] for part in parts))


def expansion_share(weight: float, surely: float) -> float:
    """How much a measure's wording counts, by how surely the question means it: from nothing up, without a step."""
    return min(MOST_EXPANSION, max(0.0, weight * surely))
