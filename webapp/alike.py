"""A second look at passages that do not name a measure: are they near to what others say who name it?

A name and what it stands for may share no words (府院联动: 政府和法院坐到一起商量), but sentences that tell of the same
practice are near to each other, whatever they call it. No Flask.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from retrieval.search import Query, Searcher
from retrieval.text import normalise
from retrieval.types import Hit
from webapp.answer import Entry

# From this agreement on a sentence is near to its example, if its passage also stands so far above the index's
# typical one (docs/decisions/0025).
ALIKE, NEAR = 0.64, 0.25
# How likely it is then to be what is asked: weak, until somebody has read it.
STRENGTH = 0.4
# Examples that passages are held against, at most; two that agree so far are one.
_EXAMPLES, _SAME = 8, 0.85
# Passages nearest to each example that are looked at, and those that are read at a time.
_NEAREST, _AT_ONCE = 300, 128
# A sentence of fewer tokens (some twenty characters) is a heading, and agrees with others like it.
_LEAST = 15


@dataclass(frozen=True, slots=True)
class Alike:
    """The sentence of a passage, by its row and the span in its text, that is near to an `example`."""

    row: int
    sentence: tuple[int, int]
    agreement: float
    example: Entry


def agreement_of(cosines: np.ndarray) -> float:
    """How far two texts agree by the cosines of their tokens (tokens, other tokens): the mean of MaxSim both ways."""
    return float(cosines.max(axis=1).mean() + cosines.max(axis=0).mean()) / 2


def quoted_tokens(searcher: Searcher, entry: Entry) -> np.ndarray:
    """The token vectors of a quotation, out of its passage's, shape (tokens, dimension)."""
    vectors = searcher.index.tokens(entry.hit.row)
    (divided,) = searcher.divided([entry.hit.passage.text])
    if len(divided.starts) != len(vectors):
        return vectors
    begin = entry.hit.passage.start
    first, last = np.searchsorted(divided.starts, (entry.start - begin, entry.end - begin))
    return vectors[first:last]


def said_alike(searcher: Searcher, query: Query, examples: Sequence[Entry], allowed: np.ndarray) -> list[Entry]:
    """Of the allowed passages, a mask (passages,), the sentences that are near to an example, nearest first.

    One that names another measure of the vocabulary is left out: it is alike because of that one.
    """
    found: dict[int, Alike] = {}
    for one in _alike(searcher, examples, allowed):
        if one.row not in found or one.agreement > found[one.row].agreement:
            found[one.row] = one
    if not found:
        return []
    ranked = searcher.scored(query, np.array(sorted(found), int))
    above = np.flatnonzero(ranked.similarity - searcher.background(query).similarity >= NEAR)
    hits = searcher.results(query, ranked, above.tolist()).hits
    entries = [_entry(hit, found[hit.row]) for hit in sorted(hits, key=lambda hit: -found[hit.row].agreement)]
    asked, naming = normalise(query.text), searcher.naming
    return [entry for entry in entries if not (naming and naming.others(normalise(entry.quote), asked))]


def _entry(hit: Hit, one: Alike) -> Entry:
    first, last = one.sentence
    begin = hit.passage.start
    return Entry(hit, hit.passage.text[first:last], begin + first, begin + last, STRENGTH, like=one.example)


def _alike(searcher: Searcher, examples: Sequence[Entry], allowed: np.ndarray) -> Iterator[Alike]:
    """The sentences of the passages nearest to each example that agree with one."""
    chosen = _different(searcher, examples)
    if not chosen:
        return
    means = [vectors.mean(axis=0) for _, vectors in chosen]
    near = [searcher.index.nearest(mean / np.linalg.norm(mean), _NEAREST, allowed)[0] for mean in means]
    rows = np.unique(np.concatenate(near))
    for start in range(0, len(rows), _AT_ONCE):
        yield from _agreeing(searcher, chosen, rows[start : start + _AT_ONCE])


def _different(searcher: Searcher, examples: Sequence[Entry]) -> list[tuple[Entry, np.ndarray]]:
    """The first examples with their token vectors, of those that say the same the first alone."""
    chosen: list[tuple[Entry, np.ndarray]] = []
    for example in examples:
        vectors = quoted_tokens(searcher, example)
        if len(vectors) >= _LEAST and all(agreement_of(vectors @ other.T) < _SAME for _, other in chosen):
            chosen.append((example, vectors))
        if len(chosen) == _EXAMPLES:
            break
    return chosen


def _agreeing(searcher: Searcher, examples: Sequence[tuple[Entry, np.ndarray]], rows: np.ndarray) -> Iterator[Alike]:
    """The sentences of some passages that agree with one of the examples, each with that which it agrees with most."""
    codes = searcher.index.token_codes(rows)
    cosines = searcher.index.codec.cosines(np.concatenate(codes), np.concatenate([own for _, own in examples]))
    similar = np.split(cosines, np.cumsum([len(each) for each in codes])[:-1])
    sizes = [len(own) for _, own in examples]
    starts = np.cumsum([0, *sizes[:-1]])
    divided = searcher.divided([passage.text for passage in searcher.index.passages_at(rows)])
    for row, parts, own in zip(rows.tolist(), divided, similar, strict=True):
        # Where tokens cannot be told apart, sentences cannot.
        spans = zip(parts.sentences.tolist(), parts.sentence_tokens.tolist(), strict=True)
        for span, (first, last) in spans if len(parts.starts) == len(own) else ():
            if last - first < _LEAST:
                continue
            part = own[first:last]
            theirs = np.add.reduceat(part.max(axis=0), starts) / sizes
            both = (theirs + np.maximum.reduceat(part, starts, axis=1).mean(axis=0)) / 2
            most = int(both.argmax())
            if both[most] >= ALIKE:
                yield Alike(row, tuple(span), float(both[most]), examples[most][0])
