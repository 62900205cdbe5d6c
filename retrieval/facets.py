"""How many of the passages found fall to each province, level, year, role and measure."""

from __future__ import annotations

from collections import Counter

import numpy as np

from retrieval.store import Index
from retrieval.types import LEVELS, ROLES, FacetCount

FACETS = ("province", "level", "year", "role", "measure")


def facets_of(index: Index, rows: np.ndarray) -> dict[str, tuple[FacetCount, ...]]:
    """For each of FACETS its values among some rows of the index, with how many passages have them."""
    counts: dict[str, Counter[str]] = {name: Counter() for name in FACETS}
    for row in rows:
        metadata = index.reports[index.report_numbers[row]].metadata
        values = (metadata.region.province, metadata.level, metadata.year, ROLES[index.roles[row]])
        for name, value in zip(FACETS, values, strict=False):
            if value is not None:
                counts[name][str(value)] += 1
    counts["measure"].update(index.tags.counts(rows))
    return {name: tuple(FacetCount(v, n) for v, n in _sorted(name, found)) for name, found in counts.items()}


def _sorted(name: str, found: Counter[str]) -> list[tuple[str, int]]:
    """Years latest first, levels and roles in their own order, the rest by number."""
    if name == "year":
        return sorted(found.items(), reverse=True)
    order = {"level": LEVELS, "role": ROLES}.get(name)
    if order:
        return [(value, found[value]) for value in order if value in found]
    return sorted(found.items(), key=lambda item: (-item[1], item[0]))
