"""What changed from one text of a report to another, sentence by sentence, by the standard library's matcher. No Flask."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

from retrieval.text import bare, sentences
from retrieval.types import Report

Kind = Literal["equal", "replace", "delete", "insert"]


@dataclass(frozen=True, slots=True)
class Change:
    """Runs of sentences: `old` and `new` are verbatim, with their offsets in the two texts; equal runs are given too."""

    kind: Kind
    old: str
    new: str
    old_span: tuple[int, int]
    new_span: tuple[int, int]


def differences(old: Report, new: Report) -> tuple[Change, ...]:
    """The whole of both texts in order. Sentences that differ only in white space or script are equal."""
    before, after = _sentences(old.text), _sentences(new.text)
    keys = [[bare(report.text[a:b]) for a, b in spans] for report, spans in ((old, before), (new, after))]
    matcher = SequenceMatcher(None, keys[0], keys[1], autojunk=False)
    changes = []
    for kind, a, b, c, d in matcher.get_opcodes():
        old_span, new_span = _span(before, a, b), _span(after, c, d)
        changes.append(Change(kind, old.text[slice(*old_span)], new.text[slice(*new_span)], old_span, new_span))
    return tuple(changes)


def _sentences(text: str) -> list[tuple[int, int]]:
    """Sentences within lines: a heading is one."""
    spans = []
    start = 0
    for line in text.split("\n"):
        spans += [(start + a, start + b) for a, b in sentences(line)]
        start += len(line) + 1
    return spans


def _span(spans: list[tuple[int, int]], first: int, last: int) -> tuple[int, int]:
    if first < last:
        return spans[first][0], spans[last - 1][1]
    at = spans[first][0] if first < len(spans) else (spans[-1][1] if spans else 0)
    return at, at
