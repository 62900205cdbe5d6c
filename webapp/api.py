"""The JSON API, version 1; docs/api.md describes every route."""

from __future__ import annotations

from dataclasses import asdict

from flask import Blueprint, Response, jsonify, request, send_file

from webapp import compared, present
from webapp.answer import ask as answer_question
from webapp.counting import CONTEXT, MOST_CONTEXT
from webapp.finding import find
from webapp.requests import counted, filters, ignored, matrix, number, searcher, service
from webapp.reuse import reuse as reused
from webapp.spread import spread as spread_of
from webapp.summary import summarise
from webapp.wording import wording as wording_of

blueprint = Blueprint("api", __name__)
# Rows of a comparison and lines of a count in one answer, unless more are asked for.
ROWS, MOST_ROWS = 100, 1000


@blueprint.get("/api/v1/search")
def search() -> Response:
    found = searcher()
    limit = number("limit", found.settings.limit)
    done = find(found, request.args.get("q", ""), filters(), ignored(), limit, number("offset", 0))
    return jsonify(present.found_object(done))


@blueprint.get("/api/v1/ask")
def ask() -> Response:
    return jsonify(present.answer_object(answer_question(searcher(), request.args.get("q", ""), filters(), ignored())))


@blueprint.get("/api/v1/compare")
def compare() -> Response:
    limit = min(number("limit", ROWS) or ROWS, MOST_ROWS)
    return jsonify(present.matrix_object(matrix(), number("offset", 0), limit))


@blueprint.get("/api/v1/count")
def count() -> Response:
    limit, context = min(number("limit", ROWS), MOST_ROWS), min(number("context", CONTEXT), MOST_CONTEXT)
    return jsonify(present.count_object(counted(), number("offset", 0), limit, context))


@blueprint.get("/api/v1/wording")
def wording() -> Response:
    return jsonify(compared.wording_object(wording_of(searcher(), request.args.get("q", ""), filters())))


@blueprint.get("/api/v1/spread")
def spread() -> Response:
    return jsonify(compared.spread_object(spread_of(searcher(), request.args.get("q", ""), filters())))


@blueprint.get("/api/v1/reuse/<passage_id>")
def reuse(passage_id: str) -> Response:
    index = searcher().index
    return jsonify(compared.reuse_object(reused(index, *index.find_passage(passage_id))))


@blueprint.get("/api/v1/summary")
def summary() -> Response:
    """The answer again, with a model's checked prose beside it where an endpoint is configured."""
    answer = answer_question(searcher(), request.args.get("q", ""), filters(), ignored())
    written = summarise(answer, service().config.llm)
    return jsonify({**present.answer_object(answer), "summary": present.summary_object(written)})


@blueprint.get("/api/v1/passages/<passage_id>")
def passage(passage_id: str) -> Response:
    index = searcher().index
    found, summary = index.find_passage(passage_id)
    return jsonify({**present.passage_object(found, summary), "state": index.state(summary)})


@blueprint.get("/api/v1/reports")
def reports() -> Response:
    return jsonify({"reports": [present.report_object(summary) for summary in searcher().index.reports]})


@blueprint.get("/api/v1/reports/<report_id>")
def report(report_id: str) -> Response:
    index = searcher().index
    whole = index.report(report_id, request.args.get("version"))
    return jsonify(
        {
            **present.full_report_object(whole),
            "state": index.state(whole.summary),
            "versions": [present.version_object(version) for version in index.versions(report_id)],
            "sources": [asdict(source) for source in index.sources(report_id)],
        }
    )


@blueprint.get("/api/v1/reports/<report_id>/original")
def original(report_id: str) -> Response:
    """The untouched file, always as a download: a report's own script must never run on this site."""
    index = searcher().index
    summary = index.summary(report_id, request.args.get("version"))
    name = summary.source_name.rsplit("/", 1)[-1]
    response = send_file(
        index.original(summary).resolve(), mimetype=summary.media_type, as_attachment=True, download_name=name
    )
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return response
