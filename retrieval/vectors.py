"""Vectors on disk and nearest neighbours; the only importer of faiss."""

from __future__ import annotations

import errno
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import faiss
import numpy as np

from retrieval.blocks import check_whole

FLAT, LISTS = "vectors.faiss", "lists.faiss"
# From so many passages on, inverted lists answer sooner than a scan (bench/results/vectors.md).
CROSSOVER = 20_000
# Lists for each square root of the passages, and vectors that each is learned from: more make none better.
_LISTS_PER_ROOT, _LEARNED_FROM = 2, 64
# Lists that a query reads for each square root of all, and how many hits for each wanted one are compared again exactly.
PROBED_PER_ROOT, REFINED = 2.4, 2
# A filter that leaves a smaller share of the passages has few of them in any list: those left are scanned.
_SPARSE = 0.2


class VectorIndex:
    """Inner products with one segment's passage vectors, mapped from its folder; every search is a scan."""

    def __init__(self, folder: Path) -> None:
        # IO_FLAG_MMAP_IFC maps flat codes; plain IO_FLAG_MMAP maps inverted lists, and would load flat codes.
        self._flat = _opened(folder / FLAT, faiss.IO_FLAG_MMAP_IFC)

    def __len__(self) -> int:
        return int(self._flat.ntotal)

    def vectors(self) -> np.ndarray:
        """All of them, shape (passages, dimension), float32."""
        found: np.ndarray = self._flat.reconstruct_n(0, len(self))
        return found

    def products(self, query: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """Inner products of some rows with a vector of shape (dimension,), exact, shape (rows,)."""
        found: np.ndarray = self._flat.reconstruct_batch(rows) @ query
        return found

    def search(self, query: np.ndarray, count: int, allowed: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The best rows of those `allowed`, a boolean mask, and their inner products with a vector (dimension,)."""
        count = min(count, int(np.count_nonzero(allowed)))
        if count == 0:
            return np.zeros(0, np.int64), np.zeros(0, np.float32)
        scores, rows = self._flat.search(_one(query), count, params=_parameters(faiss.SearchParameters, allowed))
        return rows[0], scores[0]


class ListIndex:
    """Inverted lists of 8-bit codes (IVF, Jégou et al. 2011) over many passages, mapped: the nearest lists propose rows."""

    def __init__(self, folder: Path) -> None:
        self._lists = _opened(folder / LISTS, faiss.IO_FLAG_MMAP)
        self._probed = max(1, round(PROBED_PER_ROOT * self._lists.nlist**0.5))

    def __len__(self) -> int:
        return int(self._lists.ntotal)

    def fit(self, count: int, admitted: int, in_force: int) -> bool:
        """Whether lists lose little where so many are wanted, and a filter leaves so many of those in force."""
        return admitted >= _SPARSE * in_force and count * REFINED <= admitted * self._probed / self._lists.nlist

    def propose(self, query: np.ndarray, count: int, allowed: np.ndarray) -> np.ndarray:
        """Rows that are likely among the `count` nearest of those `allowed`, ascending."""
        parameters = _parameters(faiss.SearchParametersIVF, allowed, nprobe=self._probed)
        _, proposed = self._lists.search(_one(query), count * REFINED, params=parameters)
        return np.sort(proposed[0][proposed[0] >= 0])


class Vectors:
    """Nearest neighbours over the segments of an index version, whose rows are numbered through them all.

    Lists, where there are any, propose of the first rows, and the vectors themselves decide. The rows after them, and
    all where few are admitted or every one counts, are scanned.
    """

    def __init__(
        self, folders: Sequence[Path], starts: Sequence[int], in_force: np.ndarray, lists: Path | None = None
    ) -> None:
        """`folders` are those of segments whose passages begin at the rows `starts`; `lists` cover the first of them.

        `in_force` is a boolean mask over all rows: whatever is asked, no others are admitted.
        """
        self._segments = [VectorIndex(folder) for folder in folders]
        self._starts = np.array(starts, np.int64)
        self._lists = ListIndex(lists) if lists else None
        self._in_force = int(np.count_nonzero(in_force[: len(self._lists)])) if self._lists else 0

    def search(
        self, query: np.ndarray, count: int, allowed: np.ndarray, *, exact: bool = False
    ) -> tuple[np.ndarray, np.ndarray]:
        """The best rows of those `allowed`, a boolean mask over all, and their inner products with a vector (dimension,).

        Best first. The products are exact; without `exact` a row in a list far from the query may be missed.
        """
        covered, found = 0, []
        if self._lists and not exact:
            admitted = allowed[: len(self._lists)]
            if self._lists.fit(count, int(np.count_nonzero(admitted)), self._in_force):
                covered = len(self._lists)
                proposed = self._lists.propose(query, count, admitted)
                found.append((proposed, self.products(query, proposed)))
        for start, segment in zip(self._starts, self._segments, strict=True):
            if start >= covered:
                rows, scores = segment.search(query, count, allowed[start : start + len(segment)])
                found.append((rows + start, scores))
        rows = np.concatenate([r for r, _ in found]) if found else np.zeros(0, np.int64)
        scores = np.concatenate([s for _, s in found]) if found else np.zeros(0, np.float32)
        order = np.argsort(-scores, kind="stable")[:count]
        return rows[order], scores[order]

    def products(self, query: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """Inner products of some rows, ascending, with a vector (dimension,), shape (rows,)."""
        edges = np.append(np.searchsorted(rows, self._starts), len(rows))
        parts = [
            segment.products(query, rows[first:last] - start)
            for segment, start, first, last in zip(self._segments, self._starts, edges, edges[1:], strict=False)
            if last > first
        ]
        return np.concatenate(parts) if parts else np.zeros(0, np.float32)


def _opened(path: Path, how: int) -> Any:
    """Raises MemoryError, which faiss tells as it tells everything: in words. A damaged file never reaches its parser."""
    check_whole(path)
    try:
        return faiss.read_index(str(path), how)
    except RuntimeError as error:
        if os.strerror(errno.ENOMEM) in str(error):
            raise MemoryError(str(path)) from error
        raise


def _one(query: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(query.reshape(1, -1), np.float32)


def _parameters(kind: Any, allowed: np.ndarray, **how: int) -> Any:
    if allowed.all():
        return kind(**how)
    # The stubs know the constructor of C++ only; this one keeps the bits alive.
    selector: Any = faiss.IDSelectorBitmap
    return kind(sel=selector(np.packbits(allowed, bitorder="little")), **how)


def write_vectors(folder: Path, vectors: np.ndarray) -> None:
    """Write vectors of shape (passages, dimension), float32."""
    flat = faiss.IndexFlatIP(vectors.shape[1])
    flat.add(np.ascontiguousarray(vectors, np.float32))
    faiss.write_index(flat, str(folder / FLAT))


def write_lists(folder: Path, segments: Sequence[Path]) -> None:
    """Write lists over the vectors that lie in the folders of some segments, their rows numbered through them all.

    One segment's vectors are in memory at a time, and a byte for each dimension of all.
    """
    parts = [VectorIndex(segment) for segment in segments]
    size = sum(map(len, parts))
    count = max(1, int(_LISTS_PER_ROOT * size**0.5))
    step = max(1, size // (count * _LEARNED_FROM))
    # Copied: a view would keep all of a segment's vectors.
    sample = np.concatenate([part.vectors()[::step].copy() for part in parts])
    dimension = sample.shape[1]
    centres = faiss.IndexFlatIP(dimension)
    lists = faiss.IndexIVFScalarQuantizer(
        centres, dimension, count, faiss.ScalarQuantizer.QT_8bit, faiss.METRIC_INNER_PRODUCT
    )
    lists.train(sample)
    del sample
    for part in parts:
        lists.add(part.vectors())
    faiss.write_index(lists, str(folder / LISTS))
