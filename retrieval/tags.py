"""Which measures of the vocabulary a passage names literally; the only importer of ahocorasick.

Beside BM25 in each version of the index, for facets and filters: what is tagged was read in the text, not inferred.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from pathlib import Path

import ahocorasick
import numpy as np

from retrieval.measures import Measure
from retrieval.text import bare

_TERMS, _PAIRS = "measures.json", "measures.npy"


class TagIndex:
    """The tags of every passage; an index made without a vocabulary has none."""

    def __init__(self, folder: Path, size: int) -> None:
        self._size = size
        self.terms: tuple[str, ...] = ()
        self.vocabulary = ""
        self._pairs = np.zeros((0, 2), np.int32)
        if (folder / _TERMS).is_file():
            held = json.loads((folder / _TERMS).read_text(encoding="utf-8"))
            self.terms, self.vocabulary = tuple(held["terms"]), held["vocabulary"]
            self._pairs = np.load(folder / _PAIRS, mmap_mode="r")

    def of(self, row: int) -> tuple[str, ...]:
        """The official names of the measures that a passage names."""
        first, last = np.searchsorted(self._pairs[:, 0], [row, row + 1])
        return tuple(self.terms[number] for number in self._pairs[first:last, 1])

    def mask(self, term: str) -> np.ndarray:
        """Which passages name a measure, shape (passages,)."""
        named = np.zeros(self._size, bool)
        if term in self.terms:
            named[self._pairs[self._pairs[:, 1] == self.terms.index(term), 0]] = True
        return named


def write_tags(folder: Path, texts: Iterable[str], measures: Sequence[Measure]) -> None:
    """Tag normalised texts, one for each passage in the order of rows."""
    names = _names(measures)
    pairs = [(row, number) for row, text in enumerate(texts) for number in sorted(_named(names, text))]
    folder.mkdir(parents=True, exist_ok=True)
    np.save(folder / _PAIRS, np.array(pairs, np.int32).reshape(-1, 2))
    held = {"vocabulary": fingerprint(measures), "terms": [measure.term for measure in measures]}
    (folder / _TERMS).write_text(json.dumps(held, ensure_ascii=False), encoding="utf-8")


def fingerprint(measures: Sequence[Measure]) -> str:
    """Changes when a name changes that passages are tagged by."""
    names = json.dumps([[measure.term, *measure.variants] for measure in measures], ensure_ascii=False)
    return hashlib.sha256(names.encode()).hexdigest()[:16]


def _names(measures: Sequence[Measure]) -> ahocorasick.Automaton:
    automaton = ahocorasick.Automaton()
    owners: dict[str, set[int]] = {}
    for number, measure in enumerate(measures):
        for name in (measure.term, *measure.variants):
            owners.setdefault(bare(name), set()).add(number)
    for name, numbers in owners.items():
        automaton.add_word(name, numbers)
    if owners:
        automaton.make_automaton()
    return automaton


def _named(names: ahocorasick.Automaton, text: str) -> set[int]:
    """The longest names from left to right: 行政复议体制改革 is not also 行政复议."""
    if not len(names):
        return set()
    return {number for _, numbers in names.iter_long(text.replace(" ", "")) for number in numbers}
