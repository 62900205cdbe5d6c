"""One measure in the words of different places: who copies whom, who says it otherwise, who does something of its own.

No Flask. What is compared are the sentences that answer the measure (webapp.survey), those of different places alone.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

import numpy as np
from rapidfuzz.distance import LCSseq
from rapidfuzz.fuzz import partial_ratio

from retrieval.search import Searcher
from retrieval.text import fold
from retrieval.types import Filters, ReportSummary
from webapp.answer import Entry, place_name
from webapp.distinct import compare_sentences, distinct_model
from webapp.reuse import covered_by
from webapp.segmentation import words
from webapp.survey import Survey, survey

Kind = Literal["near", "words", "distinctive"]
# Character shingles, and the share of the shorter sentence's that makes two sentences near-verbatim (Broder 1997,
# containment). Edits scattered over a sentence break many shingles, so below that, down to a share that chance hardly
# gives, half of the shorter one's bigrams in the same order are as good (docs/decisions/0014).
_SHINGLE = 4
NEAR, _MAYBE, _IN_ORDER = 0.6, 0.2, 0.5
# A measure's name alone is no copied wording: so many bigrams must be common.
_LEAST = 15
_CLAUSE = re.compile(r"[^，,、：:。！？；!?;\s]{4,}")
_NUMBER = re.compile(r"\d+(?:\.\d+)?")
# A clause is shared when so much of it stands in one piece of another place's sentences, peculiar when no more than that.
_SHARED, _PECULIAR = 0.8, 0.2


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of a sentence's own characters beside the sentence it is compared with; `dropped` are the other's words."""

    text: str
    kind: Literal["same", "changed"]
    dropped: str = ""


@dataclass(frozen=True, slots=True)
class Saying:
    """A place's sentence on the measure. `likeness` is with the nearest sentence of another place, that of `nearest`:
    shared shingles for near-verbatim ones, agreement of token vectors for others; both from 0 to 1.

    `pieces` set it beside the earliest of its group, word by word.
    """

    entry: Entry
    kind: Kind
    likeness: float
    nearest: str
    pieces: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """Near-verbatim sentences of at least two places, earliest first; `reference` when a reference document has them."""

    sayings: tuple[Saying, ...]
    reference: ReportSummary | None

    @property
    def places(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(place_name(one.entry.hit.report) for one in self.sayings))


@dataclass(frozen=True, slots=True)
class Phrases:
    """Clauses, verbatim: `shared` with the places that have them, the most first; `peculiar` by place."""

    shared: tuple[tuple[str, tuple[str, ...]], ...]
    peculiar: tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(frozen=True, slots=True)
class Wording:
    """`groups` of near-verbatim sentences, the largest first, then those in `words` of their own and `distinctive` ones,
    earliest first. Every sentence found stands in exactly one of them.

    In other words: others say it too, otherwise. Distinctive: it tells of something that no other place has.
    """

    survey: Survey
    groups: tuple[Group, ...]
    words: tuple[Saying, ...]
    distinctive: tuple[Saying, ...]
    phrases: Phrases


def wording(searcher: Searcher, text: str, filters: Filters | None = None) -> Wording:
    """Group what the reports in scope say of a measure by how they say it. Raises QueryError for unusable words."""
    asked = survey(searcher, text, filters or Filters())
    entries = sorted((entry for found in asked.entries.values() for entry in found[:1]), key=_time)
    if not entries:
        return Wording(asked, (), (), (), Phrases((), ()))
    plain = [fold(entry.quote) for entry in entries]
    places = [place_name(entry.hit.report) for entry in entries]
    apart = np.array([[one != other for other in places] for one in places])
    copied = _copied(plain, apart)
    near = copied > 0
    beside = compare_sentences(searcher, text, entries, apart)
    distinctive = distinct_model().distinctive(beside.features)
    # Imported here, as below: a second that a search need not wait for.
    from scipy.sparse.csgraph import connected_components

    _, labels = connected_components(near, directed=False)
    first_of = {label: int(np.flatnonzero(labels == label)[0]) for label in set(labels.tolist())}
    sayings = []
    for number, entry in enumerate(entries):
        if near[number].any():
            best = int(np.argmax(copied[number]))
            pieces = differences(entries[first_of[labels[number]]].quote, entry.quote)
            sayings.append(Saying(entry, "near", _two(copied[number, best]), places[best], pieces))
        else:
            # What was found by saying what another sentence says is nothing of its own.
            kind: Kind = "distinctive" if distinctive[number] and not entries[number].like else "words"
            best = beside.nearest[number]
            other = places[best] if best >= 0 else ""
            sayings.append(Saying(entry, kind, _two(beside.agreement[number]), other, (Piece(entry.quote, "same"),)))
    groups = [
        Group(
            tuple(one for one, label in zip(sayings, labels, strict=True) if label == wanted and one.kind == "near"),
            _reference_of(searcher, plain[first]),
        )
        for wanted, first in first_of.items()
        if sayings[first].kind == "near"
    ]
    return Wording(
        asked,
        tuple(sorted(groups, key=lambda group: -len(group.places))),
        tuple(one for one in sayings if one.kind == "words"),
        tuple(one for one in sayings if one.kind == "distinctive"),
        _phrases(entries, places, plain),
    )


