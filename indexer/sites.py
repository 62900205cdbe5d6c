"""Lines that many pages of one site share are its furniture, whatever they say: learned from the pages indexed.

Only a page's edges count: what stands above its report's first sentence or below the last, and the sentences
that open (before any heading) or close it. A line must be on half of at least five pages, a sentence on four fifths of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

from indexer.furniture import NUMBERED
from indexer.registry import Registry
from retrieval import layout
from retrieval.text import bare
from retrieval.types import Paragraph, Report, ReportSummary

# Nothing is learned from fewer pages, nor a line that fewer repeat.
FEWEST_PAGES, FEWEST_REPEATS = 5, 4
LINES, SENTENCES = 0.5, 0.8
_LONGEST = {LINES: 60, SENTENCES: 120}
_EDGE = 2
_PAGES = {"text/html", "text/plain", "multipart/related", "text/markdown"}


def site_of(summary: ReportSummary) -> str | None:
    """The site that a page is from: its address's host, or the folder that it was found in. None for no page."""
    if summary.media_type not in _PAGES:
        return None
    host = urlsplit(summary.metadata.url or "").hostname
    return host or f"{PurePosixPath(summary.source_name).parent}/"


def edge_lines(report: Report) -> dict[str, float]:
    """Lines and sentences at a report's edges in bare form, with the share of a site's pages that makes them furniture."""
    kinds = [paragraph.kind for paragraph in report.paragraphs]
    inner = [number for number, kind in enumerate(kinds) if kind in ("body", "heading", "signature")]
    first = kinds.index("heading") if "heading" in kinds else len(kinds)
    bodies = [number for number, kind in enumerate(kinds) if kind == "body"]
    opening = [number for number in bodies if number < first][:_EDGE]
    found: dict[str, float] = {}
    for number, paragraph in enumerate(report.paragraphs):
        outside = not inner or not inner[0] <= number <= inner[-1]
        if paragraph.kind == "line" and outside:
            _add(found, report, paragraph, LINES)
        elif number in (*opening, *bodies[-_EDGE:]):
            _add(found, report, paragraph, SENTENCES)
    return found


def _add(found: dict[str, float], report: Report, paragraph: Paragraph, share: float) -> None:
    line = bare(report.text[paragraph.start : paragraph.end])
    if line and len(line) <= _LONGEST[share] and not NUMBERED.match(line):
        found[line] = share


def learned_lines(root: Path, report: Report) -> dict[str, str]:
    """What an index has learned of the report's site, as far as the report has it; nothing where there is no index."""
    site = site_of(report.summary)
    if site is None or not (root / layout.REGISTRY).is_file():
        return {}
    with closing(Registry(root / layout.REGISTRY)) as registry:
        counts = registry.edges(site)
    return learned(site, edge_lines(report), counts.get("", 0), counts)


def learned(site: str, edges: Mapping[str, float], pages: int, counts: Mapping[str, int]) -> dict[str, str]:
    """Of a page's edges what is furniture of its site, with the evidence as the reason."""
    if pages < FEWEST_PAGES:
        return {}
    return {
        line: f"本站重复的行 line that the site repeats（{site}：{counts[line]}/{pages} 页 pages）"
        for line, share in edges.items()
        if counts.get(line, 0) >= max(FEWEST_REPEATS, share * pages)
    }
