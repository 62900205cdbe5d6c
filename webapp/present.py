"""Results as the API's JSON objects: one shape for the site's API and the command line. No Flask."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

from retrieval.confidence import confidences
from retrieval.types import Filters, Hit, Passage, Region, Report, ReportSummary, ReportVersion
from webapp.answer import Answer, Coverage, Entry
from webapp.counting import Count, Line
from webapp.figures import Figure
from webapp.finding import Found
from webapp.items import Item
from webapp.links import passage_link, report_link, source_link, web_address, words_link
from webapp.matrix import Matrix, Row
from webapp.summary import Summary
from webapp.tally import GROUPED, Tally

Json = dict[str, Any]


def region_object(region: Region) -> Json:
    return asdict(region)


def report_object(summary: ReportSummary) -> Json:
    """A report's metadata, without its text."""
    metadata = summary.metadata
    return {
        "report_id": summary.id,
        "version_id": summary.version_id,
        "source_name": summary.source_name,
        "title": metadata.title,
        "title_made": metadata.title_made,
        "issuing_body": metadata.issuing_body,
        "region": region_object(metadata.region),
        "level": metadata.level,
        "department": metadata.department,
        "year": metadata.year,
        "publication_date": metadata.publication_date,
        "signed_date": metadata.signed_date,
        "index_number": metadata.index_number,
        "document_number": metadata.document_number,
        "url": web_address(metadata.url),
        "invented": metadata.invented,
        "reference": metadata.reference,
        "found_in": metadata.found,
        "confidence": confidences(metadata),
        "sha256": summary.sha256,
        "media_type": summary.media_type,
        "link": report_link(summary.id),
    }


def version_object(version: ReportVersion) -> Json:
    """One text of a report that can be cited."""
    summary = version.summary
    return {
        "version_id": summary.version_id,
        "state": version.state,
        "source_name": summary.source_name,
        "sha256": summary.sha256,
        "publication_date": summary.metadata.publication_date,
    }


def full_report_object(report: Report) -> Json:
    """A report with its text, headings, removals and passage ids."""
    headings = [
        {"level": p.level, "text": report.text[p.start : p.end], "start": p.start, "end": p.end}
        for p in report.paragraphs
        if p.kind == "heading"
    ]
    return {
        **report_object(report.summary),
        "text": report.text,
        "headings": headings,
        "removed": [asdict(removal) for removal in report.removals],
        "passages": [passage.id for passage in report.passages],
    }


def passage_object(passage: Passage, summary: ReportSummary) -> Json:
    """A passage with what is needed to cite it."""
    metadata = summary.metadata
    return {
        "passage_id": passage.id,
        "report_id": passage.report_id,
        "source_name": summary.source_name,
        "text": passage.text,
        "start": passage.start,
        "end": passage.end,
        "page": passage.page,
        "heading_path": list(passage.heading_path),
        "role": passage.role,
        "title": metadata.title,
        "issuing_body": metadata.issuing_body,
        "region": region_object(metadata.region),
        "level": metadata.level,
        "year": metadata.year,
        "planned_for": passage.planned_for,
        "url": source_link(metadata.url, summary.media_type, passage),
        "link": passage_link(passage),
    }


def item_object(item: Item) -> Json:
    """A quotation of a collection: as a passage, with the version it was taken from, its hash, note and tags."""
    link = passage_link(item.passage, version_id=item.report.version_id)
    return {
        "item_id": item.id,
        **passage_object(item.passage, item.report),
        "version_id": item.report.version_id,
        "sha256": item.digest,
        "note": item.note,
        "tags": list(item.tags),
        "revision": item.revision,
        "added": item.added,
        "link": link,
    }


def hit_object(hit: Hit) -> Json:
    return {
        "rank": hit.rank,
        "score": hit.score,
        "why": {
            "dense": hit.why.dense,
            "lexical": hit.why.lexical,
            "terms": list(hit.why.terms),
            "measure_similarity": hit.why.measure_similarity,
            "measures": list(hit.why.measures),
            "similarity": hit.why.similarity,
            "sentence_similarity": hit.why.sentence_similarity,
            "agreement": hit.why.agreement,
        },
        **passage_object(hit.passage, hit.report),
        "sentence": list(hit.sentence),
        "marks": [list(span) for span in hit.marks],
    }


def found_object(found: Found) -> Json:
    """What /api/v1/search and `wenzheng search --json` give."""
    results, question = found.results, found.question
    return {
        "query": results.query,
        "kind": question.kind,
        "filters": filters_object(question.filters),
        "named": list(question.named),
        "missing": question.missing,
        "measure": {"term": results.measure, "strength": results.measure_strength} if results.measure else None,
        "took_ms": results.took_ms,
        "total": results.total,
        "hits": [hit_object(hit) for hit in results.hits],
        "facets": {name: [asdict(count) for count in counts] for name, counts in results.facets.items()},
        "scope": {"reports": results.scope_reports, "passages": results.scope_passages},
    }


def filters_object(filters: Filters) -> Json:
    """The filters in force; those that are not set are left out."""
    return {name: value for name, value in asdict(filters).items() if value is not None and value is not False}


def figure_object(figure: Figure) -> Json:
    """A stated figure: its offsets are the report's."""
    return {
        "text": figure.text,
        "start": figure.start,
        "end": figure.end,
        "value": figure.value,
        "unit": figure.unit,
        "base_value": figure.base_value,
        "base_unit": figure.base_unit,
        "about": figure.about,
        "since": figure.since,
        "part": figure.part,
        "year": figure.year,
    }


