"""Query and filters → ranked hits: filters first, candidates by vectors and BM25, late interaction, and why each matched."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from retrieval.config import SearchSettings
from retrieval.encoder import Encoded, Encoder
from retrieval.errors import QueryError
from retrieval.filters import admits
from retrieval.late import maxsim
from retrieval.store import Index
from retrieval.text import Normalised, normalise, normalise_query, normalise_with_offsets, sentences, tokens
from retrieval.types import LEVELS, ROLES, FacetCount, Filters, Hit, Results, Why

# Passages that stand for the whole index where a typical similarity is wanted.
BACKGROUND = 200
FACETS = ("province", "level", "year", "role")


@dataclass(frozen=True, slots=True)
class Ranked:
    """All candidates of a query, best first, before they are cut into pages. Arrays have shape (candidates,)."""

    rows: np.ndarray
    scores: np.ndarray
    dense: np.ndarray
    similarity: np.ndarray
    late: np.ndarray
    lexical: np.ndarray


class Searcher:
    """Answers queries over one opened index; safe to share between threads."""

    def __init__(self, index: Index, encoder: Encoder, settings: SearchSettings) -> None:
        self.index = index
        self.encoder = encoder
        self.settings = settings

    def search(self, query: str, filters: Filters | None = None, limit: int | None = None, offset: int = 0) -> Results:
        """One page of hits. A filter that matches nothing gives nothing. Raises QueryError."""
        begin = time.perf_counter()
        limit = self.settings.limit if limit is None else limit
        check_query(query, self.settings)
        if not 0 <= limit <= self.settings.max_limit or offset < 0:
            raise QueryError(
                f"limit 应为 0–{self.settings.max_limit}，offset 不小于 0",
                f"limit must be 0 to {self.settings.max_limit}, offset 0 or more",
            )
        allowed = self.allowed(filters or Filters())
        normalised = normalise_query(query)
        encoded = self.encoder.queries([normalised])[0]
        ranked = self.rank(normalised, encoded, allowed)
        terms = tokens(normalised)
        page = range(offset, min(offset + limit, len(ranked.rows)))
        hits = tuple(self._hit(ranked, place, terms, encoded) for place in page)
        return Results(
            query=query,
            total=len(ranked.rows),
            hits=hits,
            facets=self._facets(ranked.rows),
            took_ms=round((time.perf_counter() - begin) * 1000, 1),
            scope_reports=len(set(self.index.report_numbers[allowed].tolist())),
            scope_passages=int(allowed.sum()),
        )

    def allowed(self, filters: Filters) -> np.ndarray:
        """Which passages the filters admit: a boolean mask of shape (passages,)."""
        reports = np.array([admits(filters, summary) for summary in self.index.reports], bool)
        numbers = self.index.report_numbers
        mask = np.zeros(len(numbers), bool)
        if len(reports):
            mask = (numbers >= 0) & reports[numbers]
        if filters.role:
            mask &= self.index.roles == ROLES.index(filters.role)
        return mask

    def rank(self, normalised: str, encoded: Encoded, allowed: np.ndarray) -> Ranked:
        """Candidates from both first stages (vectors, BM25), scored by late interaction and BM25.

        Each part is standardised within its own list; the score is their weighted sum.
        """
        if not allowed.any():
            nothing = np.zeros(0, np.float32)
            return Ranked(np.zeros(0, np.int64), *[nothing] * 5)
        count = self.settings.candidates
        dense_rows, dense_scores = self.index.nearest(encoded.pooled, count, allowed)
        lexical_rows, lexical_scores = self._lexical(normalised, count, allowed)
        rows = np.union1d(dense_rows, lexical_rows)
        dense = spread(rows, dense_rows, standardise(dense_scores))
        lexical = spread(rows, lexical_rows, standardise(lexical_scores))
        similarity = self._similarity(rows, encoded)
        late = standardise(similarity)
        meaning = dense if np.isnan(late).all() else late
        weight = self.settings.meaning_weight
        scores = weight * filled(meaning) + (1 - weight) * filled(lexical)
        order = np.lexsort((rows, -scores))
        return Ranked(rows[order], scores[order], dense[order], similarity[order], late[order], lexical[order])

    def _similarity(self, rows: np.ndarray, encoded: Encoded) -> np.ndarray:
        """MaxSim of each row; NaN throughout for models without token vectors."""
        if not len(encoded.tokens):
            return np.full(len(rows), np.nan)
        return maxsim(encoded.tokens, [self.index.tokens(row) for row in rows])

    def background(self, query: str) -> float:
        """The median MaxSim of a query with passages picked evenly from the whole index.

        How far a hit stands above it says more than the similarity itself, whose level differs from query to query.
        NaN for models without token vectors.
        """
        alive = np.flatnonzero(self.index.report_numbers >= 0)
        picked = alive[np.linspace(0, len(alive) - 1, min(len(alive), BACKGROUND)).astype(int)] if len(alive) else alive
        similar = self._similarity(picked, self.encoder.queries([normalise_query(query)])[0])
        return float(np.median(similar)) if len(similar) else float("nan")

    def _lexical(self, normalised: str, count: int, allowed: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        scores = self.index.lexical.scores(tokens(normalised))
        scores = np.where(allowed, scores, 0)
        rows = np.argsort(-scores, kind="stable")[:count]
        rows = rows[scores[rows] > 0]
        return rows, scores[rows]

    def _hit(self, ranked: Ranked, place: int, terms: list[str], encoded: Encoded) -> Hit:
        row = int(ranked.rows[place])
        passage = self.index.passage(row)
        plain = normalise_with_offsets(passage.text)
        marks = matched_spans(plain, terms)
        return Hit(
            rank=place + 1,
            score=round(float(ranked.scores[place]), 4),
            why=Why(
                dense=_rounded(ranked.dense[place]),
                late=_rounded(ranked.late[place]),
                lexical=_rounded(ranked.lexical[place]),
                terms=_words(passage.text, marks),
                similarity=_rounded(ranked.similarity[place]),
            ),
            passage=passage,
            report=self.index.reports[self.index.report_numbers[row]],
            sentence=_shift(self._sentence(row, passage.text, plain, terms, encoded), passage.start),
            marks=tuple(_shift(span, passage.start) for span in marks),
        )

    def _sentence(self, row: int, text: str, plain: Normalised, terms: list[str], encoded: Encoded) -> tuple[int, int]:
        """The sentence whose tokens answer the query's best; by shared terms for models without token vectors."""
        spans = sentences(text)
        vectors = self.index.tokens(row).vectors()
        tokens_at = self.encoder.token_spans(normalise(text))
        if len(spans) < 2 or not len(encoded.tokens) or len(tokens_at) != len(vectors):
            return best_sentence(text, terms)
        # Normalised characters stand for original ones; the passage itself begins without white space.
        starts = [plain.offsets[min(start, len(plain.offsets) - 1)] for start, _ in tokens_at]
        similar = vectors @ encoded.tokens.T
        scores = []
        for begin, end in spans:
            inside = [number for number, start in enumerate(starts) if begin <= start < end]
            scores.append(float(similar[inside].max(axis=0).mean()) if inside else -1.0)
        return spans[scores.index(max(scores))]

    def _facets(self, rows: np.ndarray) -> dict[str, tuple[FacetCount, ...]]:
        counts: dict[str, Counter[str]] = {name: Counter() for name in FACETS}
        for row in rows:
            summary = self.index.reports[self.index.report_numbers[row]]
            metadata = summary.metadata
            values = (metadata.region.province, metadata.level, metadata.year, ROLES[self.index.roles[row]])
            for name, value in zip(FACETS, values, strict=True):
                if value is not None:
                    counts[name][str(value)] += 1
        return {name: tuple(FacetCount(v, n) for v, n in _sorted(name, found)) for name, found in counts.items()}


