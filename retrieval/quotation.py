"""Quotations held against stored texts: are these words still there, and where? What links, collections and `verify`
agree on."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from retrieval.errors import NotFoundError
from retrieval.store import Index
from retrieval.text import bare, normalise_with_offsets
from retrieval.types import Report, ReportSummary

# As many hexadecimal digits of the hash stand in a link.
SHORT = 10
# White space and folded characters make a quotation shorter or longer than its span, by as many characters at most.
_SLACK = 6
# Longer ones are not looked for by their hash alone.
_LONGEST = 4000
State = Literal["holds", "elsewhere", "lost", "gone"]


@dataclass(frozen=True, slots=True)
class Quoted:
    """A span of a report's text with the hash, whole or its first digits, of the words that stood there."""

    start: int
    end: int
    digest: str


@dataclass(frozen=True, slots=True)
class Standing:
    """Whether a quotation holds: in its place, elsewhere (`found` is the text, `span` the place), nowhere in the texts
    of its report that are stored, or the report itself is gone."""

    state: State
    found: ReportSummary | None = None
    span: tuple[int, int] | None = None


def digest(quotation: str) -> str:
    """The SHA-256 of a quotation's words; white space, width and script of the characters make no difference."""
    return hashlib.sha256(bare(quotation).encode("utf-8", "surrogatepass")).hexdigest()


def quoted(quotation: str, start: int) -> Quoted:
    """A quotation that begins at `start`, as a link names it."""
    return Quoted(start, start + len(quotation), digest(quotation)[:SHORT])


def parse_quoted(start: str | None, end: str | None, short: str | None) -> Quoted | None:
    """What a link says of its quotation; None where it says nothing that can be read."""
    numbers = [text for text in (start, end) if text and re.fullmatch(r"\d{1,9}", text, re.ASCII)]
    if len(numbers) < 2 or not re.fullmatch(rf"[0-9a-f]{{{SHORT}}}", short or ""):
        return None
    first, last = map(int, numbers)
    return Quoted(first, last, str(short)) if first < last else None


def texts_of(index: Index, report_id: str, version_id: str | None) -> tuple[Report, ...]:
    """The stored texts that a quotation is held against: the version named, then the text in force or else the newest."""
    found: dict[str, Report] = {}
    for version in (version_id, None):
        try:
            report = index.report(report_id, version)
        except NotFoundError:
            continue
        found.setdefault(report.summary.version_id, report)
    return tuple(found.values())


def standing(reports: Sequence[Report], wanted: Quoted, words: str = "") -> Standing:
    """Where a quotation stands in a report's texts, the likeliest first; `words` are the quotation where it is known."""
    if not reports:
        return Standing("gone")
    for number, report in enumerate(reports):
        span = find(report.text, wanted, words)
        if span:
            in_place = number == 0 and span == (wanted.start, wanted.end)
            return Standing("holds" if in_place else "elsewhere", report.summary, span)
    return Standing("lost")


def find(text: str, wanted: Quoted, words: str = "") -> tuple[int, int] | None:
    """The span of a text that has the quotation's hash: at its place, or else the nearest to it."""
    if _fits(text, wanted.start, wanted.end, wanted):
        return wanted.start, wanted.end
    plain, offsets = _plain(text)
    sizes = [len(bare(words))] if words else _sizes(wanted)
    # Of the likeliest length anywhere; of others only where a clause begins, which takes a tenth of the time.
    clauses = [0, *(match.end() for match in re.finditer(r"\W", plain))]
    for number, size in enumerate(sizes):
        heads = clauses if number else range(len(plain))
        starts = _places(plain, bare(words)) if words else _hashed(plain, size, wanted.digest, heads)
        spans = ((offsets[at], offsets[at + size - 1] + 1) for at in starts)
        fitting = [span for span in spans if _fits(text, *span, wanted)]
        if fitting:
            return min(fitting, key=lambda span: abs(span[0] - wanted.start))
    return None


def _fits(text: str, start: int, end: int, wanted: Quoted) -> bool:
    return end <= len(text) and digest(text[start:end]).startswith(wanted.digest)


def _plain(text: str) -> tuple[str, tuple[int, ...]]:
    """As `bare`, with the offset of each character."""
    known = normalise_with_offsets(text)
    kept = [(char, at) for char, at in zip(known.text, known.offsets, strict=False) if char != " "]
    return "".join(char for char, _ in kept), tuple(at for _, at in kept)


def _sizes(wanted: Quoted) -> list[int]:
    size = wanted.end - wanted.start
    near = range(max(1, size - _SLACK), size + _SLACK + 1)
    return sorted(near, key=lambda one: abs(one - size)) if size <= _LONGEST else []


def _places(plain: str, words: str) -> Iterable[int]:
    at = plain.find(words) if words else -1
    while at >= 0:
        yield at
        at = plain.find(words, at + 1)


def _hashed(plain: str, size: int, short: str, heads: Iterable[int]) -> Iterable[int]:
    """Where a run of `size` characters that begins at one of the `heads` has the hash."""
    for at in heads:
        if at + size > len(plain):
            break
        run = plain[at : at + size].encode("utf-8", "surrogatepass")
        if hashlib.sha256(run).hexdigest().startswith(short):
            yield at
