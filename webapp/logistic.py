"""A fitted logistic model as the program reads it from a file of figures; fitting is a matter of bench/."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class Logistic:
    """Weights over standardised features, in their order."""

    mean: tuple[float, ...]
    scale: tuple[float, ...]
    weights: tuple[float, ...]
    intercept: float

    @classmethod
    def read(cls, held: Mapping[str, Mapping[str, float]], names: Sequence[str], intercept: float) -> Logistic:
        """From figures by feature's name under `mean`, `scale` and `weights`."""
        mean, scale, weights = (tuple(held[part][name] for name in names) for part in ("mean", "scale", "weights"))
        return cls(mean, scale, weights, intercept)

    def probabilities(self, features: np.ndarray) -> np.ndarray:
        """For each row of (rows, features), shape (rows,)."""
        scaled = (features - np.array(self.mean)) / np.array(self.scale)
        chances: np.ndarray = 1 / (1 + np.exp(-(scaled @ np.array(self.weights) + self.intercept)))
        return chances
