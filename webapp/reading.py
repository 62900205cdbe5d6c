"""A link to a report → the text that it means, and whether the words that it was made for still stand there. No Flask."""

from __future__ import annotations

from dataclasses import dataclass

from retrieval.errors import NotFoundError
from retrieval.quotation import Quoted, Standing, standing, texts_of
from retrieval.store import Index
from retrieval.types import Paragraph, Passage, Report
from webapp.marks import Run, runs


@dataclass(frozen=True, slots=True)
class Line:
    """A paragraph of the report page: its runs of text, and the id that the heading tree links to."""

    paragraph: Paragraph
    anchor: str
    runs: tuple[Run, ...]
    inline: bool


@dataclass(frozen=True, slots=True)
class Reading:
    """The text to show with the passage asked for, where it has it. `quotation` tells how the link's words stand."""

    report: Report
    passage: Passage | None
    quotation: Standing | None

    def lines(self) -> list[Line]:
        """The text by paragraphs; the passage is marked, and within it what was quoted."""
        shown = (self.passage.start, self.passage.end) if self.passage else None
        words = self._quoted_here()
        spans = [(shown, "passage")] if shown else []
        if words and words != shown:
            spans += [(words, "quoted"), (words, "passage")]
        return _lines(self.report, spans)

    def _quoted_here(self) -> tuple[int, int] | None:
        found = self.quotation.found if self.quotation else None
        here = found is not None and found.version_id == self.report.summary.version_id
        return self.quotation.span if self.quotation and here else None


def read_at(
    index: Index, report_id: str, passage_id: str = "", version_id: str | None = None, quoted: Quoted | None = None
) -> Reading:
    """What a link leads to. Raises NotFoundError for a report, or for a version named without a quotation, that is gone."""
    version = version_id or _version_with(index, report_id, passage_id)
    texts = texts_of(index, report_id, version) if quoted else ()
    whole = texts[0] if texts else index.report(report_id, version)
    passage = next((passage for passage in whole.passages if passage.id == passage_id), None)
    return Reading(whole, passage, standing(texts, quoted) if quoted else None)


def _version_with(index: Index, report_id: str, passage_id: str) -> str | None:
    """The version that a link to a passage means: a citation outlives the text in force."""
    try:
        _, summary = index.find_passage(passage_id)
    except NotFoundError:
        return None
    return summary.version_id if summary.id == report_id else None


def _lines(report: Report, spans: list[tuple[tuple[int, int], str]]) -> list[Line]:
    lines: list[Line] = []
    before = 0
    for number, paragraph in enumerate(report.paragraphs):
        text = report.text[paragraph.start : paragraph.end]
        # A run-in heading's paragraph begins where the heading ends, without a line break between.
        inline = number > 0 and paragraph.start == before
        lines.append(Line(paragraph, f"p{number}", runs(text, paragraph.start, spans), inline))
        before = paragraph.end
    return lines
