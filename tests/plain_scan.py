"""Counting done the slow and obvious way, sharing nothing with the program but the folding of characters.

A query is a phrase or a nested list: ["and", …], ["or", …], ["not", x], ["near", n, x, y].
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from retrieval.text import fold
from retrieval.types import Report

Tree = Any
Span = tuple[int, int]
Find = Callable[[str], list[Span]]


@dataclass(frozen=True)
class Piece:
    """A passage, or what stands outside, in folded characters."""

    start: int
    end: int
    role: str
    passage: str | None


@dataclass(frozen=True)
class Place:
    """One occurrence."""

    report: str
    start: int
    end: int
    role: str
    passage: str | None


@dataclass(frozen=True)
class Text:
    """A report's folded text and what it is cut into."""

    report: str
    folded: str
    pieces: list[Piece]

    def home(self, span: Span) -> Piece | None:
        """None where an edge is crossed."""
        return next((p for p in self.pieces if p.start <= span[0] and span[1] <= p.end), None)

    def role(self, span: Span) -> str:
        piece = self.home(span)
        return piece.role if piece else "other"


def text_of(report: Report) -> Text:
    """Every edge of a paragraph or passage cuts what is not a passage."""
    at = [len(fold(report.text[:offset])) for offset in range(len(report.text) + 1)]
    passages = [Piece(at[p.start], at[p.end], p.role, p.id) for p in report.passages]
    edges = {at[edge] for p in (*report.paragraphs, *report.passages) for edge in (p.start, p.end)}
    between = [Piece(a, b, "other", None) for a, b in pairwise(sorted({0, at[-1], *edges}))]
    outside = [one for one in between if not any(p.start <= one.start and one.end <= p.end for p in passages)]
    return Text(report.summary.id, fold(report.text), [*passages, *outside])


def scan(text: Text, tree: Tree, within: str, role: str | None = None) -> set[Place]:
    """All occurrences in a text, or in its pieces of one role."""
    # A unit is where the tree must hold: the report (None), a piece, or by itself a span that crosses an edge.
    units: dict[Piece | Span | None, dict[str, list[Span]]] = {}
    for phrase in phrases(tree):
        for match in re.finditer(re.escape(fold(phrase)), text.folded):
            span = match.span()
            if role in (None, text.role(span)):
                unit = None if within == "report" else text.home(span) or span
                units.setdefault(unit, {}).setdefault(phrase, []).append(span)
    kept = set().union(*(counted(tree, lambda phrase, at=at: at.get(phrase, [])) for at in units.values()))
    found = set()
    for group in ({s for s in kept if text.home(s)}, {s for s in kept if not text.home(s)}):
        for span in group:
            if not any(other != span and other[0] <= span[0] and span[1] <= other[1] for other in group):
                piece = text.home(span)
                found.add(Place(text.report, *span, text.role(span), piece.passage if piece else None))
    return found


def holds(tree: Tree, find: Find) -> bool:
    """The plain meaning of and, or, not."""
    if isinstance(tree, str):
        return bool(find(tree))
    kind, *parts = tree
    if kind == "near":
        return bool(_near(parts, find))
    held = [holds(part, find) for part in parts]
    return all(held) if kind == "and" else any(held) if kind == "or" else not held[0]


def counted(tree: Tree, find: Find, wanted: bool = True) -> set[Span]:
    """The phrases of all parts that hold as they are wanted to; a negation turns the wish round."""
    if holds(tree, find) != wanted:
        return set()
    if isinstance(tree, str):
        return set(find(tree)) if wanted else set()
    kind, *parts = tree
    if kind == "near":
        return _near(parts, find) if wanted else set()
    return set().union(*(counted(part, find, wanted != (kind == "not")) for part in parts))


def _near(parts: list[Tree], find: Find) -> set[Span]:
    distance, left, right = parts
    beside = counted(right, find)
    return {
        (a, b) for a, b in counted(left, find)
        if any(0 <= c - b <= distance or 0 <= a - d <= distance for c, d in beside)
    }  # fmt: skip


def phrases(tree: Tree) -> set[str]:
    """All phrases of a tree."""
    if isinstance(tree, str):
        return {tree}
    return set().union(*(phrases(part) for part in tree[1:] if not isinstance(part, int)))


def written(tree: Tree) -> str:
    """The query that means a tree."""
    if isinstance(tree, str):
        return f'"{tree}"'
    kind, *parts = tree
    if kind == "not":
        return f"NOT ({written(parts[0])})"
    if kind == "near":
        return f"(({written(parts[1])}) NEAR/{parts[0]} ({written(parts[2])}))"
    return "(" + f" {kind} ".join(f"({written(part)})" for part in parts) + ")"
