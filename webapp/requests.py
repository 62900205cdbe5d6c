"""Request parameters → filters and numbers, for pages and API alike."""

from __future__ import annotations

import re

from flask import current_app, g, request

from retrieval.errors import QueryError
from retrieval.filters import parse_filters
from retrieval.quotation import Quoted, parse_quoted
from retrieval.search import Searcher
from retrieval.types import Filters
from webapp.collections import Collections
from webapp.counting import Count, count
from webapp.matrix import Matrix, compare
from webapp.place_lists import PlaceLists
from webapp.question import NAMED
from webapp.service import Service

FILTERS = ("region", "year", "level", "role", "department", "report", "measure")


def service() -> Service:
    found: Service = current_app.extensions["wenzheng"]
    return found


def collections() -> Collections:
    return Collections(current_app.extensions["wenzheng-shelf"])


def place_lists() -> PlaceLists:
    return PlaceLists(current_app.extensions["wenzheng-shelf"])


def searcher() -> Searcher:
    """Over the version that was in force when the request first asked: all of one answer comes from one version."""
    if "searcher" not in g:
        g.searcher = service().searcher
    found: Searcher = g.searcher
    return found


def filters() -> Filters:
    """Raises QueryError naming the parameter at fault."""
    return parse_filters({name: request.args.get(name) for name in FILTERS})


def ignored() -> tuple[str, ...]:
    """What the question names that is not to become a filter. Raises QueryError."""
    names = tuple(name.strip() for name in request.args.get("ignore", "").split(",") if name.strip())
    unknown = next((name for name in names if name not in NAMED), None)
    if unknown:
        raise QueryError(f"ignore 中的 {unknown} 不存在；可用 {'、'.join(NAMED)}", f"ignore: use {', '.join(NAMED)}")
    return names


def number(name: str, default: int) -> int:
    """A whole number from the query string. Raises QueryError."""
    text = request.args.get(name, "").strip()
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise QueryError(f"{name} 应为不小于 0 的整数", f"{name} must be a whole number, 0 or more")
    return int(text)


def listed(name: str) -> list[str]:
    """A parameter given several times, or as several lines."""
    return [
        line.strip() for value in request.args.getlist(name) for line in re.split(r"[\r\n;；]+", value) if line.strip()
    ]


def counted() -> Count:
    """The count that the query string asks for: q, within, the filters. Raises QueryError."""
    within = request.args.get("within") or "passage"
    return count(searcher().index, request.args.get("q", ""), filters(), within)  # type: ignore[arg-type]  # count checks it


def quoted() -> Quoted | None:
    """The quotation that a link was made for."""
    return parse_quoted(*(request.args.get(name) for name in ("start", "end", "quote")))


def asked_places() -> list[str]:
    """The rows of a comparison that are named one by one or by a saved list. Raises NotFoundError for its absence."""
    saved = request.args.get("list")
    return [*listed("place"), *(place_lists().get(saved).places if saved else ())]


def matrix() -> Matrix:
    """The comparison that the query string asks for: q (measures), place, list, the filters, sort.

    Raises QueryError, or NotFoundError for a list of places that is not there.
    """
    sort = request.args.get("sort") or "name"
    return compare(searcher(), listed("q"), filters(), asked_places(), sort)  # type: ignore[arg-type]  # compare checks it
