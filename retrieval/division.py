"""How a passage's text divides, whatever is asked: into tokens, sentences and clauses."""

from __future__ import annotations

import re
import threading
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from retrieval.encoder import Encoder
from retrieval.text import Normalised, normalise, normalise_with_offsets, sentences

_CLAUSE_END = re.compile(r"[，,、：:。！？；!?;]")
# Shorter ones (以来，其中，) name nothing.
_SHORTEST_CLAUSE = 4
# How a text divides takes some 8 kB.
_KEPT = 5000


@dataclass(frozen=True, slots=True)
class Parts:
    """`starts` (tokens,) of a text's tokens in the original, spans of its sentences (sentences, 2), and the tokens of
    each sentence and of each clause that has any, (…, 2).
    """

    plain: Normalised
    starts: np.ndarray
    sentences: np.ndarray
    sentence_tokens: np.ndarray
    clause_tokens: np.ndarray


class Divider:
    """Divides texts, and keeps how for the next question: many come to the same passages. Safe to share between threads."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self._kept: dict[str, Parts] = {}
        self._keeping = threading.Lock()

    def parts(self, texts: Sequence[str]) -> list[Parts]:
        """How each text divides; those that are not known are read by the tokenizer together."""
        with self._keeping:
            # Those used last stand at the end.
            found = {text: self._kept.pop(text) for text in dict.fromkeys(texts) if text in self._kept}
            self._kept |= found
        missing = [text for text in dict.fromkeys(texts) if text not in found]
        spans = self._encoder.token_spans([normalise(text) for text in missing])
        fresh = {text: parts(text, span) for text, span in zip(missing, spans, strict=True)}
        with self._keeping:
            self._kept |= fresh
            while len(self._kept) > _KEPT:
                del self._kept[next(iter(self._kept))]
        found |= fresh
        return [found[text] for text in texts]


def parts(text: str, token_spans: np.ndarray) -> Parts:
    """Divide a text; `token_spans` are those of its normalised form."""
    plain = normalise_with_offsets(text)
    # Normalised characters stand for original ones; the passage itself begins without white space.
    starts = np.array(plain.offsets)[np.minimum(token_spans[:, 0], len(plain.offsets) - 1)]
    spans = np.array(sentences(text), int).reshape(-1, 2)
    clauses = np.searchsorted(starts, np.array(_clauses(text)))
    clauses = clauses[clauses[:, 1] > clauses[:, 0]]
    return Parts(plain, starts, spans, np.searchsorted(starts, spans), clauses)


def _clauses(text: str) -> list[tuple[int, int]]:
    """Spans between marks of any kind, ends left out."""
    ends = [match.start() for match in _CLAUSE_END.finditer(text)]
    spans = zip([0, *(end + 1 for end in ends)], [*ends, len(text)], strict=True)
    return [(a, b) for a, b in spans if b - a >= _SHORTEST_CLAUSE] or [(0, len(text))]
