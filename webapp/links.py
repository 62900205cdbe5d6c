"""Addresses: of a passage in the stored report, and of the same words in the publisher's page. No Flask."""

from __future__ import annotations

import re
from urllib.parse import quote, urlencode

from retrieval.types import Passage

# Longer quotations are given as their first and last words.
_LONGEST = 40
_EDGE = 12
_PLAIN_RUN = re.compile(r"[\u3400-\u9fff\d]{6,}")


def report_link(report_id: str, passage_id: str | None = None) -> str:
    """The report's page, scrolled to the passage."""
    if passage_id is None:
        return f"/reports/{quote(report_id)}"
    return f"/reports/{quote(report_id)}?{urlencode({'passage': passage_id})}#passage"


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
