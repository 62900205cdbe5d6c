"""Token vectors on disk and late interaction (MaxSim) over them.

Each token vector has length 1 and is kept as 384 signed bytes and one scale: at about 110 tokens a passage of this
genre that is some 42 kB a passage, mapped from the file and read only for candidates. Against float32 the ranking
does not change (docs/decisions/0005).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

# Texts widened to float32 at a time: some 20 MB, which stays in the processor's caches better than gigabytes.
_TOGETHER = 128
CODES, SCALES, STARTS = "tokens.codes.npy", "tokens.scales.npy", "tokens.starts.npy"


@dataclass(frozen=True, slots=True)
class TokenCodes:
    """One text's token vectors, quantised: `codes` (tokens, dimension) int8, `scales` (tokens,) float32."""

    codes: np.ndarray
    scales: np.ndarray

    def vectors(self) -> np.ndarray:
        """Back to float32, shape (tokens, dimension)."""
        decoded: np.ndarray = self.codes.astype(np.float32) * self.scales[:, None]
        return decoded


def quantise(vectors: np.ndarray) -> TokenCodes:
    """Symmetric 8-bit codes with one scale for each row of (tokens, dimension)."""
    scales = np.abs(vectors).max(axis=1, initial=1e-12) / 127 if len(vectors) else np.zeros(0)
    codes = np.rint(vectors / scales[:, None]).astype(np.int8) if len(vectors) else vectors.astype(np.int8)
    return TokenCodes(codes, scales.astype(np.float32))


def write_tokens(folder: Path, texts: Sequence[TokenCodes], dimension: int) -> None:
    """Write the token vectors of a segment's passages, in the order of their rows."""
    codes = [text.codes.reshape(-1, dimension) for text in texts] or [np.zeros((0, dimension), np.int8)]
    scales = [text.scales for text in texts] or [np.zeros(0, np.float32)]
    starts = np.cumsum([0, *(len(text.scales) for text in texts)], dtype=np.int64)
    np.save(folder / CODES, np.concatenate(codes))
    np.save(folder / SCALES, np.concatenate(scales))
    np.save(folder / STARTS, starts)


class TokenIndex:
    """One segment's token vectors, mapped from its folder."""

    def __init__(self, folder: Path) -> None:
        self._codes = np.load(folder / CODES, mmap_mode="r")
        self._scales = np.load(folder / SCALES, mmap_mode="r")
        self._starts = np.load(folder / STARTS)

    def tokens(self, row: int) -> TokenCodes:
        """The token vectors of a passage by its row in the segment."""
        span = slice(self._starts[row], self._starts[row + 1])
        return TokenCodes(np.asarray(self._codes[span]), np.asarray(self._scales[span]))


def maxsim(query: np.ndarray, texts: Sequence[TokenCodes]) -> np.ndarray:
    """For each text the mean over the query's tokens of the greatest cosine with any of the text's tokens.

    `query` has shape (query tokens, dimension); the result (texts,). Khattab and Zaharia 2020 (ColBERT), divided by
    the number of query tokens. Texts without tokens get -1.
    """
    if len(query) == 0:
        return np.full(len(texts), -1, np.float32)
    means: np.ndarray = token_maxima(query, texts).mean(axis=1)
    return means


def token_maxima(query: np.ndarray, texts: Sequence[TokenCodes]) -> np.ndarray:
    """The greatest cosine of each query token with any token of each text, shape (texts, query tokens)."""
    maxima = np.full((len(texts), len(query)), -1, np.float32)
    for start in range(0, len(texts), _TOGETHER):
        _fill(maxima[start : start + _TOGETHER], query, texts[start : start + _TOGETHER])
    return maxima


def _fill(maxima: np.ndarray, query: np.ndarray, texts: Sequence[TokenCodes]) -> None:
    sizes = np.array([len(text.scales) for text in texts])
    filled = [int(i) for i in np.flatnonzero(sizes)]
    if not filled:
        return
    codes = np.concatenate([texts[i].codes for i in filled]).astype(np.float32)
    scales = np.concatenate([texts[i].scales for i in filled])
    similar = (codes @ query.T) * scales[:, None]
    starts = np.cumsum([0, *sizes[filled][:-1]])
    maxima[filled] = np.maximum.reduceat(similar, starts, axis=0)
