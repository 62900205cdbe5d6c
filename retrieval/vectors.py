"""Vectors on disk and nearest neighbours; the only importer of faiss."""

from __future__ import annotations

from pathlib import Path

import faiss
import numpy as np


class VectorIndex:
    """Exact inner-product search over one segment's passage vectors, mapped from its file."""

    def __init__(self, path: Path) -> None:
        # IO_FLAG_MMAP_IFC maps flat codes; plain IO_FLAG_MMAP would load them.
        self._index = faiss.read_index(str(path), faiss.IO_FLAG_MMAP_IFC)

    def __len__(self) -> int:
        return int(self._index.ntotal)

    def vectors(self) -> np.ndarray:
        """All of them, shape (passages, dimension), float32."""
        found: np.ndarray = self._index.reconstruct_n(0, len(self))
        return found

    def search(self, query: np.ndarray, count: int, allowed: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
        """The best rows and their inner products for one query vector of shape (dimension,).

        `allowed` is a boolean mask over all rows, or None for all of them.
        """
        count = min(count, len(self) if allowed is None else int(allowed.sum()))
        if count == 0:
            return np.zeros(0, np.int64), np.zeros(0, np.float32)
        parameters = None
        if allowed is not None:
            bits = np.packbits(allowed, bitorder="little")
            selector = faiss.IDSelectorBitmap(len(allowed), faiss.swig_ptr(bits))
            parameters = faiss.SearchParameters(sel=selector)  # type: ignore[call-arg]  # SWIG hides it
        scores, rows = self._index.search(query.reshape(1, -1), count, params=parameters)
        return rows[0], scores[0]


def write_vectors(path: Path, vectors: np.ndarray) -> None:
    """Write vectors of shape (passages, dimension), float32."""
    index = faiss.IndexFlatIP(vectors.shape[1])
    index.add(np.ascontiguousarray(vectors, np.float32))
    faiss.write_index(index, str(path))
