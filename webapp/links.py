"""Addresses: of a passage in the stored report, and of the same words in the publisher's page. No Flask."""

from __future__ import annotations

import re
from urllib.parse import quote, urlencode

from retrieval.quotation import Quoted, quoted
from retrieval.types import Passage

# Longer quotations are given as their first and last clauses.
_LONGEST = 40
_MARKS = "，。；：！？、,;:!?"
_OPENING = re.compile(rf".{{6,}}?(?=[{_MARKS}])|.+")
_CLOSING = re.compile(rf"[^{_MARKS}]+[{_MARKS}]*$")
_BEFORE = re.compile(rf"[^{_MARKS}]*[{_MARKS}]*$")
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


def web_address(url: str | None) -> str | None:
    """An address that may become a link: what reports and manifests call one may be a script."""
    return url if (url or "").lower().startswith(("http://", "https://")) else None


def source_link(url: str | None, media_type: str, passage: Passage, text: str | None = None) -> str | None:
    """The publisher's page with the passage's words in a text fragment, or the PDF's page.

    With the report's `text` a beginning that stands in it more than once is told apart by what stands before it.
    """
    url = web_address(url)
    if not url:
        return None
    base = url.split("#")[0]
    if media_type == "application/pdf":
        return f"{base}#page={passage.page}" if passage.page else base
    if "html" in media_type:
        return f"{base}#:~:text={_exact_fragment(passage, text)}"
    return f"{base}#:~:text={_plain_fragment(passage.text)}"


def _exact_fragment(passage: Passage, text: str | None) -> str:
    """Of a kept web page: the very characters, the first and last clauses of a long passage, each within one line.

    Browsers find only what begins and ends at a word's edge; a mark is one whatever their dictionary says.
    """
    lines = [line.strip() for line in passage.text.split("\n") if line.strip()] or [passage.text]
    if len(lines) == 1 and len(lines[0]) <= _LONGEST:
        start, words = lines[0], _escape(lines[0])
    else:
        opening, closing = _OPENING.match(lines[0]), _CLOSING.search(lines[-1])
        start = opening.group() if opening else lines[0]
        words = f"{_escape(start)},{_escape(closing.group() if closing else lines[-1])}"
    line = text[: passage.start].rsplit("\n", 1)[-1] if text else ""
    before = _BEFORE.search(line[-_LONGEST:])
    ambiguous = before and before.group().strip() and text is not None and text.count(start) > 1
    return f"{_escape(before.group().strip())}-,{words}" if ambiguous and before else words


def _plain_fragment(text: str) -> str:
    """Of a text whose punctuation was folded: runs of Han characters and digits, which the live page has too."""
    runs = _PLAIN_RUN.findall(text)
    if not runs:
        return _escape(text[:_LONGEST])
    return _escape(runs[0]) if len(runs) == 1 else f"{_escape(runs[0])},{_escape(runs[-1])}"


def _escape(text: str) -> str:
    # A text directive gives - , and & a meaning of their own; quote() leaves - alone.
    return quote(text, safe="").replace("-", "%2D")
