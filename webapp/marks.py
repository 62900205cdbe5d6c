"""Text cut into runs by marked spans, so that templates can mark words without touching a character. No Flask."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Run:
    """A run of text and the names of the marks that cover it."""

    text: str
    marks: frozenset[str]


def runs(text: str, start: int, spans: Iterable[tuple[Span, str]]) -> tuple[Run, ...]:
    """`text`, which begins at offset `start`, as runs; spans are in the same offsets and may overlap."""
    local = [(max(0, a - start), min(len(text), b - start), name) for (a, b), name in spans]
    local = [(a, b, name) for a, b, name in local if a < b]
    cuts = sorted({0, len(text), *(a for a, _, _ in local), *(b for _, b, _ in local)})
    return tuple(
        Run(text[a:b], frozenset(name for left, right, name in local if left <= a and b <= right))
        for a, b in pairwise(cuts)
    )
