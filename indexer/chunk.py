"""Sections → passages: a paragraph, or one enumeration item of a long one, never cut inside a sentence."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from itertools import pairwise

from indexer.outline import Section, passage_role, sections
from retrieval.config import ChunkSettings
from retrieval.text import sentences, simplify
from retrieval.types import Origin, Paragraph, Passage, Role, words_digest

_ITEM = re.compile(
    r"[一二三四五六七八九十]{1,3}是|第[一二三四五六七八九十]{1,2}[,，、]|(?:首先|其次|再次|最后|此外|同时|下一?步|今后)[,，]|"
    r"[（(][一二三四五六七八九十\d]{1,3}[）)]|\d{1,2}(?:[、．]|\.(?!\d))|[①-⑳]"
)
_CLOSING = "”』」’)）》"
Span = tuple[int, int]


def chunk(
    text: str,
    paragraphs: tuple[Paragraph, ...],
    origins: tuple[Origin, ...],
    report_id: str,
    year: int | None,
    settings: ChunkSettings,
) -> tuple[Passage, ...]:
    """All passages of a report in order. Ids survive re-indexing: they are made of the report's id and the words."""
    passages: list[Passage] = []
    seen: dict[str, int] = {}
    before: tuple[Role, int | None] | None = None
    top: str | None = None
    for section in sections(text, paragraphs, year):
        if section.heading_path[:1] != ((top,) if top else ()):
            top, before = (section.heading_path[0] if section.heading_path else None), None
        for start, end in _spans(text, section, settings):
            words = text[start:end]
            role, planned_for = passage_role(words, section, year, before)
            before = (role, planned_for)
            passages.append(
                Passage(
                    id=_passage_id(report_id, words, seen),
                    report_id=report_id,
                    start=start,
                    end=end,
                    text=words,
                    heading_path=section.heading_path,
                    role=role,
                    planned_for=planned_for,
                    page=_page(origins, start) or section.paragraph.page,
                )
            )
    return tuple(passages)


def _spans(text: str, section: Section, settings: ChunkSettings) -> Iterator[Span]:
    start, end = section.paragraph.start, section.paragraph.end
    pieces = _items(text, start, end)
    sized = [part for piece in pieces for part in _cut_long(text, piece, settings.max_chars)]
    for a, b in _join_short(sized, settings):
        words = text[a:b]
        left, right = len(words) - len(words.lstrip()), len(words.rstrip())
        if right > left:
            yield a + left, a + right


def _items(text: str, start: int, end: int) -> list[Span]:
    """The paragraph cut before each enumeration item that opens a sentence or clause."""
    plain = simplify(text[start:end])
    cuts = [0]
    for match in _ITEM.finditer(plain):
        before = plain[: match.start()].rstrip()
        if match.start() and before and before[-1] in "。；;：:！？!?":
            cuts.append(match.start())
    cuts.append(len(plain))
    return [(start + a, start + b) for a, b in pairwise(cuts) if a < b]


def _cut_long(text: str, span: Span, limit: int) -> Iterator[Span]:
    """The span cut at sentence ends into parts of about equal size, none above `limit` unless one sentence is."""
    start, end = span
    size = end - start
    if size <= limit:
        yield span
        return
    parts = -(-size // limit)
    target = size / parts
    at = start
    last = start
    for _, stop in _full_sentences(text[start:end]):
        stop += start
        if stop - at > limit and last > at:
            yield at, last
            at = last
        if stop - at >= target and end - stop >= target / 3:
            yield at, stop
            at = stop
        last = stop
    if at < end:
        yield at, end


def _full_sentences(text: str) -> list[Span]:
    """Sentences that end in a full stop: clauses before a semicolon stay with the next."""
    whole: list[Span] = []
    start = 0
    for _, stop in sentences(text):
        if text[start:stop].rstrip(_CLOSING)[-1:] in "。！？!?" or stop == len(text):
            whole.append((start, stop))
            start = stop
    return whole


def _join_short(spans: list[Span], settings: ChunkSettings) -> list[Span]:
    """Neighbours joined while one of them is shorter than the least size and both fit together."""
    joined: list[Span] = []
    for span in spans:
        if joined:
            a, b = joined[-1]
            short = min(b - a, span[1] - span[0]) < settings.min_chars
            if short and span[1] - a <= settings.max_chars:
                joined[-1] = (a, span[1])
                continue
        joined.append(span)
    return joined


def _passage_id(report_id: str, words: str, seen: dict[str, int]) -> str:
    digest = words_digest(words)
    seen[digest] = seen.get(digest, 0) + 1
    suffix = f"-{seen[digest]}" if seen[digest] > 1 else ""
    return f"{report_id}.{digest}{suffix}"


def _page(origins: tuple[Origin, ...], start: int) -> int | None:
    at = bisect_right(origins, start, key=lambda origin: origin.end)
    return origins[at].page if at < len(origins) else None
