"""Token vectors ↔ the bytes that are kept of them.

Half a byte for each dimension: a random rotation makes all dimensions alike (so that outliers, which these models
have, do not set the scale), then sixteen steps cover each. Only directions are kept, so what is read back has length 1.
It needs no training and fits any model (docs/decisions/0017).
"""

from __future__ import annotations

from typing import Protocol

import numpy as np

# A step, in standard deviations of a coordinate: the least error for sixteen steps over a normal distribution.
_STEP = 0.36
# Where zero lies among the steps 0 to 15.
_ZERO = 7.5
_SEED = 1
# Tokens widened to float32 at a time, which stay in the processor's nearest cache but one: 0.4 MB.
_AT_ONCE = 256


class TokenCodec(Protocol):
    """How token vectors are kept: `width` bytes each. `name` tells codecs apart whose bytes mean something else."""

    name: str
    width: int

    def encode(self, vectors: np.ndarray) -> np.ndarray:
        """Vectors of shape (tokens, dimension), float32 of length 1 → (tokens, width) uint8."""

    def decode(self, codes: np.ndarray) -> np.ndarray:
        """Back again, up to the loss: (tokens, dimension) float32 of length 1."""

    def cosines(self, codes: np.ndarray, query: np.ndarray) -> np.ndarray:
        """What is kept of tokens against vectors of shape (query tokens, dimension): (tokens, query tokens)."""


class HalfBytes:
    """Four bits for each dimension and two bytes for a scale."""

    name = "half-bytes"

    def __init__(self, rotation: np.ndarray) -> None:
        self._rotation = rotation
        self._half = len(rotation) // 2
        self._step = _STEP / len(rotation) ** 0.5
        self.width = self._half + 2

    def encode(self, vectors: np.ndarray) -> np.ndarray:
        """See `TokenCodec`."""
        steps = np.clip(np.rint(vectors @ self._rotation.T / self._step + _ZERO), 0, 2 * _ZERO)
        scales = 1 / np.maximum(np.linalg.norm(steps - _ZERO, axis=1, keepdims=True), 1e-6)
        low, high = np.hsplit(steps.astype(np.uint8), 2)
        codes: np.ndarray = np.hstack([low | high << 4, scales.astype("<f2").view(np.uint8)])
        return codes

    def decode(self, codes: np.ndarray) -> np.ndarray:
        """See `TokenCodec`."""
        decoded: np.ndarray = ((self._steps(codes) - _ZERO) * self._scales(codes)) @ self._rotation
        return decoded

    def cosines(self, codes: np.ndarray, query: np.ndarray) -> np.ndarray:
        """See `TokenCodec`."""
        turned = query @ self._rotation.T
        found = np.empty((len(codes), len(query)), np.float32)
        for start in range(0, len(codes), _AT_ONCE):
            found[start : start + _AT_ONCE] = self._steps(codes[start : start + _AT_ONCE]) @ turned.T
        # Zero is taken off the products, of which there are fewer than of steps.
        found -= _ZERO * turned.sum(axis=1)
        found *= self._scales(codes)
        return found

    def _steps(self, codes: np.ndarray) -> np.ndarray:
        steps = np.empty((len(codes), 2 * self._half), np.float32)
        steps[:, : self._half] = codes[:, : self._half] & 15
        steps[:, self._half :] = codes[:, : self._half] >> 4
        return steps

    def _scales(self, codes: np.ndarray) -> np.ndarray:
        return np.ascontiguousarray(codes[:, self._half :]).view("<f2").astype(np.float32)


class WholeBytes:
    """A signed byte for each dimension, as indexes of format 4 have it."""

    name = "bytes"

    def __init__(self, dimension: int) -> None:
        self.width = dimension

    def encode(self, vectors: np.ndarray) -> np.ndarray:
        """See `TokenCodec`."""
        scales = np.abs(vectors).max(axis=1, keepdims=True, initial=1e-12) / 127
        codes: np.ndarray = np.rint(vectors / scales).astype(np.int8).view(np.uint8)
        return codes

    def decode(self, codes: np.ndarray) -> np.ndarray:
        """See `TokenCodec`."""
        vectors = codes.view(np.int8).astype(np.float32)
        decoded: np.ndarray = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
        return decoded

    def cosines(self, codes: np.ndarray, query: np.ndarray) -> np.ndarray:
        """See `TokenCodec`."""
        found: np.ndarray = self.decode(codes) @ query.T
        return found


def token_codec(rotation: np.ndarray | None, dimension: int) -> TokenCodec:
    """Half bytes by a rotation, where there is one."""
    return WholeBytes(dimension) if rotation is None else HalfBytes(rotation)


def new_rotation(dimension: int) -> np.ndarray | None:
    """An orthogonal matrix (dimension, dimension) float32 to be kept with an index; None for an odd dimension."""
    if dimension % 2:
        return None
    drawn = np.random.RandomState(_SEED).normal(size=(dimension, dimension))
    rotation: np.ndarray = np.linalg.qr(drawn)[0].astype(np.float32)
    return rotation
