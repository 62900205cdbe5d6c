"""A question → the measure of the vocabulary that it means, whatever its words.

Late interaction between the question and all wordings of each measure (official, everyday, Taiwan, English); the
official wordings of the winner are then searched beside the question itself.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from retrieval.config import Config
from retrieval.encoder import Encoded, Encoder
from retrieval.files import write_atomic
from retrieval.measures import Measure, load_measures, vocabulary_path
from retrieval.tags import Naming
from retrieval.text import normalise

# How far the best measure must stand above the vocabulary's median before a question is taken to mean it
# (docs/decisions/0020: lower harms questions from outside the genre, higher loses the genre's own).
MEANT = 0.24


@dataclass(frozen=True, slots=True)
class Expansion:
    """What a question was taken to mean: `strength` above the vocabulary's median, `tokens` (tokens, dimension)."""

    measure: Measure
    strength: float
    tokens: np.ndarray

    @property
    def surely(self) -> float:
        """How far it stands above what it takes to be meant; negative below."""
        return self.strength - MEANT


class Expander:
    """The vocabulary's token vectors, held in memory; made once for each vocabulary and encoder, then cached."""

    def __init__(self, measures: Sequence[Measure], encoder: Encoder, cache: Path) -> None:
        self.measures = measures
        self.naming = Naming(measures)
        wordings = [normalise("，".join(_all_wordings(measure))) for measure in measures]
        names = [normalise("，".join((measure.term, *measure.variants))) for measure in measures]
        key = hashlib.sha256("\n".join([encoder.fingerprint, *wordings, *names]).encode()).hexdigest()[:20]
        held = _cached(cache / f"{key}-wordings.npz", lambda: encoder.passages(wordings))
        self._starts = held.starts
        self._similar = encoder.against(held.vectors) if len(held.vectors) else None
        self._names = _cached(cache / f"{key}-names.npz", lambda: encoder.queries(names))

    def of(self, encoded: Encoded) -> Expansion | None:
        """The measure that an encoded question means, or None; None too for models without token vectors."""
        best = next(iter(self.likeliest(encoded, 1)), None)
        return best if best and best.strength >= MEANT else None

    def likeliest(self, encoded: Encoded, count: int) -> list[Expansion]:
        """The measures that an encoded question may mean, likeliest first, however weakly."""
        if self._similar is None or not len(encoded.tokens):
            return []
        similar = self._similar(encoded.tokens)
        scores = np.maximum.reduceat(similar, self._starts[:-1], axis=1).mean(axis=0)
        strengths = scores - np.median(scores)
        starts = self._names.starts
        return [
            Expansion(self.measures[i], float(strengths[i]), self._names.vectors[starts[i] : starts[i + 1]])
            for i in np.argsort(-strengths)[:count]
        ]


@dataclass(frozen=True, slots=True)
class _Vectors:
    """Token vectors of many texts end to end: text `i` has rows `starts[i]:starts[i + 1]`."""

    vectors: np.ndarray
    starts: np.ndarray


def open_expander(config: Config, encoder: Encoder) -> Expander:
    """With the configured vocabulary. Raises ConfigError when it is unusable."""
    return Expander(load_measures(vocabulary_path(config)), encoder, config.model_cache / "measures")


def _all_wordings(measure: Measure) -> tuple[str, ...]:
    return (measure.term, *measure.variants, *measure.everyday, *measure.taiwan, *measure.english)


def _cached(path: Path, make) -> _Vectors:  # type: ignore[no-untyped-def]  # a callable giving a list of Encoded
    """Kept in half precision, which is far finer than the differences that matter."""
    if path.is_file():
        try:
            with np.load(path) as held:
                return _Vectors(held["vectors"].astype(np.float32), held["starts"])
        except (OSError, ValueError, KeyError):
            path.unlink(missing_ok=True)
    texts = [encoded.tokens for encoded in make()]
    starts = np.cumsum([0, *map(len, texts)])
    vectors = np.concatenate(texts) if texts else np.zeros((0, 0), np.float32)
    file = io.BytesIO()
    np.savez(file, vectors=vectors.astype(np.float16), starts=starts)
    write_atomic(path, file.getvalue())
    return _Vectors(vectors, starts)
