"""BM25 over all passages of an index version; the only importer of bm25s."""

from __future__ import annotations

import io
import json
import logging
import math
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from retrieval.blocks import CheckedArray, read_whole
from retrieval.text import tokens

_EMPTY = "empty.json"
# Files up to this size, in bytes, are read into memory: a map of each would keep it open.
_SMALL = 1 << 20
# As bm25s names them.
_PARAMETERS = "params.index.json"
_VOCABULARY, _STARTS = "vocab.index.json", "indptr.csc.index.npy"
_ROWS, _VALUES = "indices.csc.index.npy", "data.csc.index.npy"


class LexicalIndex:
    """Lucene's BM25 variant (k1 1.5, b 0.75) over character bigrams, mapped from the folders of its parts.

    A part holds the passages of one segment, its scores made with the part's own counts. What differs from part to
    part is how rare a term is: that is put right at each query by the counts of all parts (docs/decisions/0016).
    """

    def __init__(self, folders: Sequence[Path], starts: Sequence[int], rows: int) -> None:
        """The passages of a part begin at its entry of `starts`; of the `rows`, those of no part are not searched."""
        self._parts = [_Part(folder) for folder in folders]
        self._starts, self._rows_in_all = starts, rows
        self._size = sum(map(len, self._parts))
        self._ceilings: dict[str, float] = {}

    def scores(self, terms: Sequence[str]) -> np.ndarray:
        """A score for every row, shape (rows,); 0 where no term occurs.

        As a share of the sum of each term's greatest score anywhere, so that queries of few and of many terms compare.
        """
        found, ceiling = np.zeros(self._rows_in_all, np.float32), 0.0
        for term in terms:
            ceiling += self._add(term, found)
        return found / ceiling if ceiling else found

    def _add(self, term: str, found: np.ndarray) -> float:
        """Add a term's scores to `found`; returns the greatest of them."""
        postings = [part.postings(term) for part in self._parts]
        rarity = _idf(sum(len(rows) for rows, _ in postings), self._size)
        for part, start, (rows, scores) in zip(self._parts, self._starts, postings, strict=True):
            if len(rows):
                # Twice as fast as `found[…] += …`, which reads them all first.
                np.add.at(
                    found[start : start + len(part)], rows, scores * np.float32(rarity / _idf(len(rows), len(part)))
                )
        if term not in self._ceilings:
            self._ceilings[term] = max(
                (
                    float(scores.max()) * rarity / _idf(len(rows), len(part))
                    for part, (rows, scores) in zip(self._parts, postings, strict=True)
                    if len(rows)
                ),
                default=0.0,
            )
        return self._ceilings[term]

    def rows_with_all(self, terms: Sequence[str], most: int) -> np.ndarray | None:
        """The passages that have all of the terms, ascending; None when every term stands in more than `most`."""
        lists = [self._rows(term) for term in set(terms)]
        if not any(len(rows) <= most for rows in lists):
            return None
        found = min(lists, key=len)
        for rows in lists:
            found = np.intersect1d(found, rows, assume_unique=True)
        return found

    def _rows(self, term: str) -> np.ndarray:
        rows = [part.postings(term)[0] + start for part, start in zip(self._parts, self._starts, strict=True)]
        return np.concatenate(rows) if rows else np.zeros(0, np.int64)


class _Part:
    """What bm25s wrote, read without it: its import takes longer than all the reading."""

    def __init__(self, folder: Path) -> None:
        self._vocabulary: dict[str, int] = {}
        if (folder / _EMPTY).is_file():
            self._size = int(json.loads((folder / _EMPTY).read_text(encoding="utf-8"))["passages"])
            return
        small = (folder / _ROWS).stat().st_size <= _SMALL
        self._size = int(json.loads((folder / _PARAMETERS).read_text(encoding="utf-8"))["num_docs"])
        self._vocabulary = json.loads(read_whole(folder / _VOCABULARY))
        self._starts = np.load(io.BytesIO(read_whole(folder / _STARTS)))
        # The rows of each term, ascending, and its scores in them, from `starts` on.
        self._rows, self._values = (
            np.load(io.BytesIO(read_whole(path))) if small else CheckedArray(path, np.load(path, mmap_mode="r"))
            for path in (folder / _ROWS, folder / _VALUES)
        )

    def __len__(self) -> int:
        return self._size

    def postings(self, term: str) -> tuple[np.ndarray, np.ndarray]:
        """The rows that have a term, ascending, and its scores in them."""
        if term not in self._vocabulary:
            return np.zeros(0, np.int32), np.zeros(0, np.float32)
        number = self._vocabulary[term]
        begin, end = self._starts[number : number + 2]
        return self._rows[begin:end], self._values[begin:end]


def _idf(having: int, size: int) -> float:
    """How rare a term is that `having` of `size` passages have, as Lucene has it."""
    return math.log(1 + (size - having + 0.5) / (having + 0.5))


def write_lexical(folder: Path, texts: Iterable[str]) -> None:
    """Index texts that are already normalised, one for each passage in the order of rows."""
    import bm25s

    # It logs every step.
    logging.getLogger("bm25s").setLevel(logging.ERROR)
    corpus = [tokens(text) for text in texts]
    folder.mkdir(parents=True, exist_ok=True)
    if not any(corpus):
        (folder / _EMPTY).write_text(json.dumps({"passages": len(corpus)}), encoding="utf-8")
        return
    retriever = bm25s.BM25(method="lucene", k1=1.5, b=0.75)
    retriever.index(corpus, show_progress=False)
    retriever.save(folder)
