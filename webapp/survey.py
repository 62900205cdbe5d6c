"""One measure asked of every report in scope: which answer, with what passages. No Flask.

A ranked list stops at its hundredth passage; here every report's own best passages are looked at, so that "not
detected" is said of each report by itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from weakref import WeakKeyDictionary

import numpy as np

from retrieval.filters import admitting
from retrieval.measures import Measure
from retrieval.ranking import Ranked
from retrieval.search import Query, Searcher, first_of_each
from retrieval.text import bare, normalise, normalise_query, tokens
from retrieval.types import Filters, Hit, ReportSummary
from webapp.alike import said_alike
from webapp.answer import DEPTH, Entry, entry_of, evident, weighed
from webapp.evidence import FEATURES, WEAK, evidence_model, term_share
from webapp.finding import names_of
from webapp.question import Question, content_terms, understand

# Passages of each report that are compared token by token.
PER_REPORT = 4
# Where each report is asked by itself less is enough (docs/decisions/0007); below `evidence.WEAK` a cell says that it
# is weak.
ENTRY_FROM = 0.15
# Passages that are read and weighed in full, at most.
_MOST = 4000
# Characters of a question that is looked for letter by letter, at least, unless it is a measure's official name: 培训 is
# said of anything.
_LEAST_WORDS = 4


@dataclass(frozen=True, slots=True)
class Survey:
    """A measure over the reports in scope: `entries` by report id, likeliest first; reports without any are absent.

    `measure` is what the words were taken to mean.
    """

    text: str
    question: Question
    measure: str | None
    scope: tuple[ReportSummary, ...]
    entries: dict[str, tuple[Entry, ...]]


# Surveys kept for the next page of a matrix or its file; an index version that is no longer served takes its own along.
_KEPT = 256
_kept: WeakKeyDictionary[Searcher, dict[tuple[str, Filters], Survey]] = WeakKeyDictionary()


def survey(searcher: Searcher, text: str, filters: Filters) -> Survey:
    """As `ask_each`, kept for the next time. Raises QueryError for unusable words."""
    own = _kept.setdefault(searcher, {})
    found = own.get((text, filters))
    if found is None:
        found = ask_each(searcher, text, filters)
        if len(own) >= _KEPT:
            own.clear()
        own[text, filters] = found
    return found


def ask_each(searcher: Searcher, text: str, filters: Filters) -> Survey:
    """Ask one measure of every report that the filters admit. Raises QueryError for unusable words.

    Places and years that the words name are no filters here: the matrix's own rows and columns are.
    """
    query = searcher.prepare(text)
    question = understand(text, names_of(searcher.index), filters, ("region", "year", "level", "role"))
    question = replace(question, filters=filters)
    scope = tuple(filter(admitting(filters), searcher.index.reports))
    measure = query.expansion.measure.term if query.expansion else None
    allowed = searcher.allowed(filters)
    if not allowed.any():
        return Survey(text, question, measure, scope, {})
    asked = [(question, query), *_otherwise(searcher, question, query)]
    words = _Words(searcher, question, query, allowed)
    rankings = searcher.rank_each([each for _, each in asked], allowed, PER_REPORT, words.first)
    found = _together(
        [_weighed_each(searcher, *each, ranked, words) for each, ranked in zip(asked, rankings, strict=True)]
    )
    found = [(max(chance, WEAK) if words.rows[hit.row] else chance, hit) for chance, hit in found]
    answer_from = ENTRY_FROM if words.by_name else evidence_model().answer_from
    fitting = sorted(evident(found, answer_from, ENTRY_FROM), key=lambda pair: -pair[0])
    likely = [entry_of(hit, strength, question, searcher.naming) for strength, hit in fitting]
    silent = allowed & ~_of_reports(searcher, {entry.hit.report.id for entry in likely})
    without = said_alike(searcher, query, _examples(searcher, question, query, words), silent)
    entries: dict[str, list[Entry]] = {}
    for entry in (*likely, *(entry for entry in without if not words.stand_in(entry.quote))):
        entries.setdefault(entry.hit.report.id, []).append(entry)
    return Survey(text, question, measure, scope, {name: tuple(found) for name, found in entries.items()})


def _examples(searcher: Searcher, question: Question, query: Query, words: _Words) -> list[Entry]:
    """Sentences in which the words stand, if they name a measure and ask for no amount.

    Of any report: what a place is found to say must not depend on which other places are in scope.
    """
    naming = searcher.naming
    if question.fact or naming is None or not naming.names(normalise(question.text)):
        return []
    hits = searcher.search(query, limit=min(DEPTH, searcher.settings.max_limit)).hits
    entries = [entry_of(hit, WEAK, question, naming) for hit in hits]
    return [entry for entry in entries if words.stand_in(entry.quote)]


def _of_reports(searcher: Searcher, ids: set[str]) -> np.ndarray:
    """Which passages are of these reports, a mask (passages,)."""
    # The last stands for passages of no report.
    wanted = np.array([*(summary.id in ids for summary in searcher.index.reports), False])
    mask: np.ndarray = wanted[searcher.index.report_numbers]
    return mask


class _Words:
    """The words of a question, and the official name of the measure whose name they are: a passage in which they stand
    letter by letter speaks of what is asked, however far its other words lead.

    `rows`, (passages,) of bool, are the passages in which they stand, of the _MOST best by BM25; `first` is the best of
    each report. `by_name` says whether they are the very name of a measure.
    """

    def __init__(self, searcher: Searcher, question: Question, query: Query, allowed: np.ndarray) -> None:
        measure = _asked_by_name(question, query)
        self.by_name = measure is not None
        official = normalise(measure.term) if measure else ""
        names: Iterable[str] = dict.fromkeys((normalise(question.text), official))
        self._names = [name for name in names if len(name) >= _LEAST_WORDS or (name and name == official)]
        spelt = np.zeros(len(allowed), bool)
        for name in self._names:
            found = searcher.index.lexical.rows_with_all(tokens(name), len(allowed))
            if found is not None:
                spelt[found] = True
        rows = np.flatnonzero(spelt & allowed)
        rows = rows[np.lexsort((rows, -searcher.index.lexical.scores(query.terms)[rows]))][:_MOST]
        passages = searcher.index.passages_at(rows)
        rows = rows[np.array([self.stand_in(passage.text) for passage in passages], bool)]
        self.rows = np.zeros(len(allowed), bool)
        self.rows[rows] = True
        self.first = rows[first_of_each(searcher.index.report_numbers[rows], 1)]

    def stand_in(self, text: str) -> bool:
        """Whether a text has them."""
        plain = normalise(text)
        return any(name in plain for name in self._names)


def _asked_by_name(question: Question, query: Query) -> Measure | None:
    """The measure of which a question is the very name."""
    measure = query.expansion.measure if query.expansion else None
    named = measure and bare(question.text) in {bare(name) for name in (measure.term, *measure.variants)}
    return measure if named else None


def _otherwise(searcher: Searcher, question: Question, query: Query) -> list[tuple[Question, Query]]:
    """The same asked in the everyday words of the measure, when the question is the measure's own name.

    Passages that say it otherwise stand nearer to other words (docs/decisions/0014).
    """
    measure = _asked_by_name(question, query)
    if measure is None:
        return []
    return [
        (replace(question, text=words, terms=content_terms(normalise_query(words))), searcher.prepare(words))
        for words in measure.everyday
    ]


def _weighed_each(
    searcher: Searcher, question: Question, query: Query, ranked: Ranked, words: _Words
) -> dict[str, tuple[float, Hit]]:
    """Every report's own passages, as far as they could be evidence, by passage id."""
    places = _possible(searcher, question, query, words, ranked)
    results = searcher.results(query, ranked, places)
    pairs = weighed(searcher, question, query, results, by_name=words.by_name)
    return {hit.passage.id: (chance, hit) for chance, hit in pairs}


