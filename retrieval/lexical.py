"""BM25 over all passages of an index version; the only importer of bm25s."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from retrieval.text import tokens

logging.getLogger("bm25s").setLevel(logging.ERROR)

import bm25s  # noqa: E402  # it logs while it is imported

_EMPTY = "empty.json"


class LexicalIndex:
    """Lucene's BM25 variant (k1 1.5, b 0.75) over character bigrams, mapped from its folder."""

    def __init__(self, folder: Path) -> None:
        self._size = 0
        self._retriever: bm25s.BM25 | None = None
        if not (folder / _EMPTY).is_file():
            self._retriever = bm25s.BM25.load(folder, mmap=True, load_corpus=False)
            self._size = int(self._retriever.scores["num_docs"])

    def __len__(self) -> int:
        return self._size

    def scores(self, terms: Sequence[str]) -> np.ndarray:
        """A score for every passage, shape (passages,); 0 where no term occurs.

        As a share of the sum of each term's greatest score anywhere, so that queries of few and of many terms compare.
        """
        known = [term for term in terms if self._retriever and term in self._retriever.vocab_dict]
        if not known or self._retriever is None:
            return np.zeros(self._size, np.float32)
        found: np.ndarray = self._retriever.get_scores(known) / sum(self._ceiling(term) for term in known)
        return found

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
        if self._retriever is None or term not in self._retriever.vocab_dict:
            return np.zeros(0, np.int32)
        number = self._retriever.vocab_dict[term]
        begin, end = self._retriever.scores["indptr"][number : number + 2]
        return np.asarray(self._retriever.scores["indices"][begin:end])

    def _ceiling(self, term: str) -> float:
        """The greatest score of a term in any passage."""
        if self._retriever is None:
            return 0.0
        number = self._retriever.vocab_dict[term]
        begin, end = self._retriever.scores["indptr"][number : number + 2]
        return float(self._retriever.scores["data"][begin:end].max())


def write_lexical(folder: Path, texts: Iterable[str]) -> None:
    """Index texts that are already normalised, one for each passage in the order of rows."""
    corpus = [tokens(text) for text in texts]
    folder.mkdir(parents=True, exist_ok=True)
    if not any(corpus):
        (folder / _EMPTY).write_text(json.dumps({"passages": len(corpus)}), encoding="utf-8")
        return
    retriever = bm25s.BM25(method="lucene", k1=1.5, b=0.75)
    retriever.index(corpus, show_progress=False)
    retriever.save(folder)