def differences(old: str, new: str) -> tuple[Piece, ...]:
    """`new` in runs that stand in `old` or do not, word by word; all runs together are `new`."""
    before, after = words(old), words(new)
    matcher = SequenceMatcher(None, [fold(word) for word in before], [fold(word) for word in after], autojunk=False)
    pieces = []
    for kind, a, b, c, d in matcher.get_opcodes():
        pieces.append(Piece("".join(after[c:d]), "same" if kind == "equal" else "changed",
                            "" if kind == "equal" else "".join(before[a:b])))  # fmt: skip
    return tuple(pieces)


def _time(entry: Entry) -> tuple[int, str, str]:
    metadata = entry.hit.report.metadata
    return metadata.year or 9999, metadata.publication_date or "", place_name(entry.hit.report)


def _copied(plain: Sequence[str], apart: np.ndarray) -> np.ndarray:
    """How much of the shorter of two near-verbatim texts the other has, 0 for others, shape (texts, texts)."""
    contained = np.where(apart, _containment(plain), 0)
    copied = np.where(contained >= NEAR, contained, 0)
    doubtful = np.argwhere(np.triu((contained >= _MAYBE) & (contained < NEAR)))
    bigrams = [[words[i : i + 2] for i in range(len(words) - 1)] for words in plain]
    for one, other in doubtful:
        common = LCSseq.similarity(bigrams[one], bigrams[other])
        share = common / max(1, min(len(bigrams[one]), len(bigrams[other])))
        if common >= _LEAST and share >= _IN_ORDER:
            copied[one, other] = copied[other, one] = share
    return copied


def _containment(plain: Sequence[str]) -> np.ndarray:
    """The share of the shorter text's shingles that the other has too, shape (texts, texts)."""
    from sklearn.feature_extraction.text import CountVectorizer

    counter = CountVectorizer(analyzer="char", ngram_range=(_SHINGLE, _SHINGLE), binary=True, dtype=np.int32)
    try:
        shingles = counter.fit_transform(plain)
    except ValueError:
        # No text is long enough to have a shingle.
        return np.zeros((len(plain), len(plain)))
    sizes = np.maximum(np.asarray(shingles.sum(axis=1)).ravel(), 1)
    common: np.ndarray = (shingles @ shingles.T).toarray() / np.minimum.outer(sizes, sizes)
    return common


def _reference_of(searcher: Searcher, plain: str) -> ReportSummary | None:
    """The reference document that has most of a sentence."""
    index = searcher.index
    found = [
        (float(covered_by(plain, fold(index.text(summary))).mean()), summary) for summary in index.references.values()
    ]
    best = max(found, key=lambda pair: pair[0], default=(0.0, None))
    return best[1] if best[0] >= NEAR else None


def _phrases(entries: Sequence[Entry], places: Sequence[str], plain: Sequence[str]) -> Phrases:
    """Clauses that stand in several places' sentences, and those that have nothing of another place's.

    Of those that differ by their numbers alone the first.
    """
    shared: dict[str, tuple[str, set[str]]] = {}
    peculiar: dict[str, dict[str, str]] = {}
    texts: dict[str, str] = {}
    for place, folded in zip(places, plain, strict=True):
        texts[place] = f"{texts.get(place, '')}\n{folded}"
    for entry, place in zip(entries, places, strict=True):
        for clause in _CLAUSE.findall(entry.quote):
            key = fold(clause)
            others = {other: text for other, text in texts.items() if other != place}
            shares = {other: _held(key, text) for other, text in others.items()}
            # Its pairs of characters may stand here and there; a shared clause stands in one piece.
            holders = {other for other, share in shares.items() if share >= _SHARED / 2 and _stands(key, others[other])}
            if holders:
                shared.setdefault(_NUMBER.sub("", key), (clause, set()))[1].update(holders, {place})
            elif max(shares.values(), default=0.0) <= _PECULIAR:
                peculiar.setdefault(place, {}).setdefault(_NUMBER.sub("", key), clause)
    common = sorted(shared.values(), key=lambda pair: (-len(pair[1]), pair[0]))
    return Phrases(
        tuple((clause, tuple(sorted(who))) for clause, who in common),
        tuple((place, tuple(clauses.values())) for place, clauses in peculiar.items()),
    )


def _stands(clause: str, text: str) -> bool:
    """Whether a folded text has so much of a folded clause in one run of the clause's length."""
    return partial_ratio(clause, text) >= 100 * _SHARED


def _held(clause: str, text: str) -> float:
    """The share of a folded clause's shingles that a folded text holds."""
    shingles = [clause[i : i + _SHINGLE] for i in range(len(clause) - _SHINGLE + 1)]
    return sum(shingle in text for shingle in shingles) / len(shingles) if shingles else 0.0


def _two(value: float) -> float:
    return round(float(value), 2)
