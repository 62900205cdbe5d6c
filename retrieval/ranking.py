"""Fuse several scores of the same candidates into one order."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np


@dataclass(frozen=True, slots=True)
class Ranked:
    """All candidates of a query, best first, before they are cut into pages. Arrays have shape (candidates,)."""

    rows: np.ndarray
    scores: np.ndarray
    dense: np.ndarray
    similarity: np.ndarray
    late: np.ndarray
    measure_similarity: np.ndarray
    measure: np.ndarray
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
    meaning_weight: float,
    expansion_weight: float,
) -> Ranked:
    """Each part standardised within its own list; the score is their weighted sum.

    Meaning is late interaction with the question and, where it means a measure, with the measure's official wording;
    for models without token vectors it is the whole passage's vector.
    """
    late, measure = standardise(similarity), standardise(measure_similarity)
    meaning = filled(dense if np.isnan(late).all() else late)
    if not np.isnan(measure).all():
        meaning = (1 - expansion_weight) * meaning + expansion_weight * measure
    scores = meaning_weight * meaning + (1 - meaning_weight) * filled(lexical)
    order = np.lexsort((rows, -scores))
    parts = (rows, scores, dense, similarity, late, measure_similarity, measure, lexical)
    return Ranked(*(part[order] for part in parts))


def standardise(scores: np.ndarray) -> np.ndarray:
    """z-scores; all zero when the scores are all the same, all NaN when they are."""
    if np.isnan(scores).all():
        return scores
    spread = scores.std() if len(scores) else 0
    z: np.ndarray = (scores - scores.mean()) / spread if spread > 0 else np.zeros_like(scores)
    return z


def spread(rows: np.ndarray, own: np.ndarray, values: np.ndarray) -> np.ndarray:
    """`values` of the rows `own`, laid out over all `rows` (sorted); NaN for the others."""
    out = np.full(len(rows), np.nan)
    out[np.searchsorted(rows, own)] = values
    return out


def filled(values: np.ndarray) -> np.ndarray:
    """What a passage gets that a list does not hold: as little as the list's last."""
    if np.isnan(values).all():
        return np.zeros_like(values)
    filled: np.ndarray = np.nan_to_num(values, nan=float(np.nanmin(values)))
    return filled
