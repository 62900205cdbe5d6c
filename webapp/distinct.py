"""Whether a sentence that copies nobody says the same as others in other words, or tells of something of its own.

No Flask. A logistic model over what its words and token vectors share with other places (distinct.json), fitted and
cross-validated by bench/fit_distinct.py on planted sentences; docs/decisions/0014 says what else was tried.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from retrieval.search import Searcher
from retrieval.store import Index
from retrieval.text import normalise, tokens
from webapp.alike import agreement_of, quoted_tokens
from webapp.answer import Entry, place_name
from webapp.logistic import Logistic
from webapp.segmentation import words

FILE = Path(__file__).parent / "distinct.json"
FEATURES = (
    "unmatched",  # how little the tenth of its tokens that fits others worst agrees with any of them
    "unseen",  # the share of its words that no other place's report has
    "coined",  # whether a name in quotation marks is such a word
    "about",  # how well it fits the words that were asked
)
# Sentences that are compared token by token with each sentence: its nearest by mean vector.
_NEIGHBOURS = 12
_WORST = 0.1
_WORD = re.compile(r"[\u3400-\u9fff]{2,}")
_NAME = re.compile(r"[“「『]([^”」』]{2,12})[”」』]")
# A term in more passages than one place's reports have is not looked up: somebody else has it.
_COMMON = 400


@dataclass(frozen=True, slots=True)
class Compared:
    """Sentences beside those of other places: the greatest `agreement` (the mean of MaxSim both ways), the `nearest`
    sentence, -1 where there is none, and FEATURES; shapes (sentences,), (sentences,), (sentences, FEATURES).
    """

    agreement: np.ndarray
    nearest: np.ndarray
    features: np.ndarray


@dataclass(frozen=True, slots=True)
class Model:
    """A logistic model over FEATURES; from `least` on a sentence is distinctive."""

    logistic: Logistic
    least: float

    def distinctive(self, features: np.ndarray) -> np.ndarray:
        """Which rows of (sentences, FEATURES) tell of something of their own, shape (sentences,)."""
        found: np.ndarray = self.logistic.probabilities(features) >= self.least
        return found


@cache
def distinct_model() -> Model:
    """The fitted model that comes with the program."""
    held = json.loads(FILE.read_text(encoding="utf-8"))
    return Model(Logistic.read(held, FEATURES, held["intercept"]), held["least"])


def compare_sentences(searcher: Searcher, asked: str, entries: Sequence[Entry], apart: np.ndarray) -> Compared:
    """Each sentence beside the others; `apart` says which are of different places, shape (sentences, sentences)."""
    query = searcher.prepare(asked, expand=False).encoded.tokens
    vectors = [quoted_tokens(searcher, entry) for entry in entries]
    means = np.array([each.mean(axis=0) if len(each) else np.zeros(searcher.encoder.dimension) for each in vectors])
    similar = np.where(apart, means @ means.T, -np.inf)
    holders = _Holders(searcher.index)
    agreement, nearest = np.zeros(len(entries)), np.full(len(entries), -1)
    features = np.zeros((len(entries), len(FEATURES)))
    for number, own in enumerate(vectors):
        matched = np.zeros(len(own))
        for other in np.argsort(-similar[number])[:_NEIGHBOURS]:
            if apart[number, other] and len(own) and len(vectors[other]):
                cosines = own @ vectors[other].T
                matched = np.maximum(matched, cosines.max(axis=1))
                likeness = agreement_of(cosines)
                if likeness > agreement[number]:
                    agreement[number], nearest[number] = likeness, other
        about = float((query @ own.T).max(axis=1).mean()) if len(own) and len(query) else 0.0
        unmatched = 1 - float(np.quantile(matched, _WORST)) if len(own) else 0.0
        features[number] = (unmatched, *holders.unseen(entries[number]), about)
    return Compared(agreement, nearest, features)


class _Holders:
    """Which words no other place's report has."""

    def __init__(self, index: Index) -> None:
        self._index = index
        places = [place_name(summary) for summary in index.reports]
        numbers = {place: number for number, place in enumerate(dict.fromkeys(places))}
        self._of_report = np.array([*(numbers[place] for place in places), -1], np.int32)
        self._numbers = numbers

    def unseen(self, entry: Entry) -> tuple[float, float]:
        """The share of the sentence's words that are nobody else's, and whether (1) a quoted name is."""
        own = self._numbers[place_name(entry.hit.report)]
        cut = {word for word in words(normalise(entry.quote)) if _WORD.fullmatch(word)}
        new = [word for word in cut if self._only(word, own)]
        coined = any(self._only(normalise(name), own) for name in _NAME.findall(entry.quote))
        return len(new) / max(1, len(cut)), float(coined)

    def _only(self, text: str, own: int) -> bool:
        rows = self._index.lexical.rows_with_all(tokens(text), _COMMON)
        if rows is None:
            return False
        places = self._of_report[self._index.report_numbers[rows]]
        return bool(((places == own) | (places < 0)).all())
