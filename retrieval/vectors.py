"""Vectors on disk and nearest neighbours; the only importer of faiss."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import faiss
import numpy as np

from retrieval.blocks import check_whole

FLAT, LISTS = "vectors.faiss", "lists.faiss"
# From so many passages on, inverted lists answer sooner than a scan (bench/results/vectors.md).
CROSSOVER = 20_000
# Lists for each square root of a segment's passages: few enough that each is learned from faiss's 39 vectors or more.
_LISTS_PER_ROOT = 2
# The share of the lists that a query reads, and how many hits for each wanted one are compared again exactly.
PROBED, REFINED = 1 / 8, 2
# A filter that leaves a smaller share of the passages has few of them in any list: those left are scanned.
_SPARSE = 0.2


class VectorIndex:
    """Inner-product search over one segment's passage vectors, mapped from its folder.

    Small segments are scanned. Large ones also have inverted lists of 8-bit codes (IVF, Jégou et al. 2011): those that
    are nearest to the query propose, and the vectors themselves decide.
    """

    def __init__(self, folder: Path) -> None:
        # IO_FLAG_MMAP_IFC maps flat codes; plain IO_FLAG_MMAP maps inverted lists, and would load flat codes.
        self._flat = _opened(folder / FLAT, faiss.IO_FLAG_MMAP_IFC)
        self._lists: Any = None
        if (folder / LISTS).is_file():
            self._lists = _opened(folder / LISTS, faiss.IO_FLAG_MMAP)
            self._lists.nprobe = max(1, round(self._lists.nlist * PROBED))

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

    def search(
        self, query: np.ndarray, count: int, allowed: np.ndarray | None, *, exact: bool = False
    ) -> tuple[np.ndarray, np.ndarray]:
        """The best rows and their inner products for one query vector of shape (dimension,).

        `allowed` is a boolean mask over all rows, or None for all of them. The products are exact; without `exact`
        a row in a list far from the query may be missed.
        """
        admitted = len(self) if allowed is None else int(np.count_nonzero(allowed))
        count = min(count, admitted)
        if count == 0:
            return np.zeros(0, np.int64), np.zeros(0, np.float32)
        query = np.ascontiguousarray(query.reshape(1, -1), np.float32)
        sparse = admitted < _SPARSE * len(self) or count > admitted * PROBED / REFINED
        if self._lists is None or exact or sparse:
            scores, rows = self._flat.search(query, count, params=_parameters(faiss.SearchParameters, allowed))
            return rows[0], scores[0]
        parameters = _parameters(faiss.SearchParametersIVF, allowed, nprobe=self._lists.nprobe)
        _, proposed = self._lists.search(query, count * REFINED, params=parameters)
        rows = proposed[0][proposed[0] >= 0]
        scores = self.products(query[0], rows)
        best = np.argsort(-scores, kind="stable")[:count]
        return rows[best], scores[best]


def _opened(path: Path, how: int) -> Any:
    """Raises MemoryError, which faiss tells as it tells everything: in words. A damaged file never reaches its parser."""
    check_whole(path)
    try:
        return faiss.read_index(str(path), how)
    except RuntimeError as error:
        if os.strerror(errno.ENOMEM) in str(error):
            raise MemoryError(str(path)) from error
        raise


def _parameters(kind: Any, allowed: np.ndarray | None, **how: int) -> Any:
    if allowed is None:
        return kind(**how)
    # The stubs know the constructor of C++ only; this one keeps the bits alive.
    selector: Any = faiss.IDSelectorBitmap
    return kind(sel=selector(np.packbits(allowed, bitorder="little")), **how)


def write_vectors(folder: Path, vectors: np.ndarray) -> None:
    """Write vectors of shape (passages, dimension), float32, and inverted lists where there are many."""
    vectors = np.ascontiguousarray(vectors, np.float32)
    flat = faiss.IndexFlatIP(vectors.shape[1])
    flat.add(vectors)
    faiss.write_index(flat, str(folder / FLAT))
    if len(vectors) >= CROSSOVER:
        faiss.write_index(_listed(vectors), str(folder / LISTS))


def _listed(vectors: np.ndarray) -> faiss.Index:
    size, dimension = vectors.shape
    centres = faiss.IndexFlatIP(dimension)
    lists = faiss.IndexIVFScalarQuantizer(
        centres, dimension, int(_LISTS_PER_ROOT * size**0.5), faiss.ScalarQuantizer.QT_8bit, faiss.METRIC_INNER_PRODUCT
    )
    lists.train(vectors)
    lists.add(vectors)
    return lists
