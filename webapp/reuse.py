"""How much of a passage stands word for word in other texts, and in which, earliest first: the 套话 meter. No Flask.

The full text's trigrams propose texts that may share a run of words; runs of GRAM folded characters then decide, read in
the texts themselves. A number or name changed inside a copied sentence breaks a run but not the sentence.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import pairwise
from typing import Literal

import numpy as np

from retrieval.store import Index
from retrieval.text import fold, fold_offsets
from retrieval.types import Passage, ReportSummary

Kind = Literal["reference", "other", "own"]
# The shortest run of folded characters that counts as shared: longer than any name of a measure or an organ.
GRAM = 10
# Unshared characters between two shared runs that still belong to them: the number or name that was changed.
_BRIDGED = 5
_DIGITS = re.compile(r"\d+")
# Different characters that a shared run has, at least, and characters between two numbers that a candidate is looked for by.
_DISTINCT, _PIECE = 6, 6
# Runs that count beside a shared one, edited words between them, and characters that are looked ahead for them.
_SHORT, _EDITED, _AHEAD = 4, 12, 120
# Where candidates are looked for: every so many characters of the passage.
_STEP = 5
# Texts that are read for one passage, at most.
_MOST = 2000
# A source must share so much of the passage to be named.
_NAMED = 0.1


@dataclass(frozen=True, slots=True)
class Source:
    """Another text with words of the passage, and the `share` of the passage that it holds.

    `kind` is reference (a reference document, to which shared wording is credited), own (the same place's report of
    another year) or other; `earlier` when its year comes before the passage's.
    """

    summary: ReportSummary
    kind: Kind
    share: float
    earlier: bool


@dataclass(frozen=True, slots=True)
class Reuse:
    """`share` of the passage's characters stands in texts of others, `own_share` in the place's own other reports.

    `spans` are the shared runs of the former, as offsets into the report's text; `sources` come references first, then
    by year, the greatest share first within one.
    """

    passage: Passage
    share: float
    own_share: float
    spans: tuple[tuple[int, int], ...]
    sources: tuple[Source, ...]

    @property
    def first(self) -> bool:
        """Whether no text of another place that shares its words is of an earlier year, and no reference document is."""
        return not any(
            source.kind == "reference" or (source.earlier and source.kind == "other") for source in self.sources
        )


def reuse(index: Index, passage: Passage, summary: ReportSummary) -> Reuse:
    """Compare a passage with every text in force: reports of other years and places, and reference documents."""
    plain = fold(passage.text)
    shared, own = np.zeros(len(plain), bool), np.zeros(len(plain), bool)
    sources = []
    for other, text in _candidates(index, plain, summary):
        covered = covered_by(plain, text)
        kind = _kind(summary, other)
        if kind == "own":
            own |= covered
        else:
            shared |= covered
        share = float(covered.mean())
        if share >= _NAMED:
            earlier = (other.metadata.year or 9999) < (summary.metadata.year or 0)
            sources.append(Source(other, kind, round(share, 3), earlier))
    # In the text's own characters; what folding drops (white space) lies inside a run or outside it.
    offsets = fold_offsets(passage.text)
    spans = [(passage.start + offsets[a], passage.start + offsets[b - 1] + 1) for a, b in _runs(shared)]
    return Reuse(passage, _mean(shared), _mean(own), tuple(spans), tuple(sorted(sources, key=_order)))


def covered_by(plain: str, text: str) -> np.ndarray:
    """Which characters of a folded passage lie in a run that another folded text holds too, shape (characters,).

    Whatever numbers stand in it: a sentence that is copied from year to year changes them and nothing else. Of mere
    lists of numbers only marks and units would be left, which says nothing.
    """
    places = [at for at, char in enumerate(plain) if not char.isdecimal()]
    words, others = "".join(plain[at] for at in places), _DIGITS.sub("", text)
    covered = np.zeros(len(plain), bool)
    for first, last in _copied(words, others):
        covered[places[first] : places[last - 1] + 1] = True
    edges = _runs(covered)
    for (_, end), (start, _) in pairwise(edges):
        if start - end <= _BRIDGED:
            covered[end:start] = True
    return covered


def _copied(words: str, others: str) -> Iterator[tuple[int, int]]:
    """Spans of some words that stand in others: runs of GRAM, and what follows them and goes before them there.

    Seed and extend (Altschul et al. 1990): edits leave short runs, which mean something only beside a long one.
    """
    begin = 0
    while begin <= len(words) - GRAM:
        end = begin + GRAM
        run = words[begin:end]
        at = others.find(run)
        if at < 0 or len(set(run)) < _DISTINCT:
            begin += 1
            continue
        until = at + GRAM
        while end < len(words) and until < len(others) and words[end] == others[until]:
            end, until = end + 1, until + 1
        yield begin, end
        yield from ((end + a, end + b) for a, b in _going_on(words[end:], others[until : until + _AHEAD]))
        before = _going_on(words[:begin][::-1], others[max(0, at - _AHEAD) : at][::-1])
        yield from ((begin - b, begin - a) for a, b in before)
        # The run's last words may begin another one, which stands elsewhere.
        begin = end - GRAM + 1


def _going_on(words: str, others: str) -> Iterator[tuple[int, int]]:
    """Short runs of some words that others go on with in the same order, each near to the one before it."""
    blocks = SequenceMatcher(None, words[:_AHEAD], others, autojunk=False).get_matching_blocks()
    end = until = 0
    for first, there, size in blocks:
        if size < _SHORT:
            continue
        if first - end > _EDITED or there - until > _EDITED:
            return
        yield first, first + size
        end, until = first + size, there + size


def _candidates(index: Index, plain: str, summary: ReportSummary) -> Iterator[tuple[ReportSummary, str]]:
    """Texts in force that may hold a run of the passage, with their folded words."""
    in_force = {other.version_id: other for other in index.current if other.id != summary.id}
    # Numbers are what copies change.
    pieces = [piece for piece in _DIGITS.split(plain) if len(piece) >= _PIECE]
    windows = [piece[at : at + GRAM] for piece in pieces for at in range(0, max(1, len(piece) - GRAM + 1), _STEP)]
    left = _MOST
    for reader in index.fulltext:
        proposed: set[int] = set()
        for window in windows:
            proposed |= reader.candidates(window) or set()
        numbers = [n for n in sorted(proposed) if reader.versions[n] in in_force][:left]
        left -= len(numbers)
        for number, text in reader.texts(numbers):
            yield in_force[reader.versions[number]], text


def _kind(summary: ReportSummary, other: ReportSummary) -> Kind:
    if other.metadata.reference:
        return "reference"
    chain = summary.metadata.region.chain
    return "own" if chain and chain == other.metadata.region.chain else "other"


def _order(source: Source) -> tuple[bool, int, str, float]:
    metadata = source.summary.metadata
    return source.kind != "reference", metadata.year or 9999, metadata.publication_date or "", -source.share


def _runs(covered: np.ndarray) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate([[0], covered.astype(np.int8), [0]])))
    return [(int(a), int(b)) for a, b in edges.reshape(-1, 2)]


def _mean(covered: np.ndarray) -> float:
    return round(float(covered.mean()), 3) if len(covered) else 0.0
