"""Token vectors on disk and late interaction (MaxSim) over them.

What is kept of a token vector is a codec's matter (retrieval/codes.py); it is mapped from the file and read only for
candidates.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from retrieval.blocks import CheckedArray, check_whole
from retrieval.codes import TokenCodec

# Texts widened to float32 at a time: some 20 MB, which stays in the processor's caches better than gigabytes.
_TOGETHER = 128
CODES, STARTS = "tokens.codes.npy", "tokens.starts.npy"


def write_tokens(folder: Path, texts: Sequence[np.ndarray], width: int) -> None:
    """Write the token codes, (tokens, width) uint8, of a segment's passages, in the order of their rows."""
    starts = np.cumsum([0, *map(len, texts)], dtype=np.int64)
    codes = np.lib.format.open_memmap(folder / CODES, mode="w+", dtype=np.uint8, shape=(int(starts[-1]), width))
    for text, start in zip(texts, starts, strict=False):
        codes[start : start + len(text)] = text
    codes.flush()
    np.save(folder / STARTS, starts)


class TokenIndex:
    """One segment's token codes, mapped from its folder."""

    def __init__(self, folder: Path) -> None:
        # Indexes of format 4 say int8.
        self._codes = CheckedArray(folder / CODES, np.load(folder / CODES, mmap_mode="r"), np.uint8)
        check_whole(folder / STARTS)
        self._starts = np.load(folder / STARTS)

    def codes(self, row: int) -> np.ndarray:
        """The token codes of a passage by its row in the segment, (tokens, width) uint8."""
        return self._codes[self._starts[row] : self._starts[row + 1]]


def maxsim(query: np.ndarray, texts: Sequence[np.ndarray], codec: TokenCodec) -> np.ndarray:
    """For each text (its token codes) the mean over the query's tokens of the greatest cosine with any of its tokens.

    `query` has shape (query tokens, dimension); the result (texts,). Khattab and Zaharia 2020 (ColBERT), divided by
    the number of query tokens. Texts without tokens get -1.
    """
    if len(query) == 0:
        return np.full(len(texts), -1, np.float32)
    means: np.ndarray = token_maxima(query, texts, codec).mean(axis=1)
    return means


def token_maxima(query: np.ndarray, texts: Sequence[np.ndarray], codec: TokenCodec) -> np.ndarray:
    """The greatest cosine of each query token with any token of each text, shape (texts, query tokens)."""
    maxima = np.full((len(texts), len(query)), -1, np.float32)
    for start in range(0, len(texts), _TOGETHER):
        _fill(maxima[start : start + _TOGETHER], query, texts[start : start + _TOGETHER], codec)
    return maxima


def _fill(maxima: np.ndarray, query: np.ndarray, texts: Sequence[np.ndarray], codec: TokenCodec) -> None:
    sizes = np.array([len(text) for text in texts])
    filled = [int(i) for i in np.flatnonzero(sizes)]
    if not filled:
        return
    similar = codec.cosines(np.concatenate([texts[i] for i in filled]), query)
    starts = np.cumsum([0, *sizes[filled][:-1]])
    maxima[filled] = np.maximum.reduceat(similar, starts, axis=0)