def _derived_object(entry: Entry) -> Json | None:
    if entry.derived is None:
        return None
    begin = entry.hit.passage.start
    parts = [replace(part, start=begin + part.start, end=begin + part.end) for part in entry.derived.parts]
    return {
        "value": entry.derived.value,
        "unit": entry.derived.unit,
        "parts": [figure_object(part) for part in parts],
    }


def entry_object(entry: Entry) -> Json:
    hit = entry.hit
    return {
        "region": region_object(hit.report.metadata.region),
        "report_id": hit.report.id,
        "passage_id": hit.passage.id,
        "source_name": hit.report.source_name,
        "title": hit.report.metadata.title,
        "quote": entry.quote,
        "start": entry.start,
        "end": entry.end,
        "heading_path": list(hit.passage.heading_path),
        "role": hit.passage.role,
        "year": hit.report.metadata.year,
        "planned_for": hit.passage.planned_for,
        "strength": entry.strength,
        "figure": figure_object(entry.figure) if entry.figure else None,
        "derived": _derived_object(entry),
        "like": _like_object(entry.like) if entry.like else None,
        "link": passage_link(hit.passage, (entry.start, entry.end)),
    }


def _like_object(entry: Entry) -> Json:
    return {
        "region": region_object(entry.hit.report.metadata.region),
        "year": entry.hit.report.metadata.year,
        "passage_id": entry.hit.passage.id,
        "quote": entry.quote,
        "link": passage_link(entry.hit.passage, (entry.start, entry.end)),
    }


def answer_object(answer: Answer) -> Json:
    """What /api/v1/ask and `wenzheng ask --json` give."""
    return {
        "query": answer.query,
        "kind": answer.kind,
        "found": answer.found,
        "message": answer.message_zh,
        "message_en": answer.message_en,
        "confidence": answer.confidence,
        "filters": filters_object(answer.filters),
        "named": list(answer.named),
        "measure": answer.measure,
        "caution": answer.caution_zh,
        "caution_en": answer.caution_en,
        "answer": [entry_object(entry) for entry in answer.entries],
        "nearest": [hit_object(hit) for hit in answer.nearest],
        "coverage": _coverage_object(answer.coverage),
    }


def matrix_object(matrix: Matrix, offset: int, limit: int) -> Json:
    """What /api/v1/compare and `wenzheng compare --json` give: some rows, and the tally of all."""
    return {
        "measures": [{"query": one.text, "measure": one.measure, "kind": one.question.kind} for one in matrix.surveys],
        "filters": filters_object(matrix.surveys[0].question.filters),
        "sort": matrix.sort,
        "columns": list(matrix.columns),
        "years": list(matrix.years),
        "total": len(matrix.rows),
        "rows": [_row_object(row) for row in matrix.rows[offset : offset + limit]],
        "coverage": asdict(matrix.tally),
    }


def _row_object(row: Row) -> Json:
    cells = [
        {"state": cell.state, "reports": cell.reports, "entries": [entry_object(entry) for entry in cell.entries]}
        for cell in row.cells
    ]
    return {"place": list(row.chain), "first_year": row.first_year, "cells": cells}


def count_object(count: Count, offset: int, limit: int, context: int) -> Json:
    """What /api/v1/count and `wenzheng count --json` give: all tallies, the reports with an occurrence, some lines."""
    groups = {
        by: [{"value": group.value, **tally_object(group.tally)} for group in count.groups(by)]
        for by in (*GROUPED, "report")
    }
    groups["report"] = [group for group in groups["report"] if group["occurrences"]]
    return {
        "query": count.expression.text,
        "within": count.within,
        "filters": filters_object(count.filters),
        "total": tally_object(count.total),
        "groups": groups,
        "lines": [line_object(line) for line in count.lines(offset, limit, context)],
    }


def tally_object(tally: Tally) -> Json:
    return {**asdict(tally), "per_10k": tally.per_10k}


def line_object(line: Line) -> Json:
    """An occurrence in context: its offsets are the report's, its words verbatim."""
    metadata, passage = line.report.metadata, line.passage
    return {
        "number": line.number,
        "left": line.left,
        "match": line.match,
        "right": line.right,
        "start": line.start,
        "end": line.end,
        "role": line.role,
        "report_id": line.report.id,
        "version_id": line.report.version_id,
        "passage_id": passage.id if passage else None,
        "source_name": line.report.source_name,
        "title": metadata.title,
        "region": region_object(metadata.region),
        "level": metadata.level,
        "year": metadata.year,
        "page": passage.page if passage else None,
        "heading_path": list(passage.heading_path) if passage else [],
        "link": words_link(line.report.id, passage.id if passage else None, line.match, line.start),
    }


def summary_object(summary: Summary | None) -> Json | None:
    """A model's prose as far as its citations support it; None where no endpoint is configured."""
    if summary is None:
        return None
    return {
        "sentences": [{"text": sentence.text, "entries": list(sentence.entries)} for sentence in summary.sentences],
        "removed": summary.removed,
        "error": {"zh": summary.error_zh, "en": summary.error_en} if summary.error_zh else None,
    }


def _coverage_object(coverage: Coverage) -> Json:
    return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(coverage).items()}
