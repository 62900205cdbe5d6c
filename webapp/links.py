"""Addresses: of a passage in the stored report, and of the same words in the publisher's page. No Flask."""

from __future__ import annotations

import re
from urllib.parse import quote, urlencode

from retrieval.quotation import Quoted, quoted
from retrieval.types import Passage

# Longer quotations are given as their first and last words.
_LONGEST = 40
_EDGE = 12
_PLAIN_RUN = re.compile(r"[\u3400-\u9fff\d]{6,}")


def report_link(
    report_id: str, passage_id: str | None = None, words: Quoted | None = None, version_id: str | None = None
) -> str:
    """The report's page, scrolled to the passage; with the quotation's place and hash it says when the text changed."""
    values: dict[str, object] = {"passage": passage_id, "version": version_id}
    if words:
        values |= {"start": words.start, "end": words.end, "quote": words.digest}
    query = urlencode({name: value for name, value in values.items() if value is not None})
    return f"/reports/{quote(report_id)}{f'?{query}#passage' if query else ''}"


def passage_link(passage: Passage, span: tuple[int, int] | None = None, version_id: str | None = None) -> str:
    """A link made for the passage, or for the quotation at a span of the report's text inside it."""
    start, end = span or (passage.start, passage.end)
    words = quoted(passage.text[start - passage.start : end - passage.start], start)
    return report_link(passage.report_id, passage.id, words, version_id)


def words_link(report_id: str, passage_id: str | None, words: str, start: int) -> str:
    """A link made for words that begin at an offset of the report's text, in a passage or outside them all."""
    return report_link(report_id, passage_id, quoted(words, start))


def source_link(url: str | None, media_type: str, passage: Passage) -> str | None:
    """The publisher's page with the passage's words in a text fragment, or the PDF's page."""
    if not url:
        return None
    base = url.split("#")[0]
    if media_type == "application/pdf":
        return f"{base}#page={passage.page}" if passage.page else base
    return f"{base}#:~:text={_fragment(passage.text)}"


def _fragment(text: str) -> str:
    """Directives match a page's visible characters, so only runs that punctuation folding leaves alone are used."""
    runs = _PLAIN_RUN.findall(text)
    if not runs:
        return _escape(text[:_LONGEST])
    first, last = runs[0][:_LONGEST], runs[-1][-_EDGE:]
    return _escape(first) if len(runs) == 1 else f"{_escape(first)},{_escape(last)}"


def _escape(text: str) -> str:
    # A text directive gives - , and & a meaning of their own; quote() leaves - alone.
    return quote(text, safe="").replace("-", "%2D")