def _together(askings: Sequence[dict[str, tuple[float, Hit]]]) -> list[tuple[float, Hit]]:
    """A passage counts by the first asking, or by the median of all: one chance likeness is not enough."""
    first, found = askings[0], []
    for passage_id in dict.fromkeys(key for asking in askings for key in asking):
        chances = [asking[passage_id][0] if passage_id in asking else 0.0 for asking in askings]
        hit = max((asking[passage_id] for asking in askings if passage_id in asking), key=lambda pair: pair[0])[1]
        own = first.get(passage_id)
        found.append((max(chances[0], float(np.median(chances))), own[1] if own else hit))
    return found


def _possible(searcher: Searcher, question: Question, query: Query, words: _Words, ranked: Ranked) -> list[int]:
    """Places in the ranking that could be evidence if everything not yet known of them were at its best, and those
    where the question's words stand."""
    if np.isnan(ranked.similarity).all():
        return list(range(min(len(ranked.rows), _MOST)))
    model, typical = evidence_model(), searcher.background(query)
    # As hits have them: rounded.
    similarity, measure_similarity = ranked.similarity.round(3), ranked.measure_similarity.round(3)
    margin = similarity - typical.similarity
    meant = query.expansion is not None
    # Literal tags are known without reading: of the measure that is meant, or of none.
    term = query.expansion.measure.term if query.expansion else ""
    named = searcher.index.tags.mask(term)[ranked.rows].astype(float)
    known = {
        "margin": margin,
        "gap": similarity.max() - similarity,
        # A sentence's tokens are some of its passage's: it cannot be nearer.
        "sentence": margin,
        # Of the two ways in which a clause is compared, one is bounded by the passage's similarity.
        "clause": (similarity + 1) / 2 + 0.001,
        "share": 1.0,
        "measure": measure_similarity - typical.measure_similarity if meant else 0.0,
        "named": named,
        "understood": query.expansion.strength if query.expansion else 0.0,
        "fact": float(question.fact),
        "figure": float(question.fact),
    }
    best = np.column_stack([np.broadcast_to(known[name], margin.shape) for name in FEATURES])
    likely = model.probabilities(best, by_name=words.by_name) >= ENTRY_FROM
    possible = np.flatnonzero(likely | words.rows[ranked.rows])[:_MOST]
    # To read a passage costs a tenth of weighing it: its words are looked at before the rest is.
    rows = ranked.rows[possible]
    passages = searcher.index.passages_at(rows)
    best[possible, FEATURES.index("share")] = [term_share(passage, question.terms) for passage in passages]
    likely = model.probabilities(best[possible], by_name=words.by_name) >= ENTRY_FROM
    return [int(place) for place in possible[likely | words.rows[rows]]]
