"""Query and filters → ranked hits: filters first, candidates by vectors and BM25, late interaction, and why each matched."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from itertools import pairwise

import numpy as np

from retrieval.config import Config, SearchSettings
from retrieval.division import Divider, Parts
from retrieval.encoder import Encoded, Encoder, Reranker, open_reranker
from retrieval.errors import QueryError
from retrieval.expansion import Expander, Expansion, open_expander
from retrieval.facets import facets_of
from retrieval.highlight import best_likeness, best_sentence, matched_spans
from retrieval.late import token_maxima
from retrieval.ranking import Ranked, expansion_share, fuse
from retrieval.store import Index
from retrieval.tags import Naming
from retrieval.text import normalise, normalise_query, tokens
from retrieval.types import Filters, Hit, Passage, Results, Why

# Passages that stand for the whole index where a typical similarity is wanted.
BACKGROUND = 200
# Rows of which the best score is looked at first.
_GROUP = 256
# Vectors of a question take some 15 kB.
_KEPT_QUERIES = 500


@dataclass(frozen=True, slots=True)
class Query:
    """A query made ready: its BM25 terms, its vectors, and the measure that it means."""

    text: str
    terms: tuple[str, ...]
    encoded: Encoded
    expansion: Expansion | None

    @property
    def measure_tokens(self) -> np.ndarray:
        """Token vectors of the measure's official wording, (tokens, dimension); none without a measure."""
        return self.expansion.tokens if self.expansion else self.encoded.tokens[:0]


@dataclass(frozen=True, slots=True)
class Background:
    """The median MaxSim of a query with passages of the whole index, and that of its measure; NaN where there is none.

    How far a hit stands above it says more than the similarity itself, whose level differs from query to query.
    """

    similarity: float
    measure_similarity: float


