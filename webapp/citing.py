"""Citations of a passage: a page to copy from, files for reference managers, and JSON."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from flask import Blueprint, Response, jsonify, render_template

from retrieval.errors import NotFoundError
from webapp.citation import Cited, cite
from webapp.links import passage_link, source_link
from webapp.requests import number, searcher

blueprint = Blueprint("citing", __name__)
# Ending of the file → form of the citation and its media type.
_FILES = {"bib": ("bibtex", "application/x-bibtex"), "ris": ("ris", "application/x-research-info-systems")}


def _cited(passage_id: str) -> tuple[Cited, dict[str, str | None]]:
    """The passage, or the part of it between `start` and `end`, with links to where it stands."""
    index = searcher().index
    passage, summary = index.find_passage(passage_id)
    start, end = number("start", passage.start), number("end", passage.end)
    report = index.report(summary.id, summary.version_id)
    cited = cite(report, passage, datetime.now(UTC).date(), (start, end))
    source = source_link(summary.metadata.url, summary.media_type, passage, report.text)
    return cited, {"link": passage_link(passage, (start, end)), "source": source}


@blueprint.get("/cite/<passage_id>")
def page(passage_id: str) -> str:
    cited, links = _cited(passage_id)
    return render_template("cite.html", cited=cited, links=links, passage_id=passage_id)


@blueprint.get("/cite/<passage_id>/<suffix>")
def file(passage_id: str, suffix: str) -> Response:
    """For reference managers: bib (BibLaTeX), ris or json (CSL-JSON)."""
    cited, _ = _cited(passage_id)
    if suffix == "json":
        text, kind = json.dumps([cited.record], ensure_ascii=False, indent=1), "application/vnd.citationstyles.csl+json"
    elif suffix in _FILES:
        text, kind = cited.forms[_FILES[suffix][0]], _FILES[suffix][1]
    else:
        raise NotFoundError(f"没有 {suffix} 格式；可用 bib、ris、json", f"no {suffix}; there are bib, ris and json")
    response = Response(text, content_type=f"{kind}; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{passage_id}.{suffix}"'
    return response


@blueprint.get("/api/v1/passages/<passage_id>/citations")
def citations(passage_id: str) -> Response:
    cited, links = _cited(passage_id)
    return jsonify({"quote": cited.quote, "csl": cited.record, "forms": cited.forms, **links})