def _sorted(name: str, found: Counter[str]) -> list[tuple[str, int]]:
    if name == "year":
        return sorted(found.items(), reverse=True)
    order = {"level": LEVELS, "role": ROLES}.get(name)
    if order:
        return [(value, found[value]) for value in order if value in found]
    return sorted(found.items(), key=lambda item: (-item[1], item[0]))


def check_query(query: str, settings: SearchSettings) -> None:
    """Raises QueryError for empty and over-long queries."""
    if not normalise(query):
        raise QueryError("请输入要查的内容", "the query is empty")
    if len(query) > settings.max_query_chars:
        raise QueryError(
            f"查询太长：{len(query)} 字，最多 {settings.max_query_chars} 字",
            f"the query has {len(query)} characters; at most {settings.max_query_chars}",
        )


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


def best_sentence(text: str, terms: list[str]) -> tuple[int, int]:
    """The sentence that holds most of the query's terms, the first of equals; the whole text when none holds any."""
    spans = sentences(text)
    wanted = set(terms)
    scores = [len(wanted & set(tokens(normalise(text[a:b])))) for a, b in spans]
    if not scores or max(scores) == 0:
        return 0, len(text)
    return spans[scores.index(max(scores))]


def _words(text: str, marks: tuple[tuple[int, int], ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text[a:b] for a, b in marks))


def _shift(span: tuple[int, int], by: int) -> tuple[int, int]:
    return span[0] + by, span[1] + by


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


def _rounded(value: float) -> float | None:
    return None if np.isnan(value) else round(float(value), 3)