class Searcher:
    """Answers queries over one opened index; safe to share between threads."""

    def __init__(
        self,
        index: Index,
        encoder: Encoder,
        settings: SearchSettings,
        expander: Expander | None = None,
        reranker: Reranker | None = None,
    ) -> None:
        self.index = index
        self.encoder = encoder
        self.settings = settings
        self.expander = expander
        self.reranker = reranker
        # Pages, filters and files of a question ask for the same vectors again.
        self._understood = lru_cache(_KEPT_QUERIES)(partial(_understood, encoder, expander))
        self._divider = Divider(encoder)

    @property
    def naming(self) -> Naming | None:
        """The vocabulary's names, to be found in texts."""
        return self.expander.naming if self.expander else None

    def over(self, index: Index) -> Searcher:
        """The same over another version of the index; what is kept of questions and texts is as good for it."""
        other = Searcher(index, self.encoder, self.settings, self.expander, self.reranker)
        other._understood, other._divider = self._understood, self._divider
        return other

    def prepare(self, text: str, *, expand: bool = True) -> Query:
        """Check, normalise and encode a query; `expand` looks for the measure it means. Raises QueryError."""
        check_query(text, self.settings)
        normalised = normalise_query(text)
        encoded, expansion = self._understood(normalised)
        wanted = expand and self.settings.expansion_weight > 0
        return Query(text, tuple(tokens(normalised)), encoded, expansion if wanted else None)

    def divided(self, texts: Sequence[str]) -> list[Parts]:
        """How the texts of passages divide."""
        return self._divider.parts(texts)

    def search(
        self, query: str | Query, filters: Filters | None = None, limit: int | None = None, offset: int = 0
    ) -> Results:
        """One page of hits. A filter that matches nothing gives nothing. Raises QueryError."""
        begin = time.perf_counter()
        limit = self.settings.limit if limit is None else limit
        if not 0 <= limit <= self.settings.max_limit or offset < 0:
            raise QueryError(
                f"limit 应为 0–{self.settings.max_limit}，offset 不小于 0",
                f"limit must be 0 to {self.settings.max_limit}, offset 0 or more",
            )
        query = self.prepare(query) if isinstance(query, str) else query
        scope = self.index.scope(filters or Filters())
        ranked = self._reranked(query, self.rank(query, scope.allowed))
        page = range(offset, min(offset + limit, len(ranked.rows)))
        return replace(
            self.results(query, ranked, page),
            facets=facets_of(self.index, ranked.rows),
            scope_reports=scope.reports,
            scope_passages=scope.passages,
            took_ms=round((time.perf_counter() - begin) * 1000, 1),
        )

    def results(self, query: Query, ranked: Ranked, places: Iterable[int]) -> Results:
        """The hits at some places of a ranking, without its facets and scope."""
        return Results(
            query=query.text,
            total=len(ranked.rows),
            hits=self._hits(query, ranked, list(places)),
            measure=query.expansion.measure.term if query.expansion else None,
            measure_strength=round(query.expansion.strength, 3) if query.expansion else 0.0,
        )

    def allowed(self, filters: Filters) -> np.ndarray:
        """Which passages the filters admit: a boolean mask of shape (passages,)."""
        return self.index.allowed(filters)

    def rank(self, query: Query, allowed: np.ndarray) -> Ranked:
        """Candidates from the first stages (vectors, BM25, BM25 of the measure's name), scored and fused."""
        count = self.settings.candidates
        rows, _ = self.index.nearest(query.encoded.pooled, count, allowed)
        lexical = self.index.lexical.scores(query.terms)
        rows = np.union1d(rows, _best(lexical, count, allowed))
        if query.expansion:
            named = self.index.lexical.scores(tokens(normalise(query.expansion.measure.term)))
            rows = np.union1d(rows, _best(named, count // 2, allowed))
        return self.scored(query, rows, lexical)

    def scored(self, query: Query, rows: np.ndarray, lexical: np.ndarray | None = None) -> Ranked:
        """Passages at some rows, ascending, scored and fused; `lexical` is BM25 of all rows, where it is known."""
        lexical = self.index.lexical.scores(query.terms) if lexical is None else lexical
        (similar,) = self._similarities(rows, query)
        return self._fused(query, rows, self.index.products(query.encoded.pooled, rows), lexical, *similar)

    def rank_each(
        self, queries: Sequence[Query], allowed: np.ndarray, per_report: int, also: np.ndarray
    ) -> list[Ranked]:
        """As `rank` for each query, with candidates from every report: its nearest passages, the best by BM25, and some
        rows `also`.

        Token vectors are read once for all queries: reading and widening them is most of the work.
        """
        firsts = [self._first_of_reports(query, allowed, per_report, also) for query in queries]
        every = np.unique(np.concatenate([rows for rows, _, _ in firsts]))
        return [
            self._fused(query, *first, *(part[np.searchsorted(every, first[0])] for part in similar))
            for query, first, similar in zip(queries, firsts, self._similarities(every, *queries), strict=True)
        ]

    def _first_of_reports(
        self, query: Query, allowed: np.ndarray, per_report: int, also: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Candidate rows with their dense scores, and BM25 of all rows."""
        dense_rows, dense_scores = self.index.nearest(query.encoded.pooled, int(allowed.sum()), allowed, exact=True)
        lexical = self.index.lexical.scores(query.terms)
        by_words = _best(lexical, int(allowed.sum()), allowed)
        numbers = self.index.report_numbers
        nearest = dense_rows[first_of_each(numbers[dense_rows], per_report)]
        rows = np.unique(np.concatenate([nearest, by_words[first_of_each(numbers[by_words], 1)], also]))
        near = np.zeros(len(numbers))
        near[dense_rows] = dense_scores
        return rows, near[rows], lexical

    def _fused(
        self,
        query: Query,
        rows: np.ndarray,
        dense: np.ndarray,
        lexical: np.ndarray,
        similarity: np.ndarray,
        measure_similarity: np.ndarray,
    ) -> Ranked:
        return fuse(
            rows,
            dense,
            similarity,
            measure_similarity,
            lexical[rows],
            self.settings.vector_weight,
            self.settings.lexical_weight,
            expansion_share(self.settings.expansion_weight, query.expansion.surely) if query.expansion else 0.0,
        )

    def _reranked(self, query: Query, ranked: Ranked) -> Ranked:
        """The first hits in the cross-encoder's order, where there is one."""
        count = min(self.settings.rerank, len(ranked.rows))
        if self.reranker is None or not count:
            return ranked
        texts = [self.index.passage(row).text for row in ranked.rows[:count]]
        return ranked.reordered(self.reranker.scores(query.text, texts))

    def background(self, query: Query) -> Background:
        """Typical similarities, over passages picked evenly from the whole index."""
        alive = np.flatnonzero(self.index.report_numbers >= 0)
        picked = alive[np.linspace(0, len(alive) - 1, min(len(alive), BACKGROUND)).astype(int)] if len(alive) else alive
        (similar,) = self._similarities(picked, query)
        medians = [float(np.median(part)) if len(part) else np.nan for part in similar]
        return Background(*medians)

    def _similarities(self, rows: np.ndarray, *queries: Query) -> list[tuple[np.ndarray, np.ndarray]]:
        """For each query MaxSim of each row with it and with its measure; NaN where there are no token vectors."""
        parts = [part for query in queries for part in (query.encoded.tokens, query.measure_tokens)]
        edges = np.cumsum([0, *map(len, parts)])
        nothing = np.full(len(rows), np.nan)
        if not edges[-1] or not len(rows):
            return [(nothing, nothing)] * len(queries)
        maxima = token_maxima(
            np.concatenate(parts),
            self.index.token_codes(rows),
            self.index.codec,
        )
        means = [maxima[:, a:b].mean(axis=1) if b > a else nothing for a, b in pairwise(edges)]
        return list(zip(means[::2], means[1::2], strict=True))

    def _hits(self, query: Query, ranked: Ranked, places: Sequence[int]) -> tuple[Hit, ...]:
        if not places:
            return ()
        rows = ranked.rows[places]
        codes = self.index.token_codes(rows)
        cosines = self.index.codec.cosines(np.concatenate(codes), query.encoded.tokens)
        similar = np.split(cosines, np.cumsum([len(each) for each in codes])[:-1])
        passages = self.index.passages_at(rows)
        divided = self._divider.parts([passage.text for passage in passages])
        return tuple(self._hit(query, ranked, *each) for each in zip(places, passages, divided, similar, strict=True))

    def _hit(
        self, query: Query, ranked: Ranked, place: int, passage: Passage, divided: Parts, similar: np.ndarray
    ) -> Hit:
        """One hit; `similar` are the cosines of its tokens with the query's (tokens, query tokens)."""
        row = int(ranked.rows[place])
        marks = matched_spans(divided.plain, query.terms)
        best = best_likeness(divided, similar)
        sentence = best.span if best else best_sentence(passage.text, query.terms)
        return Hit(
            rank=place + 1,
            score=round(float(ranked.scores[place]), 4),
            why=Why(
                dense=round(float(ranked.dense[place]), 3),
                lexical=round(float(ranked.lexical[place]), 3),
                terms=tuple(dict.fromkeys(passage.text[a:b] for a, b in marks)),
                similarity=_rounded(ranked.similarity[place]),
                sentence_similarity=round(best.similarity, 3) if best else None,
                agreement=round(best.agreement, 3) if best else None,
                measure_similarity=_rounded(ranked.measure_similarity[place]),
                measures=self.index.tags.of(row),
            ),
            passage=passage,
            report=self.index.reports[self.index.report_numbers[row]],
            sentence=_shift(sentence, passage.start),
            marks=tuple(_shift(span, passage.start) for span in marks),
            row=row,
        )


def open_searcher(config: Config, index: Index, encoder: Encoder) -> Searcher:
    """With the configured vocabulary and cross-encoder. Raises ConfigError when the vocabulary is unusable."""
    return Searcher(index, encoder, config.search, open_expander(config, encoder), open_reranker(config))


def _understood(encoder: Encoder, expander: Expander | None, text: str) -> tuple[Encoded, Expansion | None]:
    """A normalised query's vectors, and the measure that it means."""
    (encoded,) = encoder.queries([text])
    return encoded, expander.of(encoded) if expander else None


def _best(scores: np.ndarray, count: int, allowed: np.ndarray) -> np.ndarray:
    """The rows with the greatest scores above 0 among those allowed, shape (up to count,)."""
    scores = scores if allowed.all() else scores * allowed
    # So many groups of rows have one as good as the last of these: nothing below it is among the best.
    maxima = scores[: len(scores) // _GROUP * _GROUP].reshape(_GROUP, -1).max(axis=0)
    least = np.partition(maxima, len(maxima) - count)[len(maxima) - count] if 0 < count < len(maxima) else 0
    rows = np.flatnonzero(scores >= least if least > 0 else scores > 0)
    if len(rows) > count:
        # Of equal scores the first rows are taken, so the last place may have to be shared out.
        last = np.partition(scores[rows], len(rows) - count)[len(rows) - count]
        above = rows[scores[rows] > last]
        rows = np.concatenate([above, rows[scores[rows] == last][: count - len(above)]])
    return rows[np.lexsort((rows, -scores[rows]))]


def first_of_each(groups: np.ndarray, count: int) -> np.ndarray:
    """Positions of the first `count` members of each group, in their order."""
    order = np.argsort(groups, kind="stable")
    ordered = groups[order]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]]) if len(ordered) else np.zeros(0, int)
    place = np.arange(len(ordered)) - np.repeat(starts, np.diff(np.r_[starts, len(ordered)]))
    return np.sort(order[place < count])


def check_query(query: str, settings: SearchSettings) -> None:
    """Raises QueryError for empty and over-long queries."""
    if not normalise(query):
        raise QueryError("请输入要查的内容", "the query is empty")
    if len(query) > settings.max_query_chars:
        raise QueryError(
            f"查询太长：{len(query)} 字，最多 {settings.max_query_chars} 字",
            f"the query has {len(query)} characters; at most {settings.max_query_chars}",
        )


def _shift(span: tuple[int, int], by: int) -> tuple[int, int]:
    return span[0] + by, span[1] + by


def _rounded(value: float) -> float | None:
    return None if np.isnan(value) else round(float(value), 3)
