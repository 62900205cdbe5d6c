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

from retrieval.blocks import check_whole
from retrieval.measures import Measure
from retrieval.text import bare

_TERMS, _PAIRS = "measures.json", "measures.npy"


class TagIndex:
    """The tags of every passage; an index made without a vocabulary has none.

    `folders` are those of the parts of a version, whose passages begin at the rows `starts`; all were tagged with the
    same vocabulary.
    """

    def __init__(self, folders: Sequence[Path], starts: np.ndarray) -> None:
        self._size = int(starts[-1])
        self.terms: tuple[str, ...] = ()
        self.vocabulary = ""
        pairs = [np.zeros((0, 2), np.int32)]
        for folder, start in zip(folders, starts, strict=False):
            held = json.loads((folder / _TERMS).read_text(encoding="utf-8"))
            self.terms, self.vocabulary = tuple(held["terms"]), held["vocabulary"]
            check_whole(folder / _PAIRS)
            pairs.append(np.load(folder / _PAIRS) + np.array([start, 0], np.int32))
        # Rows in ascending order, and the number of a measure that each names.
        self._rows, self._numbers = np.ascontiguousarray(np.concatenate(pairs).T)

    def of(self, row: int) -> tuple[str, ...]:
        """The official names of the measures that a passage names."""
        first, last = np.searchsorted(self._rows, [row, row + 1])
        return tuple(self.terms[number] for number in self._numbers[first:last])

    def counts(self, rows: np.ndarray) -> dict[str, int]:
        """How many of these passages name each measure; measures that none names are left out."""
        first, last = np.searchsorted(self._rows, rows), np.searchsorted(self._rows, rows + 1)
        numbers = [self._numbers[a:b] for a, b in zip(first, last, strict=True) if b > a]
        counted = np.bincount(np.concatenate(numbers), minlength=len(self.terms)) if numbers else ()
        return {term: int(count) for term, count in zip(self.terms, counted, strict=False) if count}

    def mask(self, term: str) -> np.ndarray:
        """Which passages name a measure, shape (passages,)."""
        named = np.zeros(self._size, bool)
        if term in self.terms:
            named[self._rows[self._numbers == self.terms.index(term)]] = True
        return named


class Naming:
    """Finds the official names of measures in texts."""

    def __init__(self, measures: Sequence[Measure]) -> None:
        self._automaton = ahocorasick.Automaton()
        owners: dict[str, set[int]] = {}
        for number, measure in enumerate(measures):
            for name in (measure.term, *measure.variants):
                owners.setdefault(bare(name), set()).add(number)
        for name, numbers in owners.items():
            self._automaton.add_word(name, (name, frozenset(numbers)))
        if owners:
            self._automaton.make_automaton()

    def names(self, text: str) -> dict[str, frozenset[int]]:
        """Names in a normalised text with the numbers of their measures.

        The longest from left to right: 行政复议体制改革 is not also 行政复议.
        """
        if not len(self._automaton):
            return {}
        return {name: numbers for _, (name, numbers) in self._automaton.iter_long(text.replace(" ", ""))}

    def differ(self, one: str, other: str) -> bool:
        """Whether two normalised texts name measures, but no measure that could be the same."""
        first, second = self.names(one), self.names(other)
        alike = any(a in b or b in a or first[a] & second[b] for a in first for b in second)
        return bool(first) and bool(second) and not alike

    def others(self, text: str, asked: str) -> list[str]:
        """Names in a normalised text that are not those of what is asked, a normalised name."""
        own, plain = self.names(asked), asked.replace(" ", "")
        return [
            name
            for name, numbers in self.names(text).items()
            if name not in plain and plain not in name and not any(numbers & mine for mine in own.values())
        ]


def write_tags(folder: Path, texts: Iterable[str], measures: Sequence[Measure]) -> None:
    """Tag normalised texts, one for each passage in the order of rows."""
    naming = Naming(measures)
    pairs = [
        (row, number) for row, text in enumerate(texts) for number in sorted(set().union(*naming.names(text).values()))
    ]
    folder.mkdir(parents=True, exist_ok=True)
    np.save(folder / _PAIRS, np.array(pairs, np.int32).reshape(-1, 2))
    held = {"vocabulary": fingerprint(measures), "terms": [measure.term for measure in measures]}
    (folder / _TERMS).write_text(json.dumps(held, ensure_ascii=False), encoding="utf-8")


def fingerprint(measures: Sequence[Measure]) -> str:
    """Changes when a name changes that passages are tagged by."""
    names = json.dumps([[measure.term, *measure.variants] for measure in measures], ensure_ascii=False)
    return hashlib.sha256(names.encode()).hexdigest()[:16]
