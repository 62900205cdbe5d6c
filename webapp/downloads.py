"""Searches, answers, comparisons, counts, wording and spread as files, sent as they are made."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from urllib.parse import quote

from flask import Blueprint, Response, request

from retrieval.errors import NotFoundError
from retrieval.types import Hit
from webapp import tables
from webapp.answer import ask
from webapp.export import FORMATS
from webapp.finding import find
from webapp.requests import counted, filters, ignored, matrix, searcher
from webapp.spread import spread
from webapp.tables import Table
from webapp.wording import wording

blueprint = Blueprint("downloads", __name__)


@blueprint.get("/download/<what>.<suffix>")
def download(what: str, suffix: str) -> Response:
    """`what` is search, ask, compare, count, lines (of a count), wording or spread, with the parameters of its page."""
    makers = {
        "search": _search,
        "ask": _ask,
        "compare": _compare,
        "count": _count,
        "lines": _lines,
        "wording": _wording,
        "spread": _spread,
    }
    if what not in makers or suffix not in FORMATS:
        raise NotFoundError(
            f"没有 {what}.{suffix}；可用 {'、'.join(makers)}，格式 {'、'.join(FORMATS)}",
            f"no {what}.{suffix}; there are {', '.join(makers)}, as {', '.join(FORMATS)}",
        )
    return sent(makers[what](), what, suffix)


def sent(table: Table, what: str, suffix: str) -> Response:
    """A table as a file of one of the FORMATS."""
    write, kind = FORMATS[suffix]
    pieces = write(table)
    # The first piece is made before the head is sent, which can still say that something went wrong.
    first = next(pieces, b"")
    response = Response(chain([first], pieces), mimetype=kind.split(";")[0], content_type=kind)
    name = quote(f"问政-{what}-{table.title[:30]}.{suffix}".replace("/", " "), safe="")
    response.headers["Content-Disposition"] = (
        f"attachment; filename=\"wenzheng-{what}.{suffix}\"; filename*=UTF-8''{name}"
    )
    return response


def _site() -> str:
    return request.host_url


def _search() -> Table:
    found, asked = searcher(), request.args.get("q", "")
    done = find(found, asked, filters(), ignored(), 0)

    def hits() -> Iterator[Hit]:
        size = found.settings.max_limit
        for offset in range(0, done.results.total, size):
            yield from found.search(done.query, done.question.filters, size, offset).hits

    return tables.of_hits(found, asked, hits(), done.question.filters, _site())


def _ask() -> Table:
    found = searcher()
    return tables.of_answer(found, ask(found, request.args.get("q", ""), filters(), ignored()), _site())


def _compare() -> Table:
    found = matrix()
    return tables.of_matrix(searcher(), found, filters(), _site())


def _wording() -> Table:
    found = searcher()
    return tables.of_wording(found, wording(found, request.args.get("q", ""), filters()), filters(), _site())


def _spread() -> Table:
    found = searcher()
    return tables.of_spread(found, spread(found, request.args.get("q", ""), filters()), filters(), _site())


def _count() -> Table:
    return tables.of_counts(counted(), _site())


def _lines() -> Table:
    return tables.of_lines(counted(), _site())
