"""Counts with their denominators, in all and by place, year, level, role or report. No Flask."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from retrieval.types import LEVELS, ROLES, ReportSummary

Dimension = Literal["all", "place", "year", "level", "role", "report"]
GROUPED: tuple[Dimension, ...] = ("year", "level", "role", "place")


@dataclass(frozen=True, slots=True)
class Tally:
    """What was found, of how much that was searched. `characters` are those searched, without white space.

    `places` are places whose name is known; `passages` and `reports` are those with an occurrence.
    """

    occurrences: int
    passages: int
    passages_in_scope: int
    reports: int
    reports_in_scope: int
    places: int
    places_in_scope: int
    characters: int

    @property
    def per_10k(self) -> float | None:
        """Occurrences per 10,000 characters searched; None where there are none to search."""
        return round(10_000 * self.occurrences / self.characters, 4) if self.characters else None


@dataclass(frozen=True, slots=True)
class Group:
    """One place (its chain), year, level, role or report (its id) with its tally; `value` is empty where not known."""

    value: str
    tally: Tally


@dataclass(frozen=True, slots=True)
class Numbers:
    """Found and searched, by report and role: arrays of shape (reports, roles); `places` numbers the reports' places."""

    reports: Sequence[ReportSummary]
    places: np.ndarray
    occurrences: np.ndarray
    passages: np.ndarray
    passages_in_scope: np.ndarray
    characters: np.ndarray

    @classmethod
    def of(cls, reports: Sequence[ReportSummary]) -> Numbers:
        """Nothing found and nothing searched yet."""
        places = _numbered([_value(summary, "place") for summary in reports])
        return cls(reports, places, *(np.zeros((len(reports), len(ROLES)), np.int64) for _ in range(4)))

    def add_searched(self, report: np.ndarray, role: np.ndarray, is_passage: np.ndarray, length: np.ndarray) -> None:
        """Pieces of text that are searched."""
        cell = report * len(ROLES) + role
        self.characters.ravel()[:] += _sums(cell, self.characters.size, length)
        self.passages_in_scope.ravel()[:] += _sums(cell, self.characters.size, is_passage)

    def add_found(self, report: np.ndarray, role: np.ndarray, row: np.ndarray) -> None:
        """All occurrences, with the rows of their passages (-1: none)."""
        cell = report * len(ROLES) + role
        self.occurrences.ravel()[:] += _sums(cell, self.occurrences.size)
        _, first = np.unique(row, return_index=True)
        self.passages.ravel()[:] += _sums(cell[first[row[first] >= 0]], self.passages.size)


def tallies(numbers: Numbers, by: Dimension) -> tuple[Group, ...]:
    """The groups that have something to search, in order; one, even if empty, for "all"."""
    values = [*ROLES] if by == "role" else [_value(summary, by) for summary in numbers.reports]
    names = sorted(set(values), key=lambda value: (value == "", _order(value, by)))
    place = {name: number for number, name in enumerate(names)}
    number = np.array([place[value] for value in values], np.int64)
    shape = numbers.characters.shape
    codes = np.broadcast_to(number if by == "role" else number[:, None], shape)
    report = np.broadcast_to(np.arange(shape[0])[:, None], shape)
    chain = np.broadcast_to(numbers.places[:, None], shape)
    searched, found = numbers.characters > 0, numbers.occurrences > 0

    def total(of: np.ndarray) -> list[int]:
        return list(map(int, _sums(codes.ravel(), len(names), of.ravel())))

    def distinct(of: np.ndarray, where: np.ndarray) -> list[int]:
        pairs = np.unique(codes[where] * shape[0] + of[where])
        return list(map(int, _sums(pairs // max(1, shape[0]), len(names))))

    columns = (
        total(numbers.occurrences),
        total(numbers.passages),
        total(numbers.passages_in_scope),
        distinct(report, found),
        distinct(report, searched),
        distinct(chain, found & (chain >= 0)),
        distinct(chain, searched & (chain >= 0)),
        total(numbers.characters),
    )
    groups = tuple(Group(name, Tally(*row)) for name, *row in zip(names, *columns, strict=True))
    if by == "all":
        return groups or (Group("", Tally(0, 0, 0, 0, 0, 0, 0, 0)),)
    return tuple(group for group in groups if group.tally.characters)


def _sums(cells: np.ndarray, size: int, of: np.ndarray | None = None) -> np.ndarray:
    """How often each number below `size` occurs, or the sum of what stands beside it."""
    return np.bincount(cells, of, size).astype(np.int64)


def _value(summary: ReportSummary, by: Dimension) -> str:
    match by:
        case "place":
            return "/".join(summary.metadata.region.chain)
        case "year":
            return str(summary.metadata.year or "")
        case "level":
            return summary.metadata.level or ""
        case "report":
            return summary.id
    return ""


def _order(value: str, by: Dimension) -> tuple[int, str]:
    fixed: tuple[str, ...] = {"role": ROLES, "level": LEVELS}.get(by, ())
    return (fixed.index(value) if value in fixed else 0), value


def _numbered(names: list[str]) -> np.ndarray:
    """A number for each different name; -1 for the empty one."""
    known = {name: number for number, name in enumerate(dict.fromkeys(names))}
    return np.array([known[name] if name else -1 for name in names], np.int64)
